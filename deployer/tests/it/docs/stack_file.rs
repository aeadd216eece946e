//! The reference of the stack file, made from the schema that comes from the types that read it.

use std::collections::BTreeSet;

use deployer::resource::{AnyResourceType, RESOURCE_TYPES};
use expect_test::expect_file;
use serde_json::{Map, Value};

use super::table::{cell, row};
use crate::support::workspace;

const PREFACE: &str = "\
# stack.yaml

Made from [its JSON Schema](../../stack.schema.json); `UPDATE_EXPECT=1 cargo test -p deployer --test it docs::`
writes it again. A text can hold references to what AWS assigns to other entries, `${kind.name.attribute}`. Every
value can be, or hold, a variable `${var.name}`: see [environments](../guide/environments.md). Paths are relative to
the folder of the stack file. Every kind that has tags can be protected, see [what must not be
lost](../guide/daily-use.md#what-must-not-be-lost). The rules of `policy.json` are in [the issuing
policy](issuing-policy.md).

## At the top

";

/// What may stand in place of every value, which the preface says once.
const VARIABLE: &str = "#/definitions/Variable";

/// What another page tells of.
const ELSEWHERE: [&str; 1] = ["IssuingPolicy"];

#[test]
fn the_reference_of_the_stack_file_is_current() {
    let schema: Value = serde_json::from_str(&deployer::stack::schema()).expect("JSON");
    let kinds = RESOURCE_TYPES.iter().map(|kind| section(*kind, &schema));
    let parts = parts(&schema).into_iter().map(|(name, definition)| {
        format!("## {name}\n\n{}\n\n{}", described(definition), fields(definition))
    });
    let variables = schema["properties"]["variables"]["patternProperties"].as_object();
    let variable = variables.and_then(|all| all.values().next()).expect("what a variable has");
    let top = format!("{PREFACE}{}## variables\n\n{}", fields(&schema), fields(variable));
    let page: String = [top].into_iter().chain(kinds).chain(parts).collect();
    expect_file![workspace().join("docs/reference/stack-file.md")]
        .assert_eq(&(page.trim_end().to_owned() + "\n"));
}

/// A kind of resource: what it is, an example, its fields, what others can refer to.
fn section(kind: &dyn AnyResourceType, schema: &Value) -> String {
    let entries = schema["properties"]["resources"]["patternProperties"].as_object();
    let mut entries = entries.expect("kinds").iter();
    let start = format!(r"^{}\.", kind.kind());
    let (_, entry) = entries.find(|(pattern, _)| pattern.starts_with(&start)).expect("the kind");
    let (name, summary, fields) = (kind.kind(), kind.about(), fields(entry));
    let example = kind.example().trim_end().replace('\n', "\n    ");
    let outputs = kind.outputs().join("`, `");
    format!(
        "## {name}\n\nIt is {summary}. Others can refer to its `{outputs}`.\n\n\
         ```yaml\n  {name}.example:\n    {example}\n```\n\n{fields}"
    )
}

/// What the fields of entries are made of, beside plain values.
fn parts(schema: &Value) -> Vec<(&String, &Value)> {
    let mut named = BTreeSet::new();
    let mut texts = vec![schema["properties"].to_string()];
    while let Some(text) = texts.pop() {
        for name in text.split("#/definitions/").skip(1) {
            let name = name.split('"').next().unwrap_or_default().to_owned();
            if !ELSEWHERE.contains(&name.as_str()) && named.insert(name.clone()) {
                texts.push(schema["definitions"][name].to_string());
            }
        }
    }
    let all = schema["definitions"].as_object().expect("definitions").iter();
    let described = |definition: &Value| definition.get("description").is_some();
    let has_fields = |definition: &Value| definition.get("properties").is_some();
    all.filter(|(name, it)| named.contains(*name) && has_fields(it) && described(it)).collect()
}

fn fields(schema: &Value) -> String {
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    let rows =
        schema["properties"].as_object().into_iter().flat_map(Map::iter).map(|(name, it)| {
            let default = if required.contains(&&name.as_str().into()) {
                "required".into()
            } else {
                default(it)
            };
            row(&[&format!("`{name}`"), &kind_of(it), &default, &cell(&described(it))])
        });
    let heading =
        row(&["field", "type", "default", "meaning"]) + &row(&["---", "---", "---", "---"]);
    format!("{heading}{}\n", rows.collect::<String>())
}

fn described(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}

/// The default as it is written; nothing for what is the same as leaving it out.
fn default(schema: &Value) -> String {
    match &schema["default"] {
        Value::Null => String::new(),
        Value::String(text) if text.is_empty() => String::new(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// A type in words.
fn kind_of(schema: &Value) -> String {
    if schema["$ref"] == VARIABLE {
        return String::new();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return named(name);
    }
    if let Some(value) = schema.get("const") {
        return code(value);
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().filter(|value| !value.is_null()).map(code).collect();
        return values.join(", ");
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(choices) = schema[several].as_array() {
            let words = choices.iter().map(kind_of).filter(|words| !words.is_empty());
            let mut words: Vec<_> = words.collect();
            words.dedup();
            return words.join(" or ");
        }
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let mut words: Vec<_> = types.iter().filter_map(|word| plain(word.as_str()?, schema)).collect();
    words.dedup();
    words.join(" or ")
}

fn plain(word: &str, schema: &Value) -> Option<String> {
    let words = match word {
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "number" => "number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => match kind_of(&schema["items"]).as_str() {
            "text" => "list of texts".to_owned(),
            items => format!("list of {items}"),
        },
        "object" if schema["properties"].get("Statement").is_some() => {
            "policy document of IAM".to_owned()
        }
        "object" => "mapping".to_owned(),
        _ => return None,
    };
    Some(words)
}

/// A definition: its values if it has no fields, or a link.
fn named(name: &str) -> String {
    let schema: Value = serde_json::from_str(&deployer::stack::schema()).expect("JSON");
    let definition = &schema["definitions"][name];
    if definition.get("properties").is_some() {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    kind_of(definition)
}

fn code(value: &Value) -> String {
    value.as_str().map_or_else(|| format!("`{value}`"), |text| format!("`{text}`"))
}
