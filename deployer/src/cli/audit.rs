//! The command line of `deployer audit`.

use clap::{Args, ValueEnum};

use crate::audit::{Pattern, When, code, serial};

/// Options of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// From when on: how long ago, such as 90m, 12h or 2d, or a time such as 2026-05-08T05:39:10Z
    #[arg(long, value_name = "TIME", default_value = "24h")]
    pub since: When,
    /// Until when, in the same way; now if left out
    #[arg(long, value_name = "TIME")]
    pub until: Option<When>,
    /// Only what was issued
    #[arg(long, conflicts_with = "refused")]
    pub issued: bool,
    /// Only what was refused
    #[arg(long)]
    pub refused: bool,
    /// Only requests of these: a part of the ARN, or the whole of it with `*` for anything
    #[arg(long, value_name = "PATTERN")]
    pub caller: Option<Pattern>,
    /// Only requests for such a name: a part of it, or the whole of it with `*` for anything
    #[arg(long, value_name = "PATTERN")]
    pub name: Option<Pattern>,
    /// Only what was refused for this reason, such as `name_not_allowed`
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub code: Option<String>,
    /// Only the certificate with this serial number, hexadecimal
    #[arg(long, value_name = "SERIAL", value_parser = serial)]
    pub serial: Option<String>,
    /// Only the newest of these, that many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// How to print them
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: AuditFormat,
    /// The log group; if left out, the only one that the stack file declares
    #[arg(long, value_name = "NAME")]
    pub log_group: Option<String>,
}

/// How audit lines are printed, always with the newest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditFormat {
    /// For people.
    Table,
    /// For spreadsheets: RFC 4180, with a heading.
    Csv,
    /// For programs: one JSON object a line, as the signer wrote it.
    Json,
}
