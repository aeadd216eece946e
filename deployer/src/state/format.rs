//! The state file's format, and the upgrade of older ones. Pure.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::State;
use crate::error::{Error, Result};

/// The format that this release writes. Newer ones are refused, so that nothing in them is lost.
pub(super) const VERSION: u32 = 2;

/// The oldest format that this release reads: it knew no lineage.
const OLDEST: u32 = 1;

/// Reads a state; one in an older format is upgraded in memory.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<State> {
    /// Read first, because another version may have other fields.
    #[derive(Deserialize)]
    struct Header {
        version: u32,
    }
    let unreadable = |error: &serde_json::Error| {
        Error::new(format!("could not understand the state file {}", path.display())).because(error).hint(
            "put back a good copy, or make the state again from what AWS holds: `deployer state rebuild`",
        )
    };
    let header: Header = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
    match header.version {
        VERSION => serde_json::from_slice(bytes),
        OLDEST => upgrade(bytes),
        unknown => {
            return Err(Error::new(format!(
                "could not understand the state file {}",
                path.display()
            ))
            .because(format!("its format is version {unknown}, and this release knows {VERSION}"))
            .hint("use the release of deployer that wrote it, or a newer one"));
        }
    }
    .map_err(|error| unreadable(&error))
}

/// The next write gives it a lineage.
fn upgrade(bytes: &[u8]) -> serde_json::Result<State> {
    let mut document: Value = serde_json::from_slice(bytes)?;
    document["version"] = VERSION.into();
    document["lineage"] = "".into();
    serde_json::from_value(document)
}
