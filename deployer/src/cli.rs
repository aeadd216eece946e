//! The command line. Doc comments are the help texts.

mod adopt;
mod audit;
mod ca;
mod explain;
mod graph;
mod init;
mod logs;
mod policy;
mod shell;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::adopt::AdoptArgs;
pub use self::audit::{AuditArgs, AuditFormat};
pub use self::ca::{CaCommand, ConstraintArgs, InitArgs, RotateArgs};
pub use self::explain::{ExplainArgs, ShowArgs};
pub use self::graph::{GraphArgs, GraphFormat};
pub use self::init::StarterArgs;
pub use self::logs::LogsArgs;
pub use self::policy::{PolicyArgs, PolicyCheckArgs, PolicyCommand};
pub use self::shell::{CompletionsArgs, ManArgs};

use crate::address::Address;
use crate::issue::{KeyType, Usage};
use crate::stack::{self, Assignment, Environment};

/// The stack file, where none is named.
const STACK: &str = "stack.yaml";

/// Deploys a certificate issuer to AWS from a stack.yaml, and keeps it so
#[derive(Debug, Parser)]
#[command(name = "deployer", version, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The file that declares the stack
    #[arg(long, global = true, value_name = "FILE", default_value = STACK)]
    pub stack: PathBuf,
    /// The environment: what `stack.NAME.yaml` beside the stack file says goes before it, and state
    /// and objects are apart from those of the others
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Option<Environment>,
    /// The value of a variable of the stack file; may be repeated
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub var: Vec<Assignment>,
    /// The folder that keeps the state; without it, `state` beside the stack file
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Work against the local AWS, which is installed and started when needed
    #[arg(long, global = true)]
    pub local: bool,
    /// When to use colour; `NO_COLOR` is respected too
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// How to print the error that ends a run; one on the command line is always text
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub error_format: ErrorFormat,
    /// Show every call to AWS
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Global {
    /// The options that make another run about the same stack in the same place.
    pub fn whereabouts(&self) -> String {
        let stack = self.stack.as_path();
        let stack = (stack != Path::new(STACK)).then(|| format!(" --stack {}", quoted(stack)));
        let state = self.state.as_ref().map(|folder| format!(" --state {}", quoted(folder)));
        let rest = stack::whereabouts(self.env.as_ref(), self.local);
        stack.into_iter().chain(state).chain([rest]).collect()
    }

    /// A file or folder that lies beside the stack file.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.stack.with_file_name(name)
    }
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || "/._-+@%=:,".contains(c));
    if is_plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// In any case.
    Always,
    /// In no case.
    Never,
}

/// How to print the error that ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// For people.
    Text,
    /// One line of JSON on standard error: message, causes, hints and diagnostics.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a stack file to begin with
    Init(StarterArgs),
    /// Show what would change in AWS, and why; changes nothing
    Plan(PlanArgs),
    /// Bring AWS to what the stack file declares
    Apply(ApplyArgs),
    /// Remove everything that belongs to the stack
    Destroy(DestroyArgs),
    /// Show what has changed in AWS since the last apply: exit with 0 for nothing, 2 for drift
    Drift(DriftArgs),
    /// Show all about one entry of the stack file: what it is, what it needs, how it is managed
    Explain(ExplainArgs),
    /// Draw which entries of the stack file need which
    Graph(GraphArgs),
    /// Request a certificate from a deployed issuer, and verify it
    Issue(IssueArgs),
    /// Show who got which certificates, and who was refused, from the log of the signer
    Audit(AuditArgs),
    /// Show what a function has logged
    Logs(LogsArgs),
    /// Show the outputs of the last apply
    Output(OutputArgs),
    /// Show what is deployed where, as far as is remembered
    Show(ShowArgs),
    /// Make a stack file and a state from those of Terraform; AWS is not called
    Adopt(AdoptArgs),
    /// Look at what is remembered of the stack, and mend it
    #[command(subcommand)]
    State(StateCommand),
    /// Print the IAM policy that an errand takes, or ask the issuing policy of the stack file
    Policy(PolicyArgs),
    /// Make, replace and show certificate authorities
    #[command(subcommand)]
    Ca(CaCommand),
    /// Run the local AWS
    #[command(subcommand)]
    Local(LocalCommand),
    /// Show everything at work on the local AWS: deploy, issue a certificate, verify it
    Demo(DemoArgs),
    /// Print the JSON Schema of stack files, for editors
    Schema,
    /// Print the completions of commands and options, for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(ManArgs),
}

/// Options of `plan`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct PlanArgs {
    /// Print the plan as JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with 0 if there is nothing to do, 2 if there is, 1 on errors
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Plan to remove everything that belongs to the stack
    #[arg(long)]
    pub destroy: bool,
    /// Save the plan, so that `deployer apply FILE` carries out exactly this
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Make this object the stack's, although its tags say otherwise; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub adopt: Vec<Address>,
    /// Let the saved plan be carried out even if it widens what is allowed
    #[arg(long, requires = "out")]
    pub allow_widening: bool,
}

