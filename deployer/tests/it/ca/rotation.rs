//! A new issuing CA below the same root, beside the present one.

use std::fs;
use std::path::Path;

use deployer::ca::{self, Files, Rotated, Rotation};
use deployer::error::Error;
use time::{Duration, OffsetDateTime};

use super::leaf::Leaf;
use super::{made, mode, openssl, text};
use crate::support::World;

const ROTATION: Rotation = Rotation { root_key: None, days: 365, constraints: None };

fn rotate(files: &Files, rotation: &Rotation) -> Result<Rotated, Error> {
    let dir = files.root.parent().expect("a folder");
    ca::rotate(dir, rotation, OffsetDateTime::now_utc())
}

fn content(files: &Files) -> [Vec<u8>; 4] {
    files.paths().map(|path| fs::read(path).expect("a file"))
}

#[test]
fn both_chains_verify_alone_and_side_by_side() {
    let (_dir, files) = made();
    let old = Leaf::of(&files.issuing_secret, &["old.internal"]);
    let before = content(&files);
    assert_eq!(rotate(&files, &ROTATION).expect("rotated"), Rotated::Anew);
    let new = Leaf::of(&files.issuing_secret, &["new.internal"]);
    let [root_key, value, issuing, root] = content(&files);
    assert_eq!((&root_key, &root), (&before[0], &before[3]), "the root stays");
    assert_eq!(fs::read(&files.previous_secret).expect("a value"), before[1]);
    assert_eq!(fs::read(&files.previous).expect("a certificate"), before[2]);
    assert_ne!(value, before[1]);
    assert_ne!(issuing, before[2]);

    let (present, previous): (&Path, &Path) = (&files.issuing, &files.previous);
    for (leaf, own, other) in [(&old, previous, present), (&new, present, previous)] {
        for intermediates in [&[own][..], &[own, other], &[other, own]] {
            leaf.openssl(&files.root, intermediates).expect("OpenSSL accepts it");
            leaf.webpki(&files.root, intermediates).expect("rustls accepts it");
        }
        leaf.openssl(&files.root, &[other]).expect_err("another issuing CA's");
        leaf.webpki(&files.root, &[other]).expect_err("another issuing CA's");
    }
}

