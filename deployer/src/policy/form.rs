//! The ways in which a policy may be written in `stack.yaml`.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::unique::Unique;
use super::{Policy, canonical, check};

/// Reads a policy that grants permissions, for `#[serde(deserialize_with)]`: one that names no
/// principal, because that is whoever the policy is attached to.
pub fn permissions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Policy, D::Error> {
    let policy = Policy::deserialize(deserializer)?;
    check::permissions(policy.statements()).map_err(D::Error::custom)?;
    Ok(policy)
}

/// Reads a trust policy, for `#[serde(deserialize_with)]`: one that names principals and no
/// resources, because the resource is the role itself.
pub fn trust<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Policy, D::Error> {
    let policy = Policy::deserialize(deserializer)?;
    check::trust(policy.statements()).map_err(D::Error::custom)?;
    Ok(policy)
}

impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PolicyVisitor)
    }
}

struct PolicyVisitor;

impl<'de> Visitor<'de> for PolicyVisitor {
    type Value = Policy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of `{ actions, on }`, a whole policy document, or a service such as lambda.amazonaws.com",
        )
    }

    fn visit_str<E: Error>(self, service: &str) -> Result<Policy, E> {
        check::service(service).map_err(E::custom)?;
        Ok(Policy::trust(service))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Policy, A::Error> {
        let grants = Vec::<Grant>::deserialize(SeqAccessDeserializer::new(seq))?;
        if grants.is_empty() {
            return Err(A::Error::custom("the list is empty; leave it out to grant nothing"));
        }
        Ok(Policy::of_statements(&grants.into_iter().map(Grant::statement).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Policy, A::Error> {
        let Unique(document) = Unique::deserialize(MapAccessDeserializer::new(map))?;
        check::document(&document).map_err(A::Error::custom)?;
        Ok(Policy(canonical::document(document)))
    }
}

/// One entry of the short form: these actions are allowed on these resources.
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    /// What is allowed, such as `secretsmanager:GetSecretValue`: one action or a list of them.
    #[schemars(schema_with = "super::schema::actions")]
    actions: Actions,
    /// What it is allowed on: ARNs, or references such as `${secret.ca.arn}`.
    #[schemars(schema_with = "super::schema::resources")]
    on: Resources,
}

impl Grant {
    fn statement(self) -> Value {
        json!({ "Effect": "Allow", "Action": self.actions.0, "Resource": self.on.0 })
    }
}

#[derive(serde::Deserialize)]
#[serde(try_from = "Texts")]
struct Actions(Vec<String>);

impl TryFrom<Texts> for Actions {
    type Error = String;

    fn try_from(Texts(actions): Texts) -> Result<Self, String> {
        actions.iter().try_for_each(|action| check::action(action))?;
        Ok(Self(actions))
    }
}

#[derive(serde::Deserialize)]
#[serde(try_from = "Texts")]
struct Resources(Vec<String>);

impl TryFrom<Texts> for Resources {
    type Error = String;

    fn try_from(Texts(resources): Texts) -> Result<Self, String> {
        resources.iter().try_for_each(|resource| check::resource(resource))?;
        Ok(Self(resources))
    }
}

/// One text, or a list of at least one.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a list of strings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
        Ok(Texts(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Texts, A::Error> {
        let texts = Vec::<String>::deserialize(SeqAccessDeserializer::new(seq))?;
        if texts.is_empty() {
            return Err(A::Error::custom("the list is empty; name at least one"));
        }
        Ok(Texts(texts))
    }
}

#[cfg(test)]
mod tests;
