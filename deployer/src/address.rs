//! Addresses: the name of a resource everywhere, from `stack.yaml` to the state file and the terminal.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A resource's name in its stack: `kind.name`, such as `lambda_function.signer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The resource type, such as `lambda_function`.
    pub kind: String,
    /// The name that `stack.yaml` gives it, unique within its kind.
    pub name: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.kind, self.name)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('.') {
            Some((kind, name)) if is_identifier(kind) && is_identifier(name) => {
                Ok(Self { kind: kind.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!(
                "`{text}` is not an address: expected `kind.name` in lower-case letters, digits and `_`"
            )),
        }
    }
}

/// Lower case only, so that an address is one word in a tag, a file name and a statement id alike.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 40
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_kind_and_a_name() {
        let address: Address = "log_group.signer".parse().expect("well-formed");
        assert_eq!((address.kind.as_str(), address.name.as_str()), ("log_group", "signer"));
        assert_eq!(address.to_string(), "log_group.signer");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "secret", "secret.", ".ca", "secret.ca.arn", "Secret.ca", "secret.c a", "1.2"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