#[test]
fn the_new_one_has_a_subject_a_serial_and_a_key_of_its_own() {
    let (_dir, files) = made();
    let field = |what: &str| {
        let shown = |path| openssl(&["x509", "-noout", what, "-in", text(path)]);
        (shown(&files.issuing), shown(&files.previous))
    };
    rotate(&files, &ROTATION).expect("rotated");
    for what in ["-subject", "-serial", "-pubkey", "-ext=subjectKeyIdentifier"] {
        let (new, old) = field(what);
        assert_ne!(new, old, "{what}");
    }
    assert!(field("-subject").0.starts_with("subject=O = deployer demo, CN = Demo Issuing CA 20"));
    let shown = openssl(&["x509", "-noout", "-text", "-in", text(&files.issuing)]);
    assert!(shown.contains("CA:TRUE, pathlen:0"), "{shown}");
    openssl(&["verify", "-x509_strict", "-CAfile", text(&files.root), text(&files.issuing)]);
    for path in [&files.issuing_secret, &files.previous_secret] {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    assert_eq!(mode(&files.issuing), 0o644);
    // What the function is given is what the signer takes.
    let value = fs::read(&files.issuing_secret).expect("a value");
    signer::ca::Ca::from_json(&value, OffsetDateTime::now_utc()).expect("CA material");
}

#[test]
fn the_root_key_can_be_elsewhere() {
    let (dir, files) = made();
    let elsewhere = dir.path().join("usb.pem");
    fs::rename(&files.root_key, &elsewhere).expect("moved");
    let error = rotate(&files, &ROTATION).expect_err("no key");
    assert!(error.message.ends_with("ca/root-key.pem"), "{error:?}");
    assert!(error.hints[0].contains("--root-key FILE"), "{error:?}");
    let rotation = Rotation { root_key: Some(elsewhere), ..ROTATION };
    rotate(&files, &rotation).expect("rotated");
}

#[test]
fn one_whose_key_is_lost_is_replaced_by_what_its_certificate_says() {
    let (_dir, files) = made();
    fs::remove_file(&files.issuing_secret).expect("removed");
    assert_eq!(rotate(&files, &ROTATION).expect("rotated"), Rotated::Anew);
    let leaf = Leaf::of(&files.issuing_secret, &["a.internal"]);
    leaf.openssl(&files.root, &[&files.issuing]).expect("OpenSSL accepts it");
    assert!(!files.previous_secret.exists() && !files.previous.exists(), "nothing to go back to");
    fs::remove_file(&files.issuing_secret).expect("removed");
    fs::remove_file(&files.issuing).expect("removed");
    let error = rotate(&files, &ROTATION).expect_err("nothing to go by");
    assert!(error.message.ends_with("ca/issuing-ca.json"), "{error:?}");
}

#[test]
fn what_cannot_be_signed_is_refused_and_changes_nothing() {
    type Spoil = fn(&Files, &Files);
    let cases: [(&str, Spoil); 8] = [
        ("exactly one certificate", |files, _| write(&files.root, b"no PEM")),
        ("exactly one certificate", |files, _| {
            let root = fs::read(&files.root).expect("a root");
            write(&files.root, &[root.clone(), root].concat());
        }),
        ("its path length permits no CA below it", |files, _| {
            write(&files.root, &fs::read(&files.issuing).expect("a CA"));
        }),
        ("it is not a CA certificate", |files, _| {
            let leaf = rcgen::generate_simple_self_signed(["a.example".to_owned()]);
            write(&files.root, leaf.expect("a leaf").cert.pem().as_bytes());
        }),
        ("is the key of another", |files, other| {
            write(&files.root_key, &fs::read(&other.root_key).expect("a key"));
        }),
        ("it is not an unencrypted private key", |files, _| write(&files.root_key, b"no key")),
        ("did not sign the one in", |files, other| {
            write(&files.root, &fs::read(&other.root).expect("a root"));
            write(&files.root_key, &fs::read(&other.root_key).expect("a key"));
        }),
        ("it is not a JSON object with a `certificate`", |files, _| {
            write(&files.issuing_secret, b"{\"private_key\": \"hidden\"");
        }),
    ];
    let (_other, other) = made();
    for (reason, spoil) in cases {
        let (_dir, files) = made();
        spoil(&files, &other);
        let before = content(&files);
        let error = rotate(&files, &ROTATION).expect_err(reason);
        let said = format!("{error:?}");
        assert!(said.contains(reason), "{said}");
        assert!(!said.contains("hidden") && !said.contains("PRIVATE KEY"), "{said}");
        assert_eq!(content(&files), before);
        assert!(!files.previous_secret.exists());
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("a file");
}

#[test]
fn an_issuing_ca_does_not_outlive_its_root() {
    let now = OffsetDateTime::now_utc();
    let refused = |age: i64, days: u16| {
        let dir = tempfile::tempdir().expect("a folder");
        ca::init(dir.path(), now - Duration::days(age)).expect("a CA");
        let rotation = Rotation { days, ..ROTATION };
        ca::rotate(dir.path(), &rotation, now).map_err(|error| (error.causes, error.hints))
    };
    refused(3600, 50).expect("as long as the root");
    let (causes, hints) = refused(3600, 51).expect_err("too long");
    assert!(causes[0].contains("must not outlive"), "{causes:?}");
    assert_eq!(hints, ["give at most --days 50"]);
    let (causes, _) = refused(3651, 1).expect_err("an expired root");
    assert!(causes[0].starts_with("it is valid from "), "{causes:?}");
    let (causes, _) = refused(-1, 1).expect_err("a root of the future");
    assert!(causes[0].starts_with("it is valid from "), "{causes:?}");

    let profile = ca::Profile { days: 3651, ..ca::Profile::default() };
    let dir = tempfile::tempdir().expect("a folder");
    let error = ca::make(&dir.path().join("ca"), &profile, now).expect_err("too long");
    assert_eq!(error.hints, ["give at most --days 3650"]);
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
}

/// A folder cannot be replaced by a file, which is the failure that root meets, too.
#[test]
fn a_write_that_fails_leaves_what_is_in_use_consistent() {
    for (what, in_use) in [("previous_secret", false), ("previous", false), ("issuing", true)] {
        let (_dir, files) = made();
        let before = content(&files);
        let taken = match what {
            "previous_secret" => files.previous_secret.clone(),
            "previous" => files.previous.clone(),
            _ => files.issuing.clone(),
        };
        let _ = fs::remove_file(&taken);
        fs::create_dir(&taken).expect("a folder in the way");
        let error = rotate(&files, &ROTATION).expect_err(what);
        assert!(error.message.contains(text(&taken)), "{error:?}");
        let value = fs::read(&files.issuing_secret).expect("a value");
        signer::ca::Ca::from_json(&value, OffsetDateTime::now_utc()).expect("CA material");
        assert_eq!(value != before[1], in_use, "{what}");
        let dir = fs::read_dir(files.root.parent().expect("a folder")).expect("a folder");
        let names = dir.map(|entry| entry.expect("an entry").file_name());
        assert!(
            names
                .into_iter()
                .all(|name| !name.to_string_lossy().starts_with('.') || name == ".gitignore")
        );

        fs::remove_dir(&taken).expect("out of the way");
        let ended = rotate(&files, &ROTATION).expect("mended");
        assert_eq!(ended, if in_use { Rotated::Finished } else { Rotated::Anew });
        Leaf::of(&files.issuing_secret, &["a.internal"])
            .openssl(&files.root, &[&files.issuing])
            .expect("a pair");
        assert_eq!(fs::read(&files.previous_secret).expect("a value"), before[1]);
    }
}

#[test]
fn the_commands_tell_what_to_do_and_no_key() {
    let world = World::empty();
    let init = world.succeed(&["ca", "init", "--name", "Acme", "--organization", "Acme Corp"]);
    let rotated = world.succeed(&["ca", "rotate", "--days", "90", "--permit-dns", "acme.example"]);
    let shown = world.succeed(&["ca", "show"]);
    let again = world.fail(&["ca", "rotate"]);
    for expected in ["deployer apply", "rm ca/issuing-ca.previous.json", "within ten minutes"] {
        assert!(rotated.stderr.contains(expected), "{}", rotated.stderr);
    }
    assert!(again.stderr.contains("is still kept from the last time"), "{}", again.stderr);
    for expected in [
        "subject   O=Acme Corp, CN=Acme Root CA\n",
        "subject   O=Acme Corp, CN=Acme Issuing CA 20",
        "(89 days left)",
        "key       P-256",
        "permitted dns:acme.example, uri:(none)\n",
        "excluded  ip:(all IPv4), ip:(all IPv6)\n",
    ] {
        assert!(shown.stdout.contains(expected), "{expected} is missing from\n{}", shown.stdout);
    }
    let fingerprint = openssl(&[
        "x509",
        "-noout",
        "-fingerprint",
        "-sha256",
        "-in",
        text(&world.path("ca/root.pem")),
    ]);
    let fingerprint = fingerprint.trim().rsplit('=').next().expect("a fingerprint");
    let fingerprint = fingerprint.replace(':', "").to_lowercase();
    assert!(shown.stdout.contains(&fingerprint), "{}", shown.stdout);

    let keys = ["root-key.pem", "issuing-ca.json", "issuing-ca.previous.json"].map(|name| {
        let text = fs::read_to_string(world.path("ca").join(name)).expect("a file");
        let key = text.split("BEGIN PRIVATE KEY-----").nth(1).expect("a key");
        key.trim_start_matches(['\\', 'n', '\n'])[..40].to_owned()
    });
    for run in [init, rotated, shown, again] {
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(keys.iter().all(|key| !said.contains(key)), "{said}");
        assert!(!said.contains("PRIVATE KEY"), "{said}");
    }
}
