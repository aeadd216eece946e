//! `deployer init`: a stack file to begin with.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{Global, StarterArgs};
use crate::error::{Error, Result};
use crate::stack::{self, Stack};
use crate::ui::Ui;

/// The name of the default stack, which the names of its objects begin with.
const NAME: &str = "cert-issuer";

/// What the first line of the starter calls the schema.
const SCHEMA: &str = "stack.schema.json";

/// Writes the stack file and the schema that its first line names.
pub(super) fn run(global: &Global, args: &StarterArgs, ui: &Ui) -> Result<ExitCode> {
    let path = &global.stack;
    let text = starter(&args.name)?;
    write_new(path, &text).map_err(|error| {
        let described = Error::io("write", path, &error);
        if error.kind() == ErrorKind::AlreadyExists {
            described.hint("it stays as it is; name another file with --stack")
        } else {
            described
        }
    })?;
    let schema = path.with_file_name(SCHEMA);
    match write_new(&schema, &stack::schema()) {
        // That of another stack file in the same folder, or one that the user has chosen.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        written => written.map_err(|error| Error::io("write", &schema, &error))?,
    }
    ui.started(path, &schema);
    Ok(ExitCode::SUCCESS)
}

/// The default stack under another name.
fn starter(name: &str) -> Result<String> {
    let text = stack::DEFAULT.replace(NAME, name);
    match Stack::parse(&text, "the stack file", PathBuf::new()) {
        Ok(stack) if stack.name == name => Ok(text),
        Ok(_) => Err(Error::new(format!("`{name}` cannot be the name of a stack"))),
        Err(error) => {
            let why = error.diagnostics.first().map(|mistake| mistake.message.clone());
            let refused = Error::new(format!("`{name}` cannot be the name of a stack"));
            Err(why.into_iter().fold(refused, Error::because))
        }
    }
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}
