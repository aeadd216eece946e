//! Single entries of a stack: where they stand, and which of them refer to which.

use std::collections::{BTreeMap, BTreeSet};

use super::{Declaration, Stack};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::graph;
use crate::near;
use crate::reference;

/// An entry that refers to another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// Which refers.
    pub from: Address,
    /// What it refers to, and so needs.
    pub to: Address,
    /// Which outputs of that.
    pub attributes: BTreeSet<String>,
}

impl Stack {
    /// What is declared at an address.
    ///
    /// # Errors
    /// If nothing is; with the address that may have been meant.
    pub fn entry(&self, address: &Address) -> Result<&Declaration> {
        self.resources.get(address).ok_or_else(|| self.undeclared(address))
    }

    /// The address that somebody means by a text: a whole one, or the name of a single entry.
    ///
    /// # Errors
    /// If there is none such, or several; with those that may have been meant.
    pub fn called(&self, text: &str) -> Result<Address> {
        if let Ok(address) = text.parse() {
            return self.entry(&address).map(|_| address);
        }
        let named = self.resources.keys().filter(|address| address.name == text);
        match named.collect::<Vec<_>>().as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(Error::new(format!(
                "{} declares nothing by the name `{text}`",
                self.source.file
            ))
            .hint(list(self.resources.keys()))),
            several => Err(Error::new(format!("several entries have the name `{text}`"))
                .hint(list(several.iter().copied()))),
        }
    }

    /// The only entry of a kind.
    ///
    /// # Errors
    /// What there is instead, under the names that people know these by.
    pub fn only(
        &self,
        kind: &str,
        name: impl Fn(&Address, &Declaration) -> String,
    ) -> Result<(&Address, &Declaration), String> {
        let all = self.resources.iter().filter(|(address, _)| address.kind == kind);
        let file = &self.source.file;
        match all.collect::<Vec<_>>().as_slice() {
            [one] => Ok(*one),
            [] => Err(format!("{file} declares none")),
            several => {
                let names = several.iter().map(|(address, one)| name(address, one));
                Err(format!("{file} declares {}", names.collect::<Vec<_>>().join(", ")))
            }
        }
    }

    fn undeclared(&self, address: &Address) -> Error {
        let near = near::address(address, self.resources.keys());
        let meant = near.map(|near| format!("did you mean {near}?"));
        let error = Error::new(format!("{} does not declare {address}", self.source.file));
        error.hint(meant.unwrap_or_else(|| list(self.resources.keys())))
    }

    /// Every entry that refers to another one, in the order of their addresses.
    pub fn edges(&self) -> Vec<Edge> {
        let edges = self.resources.iter().flat_map(|(from, declaration)| {
            let mut needs: BTreeMap<Address, BTreeSet<String>> = BTreeMap::new();
            for found in reference::in_document(&declaration.declared) {
                needs.entry(found.address).or_default().insert(found.attribute);
            }
            needs.into_iter().map(|(to, attributes)| Edge { from: from.clone(), to, attributes })
        });
        edges.collect()
    }

    /// An entry, all that it needs, and what that needs in turn.
    pub fn closure(&self, address: &Address) -> BTreeSet<Address> {
        let needs = |address| self.resources.get(address).map(|entry| &entry.depends_on);
        graph::closure(address, needs).into_iter().cloned().collect()
    }
}

fn list<'a>(addresses: impl Iterator<Item = &'a Address>) -> String {
    let addresses: Vec<_> = addresses.map(ToString::to_string).collect();
    format!("there are {}", addresses.join(", "))
}
