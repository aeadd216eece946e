//! The command lines of `deployer explain` and `deployer show`.

use clap::Args;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Which, such as `secret.ca`; the name alone will do where it is the only one
    pub address: String,
    /// Do not ask AWS: show what the last apply has left instead
    #[arg(long)]
    pub offline: bool,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
