//! Packages as they come out, from real programs, real zip files and real builds.

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::elf::tests::{native, static_program};
use super::{Architecture, Code, Glibc, Package, Requirement, package};
use crate::error::{Error, Result};
use crate::step::Step;

fn on(architecture: Architecture) -> Requirement {
    Requirement { host: "the test".into(), architecture, glibc: Glibc(2, 99) }
}

fn pack(base: &Path, code: &str) -> Result<Package> {
    let code: Code = serde_yaml::from_str(code).expect(code);
    package(&code, base, &on(Architecture::X86_64), None, &|_| {})
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn put(path: &Path, content: &[u8], mode: u32) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, content).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// A small program for `x86_64`, whatever this machine is.
fn program() -> Vec<u8> {
    static_program(62, 1)
}

fn zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).expect("an entry");
        writer.write_all(content).expect("a content");
    }
    writer.finish().expect("a zip").into_inner()
}

fn zip_error(content: &[u8]) -> Error {
    let base = folder();
    put(&base.path().join("a.zip"), content, 0o644);
    let error = pack(base.path(), "{ zip: a.zip }").expect_err("refused");
    assert!(error.message.contains("a.zip"), "{error:?}");
    error
}

#[test]
fn equal_contents_give_equal_bytes() {
    let code = "{ bootstrap: dist/run, files: { policy.json: { b: 1, a: [x] }, a.json: 7 } }";
    let (one, other) = (folder(), folder());
    put(&one.path().join("dist/run"), &program(), 0o755);
    put(&other.path().join("dist/run"), &program(), 0o700);
    let old = std::time::SystemTime::UNIX_EPOCH;
    let file = fs::File::options().append(true).open(other.path().join("dist/run"));
    file.and_then(|file| file.set_modified(old)).expect("another time");
    let packed = pack(one.path(), code).expect("a package");
    assert_eq!(packed, pack(other.path(), code).expect("a package"));
    assert_eq!(packed.sha256_base64.len(), 44);

    let zip = packed.zip().expect("a zip");
    let mut archive = ZipArchive::new(Cursor::new(&zip)).expect("a zip");
    let names: Vec<_> =
        archive.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
    assert_eq!(names, ["a.json", "bootstrap", "policy.json"]);
    for (name, mode) in
        [("a.json", 0o100_644), ("bootstrap", 0o100_755), ("policy.json", 0o100_644)]
    {
        assert_eq!(archive.by_name(name).expect(name).unix_mode(), Some(mode));
    }
    let mut text = String::new();
    archive.by_name("policy.json").expect("it").read_to_string(&mut text).expect("text");
    assert_eq!(text, "{\n  \"a\": [\n    \"x\"\n  ],\n  \"b\": 1\n}\n");
    read_by_python(one.path(), &zip);
}

/// Another implementation reads the same; skipped where there is no Python.
fn read_by_python(folder: &Path, zip: &[u8]) {
    const SCRIPT: &str = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nfor i in z.infolist(): print(i.filename, oct(i.external_attr >> 16), i.date_time[:3])";
    let path = folder.join("packed.zip");
    fs::write(&path, zip).expect("a file");
    let Ok(output) = Command::new("python3").args(["-c", SCRIPT]).arg(&path).output() else {
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "a.json 0o100644 (1980, 1, 1)\nbootstrap 0o100755 (1980, 1, 1)\npolicy.json 0o100644 (1980, 1, 1)\n"
    );
}

