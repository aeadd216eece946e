//! What callers and names are searched for with.

use std::convert::Infallible;
use std::str::FromStr;

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
        let Some((begin, rest)) = self.0.split_once('*') else { return text.contains(&self.0) };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        let between = text.strip_prefix(begin).and_then(|text| text.strip_suffix(end));
        // The earliest place of each part leaves the most for those behind it.
        let left = between.and_then(|between| {
            middle.split('*').try_fold(between, |text, part| {
                text.find(part).map(|place| &text[place + part.len()..])
            })
        });
        left.is_some()
    }
}
