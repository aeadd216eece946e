//! Variables: what a stack file leaves open, and `${var.name}` where a value is to stand.

mod substitution;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::check::Checker;
use super::given::{Assignment, Given, PREFIX};
use super::words;
use crate::address::is_identifier;
use crate::near;
use crate::yaml::{self, Content, Node};

pub(super) use substitution::Substitution;

/// What a variable is declared to be.
pub(super) struct Variable {
    kind: Type,
    /// Where it is declared.
    key: Node,
    /// What it is where nobody says otherwise.
    default: Default,
}

enum Default {
    None,
    Is(Content),
    /// It does not fit, which is told already.
    Unfit,
}

pub(super) type Variables = BTreeMap<String, Variable>;

/// What variables are by now; none for those that have no value, which is told already.
pub(super) type Values = BTreeMap<String, Option<Value>>;

/// A value, and where it comes from, in words.
#[derive(Clone)]
pub(super) struct Value {
    pub(super) content: Content,
    pub(super) from: String,
}

/// What can be the value of a variable.
#[derive(Clone, Copy)]
enum Type {
    Text,
    Number,
    Bool,
    List,
    /// Declared to be of a type that there is not, which is told already.
    Any,
}

/// The types, by their names in a stack file.
const TYPES: [(&str, Type); 4] =
    [("text", Type::Text), ("number", Type::Number), ("bool", Type::Bool), ("list", Type::List)];

impl Type {
    /// The same content, if it is of this type.
    fn check(self, node: &Node) -> Result<Content, &'static str> {
        match (self, &node.content) {
            (Self::Text, Content::Text(_))
            | (Self::Number, Content::Number(_))
            | (Self::Bool, Content::Bool(_))
            | (Self::Any, _) => Ok(node.content.clone()),
            (Self::List, Content::List(items)) if items.iter().all(|it| it.text().is_some()) => {
                Ok(node.content.clone())
            }
            (Self::Text, Content::Number(_) | Content::Bool(_)) => {
                Err("expected a text: put it in quotes")
            }
            (Self::Text, _) => Err("expected a text"),
            (Self::Number, _) => Err("expected a number"),
            (Self::Bool, _) => Err("expected `true` or `false`"),
            (Self::List, _) => Err("expected a list of texts, such as `[a, \"1\"]`"),
        }
    }

    /// A value that was written outside of a file: texts as they stand, others as in a file.
    fn read(self, text: &str) -> Result<Content, &'static str> {
        match self {
            Self::Text => Ok(Content::Text(text.to_owned())),
            _ => self.check(&yaml::parse(text).map_err(|_| "this is no YAML")?),
        }
    }
}

impl Checker<'_> {
    /// What is declared below `variables:`.
    pub(super) fn variables(&mut self, root: &Node) -> Variables {
        let mut variables = Variables::new();
        let Some((_, declared)) = root.entry("variables") else { return variables };
        for (key, node) in self.mapping(declared, "`variables:`", false) {
            let name = key.text().unwrap_or_default();
            if is_identifier(name) {
                let variable = self.variable(key, node);
                variables.insert(name.to_owned(), variable);
            } else {
                self.mistake(key, "expected a name in lower-case letters, digits and `_`");
            }
        }
        variables
    }

    fn variable(&mut self, key: &Node, node: &Node) -> Variable {
        let fields = self.mapping(node, "a variable", false);
        self.unknown(fields, "field", &["type", "default", "description"]);
        if let Some((_, description)) = node.entry("description")
            && description.text().is_none()
        {
            self.mistake(description, "expected a text");
        }
        let kind = node.entry("type").map_or(Type::Text, |(_, node)| self.kind(node));
        let default = match node.entry("default") {
            None if matches!(kind, Type::Any) => Default::Unfit,
            None => Default::None,
            Some((_, node)) => self.fit(kind, node).map_or(Default::Unfit, Default::Is),
        };
        Variable { kind, key: key.clone(), default }
    }

    fn kind(&mut self, node: &Node) -> Type {
        let name = node.text().unwrap_or_default();
        if let Some((_, kind)) = TYPES.iter().find(|(known, _)| *known == name) {
            return *kind;
        }
        let known = TYPES.map(|(name, _)| name);
        let meant = near::ending(name, &known, || words::one_of(&known));
        self.mistake(node, format!("unknown type{meant}"));
        Type::Any
    }

    /// A value in a file, if it is of the type that it has to be.
    fn fit(&mut self, kind: Type, node: &Node) -> Option<Content> {
        kind.check(node).map_err(|expected| self.mistake(node, expected)).ok()
    }

    /// What the file of an environment says of variables; `from` names the file.
    pub(super) fn assigned(&mut self, root: &Node, variables: &Variables, from: &str) -> Values {
        let mut values = Values::new();
        let Some((_, assigned)) = root.entry("variables") else { return values };
        for (key, node) in self.mapping(assigned, "`variables:`", false) {
            let name = key.text().unwrap_or_default();
            match variables.get(name) {
                Some(variable) => {
                    let from = format!("{from}:{}", self.place(node).line);
                    let content = self.fit(variable.kind, node);
                    values.insert(name.to_owned(), content.map(|content| Value { content, from }));
                }
                None => self.mistake(key, undeclared(name, variables)),
            }
        }
        values
    }

    /// The value of each variable: its default, or what an environment's file, or else what was given
    /// from outside says, the last of them.
    pub(super) fn values(
        &mut self,
        root: &Node,
        variables: &Variables,
        assigned: Values,
        given: &Given,
    ) -> Values {
        let mut values: Values = variables.iter().filter_map(default).collect();
        values.extend(assigned);
        for Assignment { name, text, by } in &given.variables {
            let from = by.says(name);
            let Some(variable) = variables.get(name) else {
                let key = root.entry("variables").map_or(root, |(key, _)| key);
                self.mistake(key, format!("{from} is given: {}", undeclared(name, variables)));
                continue;
            };
            let content = variable.kind.read(text).map_err(|expected| {
                self.mistake(&variable.key, format!("{from} says `{text}`: {expected}"));
            });
            values.insert(name.clone(), content.ok().map(|content| Value { content, from }));
        }
        for (name, variable) in variables {
            values.entry(name.clone()).or_insert_with(|| {
                self.mistake(&variable.key, no_value(name, given));
                None
            });
        }
        values
    }
}

fn default((name, variable): (&String, &Variable)) -> Option<(String, Option<Value>)> {
    let value = match &variable.default {
        Default::None => return None,
        Default::Is(content) => {
            Some(Value { content: content.clone(), from: "its default".to_owned() })
        }
        Default::Unfit => None,
    };
    Some((name.clone(), value))
}

fn no_value(name: &str, given: &Given) -> String {
    let file = match &given.environment {
        Some(environment) => format!("the file of {environment}"),
        None => "the file of an environment, chosen with --env".to_owned(),
    };
    format!("`{name}` has no value: give it with --var {name}=…, {PREFIX}{name} or {file}")
}

/// What to say of a variable that there is not.
fn undeclared<T>(name: &str, variables: &BTreeMap<String, T>) -> String {
    let known: Vec<_> = variables.keys().map(String::as_str).collect();
    if known.is_empty() {
        return "the stack file declares no `variables:`".to_owned();
    }
    let meant = near::ending(name, &known, || words::one_of(&known));
    format!("unknown variable `{name}`{meant}")
}
