//! Errors as people read them: what, where in the file, why, and what to do next.

use std::fmt::Write;

use super::style::{BOLD, CYAN, DIM, RED, paint};
use crate::error::{Diagnostic, Error};

pub(super) fn render(error: &Error) -> String {
    let mut text = format!("{} {}\n", paint(RED, "error:"), paint(BOLD, &error.message));
    for diagnostic in &error.diagnostics {
        text.push_str(&place(diagnostic));
    }
    if !error.diagnostics.is_empty() {
        text.push('\n');
    }
    for cause in &error.causes {
        let _ = writeln!(text, "  {} {cause}", paint(DIM, "because:"));
    }
    let mut hints: Vec<&String> = Vec::new();
    for hint in &error.hints {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    for hint in hints {
        let _ = writeln!(text, "  {} {hint}", paint(CYAN, "hint:"));
    }
    text
}

/// The line that a mistake is about, with a mark under its column.
fn place(diagnostic: &Diagnostic) -> String {
    let Diagnostic { file, line, column, source, message } = diagnostic;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    // Tabs keep their width, so that the mark stands where the mistake does.
    let before: String =
        source.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let bar = paint(DIM, "|");
    format!(
        "\n{margin}{} {file}:{line}:{column}\n{} {bar} {source}\n{margin} {bar} {before}{} {message}\n",
        paint(DIM, "-->"),
        paint(DIM, &number),
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
            .hint("do this");
        error.diagnostics.push(Diagnostic {
            file: "stack.yaml".into(),
            line: 12,
            column: 3,
            source: "  retention: 3".into(),
            message: "unknown field".into(),
        });
        let plain = anstream::adapter::strip_str(&render(&error)).to_string();
        expect![[r"
        error: stack.yaml has 1 mistake

          --> stack.yaml:12:3
        12 |   retention: 3
           |   ^ unknown field

          because: outer
          because: inner
          hint: do this
        "]]
        .assert_eq(&plain);
    }
}
