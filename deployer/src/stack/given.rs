//! What a stack is given from outside of its file: the environment, and values of variables.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What the names of environment variables begin with that give values to a stack's variables.
pub const PREFIX: &str = "DEPLOYER_VAR_";

/// What a stack is given from outside of its file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The environment that the stack is for, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// Values of variables, the weaker first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<Assignment>,
}

/// A value that a variable is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// The value, as it was written.
    pub text: String,
    /// Who gives it.
    pub by: Giver,
}

/// Who gives a variable its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Giver {
    /// An environment variable, which may be meant for another stack.
    EnvironmentVariable,
    /// The command line.
    CommandLine,
}

/// The name of an environment, such as `prod`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Environment(String);

impl Given {
    /// Without what the process's environment says of variables that there are not.
    pub(super) fn of_interest<'n>(&self, declared: impl Iterator<Item = &'n String>) -> Self {
        let declared: BTreeSet<_> = declared.collect();
        let counts = |it: &&Assignment| it.by == Giver::CommandLine || declared.contains(&it.name);
        let variables = self.variables.iter().filter(counts).cloned().collect();
        Self { environment: self.environment.clone(), variables }
    }

    /// What a stack of this name is called here: its state, and its objects in AWS, are those of its
    /// environment, and of no other.
    pub fn name(&self, stack: String) -> String {
        match &self.environment {
            None => stack,
            Some(environment) => format!("{stack}.{environment}"),
        }
    }
}

/// The global options that lead to an environment of a stack, on the local AWS or not.
pub fn whereabouts(environment: Option<&Environment>, local: bool) -> String {
    let environment = environment.map(|name| format!(" --env {name}"));
    environment.unwrap_or_default() + if local { " --local" } else { "" }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Environment> for String {
    fn from(environment: Environment) -> Self {
        environment.0
    }
}

impl TryFrom<String> for Environment {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Environment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = text.len() <= 20
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !fits {
            return Err(
                "expected 1 to 20 lower-case letters, digits and `-`, a letter first".into()
            );
        }
        // Its state would be taken for that of the local AWS.
        if text == "local" {
            return Err("`local` means the local AWS here: choose another name".into());
        }
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for Assignment {
    type Err = String;

    /// As on the command line: `name=value`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, text) =
            text.split_once('=').ok_or("expected NAME=VALUE, such as `memory_mb=512`")?;
        Ok(Self { name: name.to_owned(), text: text.to_owned(), by: Giver::CommandLine })
    }
}

impl Giver {
    /// How this one says what a variable is to be.
    pub fn says(self, name: &str) -> String {
        match self {
            Self::EnvironmentVariable => format!("{PREFIX}{name}"),
            Self::CommandLine => format!("--var {name}"),
        }
    }
}
