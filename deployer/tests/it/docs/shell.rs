//! One shell for a page, so that a folder changed to and a variable set hold for the rest of it.

use super::page::Step;
use super::place::{ACCOUNT, Place, ROOT};
use crate::support::Run;

/// What a command did.
pub(super) struct Said {
    /// Its exit status, or -1 if the shell has ended before it.
    pub(super) status: i32,
    /// Standard output and standard error, as a terminal shows them.
    pub(super) text: String,
}

/// Stands before each status in what the shell prints.
const END: &str = "\u{1}end of the command, status ";

/// The account that pages name; the one of the local AWS stands in for it.
const EXAMPLE: &str = "123456789012";

/// Runs the commands in a shell; what those did that were run.
pub(super) fn run(place: &Place, steps: &[Step], meanwhile: &[(&str, &str)]) -> Vec<Said> {
    let pieces = steps.iter().flat_map(|step| {
        let others = meanwhile.iter().filter(|(start, _)| step.command.starts_with(start));
        let others = others.map(|(_, others)| {
            format!(
                "({ROOT}\nset -e\n{others}) > meanwhile.txt || {{ cat meanwhile.txt; exit; }}\n"
            )
        });
        let command = step.command.replace(EXAMPLE, ACCOUNT);
        others.chain([format!("{command}\nprintf '{END}%s\\n' $?\n")])
    });
    let script: String = ["exec 2>&1\n".to_owned()].into_iter().chain(pieces).collect();
    place.world.write("page.sh", &script);
    let run = Run::of(place.shell().arg("page.sh"));
    said(&run.stdout)
}

fn said(printed: &str) -> Vec<Said> {
    let mut rest = printed;
    let mut all = Vec::new();
    while let Some((text, after)) = rest.split_once(END) {
        let (status, after) = after.split_once('\n').unwrap_or((after, ""));
        let status = status.parse().expect("a status");
        all.push(Said { status, text: text.to_owned() });
        rest = after;
    }
    if !rest.is_empty() {
        all.push(Said { status: -1, text: rest.to_owned() });
    }
    all
}
