//! `deployer demo`: everything at work on the local AWS, from nothing to a verified certificate.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use http::Method;

use super::{apply, issue as issue_command, local, output};
use crate::ca::{self, Profile};
use crate::call::{self, Target};
use crate::cli::{ApplyArgs, DemoArgs, Global, IssueArgs, NameArgs};
use crate::error::{Error, Result};
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &DemoArgs, ui: &Ui) -> Result<ExitCode> {
    let global = Global { local: true, ..global.clone() };
    let (dir, out) = (PathBuf::from("ca"), PathBuf::from("certs"));
    // Nothing is made in a folder that is not the right one.
    super::load(&global)?;

    ui.heading("1. A local AWS that checks signatures and permissions");
    let instance = local::start(None, ui).await?;
    ui.status(&format!("it runs at {}", instance.endpoint));

    ui.heading("2. A root CA and an issuing CA");
    if ca::Files::within(&dir).root.exists() {
        ui.status(&format!("they are in {} already", dir.display()));
    } else {
        super::ca::make(&dir, &Profile::default(), ui)?;
    }

    ui.heading(&format!(
        "3. deployer --local apply: AWS is brought to what {} says",
        global.stack.display()
    ));
    let apply = ApplyArgs {
        plan: None,
        yes: true,
        adopt: Vec::new(),
        allow_widening: false,
        no_verify: false,
        no_preflight: false,
    };
    let status = apply::apply(&global, &apply, ui).await?;
    if status != ExitCode::SUCCESS {
        return Ok(status);
    }
    let url = output::find(&output::outputs(&global)?, "url")?.to_owned();

    ui.heading("4. A call without a signature");
    let status = refused(&url).await?;
    ui.status(&format!("POST {url} was refused with status {status}, as it should be"));

    ui.heading(&format!("5. deployer --local issue --dns {}: a signed call", args.dns));
    issue_command::run(&global, request(args, &dir, &out, url), ui).await?;
    show(&out.join("cert.pem"), ui);

    ui.heading("What next");
    for (command, what) in NEXT {
        ui.status(&format!("  cargo run {command:<28} {what}"));
    }
    Ok(ExitCode::SUCCESS)
}

const NEXT: [(&str, &str); 6] = [
    ("-- --local plan", "no changes: AWS is as declared"),
    ("-- --local apply", "after you have edited stack.yaml"),
    ("-- --local issue --dns NAME", "another certificate, into certs/"),
    ("-- --local destroy", "remove everything, once `protect` is lifted"),
    ("-- local stop", "stop the local AWS"),
    ("-- plan", "on your AWS account: see docs/guide/first-deployment.md"),
];

/// Sends an unsigned call; its status, which must be a refusal.
async fn refused(url: &str) -> Result<u16> {
    let answer = call::send_unsigned(&Target::parse(url)?, &Method::POST, "{}").await?;
    if answer.status == 403 {
        return Ok(answer.status);
    }
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    Err(Error::new("the unsigned call was not refused with status 403")
        .because(format!("status {}: {body}", answer.status)))
}

fn request(args: &DemoArgs, dir: &Path, out: &Path, url: String) -> IssueArgs {
    IssueArgs {
        names: NameArgs { dns: vec![args.dns.clone()], ip: Vec::new(), uri: Vec::new(), cn: None },
        usage: Vec::new(),
        key_type: None,
        ttl_hours: None,
        csr: None,
        root: Some(ca::Files::within(dir).root),
        out: out.to_owned(),
        url: Some(url),
        renew: false,
        watch: false,
        exec: None,
        json: false,
    }
}

/// The certificate as OpenSSL sees it, where there is OpenSSL.
fn show(certificate: &Path, ui: &Ui) {
    let shown = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-certopt", "no_sigdump,no_pubkey", "-in"])
        .arg(certificate)
        .stderr(Stdio::null())
        .output();
    if let Ok(shown) = shown
        && shown.status.success()
    {
        ui.heading(&format!("openssl x509 -text -in {}", certificate.display()));
        ui.data(&String::from_utf8_lossy(&shown.stdout));
    }
}
