//! A plan as people read it: what will happen to what and why, field by field.

use std::fmt::Write;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::{ACTIONS, BOLD, DIM, GREEN, RED, YELLOW, paint, symbol, verb};
use super::width;
use crate::diff;
use crate::plan::{Action, Change, FieldChange, Plan};
use crate::reference;
use crate::resource::tags;

/// What stands for a value that AWS has yet to assign.
const UNKNOWN: &str = "(known after apply)";

/// How many of the lines that stay as they are are shown around those that change.
const CONTEXT: usize = 2;

/// The plan as text, in lines of this width at most if one is given.
pub(super) fn render(plan: &Plan, place: &str, width: Option<usize>) -> String {
    width::fit(whole(plan, place, width), width)
}

fn whole(plan: &Plan, place: &str, width: Option<usize>) -> String {
    let groups: Vec<_> = ACTIONS.into_iter().filter_map(|action| group(plan, action)).collect();
    if groups.is_empty() {
        return idle(plan.changes.len(), place);
    }
    let title = paint(BOLD, &format!("Plan for {}", plan.stack));
    let mut text = format!("{title} {}\n", paint(DIM, place));
    let counts: Vec<_> = groups.iter().map(|(count, _)| count.as_str()).collect();
    for (count, changes) in &groups {
        if groups.len() > 1 {
            let _ = writeln!(text, "\n{}", paint(DIM, &format!("── {count}")));
        }
        text.extend(changes.iter().map(|change| one(change, width)));
    }
    let unchanged = match plan.count(Action::NoOp) {
        0 => String::new(),
        count => format!(", {count} unchanged"),
    };
    let _ = writeln!(text, "\n{} {}{unchanged}", paint(BOLD, "Summary:"), counts.join(", "));
    if plan.widenings().next().is_some() {
        let _ = writeln!(text, "It widens what is allowed: apply needs --allow-widening.");
    }
    text
}

fn idle(count: usize, place: &str) -> String {
    let what = match count {
        0 => "There is nothing.".to_owned(),
        1 => "1 resource is as declared.".to_owned(),
        _ => format!("{count} resources are as declared."),
    };
    let text = format!("{} {what} {}", paint(BOLD, "No changes."), paint(DIM, place));
    text.trim_end().to_owned()
}

/// The changes of one kind, in the order of the plan, and how many these are. What takes away comes
/// last, where it is nearest to the question.
fn group(plan: &Plan, action: Action) -> Option<(String, Vec<&Change>)> {
    let changes: Vec<_> = plan.changes.iter().filter(|change| change.action == action).collect();
    (!changes.is_empty()).then(|| (format!("{} to {}", changes.len(), verb(action)), changes))
}

fn one(change: &Change, width: Option<usize>) -> String {
    let reasons: Vec<String> = change.reasons.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "\n{} {}  {}\n",
        symbol(change.action),
        paint(BOLD, &change.address.to_string()),
        paint(DIM, &reasons.join("; "))
    );
    if let Some(alarm) = &change.alarm {
        text.push_str(&shout(alarm));
    }
    if change.action == Action::Delete {
        return text;
    }
    text.push_str(&fields(change.action, &change.fields, width));
    text.extend(
        change
            .widenings
            .iter()
            .map(|it| shout(&format!("widens what is allowed: {} ({})", it.gives(), it.why()))),
    );
    text
}

/// What differs, a line or more for each field. Where these are to have a width, long values are
/// folded to what changes.
pub(super) fn fields(action: Action, fields: &[FieldChange], width: Option<usize>) -> String {
    let shown: Vec<&FieldChange> =
        fields.iter().filter(|field| !is_blank(field) && !is_implied(action, field)).collect();
    let paths = shown.iter().map(|field| field.path.chars().count()).max().unwrap_or_default();
    shown.into_iter().map(|field| field_line(action, field, paths, width)).collect()
}

/// What nobody must overlook, on a line of its own.
pub(super) fn shout(alarm: &str) -> String {
    format!("{}\n", paint(RED, &format!("!!  {}", alarm.escape_debug())))
}

/// What is made belongs to its stack under its address, of course.
fn is_implied(action: Action, field: &FieldChange) -> bool {
    matches!(action, Action::Create | Action::Restore)
        && [tags::STACK, tags::ADDRESS]
            .iter()
            .any(|tag| field.path.strip_prefix("tags.") == Some(tag))
}

/// A field that is made empty where nothing was says nothing.
fn is_blank(field: &FieldChange) -> bool {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    field.before.is_none() && field.after.as_ref().is_none_or(empty)
}

