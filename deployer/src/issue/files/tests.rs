//! Crashes at every step: whatever happens, the files belong together.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::steps::{Step, VERSIONS, steps};
use super::*;

/// The files of a version, each with its content telling which.
fn version(tag: &str) -> Version {
    let text = |name: &str| format!("{tag} {name}").into_bytes();
    Version {
        name: tag.to_owned(),
        files: vec![
            Content::public(FULLCHAIN, text(FULLCHAIN)),
            Content::public(CERTIFICATE, text(CERTIFICATE)),
            Content::public(CHAIN, text(CHAIN)),
            Content::private(KEY, text(KEY)),
        ],
    }
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

/// A folder where syncing costs nothing, if there is one: it is done thousands of times.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// Which version readers see; every file that is there must be of the same.
#[track_caller]
fn seen(out: &Path) -> Option<String> {
    let mut tags = FILES.iter().filter_map(|name| {
        let text = fs::read_to_string(out.join(name)).ok()?;
        let (tag, of) = text.split_once(' ').expect("a whole file");
        assert_eq!(of, *name, "a whole file");
        Some(tag.to_owned())
    });
    let first = tags.next();
    assert!(tags.all(|tag| Some(tag) == first), "files of different versions");
    first
}

/// Makes a folder look in a certain way.
type Make = fn(&Path);

/// How a folder may look before.
const BEFORE: [(&str, Make); 6] = [
    ("nothing", |_| ()),
    ("plain files", |out| {
        for name in [CERTIFICATE, CHAIN, KEY] {
            fs::write(out.join(name), format!("old {name}")).expect("a file");
        }
    }),
    ("a version", |out| store::install(out, version("old")).expect("installed")),
    ("two versions", |out| {
        store::install(out, version("older")).expect("installed");
        store::install(out, version("old")).expect("installed");
    }),
    ("a plain file in place of a link", |out| {
        store::install(out, version("old")).expect("installed");
        fs::remove_file(out.join(KEY)).expect("a link");
        fs::write(out.join(KEY), format!("old {KEY}")).expect("a file");
    }),
    ("links to elsewhere", |out| {
        let elsewhere = out.join("elsewhere");
        fs::create_dir(&elsewhere).expect("a folder");
        for name in [CERTIFICATE, KEY] {
            fs::write(elsewhere.join(name), format!("old {name}")).expect("a file");
            symlink(elsewhere.join(name), out.join(name)).expect("a link");
        }
    }),
];

/// Crashes before the `n`-th step, in whose middle a file may be; whether there are that many.
fn crash_at(out: &Path, n: usize) -> bool {
    let steps = steps(out, store::look(out).expect("a folder"), version("new"));
    for step in &steps[..n.min(steps.len())] {
        step.take().expect("a step");
        seen(out);
    }
    if let Some(Step::File(path, content)) = steps.get(n) {
        fs::write(path, &content.bytes[..3]).expect("half a file");
    }
    n < steps.len()
}

#[test]
fn a_crash_at_any_step_leaves_files_that_belong_together() {
    for (what, before) in BEFORE {
        let mut n = 0;
        loop {
            let dir = in_memory();
            let out = dir.path();
            before(out);
            let old = seen(out);
            let crashed = crash_at(out, n);
            let now = seen(out);
            assert!(now == old || now.as_deref() == Some("new"), "{what}, step {n}: {now:?}");
            assert!(old.is_none() || now.is_some(), "{what}, step {n}: the files are gone");

            store::install(out, version("newest")).expect("installed");
            assert_eq!(seen(out).as_deref(), Some("newest"), "{what}, step {n}");
            let mut left = names(out);
            left.retain(|name| name != "elsewhere");
            let all = [VERSIONS, CERTIFICATE, CHAIN, steps::CURRENT, FULLCHAIN, KEY];
            assert_eq!(left, all, "{what}, step {n}");
            let versions = names(&out.join(VERSIONS));
            assert!(versions.len() <= 2, "{what}, step {n}: {versions:?}");
            if let Some(now) = &now {
                assert_eq!(versions.len(), 2, "{what}, step {n}: {now} is kept");
            }
            if !crashed {
                assert_eq!(now.as_deref(), Some("new"), "{what}");
                break;
            }
            n += 1;
        }
        assert!(n > 8, "{what}: {n} steps");
    }
}

#[test]
fn files_have_their_modes_and_the_previous_version_is_kept() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("a/b");
    for tag in ["one", "two", "three"] {
        store::install(&out, version(tag)).expect("installed");
        assert_eq!(seen(&out).as_deref(), Some(tag));
    }
    assert_eq!(mode(&out.join(KEY)), 0o600);
    assert_eq!(mode(&out.join(CERTIFICATE)) & !0o644, 0);
    assert_eq!(names(&out.join(VERSIONS)), ["three", "two"]);
    let previous = fs::read_to_string(out.join(VERSIONS).join("two").join(KEY)).expect("a file");
    assert_eq!(previous, format!("two {KEY}"));
}

