//! Discovery: what AWS holds of a stack, found by ownership tags alone. It takes many calls, so it is
//! for when the state is lost, or in doubt.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use serde_json::Value;

use crate::address::Address;
use crate::aws::Aws;
use crate::error::{Error, Result};
use crate::resource::{Object, RESOURCE_TYPES, Reading};
use crate::state::{Entry, Phase};

/// Everything that carries the tags of a stack, read as it is now.
///
/// # Errors
/// Where two objects say that they are the same resource.
pub async fn discover(aws: &Aws, stack: &str) -> Result<BTreeMap<Address, Object>> {
    let kinds = RESOURCE_TYPES.iter().map(|kind| async move {
        let found = kind.discover(aws, stack).await?;
        let reads = found.into_iter().map(|(address, identity)| async move {
            let reading = kind.read(aws, identity, None, &address).await?;
            Ok::<_, Error>((address.clone(), reading))
        });
        try_join_all(reads).await
    });
    let mut objects = BTreeMap::new();
    for (address, reading) in try_join_all(kinds).await?.into_iter().flatten() {
        if let Reading::Present(object) = reading
            && objects.insert(address.clone(), object).is_some()
        {
            return Err(Error::new(format!("two objects in AWS say that they are {address}"))
                .hint("delete the one that is not in use, or take its deployer:… tags off"));
        }
    }
    Ok(objects)
}

/// What a state remembers of objects that were discovered. What needs what follows from the stack
/// file, as far as it goes, and from whose ARN or id stands in whose spec.
pub fn remember(
    objects: BTreeMap<Address, Object>,
    declared: &BTreeMap<Address, BTreeSet<Address>>,
) -> BTreeMap<Address, Entry> {
    let ids: Vec<(Address, Vec<String>)> = objects
        .iter()
        .map(|(address, object)| {
            let ids = ["arn", "id"].iter().filter_map(|name| object.outputs[name].as_str());
            (address.clone(), ids.map(str::to_owned).collect())
        })
        .collect();
    let known: BTreeSet<Address> = objects.keys().cloned().collect();
    objects
        .into_iter()
        .map(|(address, object)| {
            let refers =
                ids.iter().filter(|(other, ids)| *other != address && mentions(&object.spec, ids));
            let depends_on = refers
                .map(|(other, _)| other)
                .chain(declared.get(&address).into_iter().flatten())
                .filter(|other| known.contains(other))
                .cloned()
                .collect();
            let entry = Entry {
                phase: Phase::Ready,
                spec: object.spec,
                outputs: object.outputs,
                depends_on,
            };
            (address, entry)
        })
        .collect()
}

/// Whether one of these ids stands in a document.
fn mentions(document: &Value, ids: &[String]) -> bool {
    match document {
        Value::String(text) => ids.iter().any(|id| text.contains(id.as_str())),
        Value::Array(items) => items.iter().any(|item| mentions(item, ids)),
        Value::Object(fields) => fields.values().any(|value| mentions(value, ids)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_needs_what_follows_from_arns_and_ids() {
        let objects = [
            ("iam_role.a", json!({"name": "same"}), json!({"arn": "arn:role", "name": "same"})),
            (
                "lambda_function.a",
                json!({"name": "same", "role": "arn:role"}),
                json!({"arn": "arn:function", "name": "same"}),
            ),
            ("http_api.a", json!({"name": "same"}), json!({"id": "a1b2c3"})),
            (
                "http_route.a",
                json!({"api": "a1b2c3", "function": "arn:function"}),
                json!({"arn": "arn:execute"}),
            ),
        ];
        let objects = objects.map(|(address, spec, outputs)| {
            (address.parse::<Address>().expect("an address"), Object::new(spec, outputs))
        });
        let declared = [(
            "http_api.a".parse().expect("an address"),
            ["iam_role.a", "secret.gone"].map(|other| other.parse().expect("one")).into(),
        )];
        let entries = remember(objects.into(), &declared.into());
        let edges: Vec<_> = entries
            .iter()
            .flat_map(|(address, entry)| {
                entry.depends_on.iter().map(move |other| format!("{address} → {other}"))
            })
            .collect();
        assert_eq!(
            edges,
            [
                "http_api.a → iam_role.a",
                "http_route.a → http_api.a",
                "http_route.a → lambda_function.a",
                "lambda_function.a → iam_role.a",
            ]
        );
    }
}