fn field_line(action: Action, field: &FieldChange, paths: usize, width: Option<usize>) -> String {
    let path = format!("{:paths$}", field.path);
    let mut marks = String::new();
    if field.drift {
        marks.push_str(&paint(YELLOW, "  (drift)"));
    }
    if field.forces_replacement {
        marks.push_str(&paint(RED, "  (forces replacement)"));
    }
    if let Some(document) = policy_diff(field) {
        return format!("    {}{marks}\n{document}{}", field.path, effect(field));
    }
    let after = field.after.as_ref().map_or_else(|| "(none)".to_owned(), value);
    if matches!(action, Action::Create | Action::Restore) {
        return format!("    {path}  {after}{marks}\n");
    }
    let before = field.before.as_ref().map_or_else(|| "(none)".to_owned(), value);
    let fits = |line: &str| width::columns(line.trim_end()) <= width.unwrap_or(WIDTH);
    let line = format!("    {path}  {before} → {after}{marks}\n");
    if fits(&line) {
        return line;
    }
    let lines = |before: &str, after: &str| {
        [format!("    {path}  {before}\n"), format!("    {:paths$}→ {after}{marks}\n", "")]
    };
    let both = lines(&before, &after);
    let is_known = field.after.as_ref().is_some_and(|after| !reference::is_unknown(after));
    if width.is_none() || !is_known || both.iter().all(|line| fits(line)) {
        return both.concat();
    }
    let (before, after) = width::fold(&before, &after);
    lines(&before, &after).concat()
}

/// What a change of a policy means. A policy that is all new says so itself.
fn effect(field: &FieldChange) -> String {
    let Some(effect) = field.effect.as_ref().filter(|_| field.before.is_some()) else {
        return String::new();
    };
    if effect.is_none() {
        return format!("      {}\n", paint(DIM, "it grants the same as before"));
    }
    let line = |(gained, told): (bool, String)| {
        let style = if gained { YELLOW } else { DIM };
        format!("      {}\n", paint(style, &told.escape_debug().to_string()))
    };
    effect.told().map(line).collect()
}

/// The narrowest terminal that people use, in characters: where there is none, changes that are longer
/// go on two lines.
const WIDTH: usize = 80;

fn value(value: &Value) -> String {
    if reference::is_unknown(value) {
        return paint(DIM, UNKNOWN);
    }
    match value {
        // Texts from AWS may hold anything; escaped, they cannot play with the terminal.
        Value::String(text) => format!("\"{}\"", text.escape_debug()),
        other => other.to_string(),
    }
}

/// The lines of a policy that come and go, with a few around them.
fn policy_diff(field: &FieldChange) -> Option<String> {
    let is_policy = |value: &Option<Value>| value.as_ref().is_some_and(diff::is_policy);
    if !is_policy(&field.before) && !is_policy(&field.after) {
        return None;
    }
    let (before, after) = (lines(field.before.as_ref()), lines(field.after.as_ref()));
    let difference = TextDiff::from_lines(&before, &after);
    let mut text = String::new();
    for (index, group) in difference.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            let _ = writeln!(text, "        {}", paint(DIM, "⋮"));
        }
        for change in group.iter().flat_map(|operation| difference.iter_changes(operation)) {
            let line = change.value().trim_end();
            let _ = match change.tag() {
                ChangeTag::Delete => writeln!(text, "      {}", paint(RED, &format!("- {line}"))),
                ChangeTag::Insert => writeln!(text, "      {}", paint(GREEN, &format!("+ {line}"))),
                ChangeTag::Equal => writeln!(text, "        {line}"),
            };
        }
    }
    Some(text)
}

/// A policy as lines: for each statement its effect and actions, then whom, what and when it is for.
pub(super) fn lines(policy: Option<&Value>) -> String {
    let statements = policy.and_then(|policy| policy["Statement"].as_array());
    statements.into_iter().flatten().map(statement).collect()
}

fn statement(statement: &Value) -> String {
    let effect = statement["Effect"].as_str().unwrap_or_default();
    let mut text = String::new();
    for (key, word) in [
        ("Action", effect.to_owned()),
        ("NotAction", format!("{effect} all but")),
        ("Principal", "  for".to_owned()),
        ("NotPrincipal", "  for all but".to_owned()),
        ("Resource", "  on".to_owned()),
        ("NotResource", "  on all but".to_owned()),
        ("Condition", "  if".to_owned()),
    ] {
        for item in items(&statement[key]) {
            let _ = writeln!(text, "{word} {item}");
        }
    }
    text
}

/// The items of an element, each in one line.
fn items(element: &Value) -> Vec<String> {
    match element {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.escape_debug().to_string()],
        Value::Array(all) => all.iter().flat_map(items).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| {
                items(value).into_iter().map(move |item| format!("{key} {item}"))
            })
            .collect(),
        other => vec![other.to_string()],
    }
}

#[cfg(test)]
mod tests;