#[test]
fn the_same_certificate_twice_is_no_obstacle() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path();
    for _ in 0..3 {
        store::install(out, version("same")).expect("installed");
        assert_eq!(seen(out).as_deref(), Some("same"));
    }
    // Nor is it if something else has come between.
    fs::remove_file(out.join(CHAIN)).expect("a link");
    fs::write(out.join(CHAIN), "other").expect("a file");
    store::install(out, version("same")).expect("installed");
    assert_eq!(seen(out).as_deref(), Some("same"));
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path();
    fs::write(out.join(KEY), format!("old {KEY}")).expect("a file");
    fs::write(out.join(VERSIONS), "in the way").expect("a file");
    let error = store::install(out, version("new")).expect_err("refused");
    assert!(error.message.contains(VERSIONS), "{error:?}");
    assert_eq!(error.hints, ["the files are as they were before"]);
    assert_eq!(seen(out).as_deref(), Some("old"));
    assert_eq!(names(out), [VERSIONS, KEY]);

    fs::remove_file(out.join(VERSIONS)).expect("a file");
    // A folder cannot be replaced by a link.
    fs::create_dir(out.join(CHAIN)).expect("a folder");
    let error = store::install(out, version("new")).expect_err("refused");
    assert_eq!(error.hints, ["the files are as they were before"]);
    assert_eq!(fs::read_to_string(out.join(KEY)).expect("a file"), format!("old {KEY}"));
}

#[test]
fn one_run_at_a_time_replaces_the_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path();
    std::thread::scope(|scope| {
        for tag in ["a", "b", "c", "d"] {
            scope.spawn(move || {
                (0..10).for_each(|_| store::install(out, version(tag)).expect("installed"));
            });
        }
        // `current` is one folder, whatever becomes of the link meanwhile.
        let mut compared = 0;
        while compared < 50 {
            let Ok(folder) = fs::canonicalize(out.join(steps::CURRENT)) else { continue };
            let files = [CERTIFICATE, KEY].map(|name| fs::read_to_string(folder.join(name)).ok());
            if let [Some(certificate), Some(key)] = files {
                assert_eq!(certificate[..1], key[..1]);
                compared += 1;
            }
        }
    });
    assert!(seen(out).is_some());
}

#[test]
fn a_hook_is_pending_until_it_succeeds_or_another_certificate_comes() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path();
    assert!(!is_hook_pending(out));
    hook_succeeded(&present(out)).expect("nothing to do");
    let mut pending = version("one");
    pending.files.push(Content::public(HOOK_PENDING, Vec::new()));
    store::install(out, pending).expect("installed");
    assert!(is_hook_pending(out));
    hook_succeeded(&present(out)).expect("remembered");
    assert!(!is_hook_pending(out));
    assert_eq!(names(&out.join(steps::CURRENT)).len(), 4);
}

#[test]
fn a_current_of_somebody_else_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path();
    assert!(!store::is_foreign(out));
    store::install(out, version("one")).expect("installed");
    assert!(!store::is_foreign(out));
    fs::remove_file(out.join(steps::CURRENT)).expect("a link");
    fs::create_dir(out.join(steps::CURRENT)).expect("a folder");
    assert!(store::is_foreign(out));
}

/// Somebody else may have put a key there since it was asked for.
#[test]
fn a_key_that_does_not_fit_is_never_written_beside_a_certificate() {
    let dir = in_memory();
    let (ours, theirs) = (KeyPair::generate(), KeyPair::generate());
    let (ours, theirs) = (ours.expect("a key"), theirs.expect("a key"));
    let now = time::OffsetDateTime::now_utc();
    let verified = Verified {
        leaf: vec![0x30, 0].into(),
        chain: Vec::new(),
        certificate: crate::issue::Certificate {
            names: std::collections::BTreeSet::new(),
            common_name: None,
            usages: std::collections::BTreeSet::new(),
            serial: "01".into(),
            not_before: now,
            not_after: now,
            issuer: String::new(),
            key_type: "P-256".into(),
            public_key: ours.subject_public_key_info(),
        },
    };
    fs::write(dir.path().join(KEY), theirs.serialize_pem()).expect("a file");
    let error = write(dir.path(), &verified, None, false).expect_err("another's key");
    assert_eq!(error.causes, ["its key.pem is not the key of the certificate request"]);
    assert_eq!(names(dir.path()), [KEY], "nothing else was written");
    fs::write(dir.path().join(KEY), ours.serialize_pem()).expect("a file");
    write(dir.path(), &verified, None, false).expect("written");
    let kept = fs::read_to_string(dir.path().join(KEY)).expect("a key");
    assert_eq!(kept, ours.serialize_pem());
}
