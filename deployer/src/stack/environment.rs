//! The file of an environment: what is other there than the stack file says. `stack.prod.yaml`, beside
//! `stack.yaml`, is that of `prod`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::Checker;
use super::given::Environment;
use super::variables::{Values, Variables};
use super::{Account, Source, folder_of, read};
use crate::error::{Diagnostic, Error, Result};
use crate::near;
use crate::resource::tags::Tags;

/// What an environment can have of its own.
const KEYS: [&str; 4] = ["account", "region", "tags", "variables"];

/// What the file of an environment says.
#[derive(Default)]
pub(super) struct Overlay {
    pub(super) account: Option<Account>,
    pub(super) region: Option<String>,
    pub(super) tags: Tags,
    pub(super) values: Values,
    pub(super) mistakes: Vec<Diagnostic>,
}

impl Overlay {
    /// Reads it with the variables that the stack file declares.
    ///
    /// # Errors
    /// Only if it is no YAML; what else is wrong is noted in it.
    pub(super) fn read(
        source: &Arc<Source>,
        variables: &Variables,
    ) -> Result<Self, Vec<Diagnostic>> {
        let root = source.parse()?;
        let mut checker = Checker::new(source);
        let entries = checker.mapping(&root, "the file of an environment", false);
        checker.keys(&root, entries, &KEYS);
        Ok(Self {
            account: checker.account(&root),
            region: checker.region(&root),
            tags: root.entry("tags").map(|(_, tags)| checker.tags(tags)).unwrap_or_default(),
            values: checker.assigned(&root, variables, &source.file),
            mistakes: checker.into_mistakes(),
        })
    }
}

/// The file of an environment of a stack: `stack.yaml` has `stack.prod.yaml`.
fn file_of(stack: &Path, environment: &str) -> PathBuf {
    let suffix = stack.extension().map(|suffix| format!(".{}", suffix.display()));
    let stem = stack.file_stem().unwrap_or_default().display();
    stack.with_file_name(format!("{stem}.{environment}{}", suffix.unwrap_or_default()))
}

/// Reads the file of an environment, which must be there, so that a slip of the name makes no new one.
pub(super) fn source(stack: &Path, environment: &Environment) -> Result<Arc<Source>> {
    let environment = environment.to_string();
    let path = file_of(stack, &environment);
    if path.exists() {
        return Ok(Arc::new(Source { file: path.display().to_string(), text: read(&path)? }));
    }
    let known = known(stack);
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    let hint = match (near::miss(&environment, &known), known.as_slice()) {
        (Some(near), _) => format!("did you mean --env {near}?"),
        (None, []) => "create it, empty if nothing differs there".to_owned(),
        (None, known) => format!("there are `{}`", known.join("`, `")),
    };
    Err(Error::new(format!("there is no environment `{environment}` of {}", stack.display()))
        .because(format!("{} does not exist", path.display()))
        .hint(hint))
}

/// The environments whose files are there.
fn known(stack: &Path) -> Vec<String> {
    let files = fs::read_dir(folder_of(stack)).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let candidates = names.filter_map(|name| {
        let environment = Path::new(&name).file_stem()?.to_str()?.rsplit_once('.')?.1.to_owned();
        (file_of(stack, &environment).file_name()?.to_str()? == name).then_some(environment)
    });
    let mut known: Vec<_> = candidates.filter(|it| it.parse::<Environment>().is_ok()).collect();
    known.sort();
    known
}
