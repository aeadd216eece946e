//! Whether a program can start on its host, as far as the file tells.

use object::LittleEndian;
use object::elf::{
    EM_386, EM_AARCH64, EM_ARM, EM_RISCV, EM_X86_64, ET_DYN, ET_EXEC, FileHeader64, Machine,
    VER_FLG_WEAK,
};
use object::read::elf::{FileHeader, ProgramHeader};

use super::{Architecture, Glibc, Requirement, refuse};
use crate::error::{Error, Result};

type Header = FileHeader64<LittleEndian>;

const ENDIAN: LittleEndian = LittleEndian;

/// Refuses a program that is not a Linux executable for the required machine, or that needs a newer
/// glibc than the host has. `subject` is what to call it in the error.
pub(super) fn check(program: &[u8], subject: &str, requirement: &Requirement) -> Result<()> {
    if let Some(other) = other_kind(program) {
        let error = refuse(subject, format!("it is {other}, not a 64-bit Linux program"));
        return Err(match program {
            [b'P', b'K', ..] => error.hint("name a zip file with `zip:`"),
            _ => error.hint(static_hint(requirement.architecture)),
        });
    }
    let damaged = |error: object::Error| {
        refuse(subject, "it is a damaged or incomplete ELF file")
            .caused_by(&error)
            .hint("build or copy it again")
    };
    let header = Header::parse(program).map_err(damaged)?;
    if ![ET_EXEC, ET_DYN].contains(&header.e_type(ENDIAN)) {
        return Err(refuse(subject, "it is an object or core file, not a program"));
    }
    require_machine(header.e_machine(ENDIAN), subject, requirement)?;
    let Some(interpreter) = interpreter(header, program).map_err(damaged)? else {
        // Without a dynamic loader nothing of the host but its kernel is needed.
        return Ok(());
    };
    require_glibc_loader(interpreter, subject, requirement)?;
    if header.e_shnum.get(ENDIAN) == 0 {
        return Err(refuse(
            subject,
            "its section table was removed, so the glibc that it needs cannot be told",
        )
        .hint(
            "strip it with `strip` or `strip = true` in the Cargo profile, which keep that table",
        ));
    }
    match needed_glibc(header, program).map_err(damaged)? {
        Some(needed) if needed > requirement.glibc => Err(too_new(subject, needed, requirement)),
        _ => Ok(()),
    }
}

/// What the file is if it is no 64-bit little-endian ELF file.
fn other_kind(program: &[u8]) -> Option<&'static str> {
    Some(match program {
        [] => "empty",
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => return None,
        [0x7f, b'E', b'L', b'F', 1, ..] => "a 32-bit ELF file",
        [0x7f, b'E', b'L', b'F', 2, 2, ..] => "a big-endian ELF file",
        [b'#', b'!', ..] => "a script",
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            "a macOS program (Mach-O)"
        }
        [b'M', b'Z', ..] => "a Windows program (PE)",
        [b'P', b'K', ..] => "a zip file",
        _ => "a file of another kind",
    })
}

fn require_machine(machine: Machine, subject: &str, requirement: &Requirement) -> Result<()> {
    let Requirement { architecture, host, .. } = requirement;
    let (wanted, other) = match architecture {
        Architecture::X86_64 => (EM_X86_64, Architecture::Arm64),
        Architecture::Arm64 => (EM_AARCH64, Architecture::X86_64),
    };
    if machine == wanted {
        return Ok(());
    }
    let name = match machine {
        EM_X86_64 => "x86_64".to_owned(),
        EM_AARCH64 => "arm64".to_owned(),
        EM_386 => "32-bit Intel".to_owned(),
        EM_ARM => "32-bit Arm".to_owned(),
        EM_RISCV => "RISC-V".to_owned(),
        other => format!("machine {}", other.0),
    };
    let hint = format!("build it with `target: {}`", architecture.static_target());
    let hint = if name == other.as_str() {
        format!("{hint}, or set `architecture: {other}`")
    } else {
        hint
    };
    Err(refuse(
        subject,
        format!("it is for {name}, but the function is to run on {architecture} ({host})"),
    )
    .hint(hint))
}

/// The path of the dynamic loader that the program asks for.
fn interpreter<'a>(header: &Header, program: &'a [u8]) -> object::Result<Option<&'a [u8]>> {
    for segment in header.program_headers(ENDIAN, program)? {
        if let Some(interpreter) = segment.interpreter(ENDIAN, program)? {
            return Ok(Some(interpreter));
        }
    }
    Ok(None)
}

/// The hosts have glibc's loader alone. Without its own, a program "is not found", to everyone's surprise.
fn require_glibc_loader(
    interpreter: &[u8],
    subject: &str,
    requirement: &Requirement,
) -> Result<()> {
    let interpreter = String::from_utf8_lossy(interpreter);
    if !interpreter.contains("ld-musl") {
        return Ok(());
    }
    let Requirement { host, architecture, .. } = requirement;
    Err(refuse(
        subject,
        format!("it is linked dynamically against musl, and {host} has no {interpreter}"),
    )
    .hint("build it with RUSTFLAGS=\"-C target-feature=+crt-static\"")
    .hint(static_hint(*architecture)))
}

/// The newest version of glibc whose symbols the program cannot start without.
fn needed_glibc(header: &Header, program: &[u8]) -> object::Result<Option<Glibc>> {
    let sections = header.sections(ENDIAN, program)?;
    let Some((needs, strings)) = sections.gnu_verneed(ENDIAN, program)? else { return Ok(None) };
    let strings = sections.strings(ENDIAN, program, strings)?;
    let mut newest = None;
    for library in needs {
        let (_, versions) = library?;
        for version in versions {
            let version = version?;
            // The loader only warns about a weak need that is not met.
            if !version.vna_flags.get(ENDIAN).contains(VER_FLG_WEAK) {
                newest = newest.max(glibc(version.name(ENDIAN, strings)?));
            }
        }
    }
    Ok(newest)
}

/// The glibc that first had a version name such as `GLIBC_2.2.5`; none for other libraries' names.
fn glibc(name: &[u8]) -> Option<Glibc> {
    // A program with packed relocations asks for this name, which says nothing of its version.
    if name == b"GLIBC_ABI_DT_RELR" {
        return Some(Glibc(2, 36));
    }
    let version = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let mut numbers = version.split('.').map(str::parse);
    Some(Glibc(numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn too_new(subject: &str, needed: Glibc, requirement: &Requirement) -> Error {
    let Requirement { host, architecture, glibc } = requirement;
    refuse(subject, format!("it needs glibc {needed}, but {host} has {glibc}"))
        .hint(static_hint(*architecture))
        .hint(format!(
            "or build it with `cargo zigbuild --release --target {}.{glibc}` and name the result with `bootstrap:`",
            architecture.glibc_target()
        ))
        .hint(format!("or build it on a system with glibc {glibc} or older"))
}

fn static_hint(architecture: Architecture) -> String {
    let target = architecture.static_target();
    format!("build it with `target: {target}`, after `rustup target add {target}`")
}

#[cfg(test)]
pub(super) mod tests;
