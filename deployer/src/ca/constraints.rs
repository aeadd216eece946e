//! Name constraints: which names the certificates below an issuing CA may carry, whoever signs
//! them (RFC 5280, 4.2.1.10).
//!
//! The policy of the signer binds the signer. What stands in the issuing CA's own certificate binds
//! the key, wherever that may get to, because the verifiers hold it against each leaf.

use std::fmt;
use std::net::IpAddr;

use signer::name::Name;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use yasna::{DERWriter, Tag};

use crate::error::{Error, Result};

/// The extension's object identifier.
pub(super) const OID: [u64; 4] = [2, 5, 29, 30];

/// A host that no name is ever at, because nobody can get one below `invalid` (RFC 6761, 6.4).
const NOWHERE: &str = "nothing.invalid";

/// A part of the names of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subtree {
    /// A host name and everything below it; every host name if empty.
    Dns(String),
    /// A range of addresses: the first, and how many of its bits are fixed.
    Ip(IpAddr, u8),
    /// The URIs at a host or, with a dot before it, at the hosts below it.
    Uri(String),
}

impl Subtree {
    /// Reads a host name, such as `internal.example`.
    pub fn dns(text: &str) -> Result<Self, String> {
        if text.starts_with(['.', '*']) {
            return Err("a name covers everything below it: leave out what is before it".into());
        }
        Ok(Self::Dns(host(text)?))
    }

    /// Reads a range of addresses, such as `10.0.0.0/8`, or one address.
    pub fn ip(text: &str) -> Result<Self, String> {
        let (first, length) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let first: IpAddr =
            first.parse().map_err(|_| "expected a range such as 10.0.0.0/8 or fd00::/8")?;
        let width = if first.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(width), str::parse).ok().filter(|length| *length <= width);
        let length = length.ok_or(format!("the length is not a number from 0 to {width}"))?;
        let behind =
            octets(first).iter().zip(mask(first, length)).any(|(bits, mask)| bits & !mask != 0);
        if behind {
            return Err(
                "bits behind the length are set; give the first address of the range".into()
            );
        }
        Ok(Self::Ip(first, length))
    }

    /// Reads a host, such as `internal.example`, or `.internal.example` for the hosts below it.
    pub fn uri(text: &str) -> Result<Self, String> {
        if text.contains([':', '/']) {
            return Err(
                "give the host alone, without scheme, port and path; the host of a SPIFFE id \
                        is its trust domain"
                    .into(),
            );
        }
        let below = text.strip_prefix('.');
        let host = host(below.unwrap_or(text))?;
        Ok(Self::Uri(if below.is_some() { format!(".{host}") } else { host }))
    }

    fn write(&self, writer: DERWriter<'_>) {
        match self {
            Self::Dns(name) => {
                writer
                    .write_tagged_implicit(Tag::context(2), |writer| writer.write_ia5_string(name));
            }
            Self::Uri(host) => {
                writer
                    .write_tagged_implicit(Tag::context(6), |writer| writer.write_ia5_string(host));
            }
            Self::Ip(first, length) => {
                let bytes = [octets(*first), mask(*first, *length)].concat();
                writer.write_tagged_implicit(Tag::context(7), |writer| writer.write_bytes(&bytes));
            }
        }
    }
}

/// Kind and part, such as `dns:internal.example`.
impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) if name.is_empty() => f.write_str("dns:(all)"),
            Self::Ip(first, 0) if first.is_ipv4() => f.write_str("ip:(all IPv4)"),
            Self::Ip(_, 0) => f.write_str("ip:(all IPv6)"),
            Self::Uri(host) if host == NOWHERE => f.write_str("uri:(none)"),
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Ip(first, length) => write!(f, "ip:{first}/{length}"),
            Self::Uri(host) => write!(f, "uri:{host}"),
        }
    }
}

fn host(text: &str) -> Result<String, String> {
    match Name::dns(text.as_bytes())? {
        Name::Dns(host) => Ok(host),
        Name::Wildcard(_) | Name::Ip(_) | Name::Uri(_) => Err("not a host name".into()),
    }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().into(),
        IpAddr::V6(v6) => v6.octets().into(),
    }
}

