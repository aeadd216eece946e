//! Where in the stack file stands what was found out only later, from what was made of it.

use signer::caller::is_account;

use super::Stack;
use crate::address::Address;
use crate::error::Diagnostic;
use crate::yaml::{self, Content, Node};

impl Stack {
    /// Points at the address of an entry, if there is one.
    pub fn declared(&self, address: &Address) -> Option<Diagnostic> {
        let declared = self.resources.contains_key(address);
        declared.then(|| Diagnostic {
            message: "declared here".to_owned(),
            ..self.locate(address, "", &[])
        })
    }

    /// Points at the first of `texts`, where all of them stand together in a field; at the field where
    /// they do not, and at the address where the field is left out. The message is yet to be written.
    pub fn locate(&self, address: &Address, field: &str, texts: &[&str]) -> Diagnostic {
        let root = yaml::parse(&self.source.text).ok();
        let found = root.as_ref().and_then(|root| find(root, address, field, texts));
        let place = found.map(|node| node.place(&self.source.text));
        let place = place.or_else(|| self.resources.get(address).map(|entry| entry.place.place()));
        self.source.point(place.unwrap_or(yaml::Place { line: 1, column: 1 }), "")
    }
}

fn find<'n>(root: &'n Node, address: &Address, field: &str, texts: &[&str]) -> Option<&'n Node> {
    let (_, resources) = root.entry("resources")?;
    let (key, entry) = resources.entry(&address.to_string())?;
    let Some((name, value)) = entry.entry(field) else {
        // A path leads to something within the entry, wherever that is written.
        let within = texts.first().filter(|_| field.contains('.'));
        return within.and_then(|text| text_below(entry, text)).or(Some(key));
    };
    let together = texts.iter().all(|text| text_below(value, text).is_some());
    let first = texts.first().filter(|_| together);
    Some(first.and_then(|text| text_below(innermost(value, texts), text)).unwrap_or(name))
}

/// The smallest part of a node in which all of the texts stand.
fn innermost<'n>(node: &'n Node, texts: &[&str]) -> &'n Node {
    let holds_all = |child: &&Node| texts.iter().all(|text| text_below(child, text).is_some());
    children(node).into_iter().find(holds_all).map_or(node, |child| innermost(child, texts))
}

/// The first value below a node that says this, letter case aside; an account also within its ARN.
fn text_below<'n>(node: &'n Node, wanted: &str) -> Option<&'n Node> {
    let says = |text: &str| {
        text.eq_ignore_ascii_case(wanted)
            || (is_account(wanted) && text.split(':').any(|part| part == wanted))
    };
    match node.text() {
        Some(text) => says(text).then_some(node),
        None => children(node).into_iter().find_map(|child| text_below(child, wanted)),
    }
}

fn children(node: &Node) -> Vec<&Node> {
    match &node.content {
        Content::List(items) => items.iter().collect(),
        Content::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
