//! `deployer issue`

use std::process::ExitCode;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{caller, now, output};
use crate::cli::{Global, IssueArgs};
use crate::error::Result;
use crate::issue::{self, Issued, Request};
use crate::stack::Stack;
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: IssueArgs, ui: &Ui) -> Result<ExitCode> {
    let url = match args.url.clone() {
        Some(url) => url,
        None => output::find(&output::outputs(global)?, "url")?.to_owned(),
    };
    // The stack file matters for its region only, so that the client runs where there is none.
    let region = if global.stack.exists() { Stack::load(&global.stack)?.region } else { None };
    let request = Request {
        url,
        caller: caller(global, region, ui).await?,
        clock: now,
        dns: args.dns,
        ip: args.ip,
        uri: args.uri,
        common_name: args.cn,
        key_type: args.key_type,
        ttl_hours: args.ttl_hours,
        csr: args.csr,
        root: args.root,
        out: args.out,
    };
    let issued = issue::issue(&request, &|text| ui.detail(text)).await?;
    describe(&issued, ui);
    Ok(ExitCode::SUCCESS)
}

fn describe(issued: &Issued, ui: &Ui) {
    let names: Vec<_> = issued.names.iter().map(ToString::to_string).collect();
    let time = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    ui.status("the certificate was issued, and verified against the root");
    ui.data(&format!("names       {}", names.join(", ")));
    ui.data(&format!("key         {} ({})", issued.key_type, issued.usages.join(", ")));
    ui.data(&format!("valid       {} to {}", time(issued.not_before), time(issued.not_after)));
    ui.data(&format!("serial      {}", issued.serial));
    ui.data(&format!("issuer      {}", issued.issuer));
    let paths = &issued.paths;
    for path in
        [Some(&paths.certificate), Some(&paths.chain), paths.key.as_ref()].into_iter().flatten()
    {
        ui.data(&format!("wrote       {}", path.display()));
    }
}