#[test]
fn what_was_zipped_once_is_zipped_again_only_to_be_sent() {
    let (base, cache) = (folder(), folder());
    put(&base.path().join("run"), &program(), 0o755);
    let pack = |code: &str| {
        let zipped = Cell::new(false);
        let report = |step: &Step<'_>| zipped.set(zipped.get() || matches!(step, Step::At(_)));
        let code: Code = serde_yaml::from_str(code).expect(code);
        let host = on(Architecture::X86_64);
        let package = package(&code, base.path(), &host, Some(cache.path()), &report);
        (package.expect("a package"), zipped.get())
    };
    let plain = "{ bootstrap: run, files: { a.json: 1 } }";
    let (first, zipped) = pack(plain);
    assert!(zipped);
    let (again, zipped) = pack(plain);
    assert!(!zipped);
    assert_eq!(again.sha256_base64, first.sha256_base64);
    assert_eq!(again.zip().expect("a zip"), first.zip().expect("a zip"));
    assert!(pack("{ bootstrap: run, files: { a.json: 2 } }").1, "another file");
    assert!(pack("{ bootstrap: run, files: { b.json: 1 } }").1, "another name");
    put(&base.path().join("run"), &[program(), vec![0]].concat(), 0o755);
    assert!(pack(plain).1, "another program");

    // What is remembered is not trusted with what is sent.
    let known = cache.path().join("zips.json");
    let text = fs::read_to_string(&known).expect("what is known");
    let (other, _) = pack("{ bootstrap: run }");
    let sha256 = |package: &Package| package.sha256_base64.clone();
    put(&known, text.replace(&sha256(&pack(plain).0), &sha256(&other)).as_bytes(), 0o644);
    let (mistaken, zipped) = pack(plain);
    assert_eq!((sha256(&mistaken), zipped), (sha256(&other), false));
    let error = mistaken.zip().expect_err("not as planned");
    let cause = "zips.json says of it, from an earlier run, is not true";
    assert!(error.causes[0].ends_with(cause), "{error:?}");
    assert_eq!(error.hints, ["run again: what was wrong there is removed"]);
    assert!(pack(plain).0.zip().is_ok());
    put(&known, b"{ no list", 0o644);
    assert!(pack(plain).1);
}

#[test]
fn a_prebuilt_program_must_exist_and_be_executable() {
    let base = folder();
    let missing = pack(base.path(), "{ bootstrap: run }").expect_err("missing");
    assert!(missing.message.starts_with("could not read "), "{missing:?}");
    put(&base.path().join("run"), &program(), 0o644);
    let error = pack(base.path(), "{ bootstrap: run }").expect_err("not executable");
    assert_eq!(error.causes, ["it is not marked as executable"]);
    assert!(error.hints[0].starts_with("mark it with `chmod +x "), "{error:?}");
    let error = pack(base.path(), "{ bootstrap: . }").expect_err("a folder");
    assert_eq!(error.causes, ["it is not a file"]);
}

#[test]
fn a_prebuilt_zip_is_uploaded_as_it_is() {
    let base = folder();
    let content = zip(&[("lib/x", 0o644, b"x"), ("bootstrap", 0o755, &program())]);
    put(&base.path().join("a.zip"), &content, 0o644);
    let packed = pack(base.path(), "{ zip: a.zip }").expect("a package");
    assert_eq!(*packed.zip().expect("a zip"), content);
}

#[test]
fn unusable_zips_are_refused_with_the_reason() {
    assert!(!zip_error(b"text").causes.is_empty());
    let nested = zip_error(&zip(&[("dist/bootstrap", 0o755, &program())]));
    assert_eq!(nested.causes, ["it has no file `bootstrap`"]);
    assert_eq!(nested.hints, ["move `dist/bootstrap` to the top of the zip, out of its folder"]);
    for mode in [0o644, 0o744] {
        let error = zip_error(&zip(&[("bootstrap", mode, &program())]));
        assert!(error.causes[0].ends_with(&format!("(its mode is {mode:o})")), "{error:?}");
    }
    let script = zip_error(&zip(&[("bootstrap", 0o755, b"#!/bin/sh\n")]));
    assert_eq!(script.causes, ["it is a script, not a 64-bit Linux program"]);
    let mut encrypted = zip(&[("bootstrap", 0o755, b"x")]);
    let flags =
        encrypted.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").expect("an entry") + 8;
    encrypted[flags] |= 1;
    assert_eq!(zip_error(&encrypted).causes, ["it is encrypted"]);
}

/// A workspace of one package without dependencies. Names differ between tests: with a target folder
/// that is shared, Cargo takes packages of one name for the same one.
fn crate_called(name: &str, binary: &str, source: &str) -> TempDir {
    let base = folder();
    let manifest = format!(
        "[package]\nname = \"{name}\"\nedition = \"2024\"\n[[bin]]\nname = \"{binary}\"\npath = \"main.rs\"\n[workspace]\n"
    );
    put(&base.path().join("Cargo.toml"), manifest.as_bytes(), 0o644);
    put(&base.path().join("main.rs"), source.as_bytes(), 0o644);
    base
}

