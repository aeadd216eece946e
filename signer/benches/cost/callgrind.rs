//! Counting instructions with Valgrind's Callgrind.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Whether Valgrind is installed.
pub(crate) fn is_installed() -> bool {
    let output = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    output.is_ok_and(|status| status.success())
}

/// Where Valgrind's own words go.
pub(crate) fn log(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"))
}

/// A program whose instructions are counted. The profile is left beside the log for `callgrind_annotate`.
pub(crate) fn command(program: &Path, log: &Path) -> Command {
    let option = |name: &str, path: PathBuf| format!("--{name}={}", path.display());
    let mut command = Command::new("valgrind");
    command
        .arg("--tool=callgrind")
        .arg(option("callgrind-out-file", log.with_extension("callgrind")))
        .arg(option("log-file", log.to_owned()))
        .arg(program);
    command
}

/// The instructions that a log tells, of a program that has ended.
pub(crate) fn collected(log: &Path) -> u64 {
    let text = fs::read_to_string(log).expect("Valgrind's log");
    let count = text.lines().find_map(|line| Some(line.split_once("Collected :")?.1));
    count.unwrap_or_else(|| panic!("no count in {text}")).trim().parse().expect("a number")
}

/// The instructions of this very program, run again to do one `errand` only.
pub(crate) fn count_own(errand: &[&str]) -> u64 {
    let log = log("floor");
    let program = env::current_exe().expect("this program");
    let status = command(&program, &log).args(errand).status().expect("Valgrind");
    assert!(status.success(), "{errand:?} failed");
    collected(&log)
}
