//! What serde says, in the words of people who do not write Rust.

use crate::near;

/// Serde's words for types in those of people, without the place in a text that they never saw; and
/// of a word that is unknown, which was meant.
pub(super) fn plain(message: &str) -> String {
    let message = match message.rsplit_once(" at line ") {
        Some((before, _)) => before,
        None => message,
    };
    let (before, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let expected = match expected {
        "" => return message.to_owned(),
        "path string" | "a string" => "a text",
        "i32" | "i64" | "u8" | "u16" | "u32" | "u64" => "a whole number",
        "a boolean" => "`true` or `false`",
        "a map" => "a mapping of keys to values",
        "a sequence" => "a list",
        "a string or a list of strings" => "a text or a list of texts",
        other => other,
    };
    if let Some(meant) = unknown(before, expected) {
        return meant;
    }
    let before = before
        .replace("invalid type: string ", "this is the text ")
        .replace("invalid type: integer ", "this is the number ")
        .replace("invalid type: floating point ", "this is the number ")
        .replace("invalid type: boolean ", "this is the truth value ")
        .replace("invalid type: null", "this is empty")
        .replace("invalid type: map", "this is a mapping")
        .replace("invalid type: sequence", "this is a list")
        .replace("invalid value: integer ", "this is the number ");
    format!("{before}, expected {expected}")
}

/// What to say of a field or a choice that is unknown: the one that is meant, or else all there are.
fn unknown(before: &str, expected: &str) -> Option<String> {
    let (what, rest) = match before.strip_prefix("unknown variant `") {
        Some(rest) => ("value", rest),
        None => ("field", before.strip_prefix("unknown field `")?),
    };
    let written = rest.strip_suffix('`')?;
    // The known ones are in backticks, whatever stands between them.
    let known: Vec<_> = expected.split('`').skip(1).step_by(2).collect();
    let meant = near::ending(written, &known, || format!(", expected {expected}"));
    Some(format!("unknown {what} `{written}`{meant}"))
}

/// What there is to choose from.
pub(super) fn one_of(known: &[&str]) -> String {
    format!(", expected one of `{}`", known.join("`, `"))
}
