//! Reading a page: the commands in it, what it shows of their output, its links and headings.

use std::fs;
use std::path::Path;

/// A command of a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Where it stands, counted from 1.
    pub(super) line: usize,
    /// As it stands there, several lines if it goes on.
    pub(super) command: String,
    /// What the page shows of its output; nothing if it shows none.
    pub(super) shown: Option<String>,
}

/// The commands of a page, in their order.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (number, line) in lines_of_blocks(text, "console") {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (_, Some(last)) if goes_on(last) => {
                last.command.push('\n');
                last.command.push_str(line);
            }
            (Some(command), _) => {
                steps.push(Step { line: number, command: command.to_owned(), shown: None });
            }
            (None, Some(last)) => {
                let shown = last.shown.get_or_insert_default();
                shown.push_str(line);
                shown.push('\n');
            }
            (None, None) => panic!("line {number} is in a console block before any command"),
        }
    }
    steps
}

/// Whether the next line still belongs to a command.
fn goes_on(step: &Step) -> bool {
    let command = &step.command;
    let document = command.split_once("<< 'END'");
    step.shown.is_none()
        && (command.ends_with(['\\', '|'])
            || document.is_some_and(|(_, text)| !text.ends_with("\nEND")))
}

/// The lines of the blocks in a language, with their numbers.
fn lines_of_blocks<'t>(text: &'t str, language: &str) -> Vec<(usize, &'t str)> {
    let mut inside: Option<&str> = None;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix("```"), inside) {
            (Some(_), Some(_)) => inside = None,
            (Some(opened), None) => inside = Some(opened),
            (None, Some(opened)) if opened == language => lines.push((number, line)),
            (None, _) => {}
        }
    }
    assert_eq!(inside, None, "a block is not closed");
    lines
}

/// The links of a page to other files and headings of the repository.
pub(super) fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target).filter(|target| !target.contains("://")).collect()
}

/// What a page's headings can be linked to by, as GitHub makes it of their words.
pub(super) fn headings(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).expect("a page");
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

#[test]
fn commands_go_on_over_lines_and_documents() {
    let text =
        "```console\n$ a \\\n  b\nshown\n\nmore\n$ cat << 'END'\n$ no command\nEND\n$ c\n```\n";
    let expected = [
        (2, "a \\\n  b", Some("shown\n\nmore\n")),
        (7, "cat << 'END'\n$ no command\nEND", None),
        (10, "c", None),
    ];
    let expected = expected.map(|(line, command, shown)| Step {
        line,
        command: command.to_owned(),
        shown: shown.map(str::to_owned),
    });
    assert_eq!(steps(text), expected);
    assert_eq!(steps("```text\n$ not run\n```\n"), []);
}

#[test]
fn headings_are_linked_to_as_git_hub_does() {
    assert_eq!(anchor("1. Shut the door"), "1-shut-the-door");
    assert_eq!(anchor("stack.yaml"), "stackyaml");
}
