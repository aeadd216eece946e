//! Pythons of all sorts, played by small scripts.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

async fn found(script: &str) -> Result<PathBuf> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("python3");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    find(&["no-such-python", path.to_str().expect("UTF-8")]).await
}

#[tokio::test]
async fn a_fit_python_is_found() {
    assert!(found("echo 3.10").await.is_ok());
    assert!(found("echo 3.14").await.is_ok());
}

#[tokio::test]
async fn an_unfit_python_is_told_with_the_remedy() {
    let error = found("echo 3.9").await.expect_err("too old");
    assert!(error.causes[0].ends_with("is Python 3.9, which is too old"), "{error:?}");
    let error = found("echo 3.11; echo no module >&2; exit 1").await.expect_err("no venv");
    assert!(error.causes[0].ends_with("has no `venv` module"), "{error:?}");
    assert!(error.hints[0].contains("apt install python3-venv"), "{error:?}");
    let error = found("echo broken >&2; exit 127").await.expect_err("broken");
    assert!(error.causes[0].ends_with("does not work: broken"), "{error:?}");
    let error = find(&["no-such-python"]).await.expect_err("missing");
    assert_eq!(error.causes, ["there is no python3 in PATH"]);
}

#[test]
fn pips_failures_have_different_remedies() {
    let hint = |said: &str| explain(Error::new("x"), said.as_bytes()).hints.remove(0);
    assert!(hint("NewConnectionError: no route").contains("could not be reached"));
    assert!(hint("THESE PACKAGES DO NOT MATCH THE HASHES").contains("not what was expected"));
    assert!(hint("No matching distribution found for a").contains("or does not have this"));
}

#[test]
fn progress_names_what_is_fetched() {
    let line = "Collecting botocore==1.43.106 (from -r requirements.txt (line 4))";
    assert_eq!(progress(line).as_deref(), Some("fetching botocore 1.43.106"));
    assert_eq!(progress("  Downloading botocore.whl"), None);
    assert_eq!(name(), "ministack 1.5.33");
}
