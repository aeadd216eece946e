//! What a stack file says of the stack as a whole: its name, where it belongs, and common tags.

use std::collections::BTreeMap;

use signer::caller::is_account;

use super::Account;
use super::check::Checker;
use crate::resource::tags;
use crate::yaml::{Content, Node};

impl Checker<'_> {
    pub(super) fn name(&mut self, root: &Node) -> String {
        let Some((_, node)) = root.entry("stack") else {
            if matches!(root.content, Content::Map(_)) {
                self.mistake(root, "`stack:` is missing: give the stack a name");
            }
            return String::new();
        };
        let name = node.text().unwrap_or_default();
        let fits = name.len() <= 40
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits {
            self.mistake(
                node,
                "the stack's name must be 1 to 40 lower-case letters, digits and `-`, a letter first",
            );
        }
        name.to_owned()
    }

    /// The digits may stand in quotes or not.
    pub(super) fn account(&mut self, root: &Node) -> Option<Account> {
        let (_, node) = root.entry("account")?;
        let account = match &node.content {
            Content::Text(text) => text.clone(),
            Content::Number(number) => number.to_string(),
            _ => String::new(),
        };
        if !is_account(&account) {
            self.mistake(node, "expected the 12 digits of an AWS account, in quotes");
        }
        Some(Account { digits: account, place: self.spot(node) })
    }

    pub(super) fn region(&mut self, root: &Node) -> Option<String> {
        let (_, node) = root.entry("region")?;
        let region = node.text().unwrap_or_default();
        if !is_region(region) {
            self.mistake(node, "expected an AWS region such as `eu-west-1`");
        }
        Some(region.to_owned())
    }

    pub(super) fn tags(&mut self, node: &Node) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        for (key, value) in self.mapping(node, "`tags:`", false) {
            match value.text() {
                Some(_) if self.substitution.is_broken(value) => {}
                Some(text) => {
                    tags.insert(key.text().unwrap_or_default().to_owned(), text.to_owned());
                }
                None => self.mistake(value, "a tag's value must be a text: put it in quotes"),
            }
        }
        for fault in tags::validate(&tags) {
            let place = fault.path.get(1).and_then(|key| node.entry(key));
            self.mistake(place.map_or(node, |(key, _)| key), fault.message);
        }
        tags
    }
}

/// Whether this looks like the name of a region.
pub(crate) fn is_region(text: &str) -> bool {
    text.split('-').count() >= 3
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