/// Options of `apply`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct ApplyArgs {
    /// A plan that `deployer plan --out` saved, which is carried out as it is or not at all
    pub plan: Option<PathBuf>,
    /// Do not ask for confirmation; a saved plan never does
    #[arg(short, long)]
    pub yes: bool,
    /// Make this object the stack's, although its tags say otherwise; may be repeated
    #[arg(long, value_name = "ADDRESS", conflicts_with = "plan")]
    pub adopt: Vec<Address>,
    /// Go ahead even if this widens what is allowed: to `*`, without a condition that there was, or
    /// to somebody outside of the account
    #[arg(long)]
    pub allow_widening: bool,
    /// Do not ask the deployed API whether it works as declared
    #[arg(long)]
    pub no_verify: bool,
    /// Do not ask IAM beforehand whether all of it is allowed
    #[arg(long)]
    pub no_preflight: bool,
}

/// Options of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// Do not ask IAM beforehand whether all of it is allowed
    #[arg(long)]
    pub no_preflight: bool,
}

/// Options of `drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Print the drift as JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `output`.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Print the bare value of this output only
    pub name: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// The names that a certificate is asked for.
#[derive(Debug, Clone, Args)]
pub struct NameArgs {
    /// A DNS name; may be repeated
    #[arg(long, value_name = "NAME")]
    pub dns: Vec<String>,
    /// An IP address; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub ip: Vec<IpAddr>,
    /// A URI, such as a SPIFFE id; may be repeated
    #[arg(long, value_name = "URI")]
    pub uri: Vec<String>,
    /// The subject's common name: one of the names
    #[arg(long, value_name = "NAME")]
    pub cn: Option<String>,
}

/// Options of `issue`.
#[derive(Debug, Args)]
pub struct IssueArgs {
    /// The names to ask for.
    #[command(flatten)]
    pub names: NameArgs,
    /// What the certificate is to be used for: client or server; may be repeated; all that the
    /// policy grants if left out
    #[arg(long, value_name = "USAGE", conflicts_with = "csr")]
    pub usage: Vec<Usage>,
    /// The kind of key to make: p256, p384, rsa2048, rsa4096 or ed25519; p256 if left out
    #[arg(long, value_name = "TYPE", conflicts_with = "csr")]
    pub key_type: Option<KeyType>,
    /// How long the certificate is to be valid; the policy's default if left out
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..))]
    pub ttl_hours: Option<u32>,
    /// Send this certificate request instead of making a key and a request
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dns", "ip", "uri", "cn"])]
    pub csr: Option<PathBuf>,
    /// The root certificate that the issued one must lead to; without it, `ca/root.pem` beside the
    /// stack file
    #[arg(long, value_name = "FILE")]
    pub root: Option<PathBuf>,
    /// The folder for cert.pem, chain.pem, fullchain.pem and key.pem
    #[arg(long, value_name = "DIR", default_value = "certs")]
    pub out: PathBuf,
    /// The issuer's URL; the stack's output `url` if left out
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Do nothing unless two thirds of the present certificate's lifetime have passed (or up to a
    /// tenth less, at random), or it is not as asked for; usages, kind of key and, where none are
    /// given, names stay as they are
    #[arg(long)]
    pub renew: bool,
    /// Keep running, and renew whenever it is time; implies --renew
    #[arg(long)]
    pub watch: bool,
    /// A shell command to run when new files are in place; it finds them in `DEPLOYER_CERT`,
    /// `DEPLOYER_CHAIN`, `DEPLOYER_FULLCHAIN` and `DEPLOYER_KEY`, and the end in
    /// `DEPLOYER_NOT_AFTER`
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// Describe the certificate as JSON
    #[arg(long)]
    pub json: bool,
}

/// What to do with the state.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// List what is remembered
    List {
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show all that is remembered of one resource, or of all
    Show {
        /// Of this one only, such as `secret.ca`
        address: Option<Address>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make the state again from what AWS holds, found by the stack's tags
    Rebuild {
        /// Do not ask for confirmation
        #[arg(short, long)]
        yes: bool,
    },
    /// Forget one resource; AWS keeps it
    Forget {
        /// Which, such as `secret.ca`
        address: Address,
        /// Do not ask for confirmation
        #[arg(short, long)]
        yes: bool,
    },
}

/// What to do with the local AWS.
#[derive(Debug, Subcommand)]
pub enum LocalCommand {
    /// Start it, unless it is running; installs it on first use
    Start {
        /// The port on 127.0.0.1; a free one if left out
        #[arg(long)]
        port: Option<u16>,
    },
    /// Stop it; everything in it is gone
    Stop,
    /// Show whether it is running, and how to reach it
    Status,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The DNS name to get a certificate for
    #[arg(long, value_name = "NAME", default_value = "demo.internal.example")]
    pub dns: String,
}
