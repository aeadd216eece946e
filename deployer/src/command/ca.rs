//! `deployer ca`

use std::process::ExitCode;

use super::now;
use crate::ca;
use crate::cli::CaCommand;
use crate::error::Result;
use crate::ui::Ui;

pub(super) fn run(command: &CaCommand, ui: &Ui) -> Result<ExitCode> {
    match command {
        CaCommand::Init { dir } => {
            let files = ca::init(dir, now())?;
            ui.status(&format!("made a root CA and an issuing CA in {}", dir.display()));
            let lines = [
                (
                    &files.root,
                    "the root certificate: give it to whoever is to trust the issued ones",
                ),
                (
                    &files.root_key,
                    "the root's key: keep it offline, it is needed to renew the issuing CA",
                ),
                (&files.issuing, "the issuing CA's certificate"),
                (
                    &files.issuing_secret,
                    "certificate, key and chain of the issuing CA: the secret's value",
                ),
            ];
            for (path, what) in lines {
                ui.status(&format!("  {:<24} {what}", path.display()));
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
