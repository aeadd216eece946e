//! The command line of `deployer explain`.

use clap::Args;

use crate::address::Address;

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Which, such as `secret.ca`
    pub address: Address,
    /// Do not ask AWS: show what the last apply has left instead
    #[arg(long)]
    pub offline: bool,
}
