use std::fs;

use super::{check, glibc};
use crate::error::Error;
use crate::package::{Architecture, Glibc, Requirement};

fn requirement(architecture: Architecture, glibc: Glibc) -> Requirement {
    Requirement { host: "the test".into(), architecture, glibc }
}

pub(in crate::package) fn native() -> Architecture {
    if cfg!(target_arch = "aarch64") { Architecture::Arm64 } else { Architecture::X86_64 }
}

fn myself() -> Vec<u8> {
    fs::read(std::env::current_exe().expect("a path")).expect("the running program")
}

fn refused(program: &[u8]) -> Error {
    refused_on(program, native())
}

fn refused_on(program: &[u8], architecture: Architecture) -> Error {
    let error = check(program, "it", &requirement(architecture, Glibc(2, 99)));
    let error = error.expect_err("refused");
    assert_eq!(error.message, "could not use it as the bootstrap of a function");
    error
}

/// A program without a loader: an ELF header, one program header and one section header, all zero
/// but for what is checked.
pub(in crate::package) fn static_program(machine: u16, segment: u32) -> Vec<u8> {
    let mut program = vec![0_u8; 64 + 56 + 64];
    program[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    program[16..18].copy_from_slice(&2_u16.to_le_bytes());
    program[18..20].copy_from_slice(&machine.to_le_bytes());
    program[20] = 1;
    program[32] = 64;
    program[40] = 120;
    for (offset, value) in [(52, 64), (54, 56), (56, 1), (58, 64)] {
        program[offset] = value;
    }
    program[64..68].copy_from_slice(&segment.to_le_bytes());
    program
}

#[test]
fn a_static_program_needs_the_right_machine_only() {
    let program = static_program(62, 1);
    check(&program, "it", &requirement(Architecture::X86_64, Glibc(0, 0))).expect("runs");
    let error = check(&program, "it", &requirement(Architecture::Arm64, Glibc(2, 34)))
        .expect_err("another machine");
    assert_eq!(error.causes, ["it is for x86_64, but the function is to run on arm64 (the test)"]);
    assert_eq!(
        error.hints,
        ["build it with `target: aarch64-unknown-linux-musl`, or set `architecture: x86_64`"]
    );
}

#[test]
fn a_program_without_section_table_or_with_the_loader_of_musl_is_refused() {
    let mut program = static_program(62, 3);
    let path = b"/lib/ld-musl-x86_64.so.1\0";
    program[72] = u8::try_from(program.len()).expect("small");
    program[96] = u8::try_from(path.len()).expect("small");
    program.extend_from_slice(path);
    assert!(
        refused_on(&program, Architecture::X86_64).causes[0].contains("dynamically against musl")
    );
    let start = program.len() - path.len();
    program[start..start + 11].copy_from_slice(b"/lib/ld-gnu");
    assert!(
        refused_on(&program, Architecture::X86_64).causes[0].contains("section table was removed")
    );
}

#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn the_running_test_needs_some_glibc() {
    check(&myself(), "it", &requirement(native(), Glibc(2, 99))).expect("runs");
    let error = check(&myself(), "it", &requirement(native(), Glibc(2, 0))).expect_err("old");
    assert!(error.causes[0].starts_with("it needs glibc 2."), "{error:?}");
    assert!(error.causes[0].ends_with(", but the test has 2.0"), "{error:?}");
    assert_eq!(error.hints.len(), 3);
}

#[test]
#[cfg(target_os = "linux")]
fn a_truncated_program_is_refused_at_any_length() {
    let program = myself();
    for length in [6, 20, 63, 64, 100, program.len() / 2, program.len() - 1] {
        let error = refused(&program[..length]);
        assert_eq!(error.causes[0], "it is a damaged or incomplete ELF file", "{length}");
    }
}

#[test]
fn other_kinds_of_files_are_called_by_their_names() {
    let kinds: [(&[u8], &str); 7] = [
        (b"", "empty"),
        (b"#!/bin/sh\n", "a script"),
        (b"\xcf\xfa\xed\xfe", "a macOS program (Mach-O)"),
        (b"MZ", "a Windows program (PE)"),
        (b"PK\x03\x04", "a zip file"),
        (b"\x7fELF\x01\x01", "a 32-bit ELF file"),
        (b"text", "a file of another kind"),
    ];
    for (program, kind) in kinds {
        let cause = format!("it is {kind}, not a 64-bit Linux program");
        assert_eq!(refused(program).causes, [cause]);
    }
}

#[test]
fn version_names_are_read() {
    assert_eq!(glibc(b"GLIBC_2.34"), Some(Glibc(2, 34)));
    assert_eq!(glibc(b"GLIBC_2.2.5"), Some(Glibc(2, 2)));
    assert_eq!(glibc(b"GLIBC_ABI_DT_RELR"), Some(Glibc(2, 36)));
    assert_eq!(glibc(b"GLIBC_PRIVATE"), None);
    assert_eq!(glibc(b"GCC_3.0"), None);
}
