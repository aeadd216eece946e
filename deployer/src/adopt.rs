//! Adoption: the resources of a Terraform state become a stack file and a state of ours, without a
//! call to AWS. Pure.
//!
//! What is known of an object by Terraform is remembered as if an apply had left it so. The next plan
//! then compares it with AWS and with the stack file as ever: what nobody has changed shows as no
//! change, but for the ownership tags, which are missing.

mod draft;
mod given;
mod http_api;
mod http_route;
mod iam_role;
mod lambda_function;
mod log_group;
mod name;
mod reference;
mod secret;
pub mod terraform;
#[cfg(test)]
mod tests;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use self::draft::{Context, Draft};
use self::reference::{References, is_mistakable};
use self::terraform::{Instance, printable};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::reference::in_document;
use crate::resource::{self, AnyResourceType};
use crate::state::{Entry, Phase};

/// What an adoption has made of a Terraform state.
pub struct Takeover {
    /// The text of the stack file.
    pub stack: String,
    /// The account that the objects are in.
    pub account: String,
    /// The region that they are in.
    pub region: String,
    /// What the state is to remember.
    pub entries: BTreeMap<Address, Entry>,
    /// What was adopted.
    pub adopted: Vec<Adopted>,
    /// What was not.
    pub left: Vec<Left>,
}

