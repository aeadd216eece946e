//! IAM policy documents, compared by what they mean rather than by how they are written.
//!
//! AWS hands a policy back as it was put, and people write the same policy in many ways, so a
//! comparison of texts reports drift where there is none. A [`Policy`] is therefore kept in one
//! canonical form from the moment it is read: a list for everything that may be a list, sorted and
//! without duplicates, and nothing that IAM pays no heed to. Only letter case that IAM ignores is left
//! as written, because `secretsmanager:GetSecretValue` is easier to read than its lower-case form;
//! the comparison folds it.
//!
//! Texts such as `${secret.ca.arn}` or `${aws:username}` are only texts here.

pub mod breadth;
mod canonical;
mod check;
pub mod effect;
mod form;
mod schema;
mod unique;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Value, json};

pub use form::{permissions, trust};
pub use schema::{permissions_schema, trust_schema};

use crate::error::{Context, Error, Result};

/// The most that the inline policies of one role may hold together, in characters that are not white
/// space (IAM quotas, "Role inline policies").
pub const INLINE_QUOTA: usize = 10_240;

/// The most that a trust policy may hold, in characters that are not white space (IAM quotas, "Role
/// trust policy length"; an account may have it raised to 4,096).
pub const TRUST_QUOTA: usize = 2_048;

/// A policy document in canonical form.
///
/// In `stack.yaml` it is written in one of three ways: as a full document; as a list of
/// `{ actions, on }` that allows those actions on those resources; or, for a trust policy, as the
/// name of the service that may assume the role. It is serialised as the full document always, with
/// `Version` first. `Sid` and `Id` mean nothing to IAM and are dropped.
///
/// Two policies are equal if they [mean the same](Policy::means_same).
#[derive(Debug, Clone)]
pub struct Policy(Value);

impl Policy {
    /// The trust policy that lets a service, such as `lambda.amazonaws.com`, assume the role.
    pub fn trust(service: &str) -> Self {
        Self::of_statements(&json!([{
            "Effect": "Allow",
            "Principal": { "Service": service },
            "Action": "sts:AssumeRole",
        }]))
    }

    /// The policy that IAM holds, as `GetRole` and `GetRolePolicy` return it: percent-encoded JSON
    /// (RFC 3986). JSON that is not encoded, as imitations of IAM return it, is taken as it is.
    ///
    /// What IAM has accepted is never refused for its content: elements that are unknown here stay
    /// in, and make it different from every policy that lacks them. An error means that the text is
    /// not a JSON object, or that a key occurs in it twice, so that its meaning depends on the reader.
    pub fn from_aws(text: &str) -> Result<Self> {
        const MESSAGE: &str = "could not read the policy document that AWS returned";
        let decoded = if text.trim_start().starts_with('{') {
            text.into()
        } else {
            percent_decode_str(text).decode_utf8().context(|| MESSAGE.to_owned())?
        };
        match serde_json::from_str(&decoded).context(|| MESSAGE.to_owned())? {
            unique::Unique(document @ Value::Object(_)) => Ok(Self(canonical::document(document))),
            unique::Unique(_) => Err(Error::new(MESSAGE).because("it is not a JSON object")),
        }
    }

    /// A document that was read before, as it is: what IAM holds need not be what we would write.
    pub fn stored(document: Value) -> Self {
        Self(canonical::document(document))
    }

    /// Whether IAM would decide every request the same way under both documents, as far as that
    /// shows in how they are written.
    ///
    /// Overlaps are not weighed: a statement that another one makes superfluous still counts.
    pub fn means_same(&self, other: &Self) -> bool {
        canonical::meaning(&self.0) == canonical::meaning(&other.0)
    }

    /// The document as JSON for IAM, without white space and with `Version` first: a document that
    /// begins otherwise can fail with "The policy failed legacy parsing".
    pub fn to_json_string(&self) -> String {
        // JSON of strings and lists alone cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// How much of [`INLINE_QUOTA`] or [`TRUST_QUOTA`] the document takes, in characters. A reference
    /// that is not resolved yet counts as it is written.
    pub fn non_whitespace_len(&self) -> usize {
        self.to_json_string().chars().filter(|c| !c.is_whitespace()).count()
    }

    fn of_statements(statements: &Value) -> Self {
        Self(canonical::document(json!({ "Version": canonical::VERSION, "Statement": statements })))
    }

    fn statements(&self) -> &[Value] {
        self.0["Statement"].as_array().map_or(&[], Vec::as_slice)
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        self.means_same(other)
    }
}

impl Eq for Policy {}

impl Serialize for Policy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Ordered(&self.0).serialize(serializer)
    }
}

/// A JSON value whose objects begin with the keys of [`ORDER`], in that order. Serialising to a
/// [`Value`] sorts the keys again; serialising to text keeps them.
struct Ordered<'a>(&'a Value);

/// The order in which the IAM documentation writes the elements.
const ORDER: [&str; 10] = [
    "Version",
    "Statement",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            Value::Object(object) => {
                let mut entries: Vec<_> = object.iter().collect();
                entries.sort_by_key(|(key, _)| {
                    ORDER.iter().position(|known| known == key).unwrap_or(ORDER.len())
                });
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}
