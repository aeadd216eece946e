//! The field `code` of `stack.yaml`.

mod schema;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::BOOTSTRAP;

/// Where a function's program comes from, and what lies beside it.
///
/// It is one of `{ cargo: PACKAGE, target: TRIPLE, files }`, `{ bootstrap: PATH, files }` and
/// `{ zip: PATH }`, where `target` and `files` may be left out and paths are relative to the folder of
/// `stack.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Written", into = "Written")]
pub struct Code {
    /// Where the program comes from.
    pub source: Source,
    /// Written into the zip beside the program as indented JSON. Always empty for a prebuilt zip.
    pub files: BTreeMap<FileName, Value>,
}

impl Code {
    /// Whether it is a zip, which is not looked into for more than the program.
    pub fn is_zip(&self) -> bool {
        matches!(self.source, Source::Zip(_))
    }

    /// Whether Cargo has to build it first.
    pub fn is_built(&self) -> bool {
        matches!(self.source, Source::Cargo { .. })
    }
}

/// Where a function's program comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The binary `bootstrap` of a Cargo package.
    Cargo {
        /// The name of the package.
        package: String,
        /// The target triple; without it, the one that Cargo is set to.
        target: Option<String>,
    },
    /// A program that is built already.
    Bootstrap(PathBuf),
    /// A zip file that is uploaded byte for byte.
    Zip(PathBuf),
}

/// The name of a file at the top of the zip, without folders.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> Self {
        name.0
    }
}

impl TryFrom<String> for FileName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        if name == BOOTSTRAP {
            return Err(format!("`{BOOTSTRAP}` is the name of the program itself"));
        }
        let separates = |c: char| c.is_control() || "/\\:".contains(c);
        if name.is_empty() || name == "." || name == ".." || name.contains(separates) {
            return Err(format!("`{name}` is not the plain name of a file, such as policy.json"));
        }
        Ok(Self(name))
    }
}

/// The fields as they are written.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = schema::one_source)]
struct Written {
    /// The Cargo package whose binary `bootstrap` is built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = schema::CARGO_NAME))]
    cargo: Option<String>,
    /// The target triple to build for; without it, the one that Cargo is set to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", regex(pattern = schema::CARGO_NAME))]
    target: Option<String>,
    /// A program that is built already, relative to the folder of this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    bootstrap: Option<PathBuf>,
    /// A zip file that is uploaded byte for byte, relative to the folder of this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    zip: Option<PathBuf>,
    /// Written beside the program as JSON, by name. `policy.json` is the issuing policy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::files")]
    files: BTreeMap<FileName, Value>,
}

impl TryFrom<Written> for Code {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { cargo, target, bootstrap, zip, files } = written;
        if target.is_some() && cargo.is_none() {
            return Err("`target` goes with `cargo` only".into());
        }
        if zip.is_some() && !files.is_empty() {
            return Err("`files` cannot be added to a `zip`, which is uploaded as it is".into());
        }
        let source = match (cargo, bootstrap, zip) {
            (Some(package), None, None) => {
                name("package", &package)?;
                target.as_deref().map_or(Ok(()), |target| name("target", target))?;
                Source::Cargo { package, target }
            }
            (None, Some(path), None) => Source::Bootstrap(path),
            (None, None, Some(path)) => Source::Zip(path),
            (None, None, None) => {
                return Err("it needs one of `cargo`, `bootstrap` and `zip`".into());
            }
            _ => return Err("only one of `cargo`, `bootstrap` and `zip` can be given".into()),
        };
        Ok(Self { source, files })
    }
}

/// Names are handed to Cargo as arguments, where a leading hyphen would make an option of them.
fn name(what: &str, name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('-') || !name.chars().all(allowed) {
        return Err(format!("`{name}` is not the name of a Cargo {what}"));
    }
    Ok(())
}

impl From<Code> for Written {
    fn from(Code { source, files }: Code) -> Self {
        let (mut cargo, mut target, mut bootstrap, mut zip) = (None, None, None, None);
        match source {
            Source::Cargo { package, target: triple } => (cargo, target) = (Some(package), triple),
            Source::Bootstrap(path) => bootstrap = Some(path),
            Source::Zip(path) => zip = Some(path),
        }
        Self { cargo, target, bootstrap, zip, files }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn code_reads_and_writes_the_same() {
        let forms = [
            r#"{"cargo":"signer"}"#,
            r#"{"cargo":"signer","target":"x86_64-unknown-linux-musl","files":{"policy.json":{"a":[1]}}}"#,
            r#"{"bootstrap":"dist/bootstrap"}"#,
            r#"{"zip":"dist/signer.zip"}"#,
        ];
        for form in forms {
            let code: Code = serde_json::from_str(form).expect(form);
            assert_eq!(serde_json::to_string(&code).expect(form), form);
        }
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("{}", "it needs one of `cargo`, `bootstrap` and `zip`"),
            ("{ cargo: a, zip: b }", "only one of `cargo`, `bootstrap` and `zip` can be given"),
            ("{ zip: a, target: t }", "`target` goes with `cargo` only"),
            ("{ zip: a, files: { b: 1 } }", "`files` cannot be added to a `zip`"),
            ("{ cargo: a, file: {} }", "unknown field `file`"),
            ("{ cargo: --config=x }", "`--config=x` is not the name of a Cargo package"),
            ("{ cargo: a, target: '' }", "`` is not the name of a Cargo target"),
            (
                "{ cargo: a, files: { bootstrap: 1 } }",
                "`bootstrap` is the name of the program itself",
            ),
            ("{ cargo: a, files: { ../b: 1 } }", "`../b` is not the plain name of a file"),
            ("{ cargo: a, files: { '..': 1 } }", "`..` is not the plain name of a file"),
        ];
        for (yaml, expected) in cases {
            let error = serde_yaml::from_str::<Code>(yaml).expect_err(yaml).to_string();
            assert!(error.contains(expected), "{yaml}: {error}");
        }
    }
}
