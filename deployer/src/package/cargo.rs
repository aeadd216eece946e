//! Running Cargo, and following what it says.

use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use crate::error::Error;
use crate::step::Step;

/// The column at which Cargo's own words end, such as `Compiling`; what they are about follows.
const VERB: usize = 12;

/// Cargo tells the programs that it runs which cargo it is; that one is the right one for the toolchain.
pub(super) fn command(base: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(if base.as_os_str().is_empty() { Path::new(".") } else { base });
    command.stdin(Stdio::null());
    command
}

/// Runs it with colours, and reports each line as it comes: what the compiler says, the reader is to
/// see at once and whole; what Cargo says about itself, only tells how far it is.
pub(super) fn follow(command: &mut Command, report: &dyn Fn(&Step<'_>)) -> io::Result<Output> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let (messages, said) = (child.stdout.take(), child.stderr.take());
    let stdout = thread::scope(|scope| {
        let messages = scope.spawn(|| {
            let mut bytes = Vec::new();
            messages.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes)).map(|_| bytes)
        });
        for line in said.into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n')) {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            match own_words(&line) {
                Some(words) => report(&Step::At(&words)),
                None => report(&Step::Said(&line)),
            }
        }
        messages.join().unwrap_or_else(|_| Err(io::Error::other("its messages were not read")))
    })?;
    Ok(Output { status: child.wait()?, stdout, stderr: Vec::new() })
}

/// What Cargo says about itself, such as `compiling serde v1.0.228`. It is coloured and stands to the
/// right of a margin, which nothing of the compiler's does.
fn own_words(line: &str) -> Option<String> {
    let plain = anstream::adapter::strip_str(line).to_string();
    let (verb, what) = plain.split_at_checked(VERB)?;
    let verb = verb.trim_start();
    let is_own = line.starts_with('\x1b')
        && what.starts_with(' ')
        && verb.starts_with(|c: char| c.is_ascii_uppercase())
        && verb.chars().all(|c| c.is_ascii_alphabetic());
    // The folder of a package adds nothing.
    let what = what.split(" (").next().unwrap_or_default();
    is_own.then(|| format!("{}{what}", verb.to_lowercase()))
}

/// The error about a program that could not even be started.
pub(super) fn not_run(command: &Command, error: &io::Error, failed: Error) -> Error {
    let program = command.get_program().to_string_lossy();
    let failed = failed.because(format!("could not run {program}: {error}"));
    match error.kind() {
        io::ErrorKind::NotFound => failed.hint(
            "install Rust from https://rustup.rs, or name a program that is built already with `bootstrap:`",
        ),
        _ => failed,
    }
}

#[cfg(test)]
mod tests {
    use super::own_words;

    #[test]
    fn what_cargo_says_about_itself_is_told_from_what_the_compiler_says() {
        let own = |line| own_words(line);
        let compiling = "\x1b[1m\x1b[92m   Compiling\x1b[0m signer v0.1.0 (/home/ada/signer)";
        assert_eq!(own(compiling).as_deref(), Some("compiling signer v0.1.0"));
        let finished = "\x1b[1m\x1b[92m    Finished\x1b[0m `release` profile [optimized] target(s)";
        assert_eq!(
            own(finished).as_deref(),
            Some("finished `release` profile [optimized] target(s)")
        );
        for line in [
            "",
            "   Compiling words that a program prints",
            "\x1b[1m\x1b[91merror[E0425]\x1b[0m: cannot find value `x` in this scope",
            "\x1b[1m\x1b[94m 1 | \x1b[0mfn main() { x }",
            "   \x1b[1m\x1b[94m|\x1b[0m             \x1b[1m\x1b[91m^\x1b[0m not found",
        ] {
            assert_eq!(own(line), None, "{line:?}");
        }
    }
}
