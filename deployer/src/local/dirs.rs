//! Where the local AWS keeps its files.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The two folders: one shared by all instances, one for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirs {
    /// What can be made again: the installed program.
    pub cache: PathBuf,
    /// What belongs to one instance: its record, its users' keys, its log.
    pub instance: PathBuf,
}

impl Dirs {
    /// The folders that the environment asks for: `$XDG_CACHE_HOME/deployer` (`~/.cache/deployer`)
    /// and `$DEPLOYER_LOCAL_DIR` (`local` in the cache).
    ///
    /// # Errors
    ///
    /// When neither `XDG_CACHE_HOME` nor `HOME` is an absolute path.
    pub fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self> {
        // The XDG specification says that relative paths are to be ignored.
        let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .ok_or_else(|| {
                Error::new("could not find a folder for the local AWS")
                    .because("neither HOME nor XDG_CACHE_HOME is set to an absolute path")
                    .hint("set HOME or XDG_CACHE_HOME")
            })?
            .join("deployer");
        let instance = match variable("DEPLOYER_LOCAL_DIR").filter(|value| !value.is_empty()) {
            None => cache.join("local"),
            // The server has a working folder of its own, so the path must mean the same anywhere.
            Some(value) => std::path::absolute(&value).map_err(|source| {
                Error::new("could not use DEPLOYER_LOCAL_DIR as a folder").because(source)
            })?,
        };
        Ok(Self { cache, instance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(variables: &[(&str, &str)]) -> Result<Dirs> {
        Dirs::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_environment_decides() {
        let home = dirs(&[("HOME", "/h")]).expect("folders");
        assert_eq!(home.cache, PathBuf::from("/h/.cache/deployer"));
        assert_eq!(home.instance, PathBuf::from("/h/.cache/deployer/local"));
        let xdg = dirs(&[("HOME", "/h"), ("XDG_CACHE_HOME", "/c"), ("DEPLOYER_LOCAL_DIR", "/i")]);
        let xdg = xdg.expect("folders");
        assert_eq!(xdg.cache, PathBuf::from("/c/deployer"));
        assert_eq!(xdg.instance, PathBuf::from("/i"));
        let relative = dirs(&[("HOME", "/h"), ("XDG_CACHE_HOME", "c")]).expect("folders");
        assert_eq!(relative.cache, PathBuf::from("/h/.cache/deployer"));
        assert!(dirs(&[]).is_err());
    }
}
