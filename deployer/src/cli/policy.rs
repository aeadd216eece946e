//! The command line of `deployer policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to ask the issuing policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show what would be issued to a caller, or why not, rule by rule; asks nobody else
    ///
    /// Exits with 0 if a certificate would be issued, 2 if not, 1 on errors. The end and the name
    /// constraints of the issuing CA are not looked at.
    Check(PolicyCheckArgs),
}

/// Options of `policy check`.
#[derive(Debug, Args)]
pub struct PolicyCheckArgs {
    /// Who asks: the ARN of a user, a role or a role's session
    #[arg(long, value_name = "ARN")]
    pub caller: String,
    /// The unique id of the user or role (`AIDA…`, `AROA…`), for rules with `user_ids`
    #[arg(long, value_name = "ID")]
    pub user_id: Option<String>,
    /// The certificate request
    #[arg(long, value_name = "FILE")]
    pub csr: PathBuf,
    /// How long the certificate is to be valid; the rule's default if left out
    #[arg(long, value_name = "HOURS")]
    pub ttl_hours: Option<u32>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
