//! YAML with places: which line and column a key or a value stands at.
//!
//! `serde_yaml` tells the place of an error, but not of a value. So every key and value is numbered
//! in the order in which it is read, and to find the place of one of them the text is read again,
//! with a reader that fails on purpose at that number. That costs a pass for each error shown, and
//! nothing where there is none.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

/// A key or value, with its number in reading order.
#[derive(Debug, Clone)]
pub struct Node {
    id: usize,
    /// What stands there.
    pub content: Content,
}

/// What a [`Node`] holds. Mappings keep their order and their repeated keys.
#[derive(Debug, Clone)]
pub enum Content {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer or a finite float.
    Number(Number),
    /// Any other scalar.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping; keys first.
    Map(Vec<(Node, Node)>),
}

/// A line and a column, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1, in characters.
    pub column: usize,
}

/// Reads one YAML document.
///
/// # Errors
/// What the parser says, and where.
pub fn parse(text: &str) -> Result<Node, (String, Place)> {
    if let Some(place) = too_deep(text) {
        return Err((format!("more than {DEEPEST} brackets are open here"), place));
    }
    if let Some(place) = second_document(text) {
        let message = "a second YAML document begins here: give each a file of its own";
        return Err((message.to_owned(), place));
    }
    read(text, None).map_err(|error| {
        let place = place(&error);
        let message = error.to_string();
        // The parser repeats the place, and the path that led there, in its message.
        let message = message.split(" at line ").next().unwrap_or(&message);
        (explain(message), place)
    })
}

/// More brackets than anybody leaves open, and few enough for the parser, whose time grows with
/// their square.
const DEEPEST: usize = 1000;

/// Where the brackets that are open become too many; those in texts and comments count as well,
/// since no file that is read at a glance comes near.
fn too_deep(text: &str) -> Option<Place> {
    let mut open: usize = 0;
    for (line, content) in text.lines().enumerate() {
        for (column, c) in content.chars().enumerate() {
            match c {
                '[' | '{' => open += 1,
                ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > DEEPEST {
                return Some(Place { line: line + 1, column: column + 1 });
            }
        }
    }
    None
}

/// Where a document begins behind another one: a marker at the start of a line is never content.
fn second_document(text: &str) -> Option<Place> {
    let is_content = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with(['#', '%'])
    };
    let mut begun = false;
    for (line, content) in text.lines().enumerate() {
        let is_marker = content == "---" || content.starts_with("--- ");
        if is_marker && begun {
            return Some(Place { line: line + 1, column: 1 });
        }
        begun |= is_content(content);
    }
    None
}

/// The parser's words in those of people who write YAML.
fn explain(message: &str) -> String {
    let known = [
        (
            "found character that cannot start any token",
            "a tab or another character that YAML does not take here: indent with spaces, put texts in quotes",
        ),
        ("recursion limit exceeded", "this is nested too deep"),
        ("repetition limit exceeded", "aliases repeat more here than a stack file could mean"),
        ("found unexpected end of stream", "the file ends within a text in quotes"),
        ("invalid type: enum,", "a tag such as `!name` means nothing here"),
        ("a key must be a plain word", "a key must be a plain word"),
        ("expected a finite number", "expected a finite number"),
        (NO_SUCH_NUMBER, NO_SUCH_NUMBER),
    ];
    let known = known.iter().find(|(said, _)| message.contains(said));
    known.map_or(message, |(_, meaning)| meaning).to_owned()
}

/// Where the node of this number stands.
pub fn place_of(id: usize, text: &str) -> Place {
    read(text, Some(id)).err().map_or(Place { line: 1, column: 1 }, |error| place(&error))
}

const NO_SUCH_NUMBER: &str = "no number may be this large";

impl Node {
    /// Where this node stands in the text that it was read from.
    pub fn place(&self, text: &str) -> Place {
        place_of(self.id, text)
    }

    /// The entry of a mapping with this key: the key and the value. The last one where it is repeated.
    pub fn entry(&self, key: &str) -> Option<(&Self, &Self)> {
        let Content::Map(entries) = &self.content else { return None };
        entries.iter().rev().find(|(k, _)| k.text() == Some(key)).map(|(k, v)| (k, v))
    }

    /// The item of a sequence.
    pub fn item(&self, index: usize) -> Option<&Self> {
        let Content::List(items) = &self.content else { return None };
        items.get(index)
    }

    /// Its number in reading order; of an alias, another one than of its anchor.
    pub fn id(&self) -> usize {
        self.id
    }

    /// Something else in its place.
    #[must_use]
    pub fn with(&self, content: Content) -> Self {
        Self { id: self.id, content }
    }

