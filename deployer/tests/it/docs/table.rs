//! Tables in Markdown.

/// A row of a table.
pub(super) fn row(cells: &[&str]) -> String {
    let cells: String = cells.iter().flat_map(|cell| [" ", cell, " |"]).collect();
    format!("|{cells}\n").replace("|  |", "| |")
}

/// A text as one cell: on one line, and without what would end it.
pub(super) fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
