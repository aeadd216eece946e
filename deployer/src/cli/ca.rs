//! The command line of `deployer ca`.

use std::path::PathBuf;

use clap::{Args, Subcommand, value_parser};

use crate::ca::{Constraints, LONGEST_NAME, LONGEST_ORGANIZATION, Subtree, attribute};

/// What to do with certificate authorities.
#[derive(Debug, Subcommand)]
pub enum CaCommand {
    /// Make a root CA and an issuing CA below it; refuses to overwrite
    Init(InitArgs),
    /// Replace the issuing CA by a new one below the same root; the present one is kept beside it
    Rotate(RotateArgs),
    /// Show what the certificates of the root and of the issuing CA say
    Show {
        /// The folder of the CA
        #[arg(long, value_name = "DIR", default_value = "ca")]
        dir: PathBuf,
    },
}

/// Options of `ca init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder for them
    #[arg(long, value_name = "DIR", default_value = "ca")]
    pub dir: PathBuf,
    /// The organization in both subjects
    #[arg(long, value_name = "NAME", default_value = "deployer demo", value_parser = organization)]
    pub organization: String,
    /// How both common names begin: `NAME Root CA`, `NAME Issuing CA`
    #[arg(long, value_name = "NAME", default_value = "Demo", value_parser = name)]
    pub name: String,
    /// How long the issuing CA is valid; the root is for 3650 days
    #[arg(long, value_name = "DAYS", default_value = "365", value_parser = value_parser!(u16).range(1..))]
    pub days: u16,
    /// Which names the issuing CA can issue.
    #[command(flatten)]
    pub constraints: ConstraintArgs,
}

/// Options of `ca rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The folder of the CA
    #[arg(long, value_name = "DIR", default_value = "ca")]
    pub dir: PathBuf,
    /// The root's key, if it is not root-key.pem in that folder
    #[arg(long, value_name = "FILE")]
    pub root_key: Option<PathBuf>,
    /// How long the new issuing CA is valid; never longer than the root
    #[arg(long, value_name = "DAYS", default_value = "365", value_parser = value_parser!(u16).range(1..))]
    pub days: u16,
    /// Which names the new issuing CA can issue.
    #[command(flatten)]
    pub constraints: ConstraintArgs,
    /// Take no name constraints over; without this and others, the present ones stay
    #[arg(
        long,
        help_heading = "Name constraints",
        conflicts_with_all = ["permit_dns", "permit_ip", "permit_uri", "exclude_dns", "exclude_ip", "exclude_uri"],
    )]
    pub unconstrained: bool,
}

/// Which names an issuing CA can issue, whoever uses its key. All may be repeated.
#[derive(Debug, Args)]
#[command(next_help_heading = "Name constraints")]
pub struct ConstraintArgs {
    /// Permit a host name and those below it. Where any kind is permitted, the DNS names, IP
    /// addresses and URIs that are not permitted are forbidden
    #[arg(long, value_name = "NAME", value_parser = Subtree::dns)]
    pub permit_dns: Vec<Subtree>,
    /// Permit a range of addresses, such as `10.0.0.0/8`
    #[arg(long, value_name = "CIDR", value_parser = Subtree::ip)]
    pub permit_ip: Vec<Subtree>,
    /// Permit URIs at a host (a SPIFFE trust domain), or with a dot before it at those below.
    /// OpenSSL checks this; rustls refuses every URI then
    #[arg(long, value_name = "HOST", value_parser = Subtree::uri)]
    pub permit_uri: Vec<Subtree>,
    /// Forbid a host name and those below it
    #[arg(long, value_name = "NAME", value_parser = Subtree::dns)]
    pub exclude_dns: Vec<Subtree>,
    /// Forbid a range of addresses
    #[arg(long, value_name = "CIDR", value_parser = Subtree::ip)]
    pub exclude_ip: Vec<Subtree>,
    /// Forbid URIs at a host; rustls then refuses every URI
    #[arg(long, value_name = "HOST", value_parser = Subtree::uri)]
    pub exclude_uri: Vec<Subtree>,
}

impl ConstraintArgs {
    /// All of them, with what follows from them.
    pub fn constraints(self) -> Constraints {
        Constraints {
            permitted: [self.permit_dns, self.permit_ip, self.permit_uri].concat(),
            excluded: [self.exclude_dns, self.exclude_ip, self.exclude_uri].concat(),
        }
        .closed()
    }
}

fn organization(text: &str) -> Result<String, String> {
    attribute(text, LONGEST_ORGANIZATION)
}

fn name(text: &str) -> Result<String, String> {
    attribute(text, LONGEST_NAME)
}