fn mask(address: IpAddr, length: u8) -> Vec<u8> {
    let fixed = |octet: usize| usize::from(length).saturating_sub(8 * octet).min(8);
    let octets = 0..octets(address).len();
    octets.map(|octet| u8::try_from(0xff00_u32 >> fixed(octet) & 0xff).unwrap_or(0xff)).collect()
}

/// What an issuing CA is held to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Of each kind that occurs here, nothing else may be issued.
    pub permitted: Vec<Subtree>,
    /// What must not be issued in any case.
    pub excluded: Vec<Subtree>,
}

impl Constraints {
    /// Whether these constrain nothing.
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }

    /// The same, and of each kind nothing, where another kind is permitted and this one is not: RFC
    /// 5280 leaves the kinds free that are not mentioned, which is never what is meant.
    #[must_use]
    pub fn closed(mut self) -> Self {
        let permits = |kind: fn(&Subtree) -> bool| self.permitted.iter().any(kind);
        let dns = permits(|one| matches!(one, Subtree::Dns(_)));
        let ip = permits(|one| matches!(one, Subtree::Ip(..)));
        let uri = permits(|one| matches!(one, Subtree::Uri(_)));
        if !(dns || ip || uri) {
            return self;
        }
        if !dns {
            self.excluded.push(Subtree::Dns(String::new()));
        }
        if !ip {
            let all = [IpAddr::from([0; 4]), IpAddr::from([0; 16])];
            self.excluded.extend(all.map(|first| Subtree::Ip(first, 0)));
        }
        if !uri {
            // There is no range of all hosts (OpenSSL takes an empty one for no host), so the URIs
            // at a host that cannot exist are permitted, and thereby no others.
            self.permitted.push(Subtree::Uri(NOWHERE.to_owned()));
        }
        self
    }

    /// The constraints of a certificate; none if it has none.
    ///
    /// # Errors
    /// When they are about other kinds than host names, addresses and URIs.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Result<Self> {
        let wrong = || Error::new("could not read the name constraints of the issuing CA");
        let found = certificate.name_constraints().map_err(|error| wrong().because(error))?;
        let Some(found) = found.map(|extension| extension.value) else {
            return Ok(Self::default());
        };
        let read = |subtrees: &Option<Vec<_>>| -> Result<Vec<Subtree>> {
            let subtrees = subtrees.iter().flatten();
            subtrees
                .map(|one: &x509_parser::extensions::GeneralSubtree<'_>| subtree(&one.base))
                .collect::<Option<_>>()
                .ok_or_else(|| {
                    wrong().because("they are not all about host names, address ranges and URIs")
                })
        };
        Ok(Self {
            permitted: read(&found.permitted_subtrees)?,
            excluded: read(&found.excluded_subtrees)?,
        })
    }

    /// The content of the extension.
    pub(super) fn der(&self) -> Vec<u8> {
        yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for (tag, subtrees) in [(0, &self.permitted), (1, &self.excluded)] {
                    if subtrees.is_empty() {
                        continue;
                    }
                    writer.next().write_tagged_implicit(Tag::context(tag), |writer| {
                        writer.write_sequence(|writer| {
                            for one in subtrees {
                                writer.next().write_sequence(|writer| one.write(writer.next()));
                            }
                        });
                    });
                }
            });
        })
    }
}

fn subtree(base: &GeneralName<'_>) -> Option<Subtree> {
    match base {
        GeneralName::DNSName(name) => Some(Subtree::Dns((*name).to_owned())),
        GeneralName::URI(host) => Some(Subtree::Uri((*host).to_owned())),
        GeneralName::IPAddress(bytes) => range(bytes),
        _ => None,
    }
}

/// An address and its mask, one behind the other.
fn range(bytes: &[u8]) -> Option<Subtree> {
    let (first, given) = bytes.split_at(bytes.len() / 2);
    let first = match first.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(first).ok()?),
        16 => IpAddr::from(<[u8; 16]>::try_from(first).ok()?),
        _ => return None,
    };
    let length = given.iter().map(|octet| octet.count_ones()).sum::<u32>();
    let length = u8::try_from(length).ok()?;
    (mask(first, length) == given).then_some(Subtree::Ip(first, length))
}
