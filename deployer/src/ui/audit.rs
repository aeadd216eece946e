//! Audit lines as people, spreadsheets and programs read them.
//!
//! Parts of a line are chosen by callers, and whoever may write to the log group can write anything.
//! So nothing of it reaches a terminal unescaped.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use csv::{Terminator, WriterBuilder};
use serde_json::{Value, json};
use signer::audit::{Decision, Line};

use super::style::{BOLD, GREEN, YELLOW, paint};
use crate::audit::Entry;

/// What stands between two columns.
const GAP: &str = "  ";

const HEADINGS: [&str; 5] = ["time", "result", "caller", "names", "serial"];
const RESULT: usize = 1;
const CALLER: usize = 2;
const NAMES: usize = 3;

/// A table of at most this width. The serial numbers are left out where they would not fit, and then
/// the callers and the names are cut.
pub(super) fn table(entries: &[Entry], width: Option<usize>) -> String {
    let accounts: BTreeSet<_> = entries.iter().map(|entry| account(&entry.line)).collect();
    let rows = entries.iter().map(|entry| cells(&entry.line, accounts.len() > 1));
    let rows: Vec<[String; 5]> = [HEADINGS.map(str::to_owned)].into_iter().chain(rows).collect();
    let widths = widths(&rows, width.unwrap_or(usize::MAX));
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths);
        let mut cells: Vec<_> =
            cells.map(|(cell, width)| padded(cut(cell, *width), *width)).collect();
        let entry = index.checked_sub(1).map(|index| &entries[index]);
        if let Some(entry) = entry {
            let issued = entry.line.decision == Decision::Issued;
            cells[RESULT] = paint(if issued { GREEN } else { YELLOW }, &cells[RESULT]);
        }
        let line = cells.join(GAP);
        let line = line.trim_end();
        let _ = writeln!(text, "{}", if entry.is_none() { paint(BOLD, line) } else { line.into() });
    }
    text
}

/// How wide each column is; those that are left out at the end are missing.
fn widths(rows: &[[String; 5]], most: usize) -> Vec<usize> {
    let column = |index: usize| rows.iter().map(|row| row[index].len()).max().unwrap_or_default();
    let mut widths: Vec<usize> = (0..HEADINGS.len()).map(column).collect();
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP.len() * (widths.len() - 1);
    if total(&widths) > most {
        widths.pop();
    }
    let over = total(&widths).saturating_sub(most);
    if over > 0 {
        let both = (widths[CALLER] + widths[NAMES]).saturating_sub(over);
        // Each gets half, and what the other does not need.
        let names = widths[NAMES].min(both - (both / 2).min(widths[CALLER]));
        widths[NAMES] = names.max(HEADINGS[NAMES].len());
        widths[CALLER] = both.saturating_sub(names).max(HEADINGS[CALLER].len());
    }
    widths
}

fn cut(cell: &str, width: usize) -> String {
    if cell.len() <= width {
        return cell.to_owned();
    }
    // A cell is ASCII, so any place is one between characters.
    format!("{}…", &cell[..width.saturating_sub(1)])
}

/// A cell as wide as its column. Widths in formats end at 65,535, and a log event may be longer.
fn padded(cell: String, width: usize) -> String {
    let missing = width.saturating_sub(cell.chars().count());
    cell + &" ".repeat(missing)
}

fn cells(line: &Line, with_account: bool) -> [String; 5] {
    let ascii = |text: &str| text.escape_default().to_string();
    let result = match line.decision {
        Decision::Issued => "issued",
        Decision::Refused => line.code.as_deref().unwrap_or("refused"),
    };
    let caller = line.caller_arn.as_deref().map_or("-", |arn| {
        let part = if with_account { 4 } else { 5 };
        arn.splitn(part + 1, ':').nth(part).unwrap_or(arn)
    });
    let names = if line.names.is_empty() { "-".to_owned() } else { line.names.join(" ") };
    let serial = line.serial.as_deref().unwrap_or("-");
    [&line.time, result, caller, &names, serial].map(ascii)
}

/// The account in the caller's ARN.
fn account(line: &Line) -> Option<&str> {
    line.caller_arn.as_deref().and_then(|arn| arn.split(':').nth(4))
}

/// Every field of a line, in its order.
const COLUMNS: [&str; 16] = [
    "time",
    "request_id",
    "caller_arn",
    "user_id",
    "source_ip",
    "decision",
    "rule",
    "code",
    "serial",
    "spki_sha256",
    "certificate_sha256",
    "names",
    "not_before",
    "not_after",
    "ca_sha256",
    "duration_ms",
];

/// Comma-separated values as RFC 4180 has them, the names of a request in one cell.
pub(super) fn csv(entries: &[Entry]) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    // Records of one length cannot fail to be written to memory.
    let _ = writer.write_record(COLUMNS);
    for entry in entries {
        let _ = writer.write_record(record(&entry.line).map(|cell| harmless(&cell)));
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn record(line: &Line) -> [String; COLUMNS.len()] {
    let line = json!(line);
    COLUMNS.map(|column| match &line[column] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    })
}

/// A cell that no spreadsheet takes for a formula. What the signer writes never begins like one (an
/// ARN begins with `arn:`, a name with its kind), but where spreadsheets take semicolons for the end of
/// a cell, what follows one in a URI would.
fn harmless(cell: &str) -> String {
    let quote = if cell.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("{quote}{}", escaped(cell).replace(';', "\\u003b"))
}

/// The lines as they were logged.
pub(super) fn json(entries: &[Entry]) -> String {
    entries.iter().map(|entry| one_line(&entry.text) + "\n").collect()
}

/// A text on one line: between the tokens of JSON there may be line breaks; within its strings there
/// are none.
pub(super) fn one_line(text: &str) -> String {
    escaped(&text.trim().replace(['\n', '\r', '\t'], " "))
}

/// A text in which control characters, and those that turn the direction of writing, are written as
/// JSON does it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{61c}'
            | '\u{200e}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
