//! Where the local AWS departs from AWS in ways that our code lives with. A test that fails here
//! says that a departure is gone, or is another now: what relies on it wants a second look.

use aws_credential_types::Credentials;
use aws_sdk_secretsmanager::Client;
use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use deployer::aws::Aws;

use crate::support::World;

const TOKEN: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn the_local_aws_departs_from_aws_where_we_know_it() {
    let world = World::empty();
    world.succeed(&["local", "start"]);
    let root = world.root().await;
    tokens_of_secrets(&root.secrets).await;
    secrets_pending_deletion(&root.secrets).await;
    root_is_never_checked(&world).await;
    roles_are_passed_unasked(&world, &root).await;
    log_groups_are_compared_without_their_end(&world, &root).await;
}

/// AWS gives the version that `CreateSecret` makes the id in the token, and takes the same call twice.
/// Because of this a secret is made without a value here and gets it from `PutSecretValue`.
async fn tokens_of_secrets(secrets: &Client) {
    let create = || {
        let call = secrets.create_secret().name("tokens").secret_string("a");
        call.client_request_token(TOKEN).send()
    };
    let made = create().await.expect("a secret");
    assert_ne!(made.version_id(), Some(TOKEN), "CreateSecret ignores the token");
    let error = create().await.expect_err("the same call again");
    assert_eq!(error.code(), Some("ResourceExistsException"));

    let put = |value: &str| {
        let call = secrets.put_secret_value().secret_id("tokens").secret_string(value);
        call.client_request_token(TOKEN).send()
    };
    let version = put("b").await.expect("a version");
    assert_eq!(version.version_id(), Some(TOKEN), "PutSecretValue takes the token as id");
    put("b").await.expect("the same value again");
    put("c").await.expect("another value under a used token, which AWS refuses");
    let value = secrets.get_secret_value().secret_id("tokens").send().await.expect("a value");
    assert_eq!(value.secret_string(), Some("c"), "the version was overwritten");
}

/// AWS answers `InvalidRequestException` here; both codes lead to the restore.
async fn secrets_pending_deletion(secrets: &Client) {
    let delete = secrets.delete_secret().secret_id("tokens").recovery_window_in_days(7);
    delete.send().await.expect("a deletion");
    let again = secrets.create_secret().name("tokens").send().await.expect_err("a name in use");
    assert_eq!(again.code(), Some("ResourceExistsException"));
    let pending = secrets.describe_secret().secret_id("tokens").send().await.expect("a secret");
    assert!(pending.deleted_date().is_some(), "{pending:?}");
}

/// So nothing that is signed with a root key proves anything, and every command uses a user's.
async fn root_is_never_checked(world: &World) {
    for key in ["test", "123456789012"] {
        let who = Credentials::new(key, "any secret", None, None, "root");
        world.aws(who).await.iam.list_users().send().await.expect("root may do anything");
    }
}

/// A missing `iam:PassRole` shows on AWS only. The deployer's policy is tested by its text.
async fn roles_are_passed_unasked(world: &World, root: &Aws) {
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let role = root.iam.create_role().role_name("passed").assume_role_policy_document(trust);
    let role = role.send().await.expect("a role").role.expect("a role").arn;
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:PassRole","Resource":"*"}]}"#;
    let put = root.iam.put_user_policy().user_name("deployer").policy_name("deny");
    put.policy_document(deny).send().await.expect("a policy");
    let deployer = world.aws(world.instance().deployer).await;
    let code = aws_sdk_lambda::types::FunctionCode::builder();
    let code = code.zip_file(aws_sdk_lambda::primitives::Blob::new(empty_zip())).build();
    let make = deployer.lambda.create_function().function_name("passed").role(role).code(code);
    let make = make.runtime(aws_sdk_lambda::types::Runtime::Providedal2023).handler("bootstrap");
    make.send().await.expect("a function with a role that may not be passed");
}

/// AWS compares `…:log-group:NAME:log-stream:…`, which `…:log-group:NAME:*` matches.
async fn log_groups_are_compared_without_their_end(world: &World, root: &Aws) {
    root.logs.create_log_group().log_group_name("/group").send().await.expect("a log group");
    let deployer = world.aws(world.instance().deployer).await;
    let make = |name: &str| {
        deployer.logs.create_log_stream().log_group_name("/group").log_stream_name(name).send()
    };
    for (end, allowed) in [(":*", false), ("", true)] {
        let arn = format!("arn:aws:logs:*:*:log-group:/group{end}");
        let policy = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"logs:CreateLogStream","Resource":"{arn}"}}]}}"#
        );
        let put = root.iam.put_user_policy().user_name("deployer").policy_name("logs");
        put.policy_document(policy).send().await.expect("a policy");
        assert_eq!(make("stream").await.is_ok(), allowed, "{arn}");
    }
}

/// The end record of an archive that holds nothing.
fn empty_zip() -> Vec<u8> {
    let mut zip = b"PK\x05\x06".to_vec();
    zip.resize(22, 0);
    zip
}
