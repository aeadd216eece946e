//! Names in a stack file for what Terraform calls by module, name and index.

use crate::address::{Address, is_identifier};

/// The longest name in an address.
const LONGEST: usize = 40;

/// The address of one more resource of a kind: made of its label, and another one than those that are
/// taken.
pub(super) fn address(kind: &str, label: &str, is_taken: impl Fn(&Address) -> bool) -> Address {
    let name = identifier(label);
    let numbered = (2_usize..).map(|number| {
        let suffix = format!("_{number}");
        name[..name.len().min(LONGEST - suffix.len())].to_owned() + &suffix
    });
    let candidates = std::iter::once(name.clone()).chain(numbered);
    let mut addresses = candidates.map(|name| Address { kind: kind.to_owned(), name });
    addresses.find(|address| !is_taken(address)).unwrap_or_else(|| unreachable!("numbers go on"))
}

/// Lower-case letters, digits and single underscores, a letter first.
fn identifier(label: &str) -> String {
    let mut name = String::new();
    for c in label.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
    }
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        name.insert_str(0, "r_");
    }
    name.truncate(LONGEST);
    let name = name.trim_end_matches('_').to_owned();
    debug_assert!(is_identifier(&name), "{name}");
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_identifiers_and_stay_readable() {
        let long = "a".repeat(60);
        let cases = [
            ("_signer_", "signer"),
            ("issuer[\"eu-west\"].inner_Signer_[\"A b\"]", "issuer_eu_west_inner_signer_a_b"),
            ("_9_[0]", "r_9_0"),
            ("_é_", "r"),
            (&long, &long[..40]),
        ];
        for (label, name) in cases {
            assert_eq!(identifier(label), name, "{label}");
        }
    }

    #[test]
    fn no_two_resources_get_one_address() {
        let mut taken = BTreeSet::new();
        for _ in 0..12 {
            let next = address("secret", &"b".repeat(50), |address| taken.contains(address));
            assert!(next.to_string().parse::<Address>().is_ok(), "{next}");
            taken.insert(next);
        }
        assert_eq!(taken.len(), 12);
    }
}
