//! References such as `${secret.ca.arn}`: where one resource needs what AWS assigns to another.
//!
//! A document is *unknown* as long as it holds an unresolved reference. IAM's own policy variables
//! look alike but always carry a colon (`${aws:username}`); they are text to us.

use serde_json::Value;

use crate::address::{Address, is_identifier};

/// One `${kind.name.attribute}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The resource that is referred to.
    pub address: Address,
    /// Which of its outputs.
    pub attribute: String,
}

/// A text with a reference in it, as a regular expression.
pub const PATTERN: &str = r"\$\{[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*\}";

/// A stretch of a text: as it stands, a reference, or something that was meant to be one.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Reference(&'a str, Reference),
    Malformed(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let Some(end) = from.find('}') else {
            pieces.push(Piece::Malformed(from));
            return pieces;
        };
        let (whole, after) = from.split_at(end + 1);
        pieces.push(piece(whole));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

fn piece(whole: &str) -> Piece<'_> {
    let inner = &whole[2..whole.len() - 1];
    if inner.contains(':') {
        return Piece::Text(whole);
    }
    let reference = inner.rsplit_once('.').and_then(|(address, attribute)| {
        let address = address.parse().ok()?;
        is_identifier(attribute).then(|| Reference { address, attribute: attribute.to_owned() })
    });
    reference.map_or(Piece::Malformed(whole), |reference| Piece::Reference(whole, reference))
}

/// The references in a text, and the stretches that are malformed ones.
pub fn in_text(text: &str) -> (Vec<Reference>, Vec<String>) {
    let mut found = Vec::new();
    let mut malformed = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(_) => {}
            Piece::Reference(_, reference) => found.push(reference),
            Piece::Malformed(text) => malformed.push(text.to_owned()),
        }
    }
    (found, malformed)
}

/// Whether a document still holds an unresolved reference: a value known only after apply.
pub fn is_unknown(document: &Value) -> bool {
    match document {
        Value::String(text) => !in_text(text).0.is_empty(),
        Value::Array(items) => items.iter().any(is_unknown),
        Value::Object(fields) => fields.values().any(is_unknown),
        _ => false,
    }
}

/// Every reference in a document.
pub fn in_document(document: &Value) -> Vec<Reference> {
    match document {
        Value::String(text) => in_text(text).0,
        Value::Array(items) => items.iter().flat_map(in_document).collect(),
        Value::Object(fields) => fields.values().flat_map(in_document).collect(),
        _ => Vec::new(),
    }
}

/// The document with each reference replaced that `lookup` knows; the others stay as they are.
#[must_use]
pub fn resolve(document: &Value, lookup: &dyn Fn(&Reference) -> Option<String>) -> Value {
    match document {
        Value::String(text) => Value::String(resolve_text(text, lookup)),
        Value::Array(items) => items.iter().map(|item| resolve(item, lookup)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| (key.clone(), resolve(value, lookup)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

/// [`resolve`] for one text.
pub fn resolve_text(text: &str, lookup: &dyn Fn(&Reference) -> Option<String>) -> String {
    pieces(text)
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) | Piece::Malformed(text) => text.to_owned(),
            Piece::Reference(whole, reference) => {
                lookup(&reference).unwrap_or_else(|| whole.to_owned())
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arn_of_ca(reference: &Reference) -> Option<String> {
        (reference.address.to_string() == "secret.ca" && reference.attribute == "arn")
            .then(|| "arn:ca".to_owned())
    }

    #[test]
    fn known_references_are_replaced_within_their_text() {
        let document = json!({"on": ["${secret.ca.arn}", "x-${secret.ca.arn}:*"], "n": 1});
        assert_eq!(resolve(&document, &arn_of_ca), json!({"on": ["arn:ca", "x-arn:ca:*"], "n": 1}));
    }

    #[test]
    fn unresolved_references_make_a_document_unknown() {
        let document = resolve(&json!(["${iam_role.signer.arn}", "${secret.ca.arn}"]), &arn_of_ca);
        assert_eq!(document, json!(["${iam_role.signer.arn}", "arn:ca"]));
        assert!(is_unknown(&document));
        assert!(!is_unknown(&document[1]));
    }

    #[test]
    fn policy_variables_of_iam_are_text() {
        assert_eq!(in_text("home/${aws:username}/*"), (vec![], vec![]));
        assert!(!is_unknown(&json!("${aws:PrincipalTag/team}")));
    }

    #[test]
    fn what_was_meant_as_a_reference_is_told_apart() {
        for text in ["${secret.ca}", "${}", "${secret.ca.arn", "${ secret.ca.arn }", "${a.b.c.d}"] {
            assert_eq!(in_text(text).1, [text], "{text}");
        }
    }
}
