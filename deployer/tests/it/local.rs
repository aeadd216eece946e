//! The local AWS for real: instances with folders of their own, the installed program shared.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use deployer::local::{self, Dirs, Instance};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetRole","Resource":"*"}]}"#;
const WIDER: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GetRole","iam:ListRoles"],"Resource":"*"}]}"#;

/// A folder for an instance, and the cache that all tests share.
fn dirs(parent: &Path) -> Dirs {
    let mut dirs = Dirs::from_environment(|name| std::env::var_os(name)).expect("folders");
    dirs.instance = parent.join("local");
    dirs
}

async fn start(dirs: &Dirs) -> Instance {
    local::start(dirs, POLICY, None, &|_| ()).await.expect("a local AWS")
}

fn iam(
    instance: &Instance,
    credentials: &aws_credential_types::Credentials,
) -> aws_sdk_iam::Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(aws_sdk_iam::config::BehaviorVersion::latest())
        .region(aws_sdk_iam::config::Region::new(instance.region.clone()))
        .endpoint_url(&instance.endpoint)
        .credentials_provider(credentials.clone())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    aws_sdk_iam::Client::from_conf(config)
}

async fn may_list_roles(instance: &Instance, who: &aws_credential_types::Credentials) -> bool {
    iam(instance, who).list_roles().send().await.is_ok()
}

fn is_running(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn it_starts_once_and_leaves_nothing() {
    let parent = tempfile::tempdir().expect("a folder");
    let dirs = dirs(parent.path());
    assert!(local::status(&dirs).expect("a status").is_none());
    assert!(!local::stop(&dirs, &|_| ()).await.expect("nothing to stop"));

    let first = start(&dirs).await;
    let again = start(&dirs).await;
    assert_eq!((first.pid, first.port), (again.pid, again.port));
    assert_eq!(first.deployer.secret_access_key(), again.deployer.secret_access_key());
    let found = local::status(&dirs).expect("a status").expect("running");
    assert_eq!(found.endpoint, format!("http://127.0.0.1:{}", first.port));

    for name in ["instance.json", "auditor.env", "client.env", "deployer.env", "ministack.log"] {
        let mode = fs::metadata(dirs.instance.join(name)).expect(name).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let text = fs::read_to_string(dirs.instance.join("client.env")).expect("a file");
    assert!(text.contains(&format!("export AWS_ACCESS_KEY_ID='{}'", first.client.access_key_id())));

    assert!(local::stop(&dirs, &|_| ()).await.expect("stopped"));
    assert!(!is_running(first.pid));
    assert!(local::status(&dirs).expect("a status").is_none());
    assert_eq!(fs::read_dir(parent.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn the_users_may_do_what_their_policies_say() {
    let parent = tempfile::tempdir().expect("a folder");
    let dirs = dirs(parent.path());
    let instance = start(&dirs).await;
    assert!(!may_list_roles(&instance, &instance.deployer).await);
    let wider = local::start(&dirs, WIDER, None, &|_| ()).await.expect("running");
    assert_eq!(instance.pid, wider.pid);
    assert!(may_list_roles(&wider, &wider.deployer).await);
    assert!(!may_list_roles(&wider, &wider.client).await);
    local::stop(&dirs, &|_| ()).await.expect("stopped");
}

/// Earlier versions made no auditor, and kept no record of one.
#[tokio::test]
async fn an_instance_of_an_earlier_version_gets_its_auditor() {
    let parent = tempfile::tempdir().expect("a folder");
    let dirs = dirs(parent.path());
    let first = start(&dirs).await;
    let path = dirs.instance.join("instance.json");
    let record = fs::read(&path).expect("a record");
    let mut record: serde_json::Value = serde_json::from_slice(&record).expect("JSON");
    let users = record["users"].as_object_mut().expect("users");
    users.remove("auditor").expect("an auditor");
    fs::write(&path, record.to_string()).expect("a record");
    fs::remove_file(dirs.instance.join("auditor.env")).expect("a file");

    let error = local::status(&dirs).expect_err("incomplete");
    assert_eq!(error.hints, ["start it: `deployer local start`"]);
    let again = start(&dirs).await;
    assert_eq!(
        (first.pid, first.client.access_key_id()),
        (again.pid, again.client.access_key_id())
    );
    assert_ne!(first.auditor.access_key_id(), again.auditor.access_key_id());
    let found = local::status(&dirs).expect("a status").expect("running");
    assert_eq!(found.auditor.access_key_id(), again.auditor.access_key_id());
    assert!(dirs.instance.join("auditor.env").exists());
    local::stop(&dirs, &|_| ()).await.expect("stopped");
    assert!(!is_running(first.pid));
}

#[tokio::test]
async fn two_starts_at_once_make_one_and_folders_are_apart() {
    let (one, two) = (tempfile::tempdir().expect("one"), tempfile::tempdir().expect("two"));
    let (one, two) = (dirs(one.path()), dirs(two.path()));
    let (first, second, other) = tokio::join!(start(&one), start(&one), start(&two));
    assert_eq!(first.pid, second.pid);
    assert_ne!(first.pid, other.pid);
    assert_ne!(first.port, other.port);
    local::stop(&one, &|_| ()).await.expect("stopped");
    assert!(!is_running(first.pid));
    assert!(is_running(other.pid));
    local::stop(&two, &|_| ()).await.expect("stopped");
    assert!(!is_running(other.pid));
}

#[tokio::test]
async fn a_taken_port_is_refused_and_leaves_nothing() {
    let parent = tempfile::tempdir().expect("a folder");
    let dirs = dirs(parent.path());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let error = local::start(&dirs, POLICY, Some(port), &|_| ()).await.expect_err("taken");
    assert_eq!(error.message, format!("could not start the local AWS on port {port}"));
    assert!(local::status(&dirs).expect("a status").is_none());
    assert_eq!(fs::read_dir(parent.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn a_dead_or_foreign_process_is_not_running() {
    let parent = tempfile::tempdir().expect("a folder");
    let dirs = dirs(parent.path());
    let instance = start(&dirs).await;
    let path = dirs.instance.join("instance.json");
    let record = fs::read_to_string(&path).expect("a record");
    // The number now belongs to a process that we did not start: this test.
    let us = std::process::id().to_string();
    let foreign = record.replace(&instance.pid.to_string(), &us);
    fs::write(&path, foreign).expect("a record");
    assert!(local::status(&dirs).expect("a status").is_none());

    fs::write(&path, record).expect("a record");
    local::stop(&dirs, &|_| ()).await.expect("stopped");
    assert!(!is_running(instance.pid));
}
