//! Replacing the issuing CA below its root, and finishing that where it was interrupted.
//!
//! The secret's value is what counts; the certificate beside it only repeats a part of it. So the
//! previous pair is kept first, then the value is replaced, and then the certificate: at any point
//! the value is an old or a new one, and running again makes the certificate fit.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use signer::notation::hex;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use zeroize::Zeroizing;

use super::certificate::{self, Made, Subject, Validity};
use super::constraints::Constraints;
use super::replace::{Replacement, lock, replace};
use super::root::{self, Root};
use super::{Files, LONGEST_NAME, secret};
use crate::error::{Error, Result};

/// What the next issuing CA is to be.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The root's key, where it is not kept in the folder.
    pub root_key: Option<PathBuf>,
    /// How long the issuing CA is valid.
    pub days: u16,
    /// Which names it can issue; as the present one if left out.
    pub constraints: Option<Constraints>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// There is a new issuing CA.
    Anew,
    /// An earlier rotation was interrupted, and is finished now.
    Finished,
}

/// Makes a new issuing CA below the root in `dir`, and puts it in the place of the present one.
///
/// # Errors
///
/// When the root cannot sign one, the present one is not its, an earlier one is still kept, or the
/// folder cannot be written. What is in use is as before then, or replaced completely.
pub fn rotate(dir: &Path, rotation: &Rotation, now: OffsetDateTime) -> Result<Rotated> {
    let files = Files::within(dir);
    let _alone = lock(dir).map_err(|source| {
        Error::io("lock", dir, &source)
            .hint("name the folder of the CA with --dir, or make one: deployer ca init")
    })?;
    let present = Present::of(&files)?;
    if is_interrupted(&files, &present)? {
        replace(dir, &[public(&files.issuing, &present.pem)])?;
        return Ok(Rotated::Finished);
    }
    let next = next(&files, &present, rotation, now)?;
    let value = secret::value(&next)?;
    let steps = steps(&files, &present, &next, &value);
    replace(dir, &steps).map_err(|error| {
        error.hint("run the same again when that is mended; `issuing-ca.json` is what counts")
    })?;
    Ok(Rotated::Anew)
}

/// The order matters: see above.
fn steps<'a>(
    files: &'a Files,
    present: &'a Present,
    next: &'a Made,
    value: &'a [u8],
) -> Vec<Replacement<'a>> {
    let private = |path, bytes| Replacement { path, bytes, mode: 0o600 };
    let mut steps = Vec::new();
    if let Some(value) = &present.value {
        steps.push(private(&files.previous_secret, value));
        steps.push(public(&files.previous, &present.pem));
    }
    steps.push(private(&files.issuing_secret, value));
    steps.push(public(&files.issuing, &next.pem));
    steps
}

fn public<'a>(path: &'a Path, pem: &'a str) -> Replacement<'a> {
    Replacement { path, bytes: pem.as_bytes(), mode: 0o644 }
}

/// An issuing CA in its file.
struct Present {
    /// Nothing where the secret's value is lost and only the certificate is left.
    value: Option<Zeroizing<Vec<u8>>>,
    pem: String,
    der: Vec<u8>,
}

impl Present {
    /// The one in use. To replace one whose key is lost, its certificate is enough.
    fn of(files: &Files) -> Result<Self> {
        match fs::read_to_string(&files.issuing) {
            Ok(pem) if !files.issuing_secret.exists() => {
                let der = root::certificate_of(pem.as_bytes()).map_err(|why| {
                    Error::new(format!("could not read {}", files.issuing.display())).because(why)
                })?;
                Ok(Self { value: None, der: der.to_vec(), pem })
            }
            _ => Self::read(&files.issuing_secret),
        }
    }

    fn read(path: &Path) -> Result<Self> {
        let value = fs::read(path).map(Zeroizing::new).map_err(|source| {
            Error::io("read", path, &source)
                .hint("name the folder of the CA with --dir, or make one: deployer ca init")
        })?;
        let wrong = || format!("could not read {}", path.display());
        let pem = secret::certificate(&value).map_err(|error| error.within(wrong()))?;
        let der = root::certificate_of(pem.as_bytes())
            .map_err(|why| Error::new(wrong()).because(format!("`certificate`: {why}")))?;
        Ok(Self { value: Some(value), pem, der: der.to_vec() })
    }

    /// What is kept of an earlier rotation, if anything is.
    fn kept(path: &Path) -> Result<Option<Self>> {
        match path.symlink_metadata() {
            Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
            _ => Self::read(path).map(Some),
        }
    }
}

/// Whether an earlier rotation has replaced the value and not yet the certificate.
fn is_interrupted(files: &Files, present: &Present) -> Result<bool> {
    let Some(previous) = Present::kept(&files.previous_secret)? else { return Ok(false) };
    // It was kept, and then not replaced.
    if previous.der == present.der {
        return Ok(false);
    }
    let beside = fs::read(&files.issuing).ok();
    let beside = beside.and_then(|pem| root::certificate_of(&pem).ok());
    if beside.is_none_or(|beside| *beside != *present.der) {
        return Ok(true);
    }
    Err(Error::new("could not replace the issuing CA")
        .because(format!("{} is still kept from the last time", files.previous_secret.display()))
        .hint(format!(
            "when the present one is deployed, delete it: rm {} {}",
            files.previous_secret.display(),
            files.previous.display()
        )))
}

