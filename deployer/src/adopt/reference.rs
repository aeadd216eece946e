//! What resources say of each other: ARNs and ids in Terraform's state become references.

use serde_json::Value;

use crate::address::Address;
use crate::reference::in_text;

/// Outputs that are unlike any other text, and so are known wherever they occur.
const UNLIKE: [&str; 3] = ["arn", "endpoint", "execution_arn"];

/// What can be referred to so far.
#[derive(Default)]
pub(super) struct References {
    /// The address, the output's name, and its value.
    known: Vec<(Address, String, String)>,
}

impl References {
    /// Adds what others can refer to of a resource.
    pub(super) fn add(&mut self, address: &Address, outputs: &Value) {
        for (name, value) in outputs.as_object().into_iter().flatten() {
            if let Some(value) = value.as_str().filter(|value| !value.is_empty()) {
                self.known.push((address.clone(), name.clone(), value.to_owned()));
            }
        }
    }

    /// The reference that stands for one output of one kind.
    pub(super) fn to(&self, kind: &str, output: &str, value: &str) -> Option<String> {
        let found = self.known.iter().find(|(address, name, known)| {
            address.kind == kind && name == output && known == value
        });
        found.map(|(address, name, _)| format!("${{{address}.{name}}}"))
    }

    /// The document with references for the ARNs and URLs in it.
    pub(super) fn replace(&self, document: &Value) -> Value {
        match document {
            Value::String(text) => self.replace_text(text).into(),
            Value::Array(items) => items.iter().map(|item| self.replace(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| (key.clone(), self.replace(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other.clone(),
        }
    }

    /// The longest of those that the text begins with; what follows must be another part of an ARN
    /// or a path.
    fn replace_text(&self, text: &str) -> String {
        let begins = self.known.iter().filter(|(_, name, value)| {
            let rest = text.strip_prefix(value.as_str());
            UNLIKE.contains(&name.as_str())
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        match begins.max_by_key(|(_, _, value)| value.len()) {
            Some((address, name, value)) => {
                format!("${{{address}.{name}}}{}", &text[value.len()..])
            }
            None => text.to_owned(),
        }
    }
}

/// Whether a text that Terraform knows would be taken for a reference.
pub(super) fn is_mistakable(document: &Value) -> bool {
    match document {
        Value::String(text) => in_text(text) != (Vec::new(), Vec::new()),
        Value::Array(items) => items.iter().any(is_mistakable),
        Value::Object(fields) => fields.values().any(is_mistakable),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arns_are_replaced_whole_or_up_to_their_next_part() {
        let mut references = References::default();
        let address = |text: &str| text.parse::<Address>().expect("an address");
        references.add(&address("log_group.a"), &json!({"arn": "arn:x:/a", "name": "a"}));
        references.add(&address("log_group.b"), &json!({"arn": "arn:x:/a/b", "name": "b"}));
        let given =
            json!(["arn:x:/a", "arn:x:/a:*", "arn:x:/a/b/c", "arn:x:/ab", "a", "to arn:x:/a"]);
        let expected = json!([
            "${log_group.a.arn}",
            "${log_group.a.arn}:*",
            "${log_group.b.arn}/c",
            "arn:x:/ab",
            "a",
            "to arn:x:/a"
        ]);
        assert_eq!(references.replace(&given), expected);
        assert_eq!(references.to("log_group", "name", "b").as_deref(), Some("${log_group.b.name}"));
        assert_eq!(references.to("secret", "name", "b"), None);
    }
}