#[test]
fn a_package_is_built_and_packed() {
    let base = crate_called("hello", "bootstrap", "fn main() {}");
    let reported = RefCell::new(Vec::new());
    let code: Code = serde_yaml::from_str("{ cargo: hello }").expect("code");
    let report = |step: &Step<'_>| {
        if let Step::Begun(text) | Step::Said(text) = step {
            reported.borrow_mut().push((*text).to_owned());
        }
    };
    let packed = package(&code, base.path(), &on(native()), None, &report).expect("a package");
    assert_eq!(reported.into_inner(), ["building `hello` with cargo"]);
    // The lock file that the first build wrote is now kept to.
    let again = package(&code, base.path(), &on(native()), None, &|_| {}).expect("a package");
    assert_eq!(again, packed);
}

#[test]
fn packages_built_at_once_do_not_take_each_others_program() {
    let base = folder();
    put(
        &base.path().join("Cargo.toml"),
        b"[workspace]\nresolver = \"3\"\nmembers = [\"left\", \"right\"]\n",
        0o644,
    );
    for name in ["left", "right"] {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nedition = \"2024\"\n[[bin]]\nname = \"bootstrap\"\npath = \"main.rs\"\n"
        );
        put(&base.path().join(name).join("Cargo.toml"), manifest.as_bytes(), 0o644);
        let source = format!("fn main() {{ println!(\"I am {name}\"); }}");
        put(&base.path().join(name).join("main.rs"), source.as_bytes(), 0o644);
    }
    let built = &|name: &str| {
        let code: Code = serde_yaml::from_str(&format!("{{ cargo: {name} }}")).expect("code");
        let packed = package(&code, base.path(), &on(native()), None, &|_| {}).expect("a package");
        let mut archive =
            ZipArchive::new(Cursor::new(packed.zip().expect("a zip"))).expect("a zip");
        let mut program = Vec::new();
        archive.by_name("bootstrap").expect("it").read_to_end(&mut program).expect("a program");
        let mark = format!("I am {name}");
        assert!(program.windows(mark.len()).any(|bytes| bytes == mark.as_bytes()), "{name}");
    };
    // Again and again, because the second build of each finds nothing to compile.
    std::thread::scope(|scope| {
        for name in ["left", "right", "left", "right"] {
            scope.spawn(move || built(name));
        }
    });
}

#[test]
fn builds_that_cannot_succeed_say_why() {
    let base = crate_called("broken", "bootstrap", "fn main() { nonsense }");
    let error = pack(base.path(), "{ cargo: signer }").expect_err("no such package");
    assert_eq!(error.message, "could not build package `signer`");
    assert!(error.causes[0].ends_with(" is called `signer`"), "{error:?}");
    assert_eq!(error.hints, ["packages there with a binary called `bootstrap`: broken"]);
    let said = RefCell::new(String::new());
    let report = |step: &Step<'_>| {
        if let Step::Said(line) = step {
            *said.borrow_mut() += &(anstream::adapter::strip_str(line).to_string() + "\n");
        }
    };
    let code: Code = serde_yaml::from_str("{ cargo: broken }").expect("code");
    let error =
        package(&code, base.path(), &on(native()), None, &report).expect_err("does not compile");
    assert!(error.causes[0].starts_with("cargo build failed (exit status: 101)"), "{error:?}");
    let said = said.into_inner();
    assert!(
        said.contains("cannot find value `nonsense` in this scope\n --> main.rs:1:13\n"),
        "{said}"
    );
    assert!(!said.contains("Compiling"), "{said}");

    let base = crate_called("unnamed", "unnamed", "fn main() {}");
    let error = pack(base.path(), "{ cargo: unnamed }").expect_err("no bootstrap");
    assert_eq!(error.causes, ["the package has no binary called `bootstrap`"]);

    let error = pack(folder().path(), "{ cargo: hello }").expect_err("no workspace");
    assert!(error.causes[0].contains("could not find `Cargo.toml`"), "{error:?}");
}
