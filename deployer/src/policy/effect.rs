//! What a change of a policy means: the permissions that it gives and takes.
//!
//! A document grants the product of what its statements list: each action on each resource to each
//! principal, under the statement's condition. Two documents are compared by these products, so that
//! a grant moved to another statement, or covered by a wider one, is no change. A denial that is
//! dropped gives, and one that is added takes.
//!
//! Grants and denials are not weighed against each other, nor are several grants put together: what
//! is told as given may turn out to be denied, or to be there already in parts. Nothing that is given
//! goes untold.

mod cover;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Policy;

/// The permissions that a change of a policy gives and takes. None of either: it grants the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// What is allowed now and was not, and what is not denied any more.
    pub gains: Vec<Permission>,
    /// What was allowed and is not now, and what is newly denied.
    pub loses: Vec<Permission>,
}

/// One action, for one principal, on one resource: the smallest thing that a statement grants or
/// denies. Wildcards stay as they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Permission {
    /// Whether a statement denies this rather than allowing it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub denied: bool,
    /// Who may; none where that is whoever the policy is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Set>,
    /// What may be done.
    pub action: Set,
    /// What it may be done to; none where that is what the policy is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Set>,
    /// When it may be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Value>,
}

/// What one item of an element stands for, or the whole of an element that begins with `Not`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Set {
    /// All that this pattern matches.
    Of(String),
    /// All that none of these matches.
    AllBut {
        /// The patterns.
        all_but: Vec<String>,
    },
}

impl Effect {
    /// What it means to go from one document to another, or from or to none at all.
    pub fn of(before: Option<&Policy>, after: Option<&Policy>) -> Self {
        let (old, new) = (permissions(before), permissions(after));
        // The versions of the language read variables differently: then nothing says the same.
        let version = |policy: Option<&Policy>| policy.map(|policy| policy.0["Version"].clone());
        let comparable = before.is_none() || after.is_none() || version(before) == version(after);
        let missing = |from: &[Permission], among: &[Permission], denied: bool| {
            let among = Index::of(among);
            let covered = |one: &Permission| among.near(one).any(|other| other.covers(one));
            let of_effect = from.iter().filter(|one| one.denied == denied);
            let missing = of_effect.filter(|one| !(comparable && covered(one)));
            missing.cloned().collect::<Vec<_>>()
        };
        Self {
            gains: [missing(&new, &old, false), missing(&old, &new, true)].concat(),
            loses: [missing(&old, &new, false), missing(&new, &old, true)].concat(),
        }
    }

    /// The same in words, each with whether it is gained.
    pub fn told(&self) -> impl Iterator<Item = (bool, String)> {
        let tell = |verb: &str, permission: &Permission, denial: &str| {
            let denial = if permission.denied { denial } else { "" };
            format!("{verb} {permission}{denial}")
        };
        let gains = self.gains.iter().map(move |it| (true, tell("gains", it, " (denied so far)")));
        let loses = self.loses.iter().map(move |it| (false, tell("loses", it, " (denied now)")));
        gains.chain(loses)
    }

    /// Whether both documents grant the same.
    pub fn is_none(&self) -> bool {
        self.gains.is_empty() && self.loses.is_empty()
    }
}

/// Permissions by their actions: a long policy is a product of thousands, of which few concern one.
struct Index<'a> {
    /// Those of one action each, by its name in lower case.
    single: BTreeMap<String, Vec<&'a Permission>>,
    /// All others.
    broad: Vec<&'a Permission>,
}

impl<'a> Index<'a> {
    fn of(permissions: &'a [Permission]) -> Self {
        let mut index = Self { single: BTreeMap::new(), broad: Vec::new() };
        for permission in permissions {
            match &permission.action {
                Set::Of(action) if !action.contains(['*', '?']) => {
                    index.single.entry(action.to_ascii_lowercase()).or_default().push(permission);
                }
                _ => index.broad.push(permission),
            }
        }
        index
    }

    /// All that could cover a permission.
    fn near(&self, one: &Permission) -> impl Iterator<Item = &'a Permission> {
        let same = match &one.action {
            Set::Of(action) => self.single.get(&action.to_ascii_lowercase()),
            Set::AllBut { .. } => None,
        };
        same.into_iter().flatten().chain(&self.broad).copied()
    }
}

/// All that a document grants and denies, each once.
pub fn permissions(policy: Option<&Policy>) -> Vec<Permission> {
    let mut seen = BTreeSet::new();
    let all = policy.into_iter().flat_map(Policy::statements).flat_map(product);
    all.filter(|one| seen.insert(serde_json::to_string(one).unwrap_or_default())).collect()
}

fn product(statement: &Value) -> Vec<Permission> {
    let optional = |sets: Vec<Set>| match sets.len() {
        0 => vec![None],
        _ => sets.into_iter().map(Some).collect(),
    };
    let principals = optional(sets(statement, "Principal"));
    let resources = optional(sets(statement, "Resource"));
    let mut product = Vec::new();
    for action in sets(statement, "Action") {
        for resource in &resources {
            for principal in &principals {
                product.push(Permission {
                    denied: statement["Effect"] == "Deny",
                    principal: principal.clone(),
                    action: action.clone(),
                    resource: resource.clone(),
                    condition: statement.get("Condition").cloned(),
                });
            }
        }
    }
    product
}

/// What an element or its opposite stands for.
fn sets(statement: &Value, element: &str) -> Vec<Set> {
    let opposite = &statement[format!("Not{element}")];
    let given = items(&statement[element]).into_iter().map(Set::Of);
    let rest = (!opposite.is_null()).then(|| Set::AllBut { all_but: items(opposite) });
    given.chain(rest).collect()
}

/// The items of an element; principals with their kind, such as `Service lambda.amazonaws.com`.
fn items(element: &Value) -> Vec<String> {
    match element {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(items).collect(),
        Value::Object(kinds) => {
            let named = |kind: &str, name: String| match (kind, name.as_str()) {
                ("AWS", "*") => name,
                _ => format!("{kind} {name}"),
            };
            let each = |(kind, names): (&String, &Value)| {
                items(names).into_iter().map(|name| named(kind, name)).collect::<Vec<_>>()
            };
            kinds.iter().flat_map(each).collect()
        }
        other => vec![other.to_string()],
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { denied: _, principal, action, resource, condition } = self;
        write!(f, "{action}")?;
        if let Some(resource) = resource {
            write!(f, " on {resource}")?;
        }
        if let Some(principal) = principal {
            write!(f, " for {principal}")?;
        }
        let mut tests = condition.iter().flat_map(cover::tests).peekable();
        if tests.peek().is_some() {
            let tests: Vec<String> = tests.map(|test| test.to_string()).collect();
            write!(f, " if {}", tests.join(" and "))?;
        }
        Ok(())
    }
}

impl Set {
    /// What it is written with.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        let patterns = match self {
            Self::Of(pattern) => std::slice::from_ref(pattern),
            Self::AllBut { all_but } => all_but.as_slice(),
        };
        patterns.iter().map(String::as_str)
    }
}

impl fmt::Display for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(pattern) => f.write_str(pattern),
            Self::AllBut { all_but } => write!(f, "all but {}", all_but.join(", ")),
        }
    }
}
