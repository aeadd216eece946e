//! The command line of `deployer adopt`.

use std::path::PathBuf;

use clap::Args;

/// Options of `adopt`.
#[derive(Debug, Args)]
pub struct AdoptArgs {
    /// The Terraform or `OpenTofu` state, as `terraform state pull` prints it
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The stack's name; that of the folder of the stack file if left out
    #[arg(long, value_name = "NAME")]
    pub stack_name: Option<String>,
}
