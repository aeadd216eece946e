//! Whether an attribute says anything: Terraform writes down all of them, most of them empty.

use serde_json::Value;

/// Whether there is more to a value than emptiness, zeros and denials.
pub(super) fn is_given(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(yes) => *yes,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(is_given),
        Value::Object(fields) => fields.values().any(is_given),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_given;

    #[test]
    fn a_block_of_nothing_says_nothing() {
        let nothing = json!([{"logging_level": "", "throttling_rate_limit": 0, "on": false}]);
        assert!(!is_given(&nothing));
        assert!(is_given(&json!([{"logging_level": "", "throttling_rate_limit": 0.5}])));
    }
}
