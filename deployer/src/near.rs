//! Near misses: which known word somebody meant who wrote one that is not known.

use crate::address::Address;

/// How alike two words are, of at most 1, for one to be taken for a slip of the other: `arm` for
/// `arn` still is, which leaves two letters of three.
const NEAR: f32 = 0.65;

/// The same for addresses, of which all of a kind begin alike: `secret.cb` is a slip of `secret.ca`,
/// and `secret.none` is not.
const NEAR_ADDRESS: f32 = 0.85;

/// The known word that is most like the one written, if any is like it.
pub fn miss<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    similar::get_close_matches(written, known, 1, NEAR).pop()
}

/// The address that is most like the one written, if any is like it.
pub fn address<'k>(written: &Address, known: impl Iterator<Item = &'k Address>) -> Option<String> {
    let known: Vec<_> = known.map(ToString::to_string).collect();
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    let near = similar::get_close_matches(written.to_string().as_str(), &known, 1, NEAR_ADDRESS);
    near.first().map(ToString::to_string)
}

/// What a message about an unknown word ends with: the word that was meant or, where that cannot be
/// told, `otherwise`.
pub fn ending(written: &str, known: &[&str], otherwise: impl FnOnce() -> String) -> String {
    miss(written, known).map_or_else(otherwise, |near| format!("; did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_words() {
        let outputs = ["arn", "id", "name"];
        assert_eq!(miss("arm", &outputs), Some("arn"));
        assert_eq!(miss("nam", &outputs), Some("name"));
        assert_eq!(miss("endpoint", &outputs), None);
        assert_eq!(miss("", &outputs), None);
        assert_eq!(miss("retention", &["name", "retention_days", "tags"]), Some("retention_days"));
    }

    #[test]
    fn addresses_are_not_alike_for_their_kind() {
        let parsed = |text: &str| text.parse::<Address>().expect("an address");
        let known = ["secret.ca", "secret.twin", "lambda_function.signer"].map(parsed);
        let near = |written| address(&parsed(written), known.iter());
        assert_eq!(near("secret.cb").as_deref(), Some("secret.ca"));
        assert_eq!(near("lambda_function.singer").as_deref(), Some("lambda_function.signer"));
        assert_eq!(near("secrets.ca").as_deref(), Some("secret.ca"));
        assert_eq!(near("secret.none"), None);
        assert_eq!(near("lambda_function.other"), None);
    }

    #[test]
    fn a_near_miss_spares_the_list() {
        let ending = |written| ending(written, &["arn", "id"], || ", it offers more".to_owned());
        assert_eq!(ending("ar"), "; did you mean `arn`?");
        assert_eq!(ending("colour"), ", it offers more");
    }
}
