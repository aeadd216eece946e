//! `deployer issue`

mod watch;

use std::process::ExitCode;

use super::{caller, load, now, output};
use crate::call::Target;
use crate::cli::{Global, IssueArgs};
use crate::error::{Error, Result};
use crate::issue::{self, Issuer, Renewal, Request};
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: IssueArgs, ui: &Ui) -> Result<ExitCode> {
    let url = args.url.clone();
    let (watch, renew, json) = (args.watch, args.renew, args.json);
    let request = request(global, args);
    if watch {
        return watch::run(global, url, request, json, ui).await;
    }
    let request = match renew.then(|| issue::renewal(&request, now(), chance())).transpose()? {
        None => request,
        Some(Renewal::Now { request, because, .. }) => {
            ui.detail(&format!("renewing: {because}"));
            *request
        }
        Some(Renewal::Later { present, .. }) => {
            ui.status("nothing to do: the certificate has more than a third of its lifetime left");
            ui.certificate(&present, json);
            // The files are new, but the command that was to be told of them has not succeeded yet.
            if request.is_hook_pending() {
                run_hook(&request).await?;
            }
            return Ok(ExitCode::SUCCESS);
        }
    };
    let issuer = issuer(global, url, ui).await?;
    let new = issue::issue(&request, &issuer, &|text| ui.detail(text)).await?;
    ui.status("the certificate was issued, and verified against the root");
    ui.certificate(&new, json);
    run_hook(&request).await?;
    Ok(ExitCode::SUCCESS)
}

async fn run_hook(request: &Request) -> Result<()> {
    request.run_hook().await.map_err(|error: Error| {
        error.hint("mend it; `deployer issue --renew` with the same --exec runs it again")
    })
}

fn request(global: &Global, args: IssueArgs) -> Request {
    Request {
        dns: args.names.dns,
        ip: args.names.ip,
        uri: args.names.uri,
        common_name: args.names.cn,
        usages: args.usage,
        key_type: args.key_type,
        ttl_hours: args.ttl_hours,
        csr: args.csr,
        root: args.root.unwrap_or_else(|| global.beside("ca").join("root.pem")),
        out: args.out,
        hook: args.exec,
    }
}

/// Whom to ask, with credentials that are read anew: those of a session expire.
async fn issuer(global: &Global, url: Option<String>, ui: &Ui) -> Result<Issuer> {
    let url = match url {
        Some(url) => url,
        None => output::find(&output::outputs(global)?, "url")?.to_owned(),
    };
    // The stack file matters for its region only, so that the client runs where there is none.
    let region = match Target::parse(&url)?.region() {
        Some(region) => Some(region.to_owned()),
        None if global.stack.exists() => load(global)?.region,
        None => None,
    };
    Ok(Issuer { url, caller: caller(global, region, ui).await?, clock: now, chance })
}

/// A random number from 0 to 1. It only spreads load, so that its absence is no failure.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}
