//! Finds every mistake in a stack file.
//!
//! Serde stops at the first thing that does not fit. So that one run still reports everything, what
//! was found wrong is taken out of the entry, or where it is a field of the entry itself, replaced by
//! that of the resource type's example; and the entry is read again, until it fits.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::trial::{Misfit, Trial};
use super::words::{self, plain};
use super::{Declaration, Source, Stack};
use crate::address::Address;
use crate::resource::{self, AnyResourceType, RESOURCE_TYPES, tags};
use crate::yaml::{self, Content, Node, Place};
use crate::{graph, near, reference};

/// The key of an entry that protects what it declares from being deleted and replaced.
const PROTECT: &str = "protect";

/// Something wrong, and where.
pub(super) struct Mistake {
    pub(super) place: Place,
    pub(super) message: String,
}

/// Checks a whole stack file.
pub(super) fn check(source: &Source, base: PathBuf) -> Result<Stack, Vec<Mistake>> {
    let root =
        yaml::parse(&source.text).map_err(|(message, place)| vec![Mistake { place, message }])?;
    let mut checker = Checker { text: &source.text, mistakes: Vec::new() };
    let stack = checker.stack(&root, source, base);
    if checker.mistakes.is_empty() { Ok(stack) } else { Err(checker.mistakes) }
}

pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    mistakes: Vec<Mistake>,
}

