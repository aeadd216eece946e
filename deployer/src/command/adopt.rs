//! `deployer adopt`: a Terraform state becomes a stack file and a state, without a call to AWS.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{self, Path};
use std::process::ExitCode;

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::open_locked;
use crate::adopt::{self, Takeover, terraform};
use crate::cli::{AdoptArgs, Global};
use crate::error::{Error, Result};
use crate::stack::{Stack, folder_of};
use crate::state::Store;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &AdoptArgs, ui: &Ui) -> Result<ExitCode> {
    refuse_to_overwrite(&global.stack)?;
    let file = args.from.display().to_string();
    let bytes = Zeroizing::new(
        fs::read(&args.from).map_err(|error| Error::io("read", &args.from, &error))?,
    );
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::new(format!("could not read {file}")).because("it is not UTF-8"))?;
    let (home, base) = (folder_of(&args.from), folder_of(&global.stack));
    let name = match &args.stack_name {
        Some(name) => name.clone(),
        None => name_of(&base)?,
    };
    let lead = |path: &str| lead(&home, &base, path);
    let takeover = adopt::adopt(&terraform::read(text, &file)?, &name, &lead)?;
    let stack = global.stack.display().to_string();
    let parsed = Stack::parse(&takeover.stack, &stack, base.clone());
    parsed.map_err(|error| error.within(format!("could not make a stack of {file}")))?;
    let store = write(global, &name, &takeover, &base)?;
    ui.takeover(&takeover, &global.stack, store.path(), global.local);
    Ok(ExitCode::SUCCESS)
}

/// Writes the state and then the stack file; never one over another.
fn write(global: &Global, name: &str, takeover: &Takeover, base: &Path) -> Result<Store> {
    let mut store = open_locked(global, name, "adopt")?;
    if !store.state.resources.is_empty() {
        return Err(Error::new(format!(
            "the state file {} remembers resources already",
            store.path().display()
        ))
        .hint("choose another --stack-name, or another folder with --state; nothing was changed"));
    }
    let unwritten = |error: &std::io::Error| Error::io("write", &global.stack, error);
    // Where there is no room for the stack file, nothing is remembered either.
    let text = stage(base, &takeover.stack).map_err(|error| unwritten(&error))?;
    store.bind(&takeover.account, &takeover.region)?;
    store.begin(|state| state.resources.clone_from(&takeover.entries))?;
    text.persist_noclobber(&global.stack).map_err(|error| {
        let undo = format!("remove {}, then run again", store.path().display());
        unwritten(&error.error).hint(undo)
    })?;
    Ok(store)
}

fn stage(folder: &Path, text: &str) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    // A file like any other that the user writes: the umask decides.
    let builder = builder.prefix(".stack-").permissions(Permissions::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn refuse_to_overwrite(stack: &Path) -> Result<()> {
    if stack.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Error::new(format!("{} is there already, and is not overwritten", stack.display()))
        .hint("name another file with --stack; nothing was changed"))
}

/// Where a path in Terraform's folder leads, seen from that of the stack file.
fn lead(home: &Path, base: &Path, path: &str) -> String {
    if home == base || Path::new(path).is_absolute() {
        return path.to_owned();
    }
    let from_here = home.join(path);
    path::absolute(&from_here).unwrap_or(from_here).display().to_string()
}

/// A stack's name, made of that of its folder.
fn name_of(folder: &Path) -> Result<String> {
    let folder = path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.len() > 40 || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(Error::new("could not make a name for the stack of that of its folder")
            .because(format!("the folder is {}", folder.display()))
            .hint("name it with --stack-name"));
    }
    Ok(name.to_owned())
}
