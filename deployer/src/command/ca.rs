//! `deployer ca`

use std::path::Path;
use std::process::ExitCode;

use signer::notation::utc;
use time::OffsetDateTime;

use super::now;
use crate::ca::{self, Constraints, Description, Files, Profile, Rotated, Rotation};
use crate::cli::{CaCommand, InitArgs, RotateArgs};
use crate::error::Result;
use crate::ui::Ui;

pub(super) fn run(command: CaCommand, ui: &Ui) -> Result<ExitCode> {
    match command {
        CaCommand::Init(args) => init(args, ui)?,
        CaCommand::Rotate(args) => rotate(args, ui)?,
        CaCommand::Show { dir } => show(&dir, ui)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(args: InitArgs, ui: &Ui) -> Result<()> {
    let profile = Profile {
        organization: args.organization,
        name: args.name,
        days: args.days,
        constraints: args.constraints.constraints(),
    };
    make(&args.dir, &profile, ui)
}

/// Makes a CA, and says what its files are for.
pub(super) fn make(dir: &Path, profile: &Profile, ui: &Ui) -> Result<()> {
    let files = ca::make(dir, profile, now())?;
    ui.status(&format!("made a root CA and an issuing CA in {}", dir.display()));
    let lines = [
        (&files.root, "the root certificate: give it to whoever is to trust the issued ones"),
        (&files.root_key, "the root's key: keep it offline, it is needed to renew the issuing CA"),
        (&files.issuing, "the issuing CA's certificate"),
        (&files.issuing_secret, "certificate, key and chain of the issuing CA: the secret's value"),
    ];
    for (path, what) in lines {
        ui.status(&format!("  {:<24} {what}", path.display()));
    }
    Ok(())
}

fn rotate(args: RotateArgs, ui: &Ui) -> Result<()> {
    let given = args.constraints.constraints();
    let constraints = (args.unconstrained || !given.is_empty()).then_some(given);
    let rotation = Rotation { root_key: args.root_key, days: args.days, constraints };
    let rotated = ca::rotate(&args.dir, &rotation, now())?;
    let [_, issuing] = ca::show(&args.dir)?;
    ui.status(match rotated {
        Rotated::Anew => "made a new issuing CA below the same root:",
        Rotated::Finished => "finished the rotation that was interrupted; the issuing CA is now:",
    });
    ui.status(&format!("  {}, valid until {}", issuing.subject, utc(issuing.ends)));
    let Files { issuing: certificate, issuing_secret: value, previous, previous_secret, .. } =
        Files::within(&args.dir);
    let (present, before) = (value.display(), previous_secret.display());
    let (beside, beside_before) = (certificate.display(), previous.display());
    ui.status("what to do next:");
    for line in [
        "deployer apply: running functions take it up within ten minutes, without a restart"
            .to_owned(),
        "certificates of both issuing CAs lead to the same root; nothing else has to change"
            .to_owned(),
        format!(
            "to take it back: mv {before} {present}; mv {beside_before} {beside}; deployer apply"
        ),
        format!("when it is in use: rm {before} {beside_before}"),
        "keep the root's key offline until the next time".to_owned(),
    ] {
        ui.status(&format!("  {line}"));
    }
    Ok(())
}

fn show(dir: &Path, ui: &Ui) -> Result<()> {
    let [root, issuing] = ca::show(dir)?;
    let now = now();
    for (what, one) in [("root CA", root), ("issuing CA", issuing)] {
        ui.data(what);
        for (name, value) in lines(&one, now) {
            ui.data(&format!("  {name:<9} {value}"));
        }
    }
    Ok(())
}

fn lines(one: &Description, now: OffsetDateTime) -> Vec<(&'static str, String)> {
    let left = if now > one.ends {
        "expired".to_owned()
    } else {
        format!("{} days left", (one.ends - now).whole_days())
    };
    let Constraints { permitted, excluded } = &one.constraints;
    let names = |subtrees: &[ca::Subtree]| {
        subtrees.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mut lines = vec![
        ("subject", one.subject.clone()),
        ("serial", one.serial.clone()),
        ("valid", format!("{} to {} ({left})", utc(one.begins), utc(one.ends))),
        ("key", one.key.clone()),
        ("permitted", names(permitted)),
        ("excluded", names(excluded)),
        ("sha256", one.sha256.clone()),
    ];
    lines.retain(|(_, value)| !value.is_empty());
    lines
}