fn next(
    files: &Files,
    present: &Present,
    rotation: &Rotation,
    now: OffsetDateTime,
) -> Result<Made> {
    let key_file = rotation.root_key.as_ref().unwrap_or(&files.root_key);
    let root = Root::read(&files.root, key_file, now)?;
    let issuing = root::parse(&present.der)
        .filter(|issuing| root.has_signed(issuing).is_ok_and(|signed| signed));
    let issuing = issuing.ok_or_else(|| {
        Error::new("could not replace the issuing CA").because(format!(
            "{} did not sign the one in {}: whoever trusts that root would not trust the new one",
            files.root.display(),
            files.issuing_secret.display()
        ))
    })?;
    let constraints = match &rotation.constraints {
        Some(constraints) => constraints.clone(),
        None => Constraints::of(&issuing)?,
    };
    let key = certificate::key()?;
    let subject = subject(&issuing, &certificate::key_identifier(&key), now);
    let validity = validity(&root, rotation.days, now)?;
    let made = certificate::issuing(&root.issuer()?, key, &subject, validity, &constraints)?;
    // rcgen writes some subjects in another way than they are.
    let fits = root::parse(&made.der)
        .is_some_and(|made| root.has_signed(&made).is_ok_and(|signed| signed));
    if fits {
        return Ok(made);
    }
    Err(Error::new("could not sign an issuing CA").because(
        "the subject of the root has repeated or unusual attributes, which cannot be written",
    ))
}

fn validity(root: &Root, days: u16, now: OffsetDateTime) -> Result<Validity> {
    let roots = root.certificate()?.validity().clone();
    let validity = Validity::of_days(days, now)?;
    root::outlasts(roots.not_after.to_datetime(), validity.ends, now)?;
    Ok(Validity { begins: validity.begins.max(roots.not_before.to_datetime()), ..validity })
}

/// A subject of its own for a key of its own: where two keys share a subject, verifiers that hold
/// both certificates have to try which of them has signed a leaf, and not all of them do.
fn subject(issuing: &X509Certificate<'_>, key: &[u8], now: OffsetDateTime) -> Subject {
    let present = issuing.subject();
    let first = |attribute: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>| {
        attribute.and_then(|attribute| attribute.as_str().ok()).map(str::to_owned)
    };
    let name = first(present.iter_common_name().next()).unwrap_or_else(|| "Issuing CA".to_owned());
    let suffix = format!("{} {}", now.date(), &hex(key)[..8]);
    Subject {
        organization: first(present.iter_organization().next()),
        common_name: format!("{} {suffix}", base(&name)),
    }
}

/// A common name without what earlier rotations have added to it.
fn base(name: &str) -> String {
    let is_key = |word: &str| word.len() == 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_date = |word: &str| {
        word.len() == 10 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let words: Vec<&str> = name.split(' ').collect();
    let kept = match words.as_slice() {
        [kept @ .., date, key] if is_date(date) && is_key(key) => kept,
        all => all,
    };
    // A common name has at most 64 characters.
    kept.join(" ").chars().take(LONGEST_NAME + " Issuing CA".len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATION: Rotation = Rotation { root_key: None, days: 30, constraints: None };

    /// The certificates of the value and of the file beside it.
    fn pair(files: &Files) -> (String, String) {
        let value = fs::read(&files.issuing_secret).expect("a value");
        let beside = fs::read_to_string(&files.issuing).expect("a certificate");
        (secret::certificate(&value).expect("a certificate"), beside)
    }

    #[test]
    fn a_crash_at_any_point_is_mended_by_running_again() {
        let now = OffsetDateTime::now_utc();
        for point in 0..=4 {
            let dir = tempfile::tempdir().expect("a folder");
            let files = super::super::init(dir.path(), now).expect("a CA");
            let old = pair(&files).0;
            let present = Present::read(&files.issuing_secret).expect("a CA");
            let made = next(&files, &present, &ROTATION, now).expect("another CA");
            let value = secret::value(&made).expect("a value");
            let steps = steps(&files, &present, &made, &value);
            replace(dir.path(), &steps[..point]).expect("some steps");

            let expected = if point < 3 { &old } else { &made.pem };
            assert_eq!(pair(&files).0, *expected, "the value after {point} steps");
            let again = rotate(dir.path(), &ROTATION, now);
            if point == 4 {
                let error = again.expect_err("complete, and the previous one is still kept");
                assert!(error.causes[0].contains("is still kept"), "{error:?}");
            } else {
                let ended = if point == 3 { Rotated::Finished } else { Rotated::Anew };
                assert_eq!(again.expect("mended"), ended, "after {point} steps");
            }
            let (value, beside) = pair(&files);
            assert_eq!(value, beside, "the pair after {point} steps");
            assert_ne!(value, old);
            let kept = fs::read(&files.previous_secret).expect("the previous value");
            assert_eq!(secret::certificate(&kept).expect("a certificate"), old);
        }
    }

    #[test]
    fn keys_that_a_crash_left_under_temporary_names_are_removed() {
        let dir = tempfile::tempdir().expect("a folder");
        let now = OffsetDateTime::now_utc();
        super::super::init(dir.path(), now).expect("a CA");
        let left = dir.path().join(".ca-x1Y2z3");
        fs::write(&left, b"a key").expect("a file");
        rotate(dir.path(), &ROTATION, now).expect("rotated");
        assert!(!left.exists());
    }

    #[test]
    fn what_rotations_add_to_a_name_does_not_add_up() {
        let long = format!("{} Issuing CA", "x".repeat(LONGEST_NAME));
        for (name, expected) in [
            ("Demo Issuing CA", "Demo Issuing CA"),
            ("Demo Issuing CA 2026-05-08 0123abcd", "Demo Issuing CA"),
            ("Year 2026-05-08", "Year 2026-05-08"),
            ("2026-05-08 0123abcd", ""),
            (&format!("{long} and more"), &long),
        ] {
            assert_eq!(base(name), expected);
        }
    }
}
