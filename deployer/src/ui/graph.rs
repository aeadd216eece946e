//! The dependency graph of a stack. Each edge leads to what is needed, and names the outputs that are
//! referred to.
//!
//! Addresses, attributes and the names of stacks hold letters, digits, `_` and `-` only, so that
//! nothing in them means anything to any of these formats.

mod svg;

use std::fmt::Write;

use serde_json::{Value, json};

pub(super) use svg::svg;

use crate::stack::{Edge, Stack};

/// A flowchart as Mermaid draws it, and with it many viewers of Markdown.
pub(super) fn mermaid(stack: &Stack) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for address in stack.resources.keys() {
        let _ = writeln!(text, "    {address}[\"{}<br>{}\"]", address.name, address.kind);
    }
    for edge in stack.edges() {
        let _ = writeln!(text, "    {} -->|\"{}\"| {}", edge.from, label(&edge), edge.to);
    }
    text
}

/// A graph in the language of Graphviz.
pub(super) fn dot(stack: &Stack) -> String {
    let mut text = format!("digraph \"{}\" {{\n    node [shape=box];\n", stack.name);
    for address in stack.resources.keys() {
        let _ =
            writeln!(text, "    \"{address}\" [label=\"{}\\n{}\"];", address.name, address.kind);
    }
    for edge in stack.edges() {
        let label = label(&edge);
        let _ = writeln!(text, "    \"{}\" -> \"{}\" [label=\"{label}\"];", edge.from, edge.to);
    }
    text + "}\n"
}

/// The same as data.
pub(super) fn document(stack: &Stack) -> Value {
    let edge =
        |edge: Edge| json!({"from": edge.from, "to": edge.to, "attributes": edge.attributes});
    let edges: Vec<_> = stack.edges().into_iter().map(edge).collect();
    json!({"stack": stack.name, "nodes": stack.resources.keys().collect::<Vec<_>>(), "edges": edges})
}

/// The outputs that are referred to.
fn label(edge: &Edge) -> String {
    edge.attributes.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
