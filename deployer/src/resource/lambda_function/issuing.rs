//! What the issuing policy that a function comes with grants, measured against those before.

use signer::policy::{Broader, FILE_NAME, Policy};

use super::Spec;
use crate::error::Result;
use crate::resource::Opening;

/// The rules that grant more than those before. What is not remembered of them, or cannot be read, has
/// granted nothing; and where there was no function, there is nothing to measure against.
pub(super) fn widens(
    before: &dyn Fn() -> Result<Vec<Spec>>,
    desired: &Spec,
) -> Result<Vec<(String, Opening)>> {
    let policy = policy_of(desired);
    // Without a policy nothing is granted, but a zip may hold one.
    if policy.is_none() && desired.files.is_some() {
        return Ok(Vec::new());
    }
    let before = before()?;
    let known: Vec<Policy> = before.iter().filter_map(policy_of).collect();
    let field = format!("files.{FILE_NAME}");
    Ok(match policy {
        _ if before.is_empty() => Vec::new(),
        None if known.is_empty() => Vec::new(),
        None => vec![(field, hidden())],
        Some(policy) => {
            let broader = policy.broader_than(&known).into_iter();
            let openings = broader.map(|rule| {
                (format!("{field}.rules[{}]", rule.number), opening(&rule, known.is_empty()))
            });
            openings.collect()
        }
    })
}

fn policy_of(spec: &Spec) -> Option<Policy> {
    let file = spec.files.as_ref()?.iter().find(|(name, _)| name.as_str() == FILE_NAME)?.1;
    Policy::from_json(file.to_string().as_bytes()).ok()
}

fn hidden() -> Opening {
    Opening {
        gives: "certificates by a policy that does not stand here".to_owned(),
        why: "it cannot be compared with the one before".to_owned(),
        text: "code".to_owned(),
    }
}

fn opening(Broader { rule, fields, .. }: &Broader<'_>, forgotten: bool) -> Opening {
    Opening {
        gives: format!("certificates by the rule `{rule}`"),
        why: match fields.as_slice() {
            _ if forgotten => "what was granted before is not remembered".to_owned(),
            [] => "a new rule".to_owned(),
            fields => format!("more in {}", fields.join(", ")),
        },
        text: (*rule).to_owned(),
    }
}
