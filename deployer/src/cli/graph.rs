//! The command line of `deployer graph`.

use clap::{Args, ValueEnum};

/// Options of `graph`.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: GraphFormat,
}

/// How a dependency graph is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For Markdown.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture, for light and dark backgrounds.
    Svg,
    /// For programs.
    Json,
}
