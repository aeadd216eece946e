//! Folders that private keys are put into.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// By this file Git leaves a folder alone.
const IGNORE: &str = ".gitignore";

/// Makes a folder with these mode bits, unless there is one; whether it was made. Git ignores what was
/// made here, so that no key is committed by mistake. A folder that was there is its owner's affair.
pub(crate) fn make(folder: &Path, mode: u32) -> io::Result<bool> {
    if folder.is_dir() {
        return Ok(false);
    }
    DirBuilder::new().recursive(true).mode(mode).create(folder)?;
    let written = fs::write(folder.join(IGNORE), "*\n");
    written.map(|()| true).inspect_err(|_| unmake(folder))
}

/// Removes a folder that was made here, unless it has got other contents since.
pub(crate) fn unmake(folder: &Path) {
    let is_ours = |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|it| it.file_name() == IGNORE);
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_ours)) {
        let _ = fs::remove_file(folder.join(IGNORE));
        let _ = fs::remove_dir(folder);
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn git_ignores_what_is_made_here_and_nothing_else_is_touched() {
        let base = tempfile::tempdir().unwrap();
        let (new, old) = (base.path().join("a/new"), base.path().join("old"));
        fs::create_dir(&old).unwrap();
        assert!(make(&new, 0o700).unwrap());
        assert_eq!(fs::metadata(&new).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(fs::read_to_string(new.join(IGNORE)).unwrap(), "*\n");
        assert!(!make(&old, 0o700).unwrap());
        assert_eq!(fs::read_dir(&old).unwrap().count(), 0);
        fs::write(new.join("key.pem"), "").unwrap();
        unmake(&new);
        assert!(new.join("key.pem").exists() && new.join(IGNORE).exists());
        fs::remove_file(new.join("key.pem")).unwrap();
        unmake(&new);
        assert!(!new.exists());
    }
}
