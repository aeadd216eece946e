//! What a JSON Schema can say of the ways in which a policy may be written in `stack.yaml`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::canonical::{OLD_VERSION, VERSION};
use super::form::Grant;

const SERVICE: &str = r"^[A-Za-z0-9.-]*\.amazonaws\.[A-Za-z0-9.-]*$";

const ACTION: &str = r"^(\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+)$";

const EFFECT: &str = "^([Aa][Ll][Ll][Oo][Ww]|[Dd][Ee][Nn][Yy])$";

const RESOURCE: &str = r"^(\*$|arn:|\$\{)";

/// What [`trust`](super::trust) reads.
pub fn trust_schema(generator: &mut SchemaGenerator) -> Schema {
    let document = document(&generator.subschema_for::<TrustStatement>());
    let service = json!({
        "type": "string",
        "pattern": SERVICE,
        "examples": ["lambda.amazonaws.com"],
    });
    json_schema!({ "anyOf": [service, document] })
}

/// What [`permissions`](super::permissions) reads, and nothing at all.
pub fn permissions_schema(generator: &mut SchemaGenerator) -> Schema {
    let document = document(&generator.subschema_for::<PermissionStatement>());
    let grant = generator.subschema_for::<Grant>();
    let grants = json!({ "type": "array", "minItems": 1, "items": grant });
    json_schema!({ "anyOf": [grants, document, { "type": "null" }] })
}

/// The actions of a grant.
pub(super) fn actions(_: &mut SchemaGenerator) -> Schema {
    texts(&json!({ "type": "string", "pattern": ACTION }))
}

/// The resources of a grant.
pub(super) fn resources(_: &mut SchemaGenerator) -> Schema {
    texts(&json!({ "type": "string", "pattern": RESOURCE }))
}

/// One text, or a list of at least one.
fn texts(text: &Value) -> Schema {
    json_schema!({ "anyOf": [text, { "type": "array", "minItems": 1, "items": text }] })
}

/// A whole document of such statements.
fn document(statement: &Schema) -> Value {
    let statements = json!({ "type": "array", "minItems": 1, "items": statement });
    json!({
        "type": "object",
        "properties": {
            "Version": { "enum": [VERSION, OLD_VERSION] },
            "Id": true,
            "Statement": { "anyOf": [statement, statements] },
        },
        "required": ["Statement"],
        "additionalProperties": false,
    })
}

/// A statement of a trust policy: it names principals and no resources.
struct TrustStatement;

impl JsonSchema for TrustStatement {
    fn schema_name() -> Cow<'static, str> {
        "TrustStatement".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        statement("Principal")
    }
}

/// A statement of a policy that grants permissions: it names resources and no principals.
struct PermissionStatement;

impl JsonSchema for PermissionStatement {
    fn schema_name() -> Cow<'static, str> {
        "PermissionStatement".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        statement("Resource")
    }
}

/// A statement about one of the two.
fn statement(has: &str) -> Schema {
    let actions = texts(&json!({ "type": "string", "pattern": ACTION }));
    let named = match has {
        "Principal" => principal(),
        _ => texts(&json!({ "type": "string" })).into(),
    };
    let not = |element: &str| format!("Not{element}");
    let either = |element: &str| json!([{ "required": [element] }, { "required": [not(element)] }]);
    json_schema!({
        "type": "object",
        "properties": {
            "Sid": true,
            // IAM does not mind the case; the first two are what editors offer.
            "Effect": { "anyOf": [{ "enum": ["Allow", "Deny"] }, { "pattern": EFFECT }] },
            "Action": actions,
            "NotAction": actions,
            has: named,
            not(has): named,
            "Condition": { "type": "object", "additionalProperties": { "type": "object" } },
        },
        "required": ["Effect"],
        "allOf": [{ "oneOf": either("Action") }, { "oneOf": either(has) }],
        "additionalProperties": false,
    })
}

fn principal() -> Value {
    let text = json!({ "type": "string" });
    let names = json!({ "anyOf": [text, { "type": "array", "items": text }] });
    json!({
        "anyOf": [
            { "const": "*" },
            { "type": "object", "minProperties": 1, "additionalProperties": names },
        ],
    })
}
