//! Saved plans: a plan in a file, with what it was made against and made from. So it is carried out
//! just as it was reviewed, or not at all.

mod moved;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::error::{Error, Result};
use crate::plan::{Desired, Plan};
use crate::stack::{self, Given, Giver, Stack};

/// The format that this release writes and reads.
const VERSION: u64 = 1;

/// A plan, and all by which it can be told whether it still holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// The format's version; its name tells the file from others.
    pub deployer_plan: u64,
    /// Whether it is to remove everything.
    pub destroy: bool,
    /// What it was made against.
    pub basis: Basis,
    /// The environment and the values of variables that it was made with, and is carried out with.
    #[serde(default)]
    pub given: Given,
    /// What `stack.yaml` declared: tells later whether that is what has moved.
    pub declared: BTreeMap<Address, Value>,
    /// The same with local files as fingerprints: tells later whether those have moved.
    pub wanted: BTreeMap<Address, Value>,
    /// What was asked to be made the stack's, whoever it belongs to.
    #[serde(default)]
    pub adopt: BTreeSet<Address>,
    /// Whether it may be carried out although it widens what is allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_widening: bool,
    /// The plan, with the live objects that it was made against.
    pub plan: Plan,
}

/// What a plan is made against, and may be carried out on: nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Whether it is the local AWS.
    pub local: bool,
    /// The stack's name.
    pub stack: String,
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The state's lineage; empty before the first apply.
    pub lineage: String,
    /// The state's serial.
    pub serial: u64,
}

/// Whether a file is what [`SavedPlan::write`] writes, of whatever version.
fn is_plan(path: &Path) -> bool {
    let document = fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    document.is_some_and(|document: Value| document.get("deployer_plan").is_some())
}

impl SavedPlan {
    /// A plan with what it was made from.
    pub fn new(stack: &Stack, desired: &Desired, destroy: bool, basis: Basis, plan: Plan) -> Self {
        let declared = stack.resources.iter().filter(|_| !destroy);
        let wanted = desired.resources.iter();
        Self {
            deployer_plan: VERSION,
            destroy,
            basis,
            given: stack.given.clone(),
            declared: declared
                .map(|(address, it)| (address.clone(), it.declared.clone()))
                .collect(),
            wanted: wanted.map(|(address, it)| (address.clone(), it.spec.clone())).collect(),
            adopt: desired.adopt.clone(),
            allow_widening: false,
            plan,
        }
    }

    /// Writes it, whole or not at all, for its owner only: plans tell much about an account. A file
    /// that is there and is no plan is not what was meant.
    pub fn write(&self, path: &Path) -> Result<()> {
        if path.exists() && !is_plan(path) {
            return Err(Error::new(format!("could not save the plan as {}", path.display()))
                .because("that file is there already, and it is no saved plan")
                .hint("name another file with --out"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new()
                .prefix(".plan-")
                .tempfile_in(folder.unwrap_or(Path::new(".")))?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| Error::io("write the plan file", path, &error))
    }

    /// Reads one.
    pub fn read(path: &Path) -> Result<Self> {
        let fresh = format!("make a new one with `deployer plan --out {}`", path.display());
        let bytes = fs::read(path)
            .map_err(|error| Error::io("read the plan file", path, &error).hint(&fresh))?;
        let wrong = || Error::new(format!("could not understand the plan file {}", path.display()));
        // The version is read first, because another one may have other fields.
        let no_plan = || {
            wrong()
                .because("it is not what `deployer plan --out` writes")
                .hint("`deployer apply` without a file carries out what stack.yaml declares")
        };
        let document: Value =
            serde_json::from_slice(&bytes).map_err(|error| no_plan().because(error))?;
        match document.get("deployer_plan").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(other) => {
                return Err(wrong()
                    .because(format!(
                        "its format is version {other}, and this release knows {VERSION}"
                    ))
                    .hint(format!("use the release of deployer that wrote it, or {fresh}")));
            }
            None => return Err(no_plan()),
        }
        serde_json::from_slice(&bytes).map_err(|error| wrong().because(error).hint(&fresh))
    }

    /// Refuses before any call to work against AWS with a plan for the local one, or the reverse.
    pub fn check_place(&self, local: bool, path: &Path) -> Result<()> {
        self.check_basis(&Basis { local, ..self.basis.clone() }, path).map_err(|mut error| {
            let option = if self.basis.local { "add" } else { "leave out" };
            error.hints = vec![format!("{option} --local to carry it out where it belongs")];
            error
        })
    }

    /// Refuses to be told of another environment, or of any values: it has those that it was made with.
    pub fn check_given(&self, told: &Given, path: &Path) -> Result<()> {
        let environment = told.environment.as_ref();
        let other = environment.filter(|told| self.given.environment.as_ref() != Some(told));
        let values = told.variables.iter().filter(|value| value.by == Giver::CommandLine);
        let options = other.map(|other| format!("--env {other}")).into_iter();
        let mut options = options.chain(values.map(|value| value.by.says(&value.name)));
        let Some(option) = options.next() else { return Ok(()) };
        Err(Error::new(format!("{option} does not go with the plan in {}", path.display()))
            .because("a saved plan has the environment and the values that it was made with")
            .hint("leave it out, or make a new plan with it"))
    }

    /// Refuses to go on against anything else than what it was made against.
    pub fn check_basis(&self, now: &Basis, path: &Path) -> Result<()> {
        self.refuse(path, "was made against something else", self.basis.differences(now))
    }

    /// Refuses to go on where the same plan would not be made again, and tells what has moved.
    pub fn check_plan(&self, now: &Self, path: &Path) -> Result<()> {
        self.refuse(path, "does not hold any more", moved::differences(self, now))
    }

    fn refuse(&self, path: &Path, why: &str, differences: Vec<String>) -> Result<()> {
        if differences.is_empty() {
            return Ok(());
        }
        let path = path.display();
        let place = stack::whereabouts(self.given.environment.as_ref(), self.basis.local);
        let destroy = if self.destroy { " --destroy" } else { "" };
        let mut error = Error::new(format!("the plan in {path} {why}")).hint(format!(
            "nothing was changed; make a new plan with `deployer plan{place}{destroy} --out {path}`"
        ));
        error.causes = differences;
        Err(error)
    }
}

impl Basis {
    fn differences(&self, now: &Self) -> Vec<String> {
        let which = |local| if local { "the local AWS" } else { "AWS" };
        let mut differences = Vec::new();
        let mut compare = |what: &str, then: &str, now: &str| {
            if then != now {
                differences.push(format!("it was made for {what}{then}, and this is {what}{now}"));
            }
        };
        compare("", which(self.local), which(now.local));
        compare("the stack ", &self.stack, &now.stack);
        compare("account ", &self.account, &now.account);
        compare("region ", &self.region, &now.region);
        differences.extend(self.state_difference(now));
        differences
    }

    fn state_difference(&self, now: &Self) -> Option<String> {
        let (then, now) = ((&self.lineage, self.serial), (&now.lineage, now.serial));
        if then == now {
            return None;
        }
        Some(match (then.0.as_str(), now.0.as_str()) {
            ("", _) => "there was no state yet, and something was applied since".to_owned(),
            (then, "") => format!("it was made with the state {then}, and there is none here"),
            (one, other) if one == other => {
                format!(
                    "the state has changed since: its serial was {} and is {} now",
                    then.1, now.1
                )
            }
            (one, other) => format!("it was made with the state {one}, and this is {other}"),
        })
    }
}