/// A resource that was adopted.
pub struct Adopted {
    /// Its address in the stack file.
    pub address: Address,
    /// What Terraform calls it and the parts of it.
    pub terraform: Vec<String>,
    /// What people must know of it.
    pub notes: Vec<String>,
    /// Its entry of the stack file.
    declared: Vec<(&'static str, Value)>,
}

/// A resource that Terraform keeps.
pub struct Left {
    /// What Terraform calls it.
    pub terraform: String,
    /// Why.
    pub reason: String,
}

type Reader = fn(&Instance<'_>, &Context<'_>) -> Result<Draft, String>;

/// The types of Terraform that become entries, in an order in which each refers to earlier ones only.
const TYPES: [(&str, &str, Reader); 6] = [
    ("aws_secretsmanager_secret", "secret", secret::draft),
    ("aws_cloudwatch_log_group", "log_group", log_group::draft),
    ("aws_apigatewayv2_api", "http_api", http_api::draft),
    ("aws_iam_role", "iam_role", iam_role::draft),
    ("aws_lambda_function", "lambda_function", lambda_function::draft),
    ("aws_apigatewayv2_route", "http_route", http_route::draft),
];

/// Turns the objects of a Terraform state into a stack of this name. `path` tells where a path of
/// Terraform leads, seen from the stack file.
///
/// # Errors
/// If there is nothing to adopt, or what there is does not lie in one account and region.
pub fn adopt(
    instances: &[Instance<'_>],
    stack: &str,
    path: &dyn Fn(&str) -> String,
) -> Result<Takeover> {
    let mut found = Found::default();
    for (theirs, kind, read) in TYPES {
        for instance in instances.iter().filter(|instance| instance.kind == theirs) {
            let kind = resource::find(kind).ok_or_else(|| Error::new(format!("no type {kind}")))?;
            let is_taken = |address: &Address| found.entries.contains_key(address);
            let address = name::address(kind.kind(), &instance.label, is_taken);
            let taken = |part: &str| found.parts.contains(part);
            let context = Context { all: instances, address: &address, path, taken: &taken };
            let draft = read(instance, &context);
            if let Err(reason) = draft.and_then(|draft| found.accept(kind, address, draft)) {
                found.left.push(Left { terraform: instance.address.clone(), reason });
            }
        }
    }
    found.leave_the_rest(instances);
    let (account, region) = place(&found)?;
    let stack = text::stack(stack, (&account, &region), &found.adopted)?;
    let Found { mut adopted, entries, mut left, .. } = found;
    let notes = adopted.iter_mut().flat_map(|adopted| &mut adopted.notes);
    for text in notes.chain(left.iter_mut().map(|left| &mut left.reason)) {
        *text = printable(text);
    }
    Ok(Takeover { stack, account, region, entries, adopted, left })
}

#[derive(Default)]
struct Found {
    adopted: Vec<Adopted>,
    entries: BTreeMap<Address, Entry>,
    left: Vec<Left>,
    references: References,
    /// What Terraform calls all that was adopted.
    parts: BTreeSet<String>,
}

impl Found {
    /// Takes a resource into the stack, if its entry would be taken from a user as well.
    fn accept(
        &mut self,
        kind: &dyn AnyResourceType,
        address: Address,
        draft: Draft,
    ) -> Result<(), String> {
        let Draft { terraform, mut declared, spec, outputs, notes } = draft;
        for (name, value) in &mut declared {
            if is_mistakable(value) {
                return Err(format!("its {name} holds `${{`, which begins a reference here"));
            }
            *value = self.refer(name, value);
        }
        let document: Map<String, Value> =
            declared.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let document = kind.declare(&document.into()).map_err(|error| error.inner().to_string())?;
        if let Some(fault) = kind.validate(&document).into_iter().next() {
            return Err(format!("its {} {}", fault.path.join("."), fault.message));
        }
        let spec = kind.normalise(&spec).map_err(|error| error.causes.join(": "))?;
        let needs = in_document(&document).into_iter().map(|found| found.address);
        let depends_on = needs.collect();
        self.references.add(&address, &outputs);
        self.parts.extend(terraform.iter().cloned());
        let entry = Entry { phase: Phase::Ready, spec, outputs, depends_on };
        self.entries.insert(address.clone(), entry);
        self.adopted.push(Adopted { address, terraform, notes, declared });
        Ok(())
    }

    /// A field's value with references to what was adopted before.
    fn refer(&self, field: &str, value: &Value) -> Value {
        let text = value.as_str().unwrap_or_default();
        let referred = match field {
            "api" => self.references.to("http_api", "id", text),
            "log_group" => self.references.to("log_group", "name", text),
            "allow" | "environment" | "function" | "role" => {
                return self.references.replace(value);
            }
            _ => None,
        };
        referred.map_or_else(|| value.clone(), Into::into)
    }

    /// Nothing is dropped in silence.
    fn leave_the_rest(&mut self, instances: &[Instance<'_>]) {
        for instance in instances {
            let known = self.left.iter().any(|left| left.terraform == instance.address);
            if known || self.parts.contains(&instance.address) {
                continue;
            }
            let reason = self.why_left(instance);
            self.left.push(Left { terraform: instance.address.clone(), reason });
        }
        self.left.sort_by(|one, other| one.terraform.cmp(&other.terraform));
    }

    /// Why what no entry was made of stays where it is.
    fn why_left(&self, instance: &Instance<'_>) -> String {
        let reason = match instance.kind.as_str() {
            "aws_secretsmanager_secret_version" => {
                "it is not the current value of a secret that was adopted"
            }
            "aws_iam_role_policy" => "it is not the one inline policy of a role that was adopted",
            "aws_apigatewayv2_stage" => "it is not the stage $default of an API that was adopted",
            "aws_apigatewayv2_integration" => "no route that was adopted leads to it",
            "aws_lambda_permission" => {
                let of_api =
                    |arn: &str| self.references.to("http_api", "execution_arn", arn).is_some();
                return http_route::permission(instance, of_api);
            }
            _ => "a stack file has no such type",
        };
        reason.to_owned()
    }
}

/// The account and the region that the ARNs of all that was adopted name.
fn place(found: &Found) -> Result<(String, String)> {
    let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
    for entry in found.entries.values() {
        let arn = entry.outputs.get("arn").or(entry.outputs.get("execution_arn"));
        let parts: Vec<_> = arn.and_then(Value::as_str).unwrap_or_default().split(':').collect();
        if let [_, _, _, region, account, ..] = parts[..] {
            accounts.insert(account);
            regions.extend(Some(region).filter(|region| !region.is_empty()));
        }
    }
    let all = |of: &BTreeSet<&str>| of.iter().copied().collect::<Vec<_>>().join(", ");
    match (accounts.len(), regions.len()) {
        (1, 1) => Ok((all(&accounts), all(&regions))),
        (0, _) => Err(nothing(found)),
        (1, 0) => Err(Error::new("could not tell the region of what there is to adopt")
            .because("roles have none, and there is nothing else")),
        _ => Err(Error::new("what there is to adopt is not in one place")
            .because(format!("it is in the accounts {}", all(&accounts)))
            .because(format!("and the regions {}", all(&regions)))
            .hint("a stack is in one account and one region: take a state that is, too")),
    }
}

fn nothing(found: &Found) -> Error {
    let error = Error::new("there is nothing to adopt in this Terraform state");
    found
        .left
        .iter()
        .fold(error, |error, left| error.because(format!("{}: {}", left.terraform, left.reason)))
}