impl Checker<'_> {
    pub(super) fn mistake(&mut self, at: &Node, message: impl Into<String>) {
        self.mistakes.push(Mistake { place: at.place(self.text), message: message.into() });
    }

    fn stack(&mut self, root: &Node, source: &Source, base: PathBuf) -> Stack {
        for key in root.repeated_keys() {
            self.mistake(key, format!("`{}` is given twice", key.text().unwrap_or_default()));
        }
        let entries = self.mapping(root, "the stack file", true);
        for (key, _) in entries {
            let known = ["stack", "account", "region", "tags", "resources", "outputs"];
            let name = key.text().unwrap_or_default();
            if !known.contains(&name) {
                let meant = near::ending(name, &known, || words::one_of(&known));
                self.mistake(key, format!("unknown key `{name}`{meant}"));
            }
        }
        let mut stack = Stack {
            name: self.name(root),
            account: self.account(root),
            region: self.region(root),
            base,
            resources: BTreeMap::new(),
            outputs: Vec::new(),
            source: source.clone(),
        };
        let common = root.entry("tags").map(|(_, tags)| self.tags(tags)).unwrap_or_default();
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

    /// One resource's declaration, with every mistake in it noted.
    fn entry(&mut self, address: &Address, key: &Node, node: &Node) -> Option<Value> {
        let kind = resource::find(&address.kind)?;
        let example = yaml::parse(kind.example()).ok()?.to_json();
        if !matches!(node.content, Content::Map(_)) {
            self.mistake(key, format!("`{address}` must be a mapping of fields to values"));
            return None;
        }
        // Protection is not the resource types' business.
        let mut fields = node.clone();
        fields.remove(&[], PROTECT);
        let mut trial = Trial::new(key, &fields);
        let declared = loop {
            match kind.declare(&trial.document(&example)) {
                Ok(declared) => break declared,
                Err(error) => {
                    let mut fault = Misfit::of(&error);
                    trial.narrow(&mut fault);
                    let found = trial.find(&fault.path, fault.is_of_key);
                    if !trial.is_aftermath(found) {
                        self.mistake(found, &fault.message);
                    }
                    if !trial.mend(&fault.path, &fault.field) {
                        return None;
                    }
                }
            }
        };
        self.limits(kind, &example, declared.clone(), &mut trial);
        Some(declared)
    }

    /// Whether an entry is protected, and where that is said.
    fn protection(&mut self, key: &Node, node: &Node, declared: &Value) -> (bool, Place) {
        let Some((protect, value)) = node.entry(PROTECT) else {
            return (false, key.place(self.text));
        };
        let Content::Bool(protected) = value.content else {
            self.mistake(value, "expected `true` or `false`");
            return (false, protect.place(self.text));
        };
        if declared.get("tags").is_none() {
            let message = "protection is kept in tags, and this has none: protect its API instead";
            self.mistake(protect, message);
        }
        (protected, protect.place(self.text))
    }

    /// AWS's limits, for what the user got right so far. A check that stops at the first mistake of
    /// a nested document is run again without it.
    fn limits(
        &mut self,
        kind: &dyn AnyResourceType,
        example: &Value,
        mut declared: Value,
        trial: &mut Trial<'_>,
    ) {
        loop {
            let faults: Vec<_> = kind
                .validate(&declared)
                .into_iter()
                .filter(|fault| !fault.path.first().is_some_and(|field| trial.is_mended(field)))
                .collect();
            for fault in &faults {
                // What is unknown or reserved is the key, whatever its value.
                let message = plain(&fault.message);
                let is_of_key =
                    message.starts_with("unknown field") || message.contains("reserved");
                let found = trial.find(&fault.path, is_of_key);
                if !trial.is_aftermath(found) {
                    self.mistake(found, message);
                }
            }
            for fault in &faults {
                let field = fault.path.first().map_or("", String::as_str);
                trial.mend(&fault.path, field);
            }
            if faults.is_empty() {
                return;
            }
            match kind.declare(&trial.document(example)) {
                Ok(mended) => declared = mended,
                // What is left is no more than the aftermath of what was taken out.
                Err(_) => return,
            }
        }
    }

    /// Malformed and dangling references anywhere below a node.
    fn references(&mut self, node: &Node, nodes: &BTreeMap<Address, (&Node, &Node)>) {
        match &node.content {
            Content::List(items) => {
                for item in items {
                    self.references(item, nodes);
                }
            }
            Content::Map(entries) => {
                for (_, value) in entries {
                    self.references(value, nodes);
                }
            }
            Content::Text(text) => {
                let (found, malformed) = reference::in_text(text);
                for text in malformed {
                    self.mistake(
                        node,
                        format!("`{text}` is not a reference: expected `${{kind.name.attribute}}`"),
                    );
                }
                for found in found {
                    self.reference(node, &found, nodes);
                }
            }
            _ => {}
        }
    }

    fn reference(
        &mut self,
        node: &Node,
        found: &reference::Reference,
        nodes: &BTreeMap<Address, (&Node, &Node)>,
    ) {
        let address = &found.address;
        if !nodes.contains_key(address) {
            let near = near::address(address, nodes.keys());
            let meant = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            self.mistake(node, format!("`{address}` is referred to, but not declared{meant}"));
        } else if let Some(kind) = resource::find(&address.kind)
            && !kind.outputs().contains(&found.attribute.as_str())
        {
            let (attribute, outputs) = (&found.attribute, kind.outputs());
            let meant = near::ending(attribute, outputs, || {
                format!(", it offers `{}`", outputs.join("`, `"))
            });
            self.mistake(node, format!("`{address}` has no `{attribute}`{meant}"));
        }
    }

    fn outputs(
        &mut self,
        root: &Node,
        nodes: &BTreeMap<Address, (&Node, &Node)>,
    ) -> Vec<(String, String)> {
        let Some((_, outputs)) = root.entry("outputs") else { return Vec::new() };
        let mut found = Vec::new();
        for (key, value) in self.mapping(outputs, "`outputs:`", false) {
            match value.text() {
                Some(text) => {
                    found.push((key.text().unwrap_or_default().to_owned(), text.to_owned()));
                }
                None => self.mistake(value, "an output must be a text"),
            }
            self.references(value, nodes);
        }
        found
    }

    fn cycles(&mut self, stack: &Stack, nodes: &BTreeMap<Address, (&Node, &Node)>) {
        let graph = stack
            .resources
            .iter()
            .map(|(address, declaration)| (address.clone(), declaration.depends_on.clone()))
            .collect();
        if let Err(cycle) = graph::order(&graph) {
            let path: Vec<_> = cycle.iter().map(ToString::to_string).collect();
            let (key, _) = nodes[&cycle[0]];
            self.mistake(key, format!("these need each other: {}", path.join(" → ")));
        }
    }

    /// Two entries for one object would undo each other for ever.
    fn clashes(&mut self, stack: &Stack, nodes: &BTreeMap<Address, (&Node, &Node)>) {
        let mut seen: BTreeMap<(String, String), &Address> = BTreeMap::new();
        for (address, declaration) in &stack.resources {
            let identity = resource::find(&address.kind)
                .and_then(|kind| kind.identity(&declaration.declared).ok());
            let Some(identity) = identity else { continue };
            // What has no name of its own is known by its route within its API.
            let name = match identity.get("name") {
                Some(name) => name.to_string(),
                None => format!("{} {}", identity["api"], identity["route"]),
            };
            if let Some(first) = seen.insert((address.kind.clone(), name), address) {
                let (key, _) = nodes[address];
                self.mistake(key, format!("`{address}` and `{first}` are the same object in AWS"));
            }
        }
    }
}
