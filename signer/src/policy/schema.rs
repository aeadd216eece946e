//! What a JSON Schema can say of a written policy. It is for editors, so it lets pass what only
//! [`Policy::from_json`](super::Policy::from_json) can judge, and refuses nothing that this takes.

use schemars::{Schema, SchemaGenerator};
use serde_json::json;

use super::written::WrittenPolicy;

pub(super) const RULE_NAME: &str = "^[A-Za-z0-9_-]{1,64}$";

pub(super) const CALLER: &str = r"^(\*|[0-9]{12}|arn:[^:]*:iam::([0-9]{12}|\*):(role/[A-Za-z0-9_+=,.@*-]+|user/[A-Za-z0-9_+=,.@*-][A-Za-z0-9_+=,.@/*-]*))$";

pub(super) const UNIQUE_ID: &str = "^(AROA|AIDA)[A-Z0-9]+$";

pub(super) const ADDRESSES: &str = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$";

/// The JSON Schema of a written policy.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<WrittenPolicy>()
}

/// A rule without any name would grant nothing.
pub(super) fn grants_a_name(rule: &mut Schema) {
    let given = |field: &str| json!({"required": [field], "properties": {field: {"minItems": 1}}});
    rule.insert("anyOf".into(), ["dns", "ip", "uri"].map(given).into());
}
