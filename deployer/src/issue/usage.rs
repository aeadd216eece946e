//! What a certificate may be used for.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// An extended key usage that this system issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// To prove who calls (`clientAuth`).
    Client,
    /// To prove who is called (`serverAuth`).
    Server,
}

impl Usage {
    /// Every usage, in the order in which help texts list them.
    pub const ALL: [Self; 2] = [Self::Client, Self::Server];

    /// The word for it on the command line and in `stack.yaml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Usage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|usage| usage.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::new(format!("`{text}` is no usage")).hint(format!("there are: {known}"))
        })
    }
}
