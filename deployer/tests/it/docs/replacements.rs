//! Stretches of a text that are replaced by others, in the order of a table.

use regex::Regex;

/// Patterns, and what stands in the place of what they match.
pub(super) struct Replacements(Vec<(Regex, &'static str)>);

impl Replacements {
    pub(super) fn new(table: &[(&str, &'static str)]) -> Self {
        let compiled = |(pattern, instead): &(&str, &'static str)| {
            (Regex::new(pattern).expect("a pattern"), *instead)
        };
        Self(table.iter().map(compiled).collect())
    }

    pub(super) fn apply(&self, text: String) -> String {
        self.0.iter().fold(text, |text, (pattern, instead)| {
            pattern.replace_all(&text, *instead).into_owned()
        })
    }
}
