//! Whether the present certificate has to be replaced, and by what.

use std::path::Path;

use time::OffsetDateTime;

use super::certificate::Certificate;
use super::files::{self, Paths};
use super::key_type::KeyType;
use super::name::Name;
use super::request::Wanted;
use super::schedule::Lifetime;
use super::verify::check_wanted;
use super::{Issued, Request, request};
use crate::error::{Error, Result};

/// What is to be done about the certificate in a folder.
#[derive(Debug)]
pub enum Renewal {
    /// Nothing until then.
    Later {
        /// The present certificate.
        present: Box<Issued>,
        /// When it is to be renewed.
        at: OffsetDateTime,
    },
    /// A new one is needed.
    Now {
        /// What to ask for.
        request: Box<Request>,
        /// Why.
        because: String,
        /// Of the present certificate, if there is one.
        lifetime: Option<Lifetime>,
    },
}

impl Certificate {
    /// From when until when it is valid.
    pub fn lifetime(&self) -> Lifetime {
        Lifetime { from: self.not_before, until: self.not_after }
    }
}

/// Looks at the certificate in `input.out`. Whatever `input` leaves open is to stay as it is there.
///
/// A certificate that is not as `input` wants it, or whose key is another one, is replaced whatever
/// its age. `chance` lies between 0 and 1, see [`Lifetime::renewal`].
///
/// # Errors
///
/// When there is nothing to go by: neither a usable certificate nor names.
pub fn renewal(input: &Request, now: OffsetDateTime, chance: f64) -> Result<Renewal> {
    let anew = |because: String| {
        Ok(Renewal::Now { request: Box::new(input.clone()), because, lifetime: None })
    };
    let (path, open) = (Paths::within(&input.out, false).certificate, is_open(input));
    let folder = files::present(&input.out);
    let present = if path.exists() {
        Certificate::load(&Paths::within(&folder, false).certificate)
    } else {
        Err(Error::new(format!("there is no {} yet", path.display())))
    };
    let certificate = match present {
        Ok(certificate) => certificate,
        Err(error) if open => {
            return Err(error.hint("name what a new one is to be for, as in --dns api.internal"));
        }
        Err(error) => return anew(error.message),
    };
    let key = files::key(&folder)?;
    if open && key.is_none() {
        return Err(Error::new(format!("could not renew {}", path.display()))
            .because("its key is not there")
            .hint("name its certificate request with --csr; or, for a new key, its names"));
    }
    let (lifetime, at) = (certificate.lifetime(), certificate.lifetime().renewal(chance));
    let request = filled(input, &certificate);
    let due = (now >= at).then(|| "it is near the end of its lifetime".to_owned());
    let fits = key.as_ref().map(|key| files::fits(key, &certificate.public_key));
    if let Some(because) = unfit(&request, &certificate, fits)?.or(due) {
        return Ok(Renewal::Now { request: Box::new(request), because, lifetime: Some(lifetime) });
    }
    let paths = Paths::within(&input.out, key.is_some());
    Ok(Renewal::Later { present: Box::new(Issued { certificate, paths }), at })
}

/// Whether an input leaves it to the present certificate what to ask for.
fn is_open(input: &Request) -> bool {
    let nameless = input.dns.is_empty() && input.ip.is_empty() && input.uri.is_empty();
    input.csr.is_none() && nameless && input.common_name.is_none()
}

/// The input, with what it leaves open taken from a certificate. The lifetime is not: where the
/// policy has come to grant less, its default still is.
fn filled(input: &Request, certificate: &Certificate) -> Request {
    let mut request = input.clone();
    if input.csr.is_some() {
        return request;
    }
    if is_open(input) {
        for name in &certificate.names {
            match name {
                Name::Dns(dns) => request.dns.push(dns.clone()),
                Name::Ip(ip) => request.ip.push(*ip),
                Name::Uri(uri) => request.uri.push(uri.clone()),
            }
        }
        request.common_name.clone_from(&certificate.common_name);
    }
    if input.usages.is_empty() {
        request.usages = certificate.usages.iter().copied().collect();
    }
    request.key_type = input.key_type.or_else(|| KeyType::titled(&certificate.key_type));
    request
}

/// Why a certificate is not what a request wants, apart from its age.
fn unfit(request: &Request, present: &Certificate, fits: Option<bool>) -> Result<Option<String>> {
    let differs = |wanted: &Wanted| check_wanted(present, wanted).err().map(|error| error.message);
    if fits == Some(false) {
        return Ok(Some("its key.pem is of another certificate".to_owned()));
    }
    if let Some(path) = &request.csr {
        let prepared = request::prepare(request)?;
        let other = prepared.public_key != present.public_key;
        let other = other.then(|| format!("{} is for another key", path.display()));
        return Ok(other.or_else(|| differs(&prepared.wanted)));
    }
    if fits.is_none() {
        return Ok(Some("its key.pem is not there".to_owned()));
    }
    let kind = request.key_type.filter(|kind| kind.title() != present.key_type);
    let kind = kind.map(|kind| format!("its key is not of the kind {kind}"));
    let wanted = request::wanted(request)?;
    Ok(kind.or_else(|| differs(&wanted)))
}

/// The certificate that is in a folder, with its files.
pub(super) fn load(out: &Path) -> Result<Issued> {
    let certificate = Certificate::load(&Paths::within(out, false).certificate)?;
    Ok(Issued { certificate, paths: Paths::within(out, files::key(out)?.is_some()) })
}

#[cfg(test)]
mod tests;
