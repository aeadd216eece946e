//! What is deployed where, for people: the state without what only the deployer needs.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};
use signer::notation::utc;
use time::OffsetDateTime;

use super::states::phase;
use super::style::{BOLD, DIM, paint};
use crate::address::Address;
use crate::resource;
use crate::state::{Entry, Store};

pub(super) fn render(store: &Store, whose: &str, written: Option<OffsetDateTime>) -> String {
    let (state, file) = (&store.state, store.path().display());
    let name = paint(BOLD, &state.stack);
    let there: Vec<_> = state.all_made().collect();
    if there.is_empty() {
        return format!("{name}: nothing is deployed, as far as {file} remembers");
    }
    let (account, region) = (&state.account, &state.region);
    let place = paint(DIM, &format!("({whose}, account {account}, {region})"));
    let written = written.map(utc).unwrap_or_default();
    let mut text = format!("{name} {place}\n");
    let _ = writeln!(text, "{file}, serial {}, written {written}", state.serial);
    for (address, one) in there {
        let _ = write!(text, "\n{}", entry(address, one));
    }
    if !state.outputs.is_empty() {
        let _ = write!(text, "\n{}\n{}", paint(BOLD, "Outputs"), rows(&state.outputs));
    }
    text
}

/// The same as data.
pub(super) fn document(store: &Store, written: Option<OffsetDateTime>) -> Value {
    let state = &store.state;
    let resource = |(address, entry): (&Address, &Entry)| {
        json!({
            "address": address,
            "phase": entry.phase,
            "depends_on": entry.depends_on,
            "assigned": entry.outputs,
        })
    };
    json!({
        "stack": state.stack,
        "account": state.account,
        "region": state.region,
        "file": store.path(),
        "serial": state.serial,
        "written": written.map(utc),
        "resources": state.all_made().map(resource).collect::<Vec<_>>(),
        "outputs": state.outputs.iter().cloned().collect::<BTreeMap<_, _>>(),
    })
}

/// An entry: how far it got, what it depends on, and how AWS calls it.
fn entry(address: &Address, entry: &Entry) -> String {
    let needs: Vec<String> = entry.depends_on.iter().map(ToString::to_string).collect();
    let needs =
        if needs.is_empty() { String::new() } else { format!("  needs {}", needs.join(", ")) };
    let about = paint(DIM, &format!("{}{needs}", phase(entry.phase)));
    let all = resource::find(&address.kind).map_or(&[][..], |kind| kind.outputs());
    // An ARN says the rest.
    let names = if all.contains(&"arn") { &["arn"] } else { all };
    let assigned = names.iter().filter_map(|name| {
        Some(((*name).to_owned(), entry.outputs.get(name)?.as_str()?.to_owned()))
    });
    let assigned: Vec<_> = assigned.collect();
    format!("{}  {about}\n{}", paint(BOLD, &address.to_string()), rows(&assigned))
}

fn rows(values: &[(String, String)]) -> String {
    let width = values.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    values.iter().fold(String::new(), |mut text, (name, value)| {
        let _ = writeln!(text, "    {name:width$}  {}", value.escape_debug());
        text
    })
}
