//! The command line of `deployer logs`.

use clap::Args;

use crate::address::Address;
use crate::audit::When;

/// Options of `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// From when on: how long ago, such as 90m, 12h or 2d, or a time such as 2026-05-08T05:39:10Z
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub since: When,
    /// Keep running, and show what is logged from now on, too
    #[arg(short, long)]
    pub follow: bool,
    /// The function; if left out, the only one that the stack file declares
    #[arg(long, value_name = "ADDRESS")]
    pub function: Option<Address>,
    /// Print the lines as they were logged
    #[arg(long)]
    pub json: bool,
}
