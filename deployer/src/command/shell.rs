//! `deployer completions` and `deployer man`: what shells and readers of manuals want to know of the
//! command line.

use std::fs;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::error::{Context, Error, Result};
use crate::ui::Ui;

/// Prints the completions for a shell.
pub(super) fn completions(args: &CompletionsArgs, ui: &Ui) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "deployer", &mut script);
    ui.data(&String::from_utf8_lossy(&script));
}

/// Prints the manual page, or writes one for each command.
pub(super) fn man(args: &ManArgs, ui: &Ui) -> Result<()> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        let written = Man::new(Cli::command()).render(&mut page);
        written.context(|| "could not write the manual page".to_owned())?;
        ui.data(&String::from_utf8_lossy(&page));
        return Ok(());
    };
    fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| Error::io("write manual pages into", folder, &error))?;
    let first = folder.join("deployer.1");
    ui.status(&format!("wrote the manual pages; read them with `man {}`", first.display()));
    Ok(())
}
