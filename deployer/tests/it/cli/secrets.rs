//! Private keys stay where they belong: in their own files, and the issuing CA's in its secret.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use deployer::ca::{self, Files};
use time::OffsetDateTime;

use crate::support::{Run, World};

#[tokio::test]
async fn no_private_key_is_ever_shown_or_kept_elsewhere() {
    let world = World::new();
    let mut needles = needles(&Files::within(&world.path("ca")));
    let mut runs = vec![
        world.succeed(&["-v", "--local", "plan", "--json", "--out", "plan.json"]),
        world.succeed(&["-v", "--local", "apply", "--yes"]),
        world.succeed(&["-v", "--local", "issue", "--dns", "a.internal.example"]),
        world.fail(&["-v", "--local", "issue", "--dns", "a.example.com"]),
        world.succeed(&["output", "--local", "--json"]),
        world.succeed(&["state", "show", "--local", "--json"]),
    ];
    needles.extend(another_ca(&world));
    runs.push(refused(&world).await);
    for run in &runs {
        clean(&needles, "a run", (run.stdout.clone() + &run.stderr).as_bytes());
    }
    clean(&needles, "tags", tags(&world).await.as_bytes());
    files(&world, &needles);
}

/// What must be found nowhere: each line of a key's PEM body, and the same in one piece.
fn needles(files: &Files) -> Vec<String> {
    let secret = fs::read_to_string(&files.issuing_secret).expect("a secret");
    let secret: serde_json::Value = serde_json::from_str(&secret).expect("JSON");
    let issuing = secret["private_key"].as_str().expect("a key").to_owned();
    let root = fs::read_to_string(&files.root_key).expect("a key");
    let mut needles = Vec::new();
    for pem in [issuing, root] {
        let body: Vec<_> =
            pem.lines().filter(|line| !line.is_empty() && !line.starts_with('-')).collect();
        assert!(body.len() > 1 && body[0].len() == 64, "{}", body.len());
        // The first line begins with the algorithm, which all keys of a kind have in common.
        needles.push(body[0][48..].to_owned());
        needles.extend(body[1..].iter().map(|line| (*line).to_owned()));
        needles.push(body.concat());
    }
    assert!(needles.iter().all(|needle| needle.len() >= 16));
    // A search that finds nothing in the keys' own files would prove nothing.
    for path in [&files.issuing_secret, &files.root_key] {
        let text = fs::read_to_string(path).expect("a file");
        assert!(needles.iter().any(|needle| text.contains(needle)), "{}", path.display());
    }
    needles
}

/// Puts the material of another CA in the place of the first one's.
fn another_ca(world: &World) -> Vec<String> {
    let other = ca::init(&world.path("other"), OffsetDateTime::now_utc()).expect("a demo CA");
    let value = Files::within(&world.path("ca")).issuing_secret;
    fs::copy(&other.issuing_secret, value).expect("a copy");
    needles(&other)
}

/// An apply in which AWS refuses the secret's value, and says so.
async fn refused(world: &World) -> Run {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"secretsmanager:PutSecretValue","Resource":"*"}]}"#;
    let root = world.root().await;
    let denied = root.iam.put_user_policy().user_name("deployer").policy_name("denied");
    denied.policy_document(policy).send().await.expect("a policy");
    let run = world.fail(&["-v", "--local", "apply", "--yes"]);
    assert!(run.stderr.contains("PutSecretValue failed for"), "{}", run.stderr);
    assert!(run.stderr.contains("is not authorized to perform"), "{}", run.stderr);
    run
}

fn clean(needles: &[String], what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let found = needles.iter().any(|needle| text.contains(needle));
    assert!(!found, "{what} holds a private key");
}

async fn tags(world: &World) -> String {
    let root = world.root().await;
    let secret = root.secrets.describe_secret().secret_id("cert-issuer/ca").send().await;
    let function = root.lambda.get_function().function_name("cert-issuer-signer").send().await;
    let (secret, function) = (secret.expect("the secret"), function.expect("the function"));
    assert!(secret.tags().iter().any(|tag| tag.key() == Some("deployer:stack")));
    format!("{secret:?} {function:?}")
}

/// Searches every file below the world's folder: those that are to hold a key for their mode, all
/// others for keys. What the local AWS stores is its own affair; its log is ours.
fn files(world: &World, needles: &[String]) {
    let keys: Vec<_> = ["ca", "other"]
        .into_iter()
        .map(|folder| Files::within(&world.path(folder)))
        .flat_map(|files| [files.root_key, files.issuing_secret])
        .chain([real(world, "certs/key.pem")])
        .collect();
    for key in &keys {
        let mode = fs::metadata(key).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", key.display());
    }
    let mut seen = Vec::new();
    walk(&world.path(""), &mut seen);
    for path in &seen {
        if keys.contains(path) || path.starts_with(world.path("local/ministack")) {
            continue;
        }
        clean(needles, &path.display().to_string(), &fs::read(path).expect("a file"));
    }
    for expected in
        ["plan.json", "state/cert-issuer.local.json", "local/ministack.log", "certs/cert.pem"]
    {
        assert!(seen.contains(&real(world, expected)), "{expected} was searched");
    }
}

/// The file that a path leads to: those of certificates are links.
fn real(world: &World, path: &str) -> PathBuf {
    let (folder, file) = (world.path(""), fs::canonicalize(world.path(path)).expect("a file"));
    let below = file.strip_prefix(fs::canonicalize(&folder).expect("a folder"));
    folder.join(below.expect("below the world's folder"))
}

fn walk(folder: &Path, seen: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            walk(&entry.path(), seen);
        } else if kind.is_file() {
            seen.push(entry.path());
        }
    }
}
