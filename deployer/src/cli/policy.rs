//! The command line of `deployer policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use signer::caller::is_account;

use super::NameArgs;
use crate::issue::{KeyType, Usage};
use crate::permissions::Errand;
use crate::stack::is_region;

/// Options of `policy`, which stand for themselves.
#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true)]
pub struct PolicyArgs {
    /// What to do instead.
    #[command(subcommand)]
    pub command: Option<PolicyCommand>,
    /// Print the IAM policy that allows this on the stack of the stack file, and nothing else
    #[arg(long = "for", value_name = "ERRAND", required = true)]
    pub errand: Option<Errand>,
    /// The account to name in it; the stack file's if left out, or any
    #[arg(long, value_name = "DIGITS", value_parser = account)]
    pub account: Option<String>,
    /// The region to name in it; the stack file's if left out, or any
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub region: Option<String>,
}

fn account(text: &str) -> Result<String, String> {
    let digits = is_account(text).then(|| text.to_owned());
    digits.ok_or_else(|| "expected the 12 digits of an AWS account".to_owned())
}

fn region(text: &str) -> Result<String, String> {
    let name = is_region(text).then(|| text.to_owned());
    name.ok_or_else(|| "expected an AWS region such as `eu-west-1`".to_owned())
}

/// What to ask the issuing policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Show what would be issued to a caller, or why not, rule by rule; asks nobody else
    ///
    /// Exits with 0 if a certificate would be issued, 2 if not, 1 on errors. The end and the name
    /// constraints of the issuing CA are not looked at.
    Check(Box<PolicyCheckArgs>),
}

/// Options of `policy check`.
#[derive(Debug, Args)]
pub struct PolicyCheckArgs {
    /// Who asks: the ARN of a user, a role or a role's session
    #[arg(long, value_name = "ARN")]
    pub caller: String,
    /// The unique id of the user or role (`AIDA…`, `AROA…`), for rules with `user_ids` and names
    /// with `{user_id}`
    #[arg(long, value_name = "ID")]
    pub user_id: Option<String>,
    /// The certificate request, in place of names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dns", "ip", "uri", "cn", "usage", "key_type"])]
    pub csr: Option<PathBuf>,
    /// The names to ask for.
    #[command(flatten)]
    pub names: NameArgs,
    /// What the certificate is to be used for: client or server; may be repeated
    #[arg(long, value_name = "USAGE")]
    pub usage: Vec<Usage>,
    /// The kind of key: p256, p384, rsa2048, rsa4096 or ed25519; p256 if left out
    #[arg(long, value_name = "TYPE")]
    pub key_type: Option<KeyType>,
    /// How long the certificate is to be valid; the rule's default if left out
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..))]
    pub ttl_hours: Option<u32>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
