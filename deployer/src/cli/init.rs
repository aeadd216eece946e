//! The command line of `deployer init`.

use clap::Args;

/// Options of `init`.
#[derive(Debug, Args)]
pub struct StarterArgs {
    /// The name of the stack, which the names of its objects in AWS begin with
    #[arg(long, value_name = "NAME", default_value = "cert-issuer")]
    pub name: String,
}
