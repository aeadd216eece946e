//! Drift as people and programs read it: what the last apply left, and what is there now.

use std::fmt::Write;

use serde_json::{Value, json};

use super::plans::{fields, shout};
use super::style::{BOLD, DIM, GREEN, RED, YELLOW, paint};
use super::width;
use crate::plan::{Action, Change, FieldChange, Plan, Reason};

/// The drift as text, in lines of this width at most if one is given.
pub(super) fn render(drift: &Plan, place: &str, width: Option<usize>) -> String {
    width::fit(whole(drift, place, width), width)
}

fn whole(drift: &Plan, place: &str, width: Option<usize>) -> String {
    let changes: Vec<&Change> = drift.actions().collect();
    let count = drift.changes.len();
    let place = paint(DIM, place);
    if changes.is_empty() {
        let what = if count == 1 { "resource is" } else { "resources are" };
        let none = paint(BOLD, "No drift.");
        return format!("{none} {count} {what} as the last apply left them. {place}");
    }
    let title = paint(BOLD, &format!("Drift of {} since the last apply", drift.stack));
    let mut text = format!("{title} {place}\n");
    for change in &changes {
        text.push_str(&one(change, width));
    }
    let summary = paint(BOLD, "Summary:");
    let _ = writeln!(
        text,
        "\n{summary} {} of {count} drifted; `deployer plan` shows how an apply would mend it",
        changes.len()
    );
    text
}

fn one(change: &Change, width: Option<usize>) -> String {
    let (symbol, what) = match change.action {
        Action::Create => (paint(RED, "-"), "it was deleted".to_owned()),
        Action::Restore => (paint(RED, "-"), format!("it was deleted: {}", reasons(change))),
        Action::Delete => (paint(GREEN, "+"), reasons(change)),
        Action::NoOp | Action::Update | Action::Replace => {
            (paint(YELLOW, "~"), "it was changed, from what was applied".to_owned())
        }
    };
    let address = paint(BOLD, &change.address.to_string());
    let mut text = format!("\n{symbol} {address}  {}\n", paint(DIM, &what));
    if let Some(alarm) = &change.alarm {
        text.push_str(&shout(alarm));
    }
    if is_changed(change) {
        text.push_str(&fields(Action::Update, &reversed(change), width));
    }
    text
}

fn reasons(change: &Change) -> String {
    change.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn is_changed(change: &Change) -> bool {
    matches!(change.action, Action::Update | Action::Replace)
}

/// A plan leads back to what was applied; drift has led away from it.
fn reversed(change: &Change) -> Vec<FieldChange> {
    let reversed = change.fields.iter().map(|field| FieldChange {
        path: field.path.clone(),
        before: field.after.clone(),
        after: field.before.clone(),
        drift: false,
        forces_replacement: false,
        effect: None,
    });
    reversed.collect()
}

/// The same as data.
pub(super) fn document(drift: &Plan) -> Vec<Value> {
    drift.actions().map(finding).collect()
}

fn finding(change: &Change) -> Value {
    let what = match change.action {
        Action::Create => "deleted",
        Action::Restore => "scheduled_for_deletion",
        Action::Delete => "came_back",
        Action::NoOp | Action::Update | Action::Replace => "changed",
    };
    let mut finding = json!({"address": change.address, "drift": what});
    if let Some(Reason::Recoverable(until)) = change.reasons.first() {
        finding["until"] = until.as_str().into();
    }
    if let Some(alarm) = &change.alarm {
        finding["alarm"] = alarm.as_str().into();
    }
    if is_changed(change) {
        let fields = change.fields.iter();
        finding["fields"] = fields
            .map(|field| json!({"path": field.path, "applied": field.after, "now": field.before}))
            .collect();
    }
    finding
}
