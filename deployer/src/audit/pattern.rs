//! What callers and names are searched for with.

use std::convert::Infallible;
use std::str::FromStr;

use signer::glob;

/// With a `*`, a whole text in which it stands for anything; without, a part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl FromStr for Pattern {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Pattern {
    /// Whether a text fits.
    pub fn fits(&self, text: &str) -> bool {
        if self.0.contains('*') { glob::matches(&self.0, text) } else { text.contains(&self.0) }
    }
}
