//! Lines that fit a terminal. What goes into a file or a pipe is not touched.

use std::io;

use textwrap::{Options, WordSeparator, WordSplitter};

/// How much further in a line goes on than it began.
const FURTHER: &str = "    ";

/// How many characters are shown on either side of where two values differ.
const AROUND: usize = 24;

/// The width of standard output in columns, if that is a terminal.
pub(super) fn of_output() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}

/// A text in lines of this width at most, if one is given.
pub(super) fn fit(text: String, width: Option<usize>) -> String {
    match width {
        Some(width) => wrap(&text, width),
        None => text,
    }
}

/// Breaks lines that are longer, at spaces where there are any; nothing is left out.
fn wrap(text: &str, width: usize) -> String {
    let lines = text.lines().map(|line| {
        if columns(line) <= width {
            return format!("{line}\n");
        }
        let content = line.trim_start_matches(' ');
        let indent = &line[..line.len() - content.len()];
        let further = format!("{indent}{FURTHER}");
        let options = Options::new(width)
            .initial_indent(indent)
            .subsequent_indent(&further)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation);
        textwrap::fill(content, options) + "\n"
    });
    lines.collect()
}

/// How many columns a line takes; colours take none.
pub(super) fn columns(line: &str) -> usize {
    textwrap::core::display_width(line)
}

/// A text of at most so many columns; what is left out at its end is told by a mark.
pub(super) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut short: String = text.to_owned();
    while columns(&short) >= width && short.pop().is_some() {}
    if width > 0 {
        short.push('…');
    }
    short
}

/// Two texts without what they have in common at either end, but for some characters of it.
pub(super) fn fold(one: &str, other: &str) -> (String, String) {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (rest, other_rest) = (&one[start..], &other[start..]);
    let end = rest.iter().rev().zip(other_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let folded = |text: &[char]| {
        let (from, to) = (start.saturating_sub(AROUND), text.len() - end.saturating_sub(AROUND));
        let middle: String = text[from..to].iter().collect();
        let before = if from > 0 { "…" } else { "" };
        let behind = if to < text.len() { "…" } else { "" };
        format!("{before}{middle}{behind}")
    };
    (folded(&one), folded(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_and_go_on_further_in() {
        let text = "short\n  a b c d e f g\n  abcdefghijklmnop\n";
        let broken = "short\n  a b c d e\n      f g\n  abcdef\n      ghijkl\n      mnop\n";
        assert_eq!(wrap(text, 12), broken);
        assert_eq!(
            wrap("\u{1b}[31mred and red\u{1b}[0m\n", 11),
            "\u{1b}[31mred and red\u{1b}[0m\n"
        );
        assert_eq!(columns("\u{1b}[31mred\u{1b}[0m"), 3);
    }

    #[test]
    fn long_texts_are_cut() {
        let all =
            ["ärger", "abcdef", "漢字漢"].map(|text| [6, 5, 1, 0].map(|width| cut(text, width)));
        assert_eq!(all[0], ["ärger", "ärger", "…", ""]);
        assert_eq!(all[1], ["abcdef", "abcd…", "…", ""]);
        assert_eq!(all[2], ["漢字漢", "漢字…", "…", ""]);
    }

    #[test]
    fn what_two_texts_have_in_common_is_folded() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(fold("abc", "abd"), pair("abc", "abd"));
        let (start, end) = ("s".repeat(40), "e".repeat(40));
        let (s, e) = ("s".repeat(24), "e".repeat(24));
        assert_eq!(
            fold(&format!("{start}1{end}"), &format!("{start}22{end}")),
            (format!("…{s}1{e}…"), format!("…{s}22{e}…"))
        );
        assert_eq!(
            fold(&start, &format!("{start}{start}")),
            (format!("…{s}"), format!("…{s}{start}"))
        );
    }
}