    /// Takes out what stands at the end of a path; the numbers of what held it, and of its key.
    pub fn remove(&mut self, parents: &[String], step: &str) -> Option<Vec<usize>> {
        let (mut inside, mut holders) = (self, Vec::new());
        for step in parents {
            holders.clear();
            inside = match &mut inside.content {
                Content::Map(entries) => {
                    let (key, value) =
                        entries.iter_mut().rev().find(|(key, _)| key.text() == Some(step))?;
                    holders.push(key.id);
                    value
                }
                Content::List(items) => items.get_mut(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        holders.push(inside.id);
        match &mut inside.content {
            Content::Map(entries) => {
                let count = entries.len();
                entries.retain(|(key, _)| key.text() != Some(step));
                (entries.len() < count).then_some(holders)
            }
            Content::List(items) => {
                let index = step.parse().ok().filter(|index| *index < items.len())?;
                items.remove(index);
                Some(holders)
            }
            _ => None,
        }
    }

    /// A scalar's text.
    pub fn text(&self) -> Option<&str> {
        if let Content::Text(text) = &self.content { Some(text) } else { None }
    }

    /// The keys, anywhere below, that stand a second time in the same mapping.
    pub fn repeated_keys(&self) -> Vec<&Self> {
        match &self.content {
            Content::Map(entries) => {
                let mut seen = HashSet::new();
                let keys = entries.iter().map(|(key, _)| key);
                let repeated = keys.filter(|key| !seen.insert(key.text()));
                repeated
                    .chain(entries.iter().flat_map(|(_, value)| value.repeated_keys()))
                    .collect()
            }
            Content::List(items) => items.iter().flat_map(Self::repeated_keys).collect(),
            _ => Vec::new(),
        }
    }

    /// The same as a JSON document; of repeated keys the last.
    pub fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(value) => Value::Number(value.clone()),
            Content::Text(value) => Value::String(value.clone()),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.text().unwrap_or_default().to_owned(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

fn read(text: &str, stop_at: Option<usize>) -> Result<Node, serde_yaml::Error> {
    let reader = Reader { next: &Cell::new(0), stop_at };
    reader.deserialize(serde_yaml::Deserializer::from_str(text))
}

fn place(error: &serde_yaml::Error) -> Place {
    error
        .location()
        .map_or(Place { line: 1, column: 1 }, |at| Place { line: at.line(), column: at.column() })
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    next: &'a Cell<usize>,
    stop_at: Option<usize>,
}

impl Reader<'_> {
    fn node<E: serde::de::Error>(
        self,
        content: impl FnOnce(Self) -> Result<Content, E>,
    ) -> Result<Node, E> {
        let id = self.next.replace(self.next.get() + 1);
        if self.stop_at == Some(id) {
            return Err(E::custom("here"));
        }
        Ok(Node { id, content: content(self)? })
    }

    fn leaf<E: serde::de::Error>(self, content: Content) -> Result<Node, E> {
        self.node(|_| Ok(content))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value, a list or a mapping")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        self.leaf(Content::Null)
    }

    /// An empty document.
    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        self.leaf(Content::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.leaf(Content::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.leaf(Content::Number(value.into()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        self.leaf(Content::Number(value.into()))
    }

    fn visit_i128<E: serde::de::Error>(self, _value: i128) -> Result<Node, E> {
        Err(E::custom(NO_SUCH_NUMBER))
    }

    fn visit_u128<E: serde::de::Error>(self, _value: u128) -> Result<Node, E> {
        Err(E::custom(NO_SUCH_NUMBER))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number =
            Number::from_f64(value).ok_or_else(|| E::custom("expected a finite number"))?;
        self.leaf(Content::Number(number))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.leaf(Content::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.node(|reader| {
            let mut items = Vec::new();
            while let Some(item) = access.next_element_seed(reader)? {
                items.push(item);
            }
            Ok(Content::List(items))
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        self.node(|reader| {
            let mut entries = Vec::new();
            while let Some(mut key) = access.next_key_seed(reader)? {
                key.content = match key.content {
                    Content::Text(text) => Content::Text(text),
                    Content::Number(number) => Content::Text(number.to_string()),
                    Content::Bool(value) => Content::Text(value.to_string()),
                    _ => return Err(A::Error::custom("a key must be a plain word")),
                };
                entries.push((key, access.next_value_seed(reader)?));
            }
            Ok(Content::Map(entries))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "stack: demo\nresources:\n  secret.ca:\n    name: a\n    tags: {x: 1, y: [2, \"drei\"]}\n";

    fn place_of(path: &[&str]) -> (Place, Place) {
        let root = parse(TEXT).expect("valid YAML");
        let (mut key, mut value) = (&root, &root);
        for step in path {
            (key, value) = value.entry(step).expect("present");
        }
        (key.place(TEXT), value.place(TEXT))
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let at = |line, column| Place { line, column };
        assert_eq!(place_of(&["stack"]), (at(1, 1), at(1, 8)));
        assert_eq!(place_of(&["resources", "secret.ca", "name"]), (at(4, 5), at(4, 11)));
        assert_eq!(place_of(&["resources", "secret.ca", "tags", "y"]), (at(5, 18), at(5, 21)));
    }

    #[test]
    fn syntax_errors_carry_their_place() {
        let (message, place) = parse("a: 1\nb: [1\n").expect_err("unclosed list");
        assert!(message.contains("did not find expected"), "{message}");
        assert!(place.line >= 2, "{place:?}");
    }

    #[test]
    fn repeated_keys_are_found_at_any_depth() {
        let text = "a: {x: 1, x: 2}\nb: 1\nb: 2\n";
        let root = parse(text).expect("valid YAML");
        let lines: Vec<_> = root.repeated_keys().iter().map(|key| key.place(text)).collect();
        assert_eq!(lines, [Place { line: 3, column: 1 }, Place { line: 1, column: 11 }]);
    }

    #[test]
    fn an_empty_text_is_null() {
        assert!(matches!(parse("").expect("valid YAML").content, Content::Null));
    }
}
