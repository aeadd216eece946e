//! Tags: those that users give, the two by which we know our own objects again, and the one that
//! protects them.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::Fault;
use crate::address::Address;
use crate::error::Result;

/// Names and values, as users write them and AWS keeps them.
pub type Tags = BTreeMap<String, String>;

/// Marks an object as belonging to a stack.
pub const STACK: &str = "deployer:stack";

/// Marks which resource of its stack an object is.
pub const ADDRESS: &str = "deployer:address";

/// Marks an object that is neither to be deleted nor replaced, with the value `true`. AWS remembers
/// it when the state and the stack file are lost.
pub const PROTECTED: &str = "deployer:protected";

/// How many tags users can give: AWS takes 50, and three of them are ours.
const MOST: usize = 47;

/// AWS's limits on tags, which the services share.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>.
pub fn validate(tags: &Tags) -> Vec<Fault> {
    let mut faults = Vec::new();
    let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    for (key, value) in tags {
        let mut fault = |message: &str| faults.push(Fault::new(["tags", key], message));
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            fault("a tag has a name of 1 to 128 characters and a value of at most 256");
        }
        if !allowed(key) || !allowed(value) {
            fault("tags may hold letters, digits, spaces and _ . : / = + - @");
        }
        if key.starts_with("aws:") || key.starts_with("deployer:") {
            fault("names that begin with `aws:` or `deployer:` are reserved");
        }
    }
    if tags.len() > MOST {
        faults.push(Fault::new(
            ["tags"],
            format!("at most {MOST} tags fit beside the deployer's own"),
        ));
    }
    faults
}

/// What a JSON Schema can say of tags.
pub fn schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": MOST,
        "propertyNames": { "pattern": "^(?!aws:|deployer:)", "minLength": 1, "maxLength": 128 },
        "additionalProperties": { "type": "string", "maxLength": 256 },
    })
}

/// Completes the tags of a declaration that has any: the stack's, its own, those of ownership, and
/// that of protection.
pub fn merge(declared: &mut Value, common: &Tags, stack: &str, address: &Address, protected: bool) {
    let Some(Value::Object(own)) = declared.get_mut("tags") else { return };
    for (key, value) in common {
        own.entry(key.clone()).or_insert_with(|| value.clone().into());
    }
    own.insert(STACK.to_owned(), stack.into());
    own.insert(ADDRESS.to_owned(), address.to_string().into());
    if protected {
        own.insert(PROTECTED.to_owned(), "true".into());
    }
}

/// Whether an object has tags, and none at all.
pub fn is_bare(spec: &Value) -> bool {
    spec.get("tags").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty)
}

/// Whether an object is marked as protected.
pub fn is_protected(spec: &Value) -> bool {
    spec.get("tags").and_then(|tags| tags.get(PROTECTED)).is_some_and(|value| value == "true")
}

/// Who owns an object, by its tags: the stack and the address. `None` where it has no tags at all,
/// because it lives within another object that has.
pub fn owner(spec: &Value) -> Option<(&str, &str)> {
    let tags = spec.get("tags")?;
    let tag = |name| tags.get(name).and_then(Value::as_str).unwrap_or_default();
    Some((tag(STACK), tag(ADDRESS)))
}

/// Whether two objects, by their tags, have the same owner. Those that have none are not each other's:
/// an object that was adopted and has not got its tags yet must not be taken for any that has none.
pub fn is_same_owner(one: &Tags, other: &Tags) -> bool {
    [STACK, ADDRESS].iter().all(|tag| one.contains_key(*tag) && one.get(*tag) == other.get(*tag))
}

/// Which resource of a stack, and of a kind, an object with these tags is.
pub fn address_in(tags: &Tags, stack: &str, kind: &str) -> Option<Address> {
    let address = tags.get(ADDRESS).filter(|_| tags.get(STACK).is_some_and(|its| its == stack))?;
    address.parse().ok().filter(|address: &Address| address.kind == kind)
}

/// How many lookups of tags may be under way at once: there may be thousands of objects.
const LOOKUPS: usize = 10;

/// What a number of lookups have found.
pub async fn all_tagged<T>(
    lookups: impl Iterator<Item = impl Future<Output = Result<Option<T>>>>,
) -> Result<Vec<T>> {
    let found = stream::iter(lookups).buffer_unordered(LOOKUPS);
    found.try_filter_map(async |found| Ok(found)).try_collect().await
}

/// Leaves only the tags that somebody of ours has set: those of others are none of our business. A
/// protection is, whoever has set it: it must be seen to be lifted.
pub fn forget_foreign(observed: &mut Value, ours: &[&Value]) {
    let Some(Value::Object(tags)) = observed.get_mut("tags") else { return };
    tags.retain(|key, _| {
        key == PROTECTED || ours.iter().any(|spec| spec["tags"].get(key).is_some())
    });
}

/// What turns one set of tags into another: those to set, and the names of those to remove.
pub fn changes(from: &Tags, to: &Tags) -> (Tags, Vec<String>) {
    let set = to.iter().filter(|(key, value)| from.get(*key) != Some(value));
    let remove = from.keys().filter(|key| !to.contains_key(*key));
    (set.map(|(key, value)| (key.clone(), value.clone())).collect(), remove.cloned().collect())
}

/// The tags of a live object as AWS lists them, without AWS's own.
pub fn from_aws<K: Into<String>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) -> Tags {
    tags.into_iter()
        .map(|(key, value)| (key.into(), value.into()))
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_owns_is_not_taken_for_one_another() {
        let tags = |tags: &[(&str, &str)]| -> Tags {
            tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let ours = tags(&[(STACK, "a"), (ADDRESS, "secret.ca"), ("team", "b")]);
        assert!(is_same_owner(&ours, &tags(&[(STACK, "a"), (ADDRESS, "secret.ca")])));
        assert!(!is_same_owner(&ours, &tags(&[(STACK, "a"), (ADDRESS, "secret.other")])));
        for nobodys in [tags(&[]), tags(&[("team", "b")]), tags(&[(STACK, "a")])] {
            assert!(!is_same_owner(&nobodys, &nobodys), "{nobodys:?}");
            assert!(!is_same_owner(&nobodys, &ours), "{nobodys:?}");
        }
    }
}
