//! The JSON Schema of a stack file, for editors: what it says comes from the types that are read.

mod variables;

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use crate::resource::{AnyResourceType, RESOURCE_TYPES, tags};

/// The name of a resource within its kind, as a part of a regular expression.
const NAME: &str = "[a-z][a-z0-9_]{0,39}";

/// The schema of stack files as JSON, in the draft that editors know best. It lets pass what only
/// reading the file can judge, such as where references lead.
pub fn schema() -> String {
    // How wide a number is in Rust is nobody's business.
    let without_formats = RecursiveTransform(|schema: &mut Schema| {
        schema.remove("format");
    });
    let settings = SchemaSettings::draft07().with_transform(without_formats);
    let mut schema = settings.into_generator().into_root_schema_for::<StackFile>();
    variables::allow(&mut schema);
    format!("{:#}\n", schema.as_value())
}

/// A stack file as a whole, which is not read into a type.
struct StackFile;

impl JsonSchema for StackFile {
    fn schema_name() -> Cow<'static, str> {
        "stack.yaml".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What `deployer` puts into an AWS account, and keeps so.",
            "type": "object",
            "properties": {
                "stack": {
                    "description": "The name of the stack, by which its objects are known in AWS.",
                    "type": "string",
                    "pattern": "^[a-z][a-z0-9-]{0,39}$",
                },
                "account": {
                    "description": "The 12 digits of the only account to work in, in quotes.",
                    "type": ["string", "integer"],
                    "pattern": "^[0-9]{12}$",
                    "minimum": 100_000_000_000_u64,
                    "maximum": 999_999_999_999_u64,
                },
                "region": {
                    "description": "The AWS region; left out, that of your AWS configuration.",
                    "type": "string",
                    "pattern": "^[a-z0-9]*(-[a-z0-9]*){2,}$",
                    "examples": ["eu-west-1"],
                },
                "tags": or_nothing("Put on everything.", &tags::schema(generator)),
                "variables": or_nothing(
                    "What differs from one environment to another: `${var.name}` stands for its value.",
                    &variables::schema(),
                ),
                "resources": resources(generator),
                "outputs": or_nothing(
                    "Made known after an apply: texts with references.",
                    &json_schema!({ "additionalProperties": { "type": "string" } }),
                ),
            },
            "required": ["stack", "resources"],
            "additionalProperties": false,
        })
    }
}

/// A mapping that may also be left empty.
fn or_nothing(description: &str, mapping: &Schema) -> Schema {
    let mut schema = mapping.clone();
    schema.insert("description".into(), description.into());
    schema.insert("type".into(), json!(["object", "null"]));
    schema
}

fn resources(generator: &mut SchemaGenerator) -> Schema {
    let entries: Map<String, Value> = RESOURCE_TYPES
        .iter()
        .map(|kind| (format!(r"^{}\.{NAME}$", kind.kind()), entry(*kind, generator).into()))
        .collect();
    let description = "One entry for each thing in AWS, under its address `kind.name`.";
    let mapping = json_schema!({ "patternProperties": entries, "additionalProperties": false });
    or_nothing(description, &mapping)
}

/// An entry of one kind: its own fields, and the protection that whatever has tags can have.
fn entry(kind: &dyn AnyResourceType, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = kind.schema(generator);
    let refer = format!("Others can refer to its `{}`.", kind.outputs().join("`, `"));
    let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let description = format!("{own}\n\n{refer}");
    schema.insert("description".into(), description.into());
    let fields = schema.ensure_object().get_mut("properties").and_then(Value::as_object_mut);
    // Protection is kept in tags.
    if let Some(fields) = fields.filter(|fields| fields.contains_key("tags")) {
        let protect = json!({
            "description": "Whether any plan is refused that would delete or replace it.",
            "type": "boolean",
            "default": false,
        });
        fields.insert("protect".to_owned(), protect);
    }
    schema
}
