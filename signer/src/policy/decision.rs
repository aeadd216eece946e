//! What the policy says to one request: which rule grants it, or what of it is refused.

use std::fmt;

use super::{Policy, Rule, Usage};
use crate::caller::{Caller, Identity};
use crate::csr::KeyType;
use crate::name::Name;
use crate::refusal::{Code, Refusal};

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The names, in the order of the request.
    pub names: &'a [Name],
    /// The one of them that is to be the common name.
    pub common_name: Option<&'a Name>,
    /// The usages; none is whatever the rule gives.
    pub usages: &'a [Usage],
    /// The kind of key.
    pub key_type: KeyType,
    /// The lifetime; the rule's default if absent.
    pub ttl_hours: Option<u32>,
}

/// What is granted to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The rule that grants it.
    pub rule: String,
    /// The names, in the order of the request.
    pub names: Vec<Name>,
    /// The name that is the common name too.
    pub common_name: Option<Name>,
    /// The usages: those that were asked for, or without any all that the rule has.
    pub usages: Vec<Usage>,
    /// The lifetime, in hours.
    pub ttl_hours: u32,
}

/// What is not granted, in the order in which it is looked at. It tells what was refused and, but for
/// the longest lifetime, never what would be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The caller: no rule is for it.
    Caller,
    /// These names.
    Names(Vec<Name>),
    /// These names together: no one rule grants them all.
    Together(Vec<Name>),
    /// The common name.
    CommonName,
    /// These usages.
    Usages(Vec<Usage>),
    /// This kind of key.
    KeyType(KeyType),
    /// The lifetime; it may be this long, in hours.
    Ttl(u32),
}

impl Policy {
    /// Decides on one request.
    ///
    /// # Errors
    /// What is not allowed, by the rule that grants most of it.
    pub fn decide(&self, caller: &Caller, wanted: &Wanted<'_>) -> Result<Grant, Denied> {
        let mut closest = Denied::Caller;
        for rule in &self.rules {
            match rule.decide(caller, wanted) {
                Ok(grant) => return Ok(grant),
                Err(denied) if denied.is_closer_than(&closest) => closest = denied,
                Err(_) => {}
            }
        }
        if let Denied::Names(refused) = closest {
            closest = self.refused_names(caller, wanted.names, refused);
        }
        Err(closest)
    }

    /// The names that no rule grants to the caller. If there are none, the names that the closest
    /// rule refuses are not to be had together with the others.
    fn refused_names(&self, caller: &Caller, names: &[Name], by_closest: Vec<Name>) -> Denied {
        let identity = caller.identity();
        let granted = |name: &Name| {
            let rules = || self.rules.iter();
            identity.is_some_and(|caller| {
                rules().any(|rule| rule.is_for(&caller) && rule.grants(name, &caller))
            })
        };
        let refused: Vec<_> = names.iter().filter(|name| !granted(name)).cloned().collect();
        if refused.is_empty() { Denied::Together(by_closest) } else { Denied::Names(refused) }
    }
}

impl Rule {
    /// What this rule alone says to a request.
    ///
    /// # Errors
    /// The first kind of thing that it does not grant.
    pub fn decide(&self, caller: &Caller, wanted: &Wanted<'_>) -> Result<Grant, Denied> {
        // An identity that was not understood is nobody's.
        let identity = caller.identity().filter(|caller| self.is_for(caller));
        let caller = identity.ok_or(Denied::Caller)?;
        let refused: Vec<_> =
            wanted.names.iter().filter(|name| !self.grants(name, &caller)).cloned().collect();
        if !refused.is_empty() {
            return Err(Denied::Names(refused));
        }
        if wanted.common_name.is_some() && !self.common_name {
            return Err(Denied::CommonName);
        }
        let refused: Vec<_> =
            wanted.usages.iter().filter(|usage| !self.usages.contains(usage)).copied().collect();
        if !refused.is_empty() {
            return Err(Denied::Usages(refused));
        }
        if !self.key_types.contains(&wanted.key_type) {
            return Err(Denied::KeyType(wanted.key_type));
        }
        let ttl_hours = wanted.ttl_hours.unwrap_or(self.ttl_hours.default);
        if ttl_hours > self.ttl_hours.max {
            return Err(Denied::Ttl(self.ttl_hours.max));
        }
        let usages = if wanted.usages.is_empty() { &self.usages } else { wanted.usages };
        Ok(Grant {
            rule: self.name.clone(),
            names: wanted.names.to_vec(),
            common_name: wanted.common_name.cloned(),
            usages: usages.to_vec(),
            ttl_hours,
        })
    }

    fn is_for(&self, caller: &Identity<'_>) -> bool {
        self.callers.iter().any(|pattern| pattern.matches(caller))
            && (self.user_ids.is_empty() || self.user_ids.iter().any(|id| id == caller.unique_id))
    }

    fn grants(&self, name: &Name, caller: &Identity<'_>) -> bool {
        self.names.iter().any(|pattern| pattern.grants(name, caller, self.wildcards))
    }
}

impl Denied {
    /// Whether a rule that says this is closer to granting the request than one that says `other`.
    fn is_closer_than(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Names(ours), Self::Names(theirs)) => ours.len() < theirs.len(),
            (Self::Usages(ours), Self::Usages(theirs)) => ours.len() < theirs.len(),
            (Self::Ttl(ours), Self::Ttl(theirs)) => ours > theirs,
            _ => self.rank() > other.rank(),
        }
    }

    /// The place in the order of looking.
    fn rank(&self) -> u8 {
        match self {
            Self::Caller => 0,
            Self::Names(_) | Self::Together(_) => 1,
            Self::CommonName => 2,
            Self::Usages(_) => 3,
            Self::KeyType(_) => 4,
            Self::Ttl(_) => 5,
        }
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        fn list(items: &[impl fmt::Display]) -> String {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        let (code, message) = match denied {
            Denied::Caller => {
                (Code::CallerNotAllowed, "no certificate is issued to this caller".into())
            }
            Denied::Names(names) => {
                (Code::NameNotAllowed, format!("not allowed for this caller: {}", list(&names)))
            }
            Denied::Together(names) => {
                let message = "not allowed for this caller in one certificate with the other names";
                (Code::NameNotAllowed, format!("{message}: {}", list(&names)))
            }
            Denied::CommonName => {
                let message =
                    "a common name is not allowed for this caller; leave the subject empty";
                (Code::CommonNameNotAllowed, message.into())
            }
            Denied::Usages(usages) => {
                let message = format!("usage not allowed for this caller: {}", list(&usages));
                (Code::UsageNotAllowed, message)
            }
            Denied::KeyType(key_type) => {
                let message = format!("kind of key not allowed for this caller: {key_type}");
                (Code::KeyTypeNotAllowed, message)
            }
            Denied::Ttl(max) => (Code::TtlTooLong, format!("ttl_hours must not be over {max}")),
        };
        Self::new(code, message)
    }
}
