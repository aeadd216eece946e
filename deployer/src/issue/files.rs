//! The certificate's files: replaced all together or not at all.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PublicKeyData as _};
use tempfile::{NamedTempFile, TempPath};
use zeroize::Zeroizing;

use super::request::Prepared;
use super::verify::Verified;
use crate::ca::pem;
use crate::error::{Error, Result};

/// The written files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// The intermediate certificates, PEM; servers send them after the certificate.
    pub chain: PathBuf,
    /// The private key, PKCS#8 PEM, mode 0600; `None` if the request came from a file.
    pub key: Option<PathBuf>,
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// Refuses a folder that the files could not go into, before a certificate is issued in vain.
pub(super) fn check(out: &Path, request: &Prepared) -> Result<()> {
    if out.exists() && !out.is_dir() {
        return Err(Error::new(format!("could not use {} as the output folder", out.display()))
            .because("it is no folder")
            .hint("name a folder with --out; it is created when it does not exist"));
    }
    let path = out.join("key.pem");
    if request.key.is_some() || !path.exists() {
        return Ok(());
    }
    let text = fs::read_to_string(&path)
        .map(Zeroizing::new)
        .map_err(|source| Error::io("read", &path, &source))?;
    // Servers take key.pem and cert.pem as a pair, so one that does not fit must not lie there.
    let same = KeyPair::from_pem(&text)
        .map(Zeroizing::new)
        .is_ok_and(|key| key.subject_public_key_info() == request.public_key);
    if same {
        return Ok(());
    }
    Err(Error::new(format!("could not use {} as the output folder", out.display()))
        .because("its key.pem is not the key of the certificate request")
        .hint("name another folder with --out"))
}

/// Writes the files into `out`: the key first, the certificate last.
///
/// Everything is on the disk under temporary names before the first file is replaced, and a
/// replacement that fails is undone. Only a crash in the instants between the replacements can
/// leave a new key beside an old certificate; issuing again mends that.
pub(super) fn write(
    out: &Path,
    verified: &Verified,
    key: Option<&Zeroizing<KeyPair>>,
) -> Result<Paths> {
    let paths = Paths {
        certificate: out.join("cert.pem"),
        chain: out.join("chain.pem"),
        key: key.map(|_| out.join("key.pem")),
    };
    let certificate = pem::encode("CERTIFICATE", &verified.leaf);
    let chain: Vec<_> = verified.chain.iter().map(|one| pem::encode("CERTIFICATE", one)).collect();
    let chain: String = chain.iter().map(|one| one.as_str()).collect();
    let key = key.map(|key| pem::private_key(key));

    let mut files = Vec::new();
    if let (Some(path), Some(key)) = (&paths.key, &key) {
        files.push((path.as_path(), key.as_bytes(), PRIVATE));
    }
    files.push((&paths.chain, chain.as_bytes(), PUBLIC));
    files.push((&paths.certificate, certificate.as_bytes(), PUBLIC));
    replace(out, &files).map_err(|(path, source)| {
        Error::io("write", &path, &source).hint("the files are as they were before")
    })?;
    Ok(paths)
}

type Failure = (PathBuf, io::Error);

fn replace(out: &Path, files: &[(&Path, &[u8], u32)]) -> Result<(), Failure> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| (path, source)
    };
    fs::create_dir_all(out).map_err(at(out))?;
    let mut staged = Vec::new();
    for (path, bytes, mode) in files {
        let new = stage(out, bytes, *mode).map_err(at(path))?;
        staged.push((*path, new, keep(out, path).map_err(at(path))?));
    }
    let mut replaced = Vec::new();
    for (path, new, old) in staged {
        if let Err(error) = new.persist(path) {
            undo(replaced);
            return Err((path.to_owned(), error.error));
        }
        replaced.push((path, old));
    }
    File::open(out).and_then(|folder| folder.sync_all()).map_err(at(out))
}

/// A complete file under a temporary name, which is removed unless it is given its own.
fn stage(out: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".issue-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(out)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// A second name for the file that is about to be replaced, if there is one.
fn keep(out: &Path, path: &Path) -> io::Result<Option<TempPath>> {
    if !path.exists() {
        return Ok(None);
    }
    let kept = tempfile::Builder::new()
        .prefix(".issue-old-")
        .make_in(out, |name| fs::hard_link(path, name))?;
    Ok(Some(kept.into_temp_path()))
}

fn undo(replaced: Vec<(&Path, Option<TempPath>)>) {
    // The first failure is the one to report; what cannot be undone has no better remedy.
    for (path, old) in replaced {
        let _ = match old {
            Some(old) => old.persist(path).map_err(|error| error.error),
            None => fs::remove_file(path),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn files_are_replaced_with_their_modes_and_nothing_is_left_over() {
        let dir = tempfile::tempdir().expect("a folder");
        let out = dir.path().join("a/b");
        let (key, certificate) = (out.join("key.pem"), out.join("cert.pem"));
        for content in [b"one", b"two"] {
            let files = [
                (key.as_path(), content.as_slice(), PRIVATE),
                (certificate.as_path(), content.as_slice(), PUBLIC),
            ];
            replace(&out, &files).expect("written");
            assert_eq!(fs::read(&key).expect("a file"), content);
            assert_eq!(fs::read(&certificate).expect("a file"), content);
        }
        assert_eq!(mode(&key), 0o600);
        assert_eq!(mode(&certificate) & !0o644, 0);
        assert_eq!(names(&out), ["cert.pem", "key.pem"]);
    }

    #[test]
    fn a_failure_restores_the_old_files() {
        let dir = tempfile::tempdir().expect("a folder");
        let out = dir.path();
        let (key, chain) = (out.join("key.pem"), out.join("chain.pem"));
        // A folder that is not there fails only at the last step.
        let certificate = out.join("missing/cert.pem");
        fs::write(&key, "old").expect("a file");
        let files = [
            (key.as_path(), b"new".as_slice(), PRIVATE),
            (chain.as_path(), b"new".as_slice(), PUBLIC),
            (certificate.as_path(), b"new".as_slice(), PUBLIC),
        ];
        assert!(replace(out, &files).is_err());
        assert_eq!(fs::read(&key).expect("a file"), b"old");
        assert_eq!(names(out), ["key.pem"]);
    }
}
