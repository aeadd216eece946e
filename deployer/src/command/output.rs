//! `deployer output`

use std::process::ExitCode;

use serde_json::{Map, Value};

use super::{elsewhere, load, state_file};
use crate::cli::{Global, OutputArgs};
use crate::error::{Error, Result};
use crate::near;
use crate::state::Store;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &OutputArgs, ui: &Ui) -> Result<ExitCode> {
    let outputs = outputs(global)?;
    match (&args.name, args.json) {
        (Some(name), as_json) => {
            let value = find(&outputs, name)?;
            ui.data(&if as_json { Value::from(value).to_string() } else { value.to_owned() });
        }
        (None, true) => {
            let all: Map<String, Value> =
                outputs.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            ui.data(&serde_json::to_string_pretty(&all).unwrap_or_default());
        }
        (None, false) => ui.outputs(&outputs),
    }
    Ok(ExitCode::SUCCESS)
}

/// The outputs of the last apply, as the state remembers them.
pub(super) fn outputs(global: &Global) -> Result<Vec<(String, String)>> {
    let stack = load(global)?;
    let store = Store::open(state_file(global, &stack.name), &stack.name)?;
    if store.state.outputs.is_empty() {
        let error = Error::new(format!("the stack `{}` has no outputs yet", stack.name))
            .because(format!("{} remembers none", store.path().display()));
        let hint =
            elsewhere(global, &stack.name).unwrap_or("deploy it first with `deployer apply`");
        return Err(error.hint(hint));
    }
    Ok(store.state.outputs)
}

/// One output by its name.
pub(super) fn find<'o>(outputs: &'o [(String, String)], name: &str) -> Result<&'o str> {
    outputs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).ok_or_else(
        || {
            let known: Vec<_> = outputs.iter().map(|(name, _)| name.as_str()).collect();
            Error::new(format!("there is no output `{name}`")).hint(
                match near::miss(name, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are `{}`", known.join("`, `")),
                },
            )
        },
    )
}
