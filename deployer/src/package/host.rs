//! Where a function will run: on Lambda, or on the local AWS, which runs it natively on this machine.

use std::process::Command;

use super::{Architecture, Glibc, Requirement};

/// Where a function will run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Lambda's `provided.al2023`.
    Lambda,
    /// This machine.
    ThisMachine,
}

impl Host {
    /// What a program for this architecture must meet to run there.
    pub fn requirement(self, architecture: Architecture) -> Requirement {
        let lambda = Requirement::lambda(architecture);
        match self {
            Self::Lambda => lambda,
            Self::ThisMachine => Requirement {
                host: "the local AWS on this machine".to_owned(),
                // A machine without glibc has none to be too old.
                glibc: installed_glibc().unwrap_or(lambda.glibc),
                ..lambda
            },
        }
    }
}

/// The version that `getconf` tells, such as `glibc 2.36`.
fn installed_glibc() -> Option<Glibc> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some(Glibc(major.parse().ok()?, minor.parse().ok()?))
}
