//! The issuing policy: which callers may have which names, usages, keys and lifetimes. Pure.
//!
//! ```json
//! {
//!   "rules": [
//!     {
//!       "name": "services",
//!       "callers": ["arn:aws:iam::111122223333:role/svc-*"],
//!       "dns": ["*.internal.example"],
//!       "ip": ["10.0.0.0/8"],
//!       "uri": ["spiffe://internal.example/ns/{account}/role/{role_name}"],
//!       "common_name": true,
//!       "usages": ["client", "server"],
//!       "key_types": ["p256", "p384"],
//!       "ttl_hours": {"default": 12, "max": 24}
//!     }
//!   ]
//! }
//! ```
//!
//! A request is granted by the first rule that is for its caller and grants the whole of it; rules
//! are never added up, so each can be read by itself. Without such a rule there is no certificate.
//! There is no negation.

mod broader;
mod callers;
mod decision;
mod names;
#[cfg(feature = "schema")]
mod schema;
mod template;
mod written;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::csr::KeyType;

pub use broader::Broader;
pub use decision::{Denied, Grant, Wanted};
#[cfg(feature = "schema")]
pub use schema::schema;

/// The file that the policy travels in, beside the bootstrap.
pub const FILE_NAME: &str = "policy.json";

/// The longest lifetime that a policy can allow: one week, what the CA/Browser Forum calls
/// short-lived and so needs no revocation.
pub const MAX_TTL_HOURS: u32 = 168;

/// An issuing policy that was read and makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
}

/// What some callers may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    name: String,
    callers: Vec<callers::Pattern>,
    /// The unique ids that IAM gave to the callers' roles or users; empty for any.
    user_ids: Vec<String>,
    names: Vec<names::Pattern>,
    wildcards: bool,
    common_name: bool,
    usages: Vec<Usage>,
    key_types: Vec<KeyType>,
    ttl_hours: Lifetimes,
}

impl Policy {
    /// Reads a policy from JSON.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(json: &[u8]) -> Result<Self, Vec<Problem>> {
        written::read(json)
    }

    /// Whether the unique ids of callers make a difference.
    pub fn depends_on_user_ids(&self) -> bool {
        self.rules.iter().any(|rule| {
            !rule.user_ids.is_empty() || rule.names.iter().any(names::Pattern::depends_on_user_id)
        })
    }

    /// The rules, in the order in which they are asked.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

impl Rule {
    /// What the audit log calls the rule.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Lifetimes in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// For requests that do not say.
    pub default: u32,
    /// Requests for more are refused.
    pub max: u32,
}

impl Lifetimes {
    /// Those of a rule that says nothing: certificates that are made anew twice a day.
    const USUAL: Self = Self { default: 12, max: 24 };
}

/// An extended key usage (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// TLS server authentication.
    Server,
    /// TLS client authentication.
    Client,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// Something wrong in a policy, or in CA material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `rules[0].dns[1]`, `chain`.
    pub path: String,
    /// What: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is wrong with the whole has no path.
        match self.path.as_str() {
            "" | "." => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
mod tests;
