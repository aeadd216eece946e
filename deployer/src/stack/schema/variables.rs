//! Variables in the schema: how they are declared, and that one may stand wherever a value is expected
//! that its text alone would not fit.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

/// A text with a variable in it, as a regular expression.
const PATTERN: &str = r"\$\{var\.[a-z][a-z0-9_]{0,39}\}";

/// Below which keywords schemas of values stand: by name, in a list, or by themselves.
const BY_NAME: [&str; 3] = ["definitions", "properties", "patternProperties"];
const IN_LISTS: [&str; 2] = ["anyOf", "allOf"];
const ALONE: [&str; 2] = ["additionalProperties", "items"];

/// What stands below `variables:`.
pub(super) fn schema() -> Schema {
    let kinds = [("text", "string"), ("number", "number"), ("bool", "boolean"), ("list", "array")];
    // Without a type, it is a text.
    let of_kind = kinds.map(|(kind, json)| {
        let required = if kind == "text" { json!([]) } else { json!(["type"]) };
        json!({
            "properties": { "type": { "const": kind }, "default": { "type": json } },
            "required": required,
        })
    });
    json_schema!({
        "additionalProperties": false,
        "patternProperties": { "^[a-z][a-z0-9_]{0,39}$": {
            "type": ["object", "null"],
            "properties": {
                "type": {
                    "description": "What values it can have; `text` if left out.",
                    "enum": kinds.map(|(kind, _)| kind),
                },
                "default": { "description": "Its value where nothing else gives it one." },
                "description": { "description": "What it is for.", "type": "string" },
            },
            "additionalProperties": false,
            "anyOf": of_kind,
        } },
    })
}

/// Lets a variable stand for every value of a stack file, but for those that it is read by.
pub(super) fn allow(root: &mut Schema) {
    let root = root.ensure_object();
    if let Some(Value::Object(definitions)) = root.get_mut("definitions") {
        definitions.values_mut().for_each(widen);
        let description = "A variable, or a text with variables in it.";
        let variable = json!({ "description": description, "type": "string", "pattern": PATTERN });
        definitions.insert("Variable".into(), variable);
    }
    let properties = root.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if !["stack", "variables"].contains(&name.as_str()) {
            widen(property);
        }
    }
}

fn widen(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    for (keyword, below) in fields.iter_mut() {
        match below {
            Value::Object(all) if BY_NAME.contains(&keyword.as_str()) => {
                all.values_mut().for_each(widen);
            }
            Value::Array(all) if IN_LISTS.contains(&keyword.as_str()) => {
                all.iter_mut().for_each(widen);
            }
            below if ALONE.contains(&keyword.as_str()) => widen(below),
            _ => {}
        }
    }
    if refuses_texts(fields) {
        let told = ["description", "default", "examples"];
        let (outer, inner): (Map<_, _>, Map<_, _>) =
            std::mem::take(fields).into_iter().partition(|(name, _)| told.contains(&name.as_str()));
        *fields = outer;
        fields.insert("anyOf".into(), json!([inner, { "$ref": "#/definitions/Variable" }]));
    }
}

/// Whether there are texts that would not do here, so that a variable might not.
fn refuses_texts(fields: &Map<String, Value>) -> bool {
    let other = |kind: &Value| matches!(kind.as_str(), Some("array" | "boolean" | "integer"));
    let kinds = match fields.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().any(other),
        Some(kind) => other(kind),
        None => false,
    };
    let choices = fields.get("oneOf").and_then(Value::as_array);
    let of_words = choices.is_some_and(|all| all.iter().all(|one| one.get("const").is_some()));
    kinds || of_words || ["pattern", "const", "enum"].iter().any(|it| fields.contains_key(*it))
}
