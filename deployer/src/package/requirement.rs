//! Where a program must be able to run.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An instruction set, in the words of Lambda.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Architecture {
    /// 64-bit Intel and AMD; what Lambda takes when nothing is said.
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    /// 64-bit Arm (Graviton).
    #[serde(rename = "arm64")]
    Arm64,
}

impl Architecture {
    /// The name in the Lambda API and in `stack.yaml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }

    /// The first part of a Rust target triple.
    fn rust_name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// The target whose programs need nothing of the system but its kernel.
    pub(super) fn static_target(self) -> String {
        format!("{}-unknown-linux-musl", self.rust_name())
    }

    /// The target for a system with glibc; cargo-zigbuild takes a version after it.
    pub(super) fn glibc_target(self) -> String {
        format!("{}-unknown-linux-gnu", self.rust_name())
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version of the GNU C library: major, then minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc(pub u32, pub u32);

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What the host of a function offers to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// What to call the host in messages, such as `provided.al2023`.
    pub host: String,
    /// The instruction set that the program must be for.
    pub architecture: Architecture,
    /// The newest glibc that the program may need.
    pub glibc: Glibc,
}

impl Requirement {
    /// Lambda's runtime `provided.al2023`, which is built on Amazon Linux 2023 and its glibc 2.34.
    pub fn lambda(architecture: Architecture) -> Self {
        Self { host: "Lambda's provided.al2023".into(), architecture, glibc: Glibc(2, 34) }
    }
}
