//! All about one entry of a stack file, for people.

use std::fmt::Write;

use serde_json::{Value, json};

use super::states::lines;
use super::style::{BOLD, DIM, YELLOW, paint, verb};
use super::{plans, width};
use crate::address::Address;
use crate::explain::{Explanation, Protection, Witness};
use crate::plan::{Action, Change};
use crate::resource::operations::{Operation, Purpose, reads_only};
use crate::stack::Edge;

/// All of it as text, in lines of this width at most if one is given.
pub(super) fn render(explanation: &Explanation, width: Option<usize>) -> String {
    width::fit(whole(explanation, width), width)
}

/// The same as data.
pub(super) fn document(explanation: &Explanation) -> Value {
    let Explanation { kind, place, change, witness, .. } = explanation;
    let (witness, whence) = match witness {
        Witness::Aws(place) => ("aws", place),
        Witness::State(file) => ("state", file),
    };
    let operation = |one: &Operation| json!({"purpose": purpose(one), "operation": one.name, "actions": one.actions});
    json!({
        "address": change.address,
        "about": kind.about(),
        "place": place,
        "protection": match explanation.protection {
            Protection::None => "none",
            Protection::Declared => "declared",
            Protection::Lifted => "lifted",
        },
        "witness": { "from": witness, "place": whence },
        "change": change,
        "depends_on": edges(&explanation.needs, |edge| &edge.to),
        "needed_by": edges(&explanation.needed_by, |edge| &edge.from),
        "outputs": explanation.outputs,
        "replaced_if_changed": explanation.replaced_by(),
        "operations": kind.operations().iter().map(operation).collect::<Vec<_>>(),
    })
}

/// The other ends of edges, as data.
fn edges(edges: &[Edge], other: fn(&Edge) -> &Address) -> Vec<Value> {
    let edge = |edge| json!({"address": other(edge), "attributes": edge.attributes});
    edges.iter().map(edge).collect()
}

fn whole(explanation: &Explanation, width: Option<usize>) -> String {
    let Explanation { kind, place, change, witness, .. } = explanation;
    let title = paint(BOLD, &change.address.to_string());
    let mut text = format!("{title}  {}\n", kind.about());
    let _ = writeln!(text, "declared at {place}, {}", protection(explanation.protection));
    text.push_str(&there(change, witness, width));
    text.push_str(&relations(explanation));
    text.push_str(&operations(kind.operations()));
    text
}

fn protection(protection: Protection) -> &'static str {
    match protection {
        Protection::None => "not protected",
        Protection::Declared => "protected: neither to be deleted nor replaced",
        Protection::Lifted => "protected in AWS until the next apply lifts that",
    }
}

/// What is there, and how it differs from what is declared.
fn there(change: &Change, witness: &Witness, width: Option<usize>) -> String {
    let (title, whence) = match witness {
        Witness::Aws(place) => ("In AWS now", place.clone()),
        Witness::State(file) => ("As the last apply left it", format!("({file})")),
    };
    let mut text = format!("\n{} {}\n", paint(BOLD, title), paint(DIM, &whence));
    if let Some(alarm) = &change.alarm {
        text.push_str(&plans::shout(alarm));
    }
    let _ = writeln!(text, "  {}", verdict(change));
    if let Some(live) = &change.live {
        // What differs is shown below, from what to what.
        text.push_str(&plans::fields(Action::Update, &change.fields, width));
        for (title, document) in [("assigned by AWS", &live.outputs), ("all of it", &live.spec)] {
            let _ = write!(text, "  {}\n{}", paint(DIM, title), lines(document));
        }
    }
    text
}

fn verdict(change: &Change) -> String {
    let reasons: Vec<String> = change.reasons.iter().map(ToString::to_string).collect();
    let reasons = reasons.join("; ");
    match change.action {
        Action::NoOp => "as declared".to_owned(),
        Action::Create | Action::Restore | Action::Delete => {
            paint(YELLOW, &format!("not there: {reasons}"))
        }
        Action::Update | Action::Replace => {
            let verb = verb(change.action);
            paint(YELLOW, &format!("not as declared: {reasons}; an apply would {verb} it"))
        }
    }
}

/// What it has to do with others.
fn relations(explanation: &Explanation) -> String {
    let Explanation { needs, needed_by, outputs, .. } = explanation;
    let names = |edges: &[Edge], other: fn(&Edge) -> &Address| -> Vec<String> {
        let name = |edge: &Edge| {
            let attributes: Vec<&str> = edge.attributes.iter().map(String::as_str).collect();
            format!("{} {}", other(edge), paint(DIM, &format!("({})", attributes.join(", "))))
        };
        edges.iter().map(name).collect()
    };
    let mut dependents = names(needed_by, |edge| &edge.from);
    dependents.extend(outputs.iter().map(|name| format!("the output {name}")));
    let replace = explanation.replaced_by().into_iter().map(str::to_owned).collect();
    let rows = [
        ("Depends on", names(needs, |edge| &edge.to)),
        ("Needed by", dependents),
        ("Replaced if this changes", replace),
    ];
    let mut text = String::new();
    for (title, items) in rows {
        let items = if items.is_empty() { vec!["nothing".to_owned()] } else { items };
        let _ = writeln!(text, "\n{}\n    {}", paint(BOLD, title), items.join("\n    "));
    }
    text
}

/// The operations of AWS that manage it, and the permissions that they take.
fn operations(operations: &[Operation]) -> String {
    let rows = operations
        .iter()
        .map(|operation| (purpose(operation), operation.name, operation.actions.join(", ")));
    let rows: Vec<_> = rows.collect();
    let width = |column: fn(&(&str, &str, String)) -> usize| rows.iter().map(column).max();
    let first = width(|(purpose, ..)| purpose.len()).unwrap_or_default();
    let second = width(|(_, name, _)| name.len()).unwrap_or_default();
    let title = paint(BOLD, "Managed with");
    let mut text =
        format!("\n{title} {}\n", paint(DIM, "(purpose, operation of AWS, IAM actions)"));
    for (purpose, name, actions) in &rows {
        let _ = writeln!(text, "    {purpose:first$}  {name:second$}  {actions}");
    }
    text
}

fn purpose(operation: &Operation) -> &'static str {
    let does = |purpose| operation.purposes.contains(&purpose);
    if reads_only(operation.name) {
        "read"
    } else if does(Purpose::Change) && does(Purpose::Remove) {
        "change, remove"
    } else if does(Purpose::Change) {
        "change"
    } else if does(Purpose::Remove) {
        "remove"
    } else {
        "make"
    }
}
