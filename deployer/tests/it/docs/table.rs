//! Tables in Markdown.

/// A row of a table.
pub(super) fn row(cells: &[&str]) -> String {
    let cells = cells.iter().map(|cell| match *cell {
        "" => " |".to_owned(),
        cell => format!(" {cell} |"),
    });
    format!("|{}\n", cells.collect::<String>())
}

/// A text as one cell: on one line, and without what would end it.
pub(super) fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
