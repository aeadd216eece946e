//! `deployer policy --for`

use std::collections::BTreeMap;
use std::process::ExitCode;

use super::{load, state_file};
use crate::cli::{Global, PolicyArgs};
use crate::error::{Error, Result};
use crate::permissions::{Errand, Prospect, QUOTA, document};
use crate::resource::Place;
use crate::stack::Stack;
use crate::state::{Phase, State, Store};
use crate::ui::Ui;

pub(super) fn print(
    global: &Global,
    errand: Errand,
    args: &PolicyArgs,
    ui: &Ui,
) -> Result<ExitCode> {
    let stack = load(global)?;
    let store = Store::open(state_file(global, &stack.name), &stack.name)?;
    let account =
        args.account.clone().or_else(|| stack.account.as_ref().map(|it| it.digits.clone()));
    let place = Place::new(args.region.clone().or_else(|| stack.region.clone()), account);
    let document = document(errand, &prospect(errand, &stack, &store.state, &place));
    let text = serde_json::to_string_pretty(&document)
        .map_err(|error| Error::new("could not write the policy").because(error))?;
    ui.data(&text);
    let length = text.chars().filter(|letter| !letter.is_whitespace()).count();
    if length > QUOTA {
        ui.status(&format!(
            "this has {length} characters, and AWS takes {QUOTA} in one managed policy: spread its statements over several"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// What the stack file declares, and what the state knows beside: an apply or a destroy removes it.
/// Who requests certificates is let in to the API that is there, once it is.
fn prospect<'a>(
    errand: Errand,
    stack: &'a Stack,
    state: &'a State,
    place: &'a Place,
) -> Prospect<'a> {
    let mut documents: BTreeMap<_, _> =
        state.all_made().map(|(address, entry)| (address.clone(), &entry.spec)).collect();
    let declared = stack.resources.iter();
    documents
        .extend(declared.map(|(address, declaration)| (address.clone(), &declaration.declared)));
    let mut known = BTreeMap::new();
    let any_or = |wanted: &str, found: &str| wanted == "*" || wanted == found;
    if errand == Errand::Issue
        && any_or(&place.account, &state.account)
        && any_or(&place.region, &state.region)
    {
        let ready = state.all_made().filter(|(_, entry)| entry.phase == Phase::Ready);
        known.extend(ready.map(|(address, entry)| (address.clone(), &entry.outputs)));
    }
    Prospect { place, documents, known }
}
