//! Errors as people read them, and as programs do: what, where in the file, why, and what to do next.

use std::fmt::Write;

use serde_json::{Value, json};

use super::style::{BOLD, CYAN, DIM, RED, paint};
use super::suggested;
use crate::error::{Diagnostic, Error};

/// The whole of an error, for programs; `options` are the global ones that suggested commands need.
pub(super) fn document(error: &Error, options: &str) -> Value {
    let diagnostics = error.diagnostics.iter().map(|diagnostic| {
        let Diagnostic { file, line, column, source, message } = diagnostic;
        json!({"file": file, "line": line, "column": column, "source": source, "message": message})
    });
    json!({
        "message": error.message,
        "causes": error.causes,
        "hints": hints(error, options),
        "diagnostics": diagnostics.collect::<Vec<_>>(),
    })
}

pub(super) fn render(error: &Error, options: &str) -> String {
    let mut text = format!("{} {}\n", paint(RED, "error:"), paint(BOLD, &tame(&error.message)));
    for diagnostic in &error.diagnostics {
        text.push_str(&place(diagnostic));
    }
    if !error.diagnostics.is_empty() {
        text.push('\n');
    }
    for cause in &error.causes {
        // What others said in several lines stays together.
        let cause = tame(cause.trim_end()).replace('\n', "\n      ");
        let _ = writeln!(text, "  {} {cause}", paint(DIM, "because:"));
    }
    for hint in hints(error, options) {
        let _ = writeln!(text, "  {} {}", paint(CYAN, "hint:"), tame(&hint));
    }
    text
}

/// What to do next, each step once.
fn hints(error: &Error, options: &str) -> Vec<String> {
    let mut hints = Vec::new();
    for hint in error.hints.iter().map(|hint| suggested::commands(hint, options)) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    hints
}

/// A text without what plays with the terminal: causes may quote files, and what servers answer.
fn tame(text: &str) -> String {
    let tame = |c: char| if c.is_control() && !"\n\t".contains(c) { '\u{fffd}' } else { c };
    text.chars().map(tame).collect()
}

/// The most of a line that is shown on either side of a mark, in characters.
const AROUND: usize = 100;

/// The line that a mistake is about, with a mark under its column.
fn place(diagnostic: &Diagnostic) -> String {
    let Diagnostic { file, line, column, source, message } = diagnostic;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let start = column.saturating_sub(1 + AROUND);
    let mut shown: String = source.chars().skip(start).take(2 * AROUND).collect();
    if source.chars().count() > start + 2 * AROUND {
        shown.push('…');
    }
    // Tabs keep their width, so that the mark stands where the mistake does.
    let before: String = shown
        .chars()
        .take(column - 1 - start)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let cut = if start > 0 { ("…", " ") } else { ("", "") };
    let shown = tame(&shown);
    let bar = paint(DIM, "|");
    format!(
        "\n{margin}{} {file}:{line}:{column}\n{} {bar} {}{shown}\n{margin} {bar} {}{before}{} {message}\n",
        paint(DIM, "-->"),
        paint(DIM, &number),
        cut.0,
        cut.1,
        paint(RED, "^"),
    )
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn an_error_shows_the_line_the_causes_and_the_way_on() {
        let mut error = Error::new("stack.yaml has 1 mistake")
            .because("outer")
            .because("inner")
            .hint("see `deployer plan`");
        error.diagnostics.push(Diagnostic {
            file: "stack.yaml".into(),
            line: 12,
            column: 3,
            source: "  retention: 3".into(),
            message: "unknown field".into(),
        });
        let plain = anstream::adapter::strip_str(&render(&error, " --local")).to_string();
        expect![[r"
        error: stack.yaml has 1 mistake

          --> stack.yaml:12:3
        12 |   retention: 3
           |   ^ unknown field

          because: outer
          because: inner
          hint: see `deployer --local plan`
        "]]
        .assert_eq(&plain);
    }

    #[test]
    fn nothing_that_others_said_steers_the_terminal() {
        let error =
            Error::new("it has URI:\u{1b}]0;title\u{7}").because("CN=\u{9b}2J\nb").hint("\r");
        let plain = render(&error, "");
        let painted = ["\u{1b}]", "\u{7}", "\u{9b}", "\r"];
        assert!(!painted.iter().any(|part| plain.contains(part)), "{plain:?}");
        assert!(plain.contains("\u{fffd}2J\n      b"), "{plain:?}");
    }
}
