//! What a JSON Schema can say of the field `code`.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::BOOTSTRAP;

/// Names of packages and targets. Those in other scripts are rare, and Cargo warns of them.
pub(super) const CARGO_NAME: &str = r"^[\p{L}\p{N}_.][\p{L}\p{N}_.-]*$";

/// The files by name; of one of them the content is known.
pub(super) fn files(generator: &mut SchemaGenerator) -> Schema {
    let name = format!(r"^(?!({BOOTSTRAP}|\.{{1,2}})$)[^/\\:\x00-\x1f\x7f-\x9f]+$");
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": name },
        "properties": { signer::policy::FILE_NAME: signer::policy::schema(generator) },
    })
}

/// A program comes from one place, and what goes with only one of them is nowhere else.
pub(super) fn one_source(written: &mut Schema) {
    let sources = ["cargo", "bootstrap", "zip"].map(|source| json!({ "required": [source] }));
    written.insert("oneOf".into(), sources.into());
    let needs = json!({
        "target": ["cargo"],
        "zip": { "properties": { "files": { "maxProperties": 0 } } },
    });
    written.insert("dependencies".into(), needs);
}
