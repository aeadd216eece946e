//! Finds every mistake in a stack file.

mod entry;
mod links;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::environment::Overlay;
use super::given::Given;
use super::variables::Substitution;
use super::words;
use super::{Declaration, Source, Spot, Stack};
use crate::address::Address;
use crate::error::Diagnostic;
use crate::resource::tags::{self, Tags};
use crate::resource::{self, RESOURCE_TYPES};
use crate::yaml::{Content, Node, Place};
use crate::{near, reference};

/// The keys at the top of a stack file.
const KEYS: [&str; 7] = ["stack", "account", "region", "tags", "variables", "resources", "outputs"];

/// Checks a whole stack file, with the file of an environment over it.
pub(super) fn check(
    source: &Arc<Source>,
    overlay: Option<&Arc<Source>>,
    given: &Given,
    base: PathBuf,
) -> Result<Stack, Vec<Diagnostic>> {
    let root = source.parse()?;
    let mut checker = Checker::new(source);
    let variables = checker.variables(&root);
    let overlay = overlay.map(|source| Overlay::read(source, &variables)).transpose()?;
    let mut overlay = overlay.unwrap_or_default();
    let given = given.of_interest(variables.keys());
    let values = checker.values(&root, &variables, std::mem::take(&mut overlay.values), &given);
    let root = checker.substitute(&root, &values);
    let mut stack = checker.stack(&root, &overlay.tags, &given, base);
    stack.account = overlay.account.or(stack.account);
    stack.region = overlay.region.or(stack.region);
    let mut mistakes = checker.into_mistakes();
    mistakes.extend(overlay.mistakes);
    if mistakes.is_empty() { Ok(stack) } else { Err(mistakes) }
}

/// Looks through one file, and notes every mistake in it.
pub(super) struct Checker<'a> {
    source: &'a Arc<Source>,
    pub(super) substitution: Substitution,
    mistakes: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Self {
        Self { source, substitution: Substitution::default(), mistakes: Vec::new() }
    }

    pub(super) fn mistake(&mut self, at: &Node, message: impl Into<String>) {
        if self.substitution.is_broken(at) {
            return;
        }
        let message = message.into() + &self.substitution.origin(at);
        self.mistakes.push(self.source.point(self.place(at), message));
    }

    pub(super) fn place(&self, node: &Node) -> Place {
        node.place(&self.source.text)
    }

    pub(super) fn spot(&self, node: &Node) -> Spot {
        Spot { source: Arc::clone(self.source), node: node.id() }
    }

    /// Keys that are unknown, and those that are repeated anywhere.
    pub(super) fn keys(&mut self, root: &Node, entries: &[(Node, Node)], known: &[&str]) {
        for key in root.repeated_keys() {
            self.mistake(key, format!("`{}` is given twice", key.text().unwrap_or_default()));
        }
        self.unknown(entries, "key", known);
    }

    /// Keys that are none of these; `what` they are called.
    pub(super) fn unknown(&mut self, entries: &[(Node, Node)], what: &str, known: &[&str]) {
        for (key, _) in entries {
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let meant = near::ending(name, known, || words::one_of(known));
                self.mistake(key, format!("unknown {what} `{name}`{meant}"));
            }
        }
    }

    /// All that was found wrong, in the order of its places.
    pub(super) fn into_mistakes(mut self) -> Vec<Diagnostic> {
        self.mistakes.sort();
        // What aliases repeat is wrong once.
        self.mistakes.dedup();
        self.mistakes
    }

    fn stack(&mut self, root: &Node, over: &Tags, given: &Given, base: PathBuf) -> Stack {
        let entries = self.mapping(root, "the stack file", true);
        self.keys(root, entries, &KEYS);
        let mut stack = Stack {
            name: given.name(self.name(root)),
            account: self.account(root),
            region: self.region(root),
            base,
            resources: BTreeMap::new(),
            outputs: Vec::new(),
            source: Arc::clone(self.source),
            given: given.clone(),
        };
        let mut common = root.entry("tags").map(|(_, tags)| self.tags(tags)).unwrap_or_default();
        common.extend(over.clone());
        let nodes = self.addresses(root);
        for (address, (key, node)) in &nodes {
            if let Some(mut declared) = self.entry(address, key, node) {
                let (protected, place) = self.protection(key, node, &declared);
                tags::merge(&mut declared, &common, &stack.name, address, protected);
                let depends_on = reference::in_document(&declared)
                    .into_iter()
                    .map(|found| found.address)
                    .collect();
                let declaration = Declaration { declared, depends_on, protected, place };
                stack.resources.insert(address.clone(), declaration);
            }
            self.references(node, &nodes);
        }
        stack.outputs = self.outputs(root, &nodes);
        self.cycles(&stack, &nodes);
        self.clashes(&stack, &nodes);
        stack
    }

    /// The entries of a mapping; `what` names it where it is none.
    pub(super) fn mapping<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        required: bool,
    ) -> &'n [(Node, Node)] {
        match &node.content {
            Content::Map(entries) => entries,
            Content::Null if !required => &[],
            Content::Null => {
                self.mistake(node, format!("{what} is empty: it needs `stack:` and `resources:`"));
                &[]
            }
            _ => {
                self.mistake(node, format!("{what} must be a mapping of keys to values"));
                &[]
            }
        }
    }

    /// The entries below `resources:` whose keys are addresses of known kinds.
    fn addresses<'n>(&mut self, root: &'n Node) -> BTreeMap<Address, (&'n Node, &'n Node)> {
        let mut nodes = BTreeMap::new();
        let Some((_, resources)) = root.entry("resources") else {
            if matches!(root.content, Content::Map(_)) {
                self.mistake(root, "`resources:` is missing: there is nothing to deploy");
            }
            return nodes;
        };
        for (key, node) in self.mapping(resources, "`resources:`", false) {
            match key.text().unwrap_or_default().parse::<Address>() {
                Err(message) => self.mistake(key, message),
                Ok(address) if resource::find(&address.kind).is_none() => {
                    let kind = &address.kind;
                    let kinds: Vec<_> = RESOURCE_TYPES.iter().map(|kind| kind.kind()).collect();
                    let meant = near::ending(kind, &kinds, || words::one_of(&kinds));
                    self.mistake(key, format!("unknown resource type `{kind}`{meant}"));
                }
                Ok(address) => {
                    nodes.insert(address, (key, node));
                }
            }
        }
        nodes
    }
}
