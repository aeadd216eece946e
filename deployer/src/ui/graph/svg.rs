//! The graph as a picture that needs no other program, and that keeps to what the reader's system asks
//! for, light or dark.

use std::fmt::Write;

use super::label;
use crate::address::Address;
use crate::graph::layout::{Drawing, Link, Place, Size, draw};
use crate::stack::Stack;

/// How wide a character of the labels is, in pixels: the widest that common monospaced fonts have.
const NAME_WIDTH: i32 = 9;
const KIND_WIDTH: i32 = 8;

/// The space around the text in a box, and how high a box is.
const PADDING: i32 = 16;
const BOX_HEIGHT: i32 = 50;

/// How high the label of an edge is.
const LABEL_HEIGHT: i32 = 18;

/// The space around the whole.
const MARGIN: i32 = 24;

/// The colours, light and then dark, with a contrast of text of 4.5 to 1 at least.
const STYLE: &str = "\
    .ground { fill: #ffffff }
    .box { fill: #f3f6fa; stroke: #8796a8 }
    .protected { stroke: #1f5fb8; stroke-width: 2 }
    .edge { fill: none; stroke: #8796a8; stroke-width: 1.5 }
    .head { fill: #8796a8 }
    text { font-family: ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; \
text-anchor: middle }
    .name { font-size: 14px; font-weight: 600; fill: #17212e }
    .kind { font-size: 12px; fill: #56657a }
    .label { font-size: 11px; fill: #56657a }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #11161d }
      .box { fill: #1c2530; stroke: #64748a }
      .protected { stroke: #6ea8fe }
      .edge { stroke: #64748a }
      .head { fill: #64748a }
      .name { fill: #e8edf4 }
      .kind, .label { fill: #a3b1c4 }
    }
";

pub(in super::super) fn svg(stack: &Stack) -> String {
    let addresses: Vec<&Address> = stack.resources.keys().collect();
    let sizes: Vec<Size> = addresses.iter().map(|address| size(address)).collect();
    let edges = stack.edges();
    let at = |address: &Address| addresses.iter().position(|one| *one == address);
    let labels: Vec<String> = edges.iter().map(label).collect();
    let links = edges.iter().zip(&labels).filter_map(|(edge, label)| {
        let size = Size { width: width(label, KIND_WIDTH), height: LABEL_HEIGHT };
        Some(Link { from: at(&edge.from)?, to: at(&edge.to)?, label: size })
    });
    let links: Vec<Link> = links.collect();
    let drawing = draw(&sizes, &links);
    let mut text = head(&stack.name, &drawing);
    for (route, label) in drawing.routes.iter().zip(&labels) {
        let _ = writeln!(text, "  <path class=\"edge\" d=\"{}\"/>", path(&route.points));
        let end = route.points.last().copied().unwrap_or_default();
        let (x, y) = (end.x, end.y);
        let _ = writeln!(text, "  <path class=\"head\" d=\"M{x} {y}l-5 -9h10z\"/>");
        text.push_str(&tag(route.label, label));
    }
    for ((address, place), size) in addresses.iter().zip(&drawing.boxes).zip(&sizes) {
        let protected = stack.resources[*address].protected;
        text.push_str(&node(address, *place, *size, protected));
    }
    text + "</svg>\n"
}

fn size(address: &Address) -> Size {
    let text = width(&address.name, NAME_WIDTH).max(width(&address.kind, KIND_WIDTH));
    Size { width: text + 2 * PADDING, height: BOX_HEIGHT }
}

fn width(text: &str, character: i32) -> i32 {
    i32::try_from(text.len()).unwrap_or(i32::MAX / character) * character
}

fn head(name: &str, drawing: &Drawing) -> String {
    let (width, height) = (drawing.size.width + 2 * MARGIN, drawing.size.height + 2 * MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" \
height=\"{height}\" viewBox=\"{} {} {width} {height}\">\n  <title>What needs what in {name}</title>\n  \
<style>\n{STYLE}  </style>\n  <rect class=\"ground\" x=\"{}\" y=\"{}\" width=\"100%\" height=\"100%\" \
rx=\"8\"/>\n",
        -MARGIN, -MARGIN, -MARGIN, -MARGIN
    )
}

/// A line through these points that leaves and meets each of them vertically.
fn path(points: &[Place]) -> String {
    let mut text = String::new();
    for (index, to) in points.iter().enumerate() {
        let Some(from) = index.checked_sub(1).map(|before| points[before]) else {
            let _ = write!(text, "M{} {}", to.x, to.y);
            continue;
        };
        let middle = i32::midpoint(from.y, to.y);
        let _ = if from.x == to.x {
            write!(text, "V{}", to.y)
        } else {
            write!(text, "C{} {middle} {} {middle} {} {}", from.x, to.x, to.x, to.y)
        };
    }
    text
}

/// The label of an edge, with the ground behind it.
fn tag(place: Place, label: &str) -> String {
    let (width, height) = (width(label, KIND_WIDTH), LABEL_HEIGHT);
    let (left, top) = (place.x - width / 2, place.y - height / 2);
    format!(
        "  <rect class=\"ground\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>\n  \
<text class=\"label\" x=\"{}\" y=\"{}\">{label}</text>\n",
        place.x,
        place.y + 4
    )
}

fn node(address: &Address, place: Place, size: Size, protected: bool) -> String {
    let (left, top) = (place.x - size.width / 2, place.y - size.height / 2);
    let (class, note) = if protected { ("box protected", ", protected") } else { ("box", "") };
    let mut text = format!("  <g>\n    <title>{address}{note}</title>\n");
    let _ = writeln!(
        text,
        "    <rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
        size.width, size.height
    );
    for (class, line, y) in [("name", &address.name, -4), ("kind", &address.kind, 15)] {
        let y = place.y + y;
        let _ =
            writeln!(text, "    <text class=\"{class}\" x=\"{}\" y=\"{y}\">{line}</text>", place.x);
    }
    text + "  </g>\n"
}
