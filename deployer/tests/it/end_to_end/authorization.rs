//! Who gets through to the signer, and what else those who do may do: nothing.

use std::process::Command;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deployer::aws::{Aws, SdkError, Target, configure};
use serde_json::json;

use super::caller::{Call, url};
use super::{FUNCTION, LOG_GROUP, deployed, openssl_csr};
use crate::support::{Run, World};

const MAY_CALL: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/*/POST/issue-cert"}]}"#;
const ANYBODY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;

#[tokio::test]
async fn the_route_answers_those_who_may_call_it_and_they_may_do_nothing_else() {
    let world = deployed();
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let csr = openssl_csr(&world, "good", &key, "subjectAltName = DNS:a.internal.example");
    let call = Call::new(&world, json!({"csr": csr}).to_string());
    wrong_signatures_are_refused(&world, &call);
    callers_without_the_permission_are_refused(&world, &call).await;
    the_client_reaches_one_route_only(&world, &call);
    a_session_of_a_role_gets_through(&world, &call).await;
    curl_gets_through(&world, &call);
    the_client_may_do_nothing_else(&world).await;
    the_deployer_sees_no_secret_and_calls_no_function(&world).await;
}

fn wrong_signatures_are_refused(world: &World, call: &Call) {
    let client = world.instance().client;
    let signed = call.signed(&client);
    assert_eq!(signed.send().status, 200, "the call itself is right");
    let refused = |what: &str, call: &Call| {
        let answer = call.send();
        assert_eq!(answer.status, 403, "{what}: {answer:?}");
        assert!(!answer.body.contains("BEGIN"), "{what}: {answer:?}");
    };
    refused("unsigned", call);
    let body = String::from_utf8(call.body.clone()).expect("text");
    refused("another body", &signed.with_body(format!("{body} ")));
    let header = |name: &str| {
        let found = signed.headers.iter().find(|(known, _)| known == name);
        found.expect("a signed header").1.clone()
    };
    let authorization = header("authorization");
    let (rest, signature) = authorization.rsplit_once('=').expect("a signature");
    let digit = if signature.starts_with('0') { '1' } else { '0' };
    let changed = format!("{rest}={digit}{}", &signature[1..]);
    refused("another signature", &signed.with_header("authorization", &changed));
    refused("no signature", &signed.with_header("authorization", rest));
    refused("another scheme", &signed.with_header("authorization", "Bearer x"));
    refused("another media type", &signed.with_header("content-type", "application/JSON"));
    refused("another time", &signed.with_header("x-amz-date", "20260101T000000Z"));
    let unknown = Credentials::new("AKIAUNKNOWNUNKNOWN00", "secret", None, None, "nobody");
    refused("an unknown key", &call.signed(&unknown));
    let wrong = Credentials::new(client.access_key_id(), "secret", None, None, "a guess");
    refused("a wrong secret", &call.signed(&wrong));
    let token = Some("token".to_owned());
    let token = Credentials::new("ASIAUNKNOWNUNKNOWN00", "secret", token, None, "a guess");
    refused("an unknown session", &call.signed(&token));
    for minutes in [20, 60 * 24] {
        let then = SystemTime::now() - Duration::from_mins(minutes);
        refused("an old signature", &call.signed_at(&client, then));
    }
}

async fn callers_without_the_permission_are_refused(world: &World, call: &Call) {
    let iam = world.root().await.iam;
    iam.create_user().user_name("stranger").send().await.expect("a user");
    let made = iam.create_access_key().user_name("stranger").send().await.expect("a key");
    let key = made.access_key().expect("a key");
    let stranger =
        Credentials::new(key.access_key_id(), key.secret_access_key(), None, None, "stranger");
    assert_eq!(call.signed(&stranger).send().status, 403, "a user without permissions");
    let answer = call.signed(&world.instance().deployer).send();
    assert_eq!(answer.status, 403, "the deployer: {answer:?}");

    // The stranger is refused for want of the permission and for nothing else.
    let policy = iam.put_user_policy().user_name("stranger").policy_name("call");
    policy.policy_document(MAY_CALL).send().await.expect("a policy");
    assert_eq!(call.signed(&stranger).send().status, 200, "with the permission");
}

fn the_client_reaches_one_route_only(world: &World, call: &Call) {
    let client = world.instance().client;
    for (method, path) in [
        ("GET", "/issue-cert"),
        ("PUT", "/issue-cert"),
        ("DELETE", "/issue-cert"),
        ("POST", "/"),
        ("POST", "/Issue-Cert"),
        ("POST", "/issue-cert/x"),
        ("POST", "/issue-cert%2f..%2fadmin"),
        ("POST", "/admin"),
        ("POST", "/other/issue-cert"),
    ] {
        let answer = call.to(method, path).signed(&client).send();
        assert!([403, 404, 405].contains(&answer.status), "{method} {path}: {answer:?}");
        assert!(!answer.body.contains("BEGIN"), "{method} {path}: {answer:?}");
    }
}

async fn a_session_of_a_role_gets_through(world: &World, call: &Call) {
    let role = role_that_may_call(world, "caller").await;
    let session = assume(world, &role).await;
    let answer = call.signed(&session).send();
    assert_eq!(answer.status, 200, "{answer:?}");
    let without = call.signed(&Credentials::new(
        session.access_key_id(),
        session.secret_access_key(),
        None,
        None,
        "without its token",
    ));
    assert_eq!(without.send().status, 403, "the key of a session without its token");
}

/// Makes a role whose sessions may call the route; its ARN.
pub(super) async fn role_that_may_call(world: &World, name: &str) -> String {
    let iam = world.root().await.iam;
    let role = iam.create_role().role_name(name).assume_role_policy_document(ANYBODY);
    let role = role.send().await.expect("a role").role.expect("a role").arn;
    let policy = iam.put_role_policy().role_name(name).policy_name("call");
    policy.policy_document(MAY_CALL).send().await.expect("a policy");
    role
}

/// The keys of a session of this role.
pub(super) async fn assume(world: &World, role: &str) -> Credentials {
    let instance = world.instance();
    let root = Credentials::new("test", "test", None, None, "root");
    let local = Some((instance.endpoint, root));
    let config = configure(&Target { region: Some(instance.region), local }).await;
    let sts = aws_sdk_sts::Client::new(&config.expect("a configuration"));
    let call = sts.assume_role().role_arn(role).role_session_name("test");
    let keys = call.send().await.expect("a session").credentials.expect("keys");
    let (id, secret, token) = (keys.access_key_id, keys.secret_access_key, keys.session_token);
    Credentials::new(id, secret, Some(token), None, "a session")
}

/// The call as the guide shows it, where there is a curl that can sign.
fn curl_gets_through(world: &World, call: &Call) {
    let client = world.instance().client;
    world.write("body.json", std::str::from_utf8(&call.body).expect("text"));
    let user = |secret: &str| format!("{}:{secret}", client.access_key_id());
    let curl = |secret: &str| {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "--noproxy", "*", "--aws-sigv4", "aws:amz:us-east-1:execute-api"])
            .args(["--user", &user(secret), "-H", "content-type: application/json"])
            .args(["--data-binary", "@body.json", "-w", "\n%{http_code}", &url(world)])
            .current_dir(world.path("."));
        curl
    };
    if curl("").arg("--version").output().is_err() {
        return;
    }
    let issued = Run::of(&mut curl(client.secret_access_key()));
    let (body, status) = issued.stdout.rsplit_once('\n').expect("a status");
    assert_eq!(status, "200", "{issued:?}");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert!(body["certificate"].as_str().is_some_and(|text| text.contains("BEGIN CERTIFICATE")));
    let refused = Run::of(&mut curl("wrong"));
    assert!(refused.stdout.ends_with("\n403"), "{refused:?}");
}

/// Asserts that a call was refused for want of a permission.
pub(super) fn assert_denied<T: std::fmt::Debug, E>(what: &str, result: Result<T, SdkError<E>>)
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let error = result.expect_err(what);
    let code = error.code().unwrap_or_default();
    assert!(code.starts_with("AccessDenied"), "{what}: {error:?}");
}

async fn the_client_may_do_nothing_else(world: &World) {
    let aws = world.aws(world.instance().client).await;
    cannot_reach_around_the_route(&aws).await;
    assert_denied("ListUsers", aws.iam.list_users().send().await);
    assert_denied("ListSecrets", aws.secrets.list_secrets().send().await);
    assert_denied("GetFunction", aws.lambda.get_function().function_name(FUNCTION).send().await);
    assert_denied("GetApis", aws.apigateway.get_apis().send().await);
    let logs = aws.logs.filter_log_events().log_group_name(LOG_GROUP);
    assert_denied("FilterLogEvents", logs.send().await);
    let own = aws.iam.create_access_key().user_name("client").send().await;
    assert_denied("CreateAccessKey", own);
}

async fn the_deployer_sees_no_secret_and_calls_no_function(world: &World) {
    let aws = world.aws(world.instance().deployer).await;
    let known = aws.secrets.describe_secret().secret_id("cert-issuer/ca").send().await;
    known.expect("the deployer may look at the secret's metadata");
    cannot_reach_around_the_route(&aws).await;
    assert_denied("CreateUser", aws.iam.create_user().user_name("other").send().await);
    let own = aws.iam.create_access_key().user_name("deployer").send().await;
    assert_denied("CreateAccessKey", own);
}

/// The two ways around the route: the key itself, and the function with an event of one's own.
async fn cannot_reach_around_the_route(aws: &Aws) {
    let secret = aws.secrets.get_secret_value().secret_id("cert-issuer/ca");
    assert_denied("GetSecretValue", secret.send().await);
    assert_denied("Invoke", aws.lambda.invoke().function_name(FUNCTION).send().await);
}
