//! What is remembered of a stack, for people.

use std::fmt::Write;

use serde_json::Value;

use super::plans;
use super::style::{BOLD, DIM, paint};
use crate::address::Address;
use crate::diff;
use crate::state::{Entry, Phase, State};

/// One line for each resource: address, phase, and what AWS calls it.
pub(super) fn table(state: &State) -> String {
    if state.resources.is_empty() {
        return "nothing is remembered".to_owned();
    }
    let rows = state.resources.iter().map(|(address, entry)| (address.to_string(), entry));
    let rows: Vec<(String, &Entry)> = rows.collect();
    let width = rows.iter().map(|(address, _)| address.len()).max().unwrap_or_default();
    let lines = rows.iter().map(|(address, entry)| {
        let assigned = assigned(entry).unwrap_or("(unknown)");
        format!("{address:width$}  {:8}  {}\n", phase(entry.phase), assigned.escape_debug())
    });
    lines.collect()
}

/// Everything that is remembered.
pub(super) fn whole(state: &State) -> String {
    let State { stack, account, region, lineage, serial, .. } = state;
    let place = format!("(account {account}, {region}, serial {serial}, lineage {lineage})");
    let mut text = format!(
        "{} {}\n",
        paint(BOLD, &format!("State of {stack}")),
        paint(DIM, if lineage.is_empty() { "(new)" } else { &place })
    );
    for (address, one) in &state.resources {
        let _ = write!(text, "\n{}", entry(address, one));
    }
    text
}

/// Everything that is remembered of one resource, a line for each field.
pub(super) fn entry(address: &Address, entry: &Entry) -> String {
    let mut text =
        format!("{}  {}\n", paint(BOLD, &address.to_string()), paint(DIM, phase(entry.phase)));
    let needs: Vec<String> = entry.depends_on.iter().map(ToString::to_string).collect();
    if !needs.is_empty() {
        let _ = writeln!(text, "  depends on {}", needs.join(", "));
    }
    for (title, document) in [("AWS assigned", &entry.outputs), ("last applied", &entry.spec)] {
        let fields = lines(document);
        if !fields.is_empty() {
            let _ = write!(text, "  {}\n{fields}", paint(DIM, title));
        }
    }
    text
}

/// A line for each field of a document.
pub(super) fn lines(document: &Value) -> String {
    let fields = fields(document);
    let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    fields.into_iter().map(|(name, value)| field(&name, width, value)).collect()
}

/// The fields of a document, those of mappings within it one by one.
fn fields(document: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        match value {
            Value::Null => {}
            Value::Object(inner) if !diff::is_policy(value) => {
                found.extend(inner.iter().map(|(key, value)| (format!("{name}.{key}"), value)));
            }
            _ => found.push((name.clone(), value)),
        }
    }
    found
}

fn field(name: &str, width: usize, value: &Value) -> String {
    if !diff::is_policy(value) {
        return format!("    {name:width$}  {value}\n");
    }
    let lines = plans::lines(Some(value));
    let lines = lines.lines().map(|line| format!("      {line}\n"));
    std::iter::once(format!("    {name}\n")).chain(lines).collect()
}

/// What AWS calls the object.
fn assigned(entry: &Entry) -> Option<&str> {
    ["arn", "id"].iter().find_map(|name| entry.outputs.get(name)?.as_str())
}

pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Creating => "creating",
        Phase::Ready => "ready",
        Phase::Deleting => "deleting",
        Phase::Deleted => "deleted",
    }
}
