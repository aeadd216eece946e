//! Name constraints of CA certificates (RFC 5280 section 4.2.1.10): names that no client would
//! accept under this CA are refused before anything is signed.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, GeneralSubtree, ParsedExtension};

use super::{Checked, problem};
use crate::name::Name;

/// `id-ce-nameConstraints`, 2.5.29.30.
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];

/// The constraints of one certificate of the chain; a name must satisfy those of all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Constraints {
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

/// All names of a kind that lie below a base.
#[derive(Debug, PartialEq, Eq)]
enum Subtree {
    /// A host name in lower case and everything below it; with a leading dot, only what is below.
    Dns(String),
    /// An address and its mask.
    Ip(Vec<u8>, Vec<u8>),
    /// The host of a URI; with a leading dot, the hosts below it; if empty, any.
    Uri(String),
}

impl Constraints {
    /// Reads the extension; a certificate without it constrains nothing.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Checked<Self> {
        let mut constraints = Self::default();
        for extension in certificate.extensions() {
            if extension.oid.as_bytes() != NAME_CONSTRAINTS {
                continue;
            }
            let ParsedExtension::NameConstraints(found) = extension.parsed_extension() else {
                return Err(problem("chain", "has malformed nameConstraints"));
            };
            constraints.permitted.extend(subtrees(found.permitted_subtrees.as_deref())?);
            constraints.excluded.extend(subtrees(found.excluded_subtrees.as_deref())?);
        }
        Ok(constraints)
    }

    /// Whether a certificate with this name is valid under the constraints.
    pub(super) fn permit(&self, name: &Name) -> bool {
        let mut same_kind =
            self.permitted.iter().filter(|subtree| subtree.is_about(name)).peekable();
        let permitted = same_kind.peek().is_none() || same_kind.any(|subtree| subtree.holds(name));
        permitted && !self.excluded.iter().any(|subtree| subtree.touches(name))
    }
}

fn subtrees(found: Option<&[GeneralSubtree<'_>]>) -> Checked<Vec<Subtree>> {
    let mut subtrees = Vec::new();
    for GeneralSubtree { base } in found.unwrap_or_default() {
        match base {
            GeneralName::DNSName(name) if is_base(name) => {
                subtrees.push(Subtree::Dns(name.to_ascii_lowercase()));
            }
            GeneralName::URI(host) if is_base(host) => {
                subtrees.push(Subtree::Uri(host.to_ascii_lowercase()));
            }
            GeneralName::IPAddress(octets) if [8, 32].contains(&octets.len()) => {
                let (address, mask) = octets.split_at(octets.len() / 2);
                subtrees.push(Subtree::Ip(address.to_vec(), mask.to_vec()));
            }
            // Constraints on names that are never issued hold by themselves.
            GeneralName::RFC822Name(_)
            | GeneralName::OtherName(..)
            | GeneralName::RegisteredID(_) => {}
            _ => {
                let message = "has nameConstraints of a kind that this issuer does not evaluate; \
                               it evaluates those on DNS names, IP addresses and URIs, without \
                               wildcards and final dots";
                return Err(problem("chain", message));
            }
        }
    }
    Ok(subtrees)
}

/// What is no part of a host name means something else to each verifier: `*.x.example` as well as
/// `x.example.` exclude nothing for one of them, and everything for another.
fn is_base(text: &str) -> bool {
    !text.contains('*') && !text.ends_with('.')
}

impl Subtree {
    fn is_about(&self, name: &Name) -> bool {
        matches!(
            (self, name),
            (Self::Dns(_), Name::Dns(_) | Name::Wildcard(_))
                | (Self::Ip(..), Name::Ip(_))
                | (Self::Uri(_), Name::Uri(_))
        )
    }

    /// Whether all that the name stands for lies in the subtree.
    fn holds(&self, name: &Name) -> bool {
        match (self, name) {
            (Self::Dns(base), Name::Dns(name)) => is_below(name, base, base.starts_with('.')),
            // Everything that `*.a.x` stands for is below `a.x`.
            (Self::Dns(base), Name::Wildcard(parent)) => {
                is_below(parent, base.strip_prefix('.').unwrap_or(base), false)
            }
            (Self::Ip(base, mask), Name::Ip(address)) => in_range(*address, base, mask),
            (Self::Uri(base), Name::Uri(uri)) => {
                base.is_empty()
                    || host(uri).is_some_and(|host| match base.strip_prefix('.') {
                        Some(parent) => is_below(host, parent, true),
                        None => host == base,
                    })
            }
            _ => false,
        }
    }

    /// Whether anything that the name stands for may lie in the subtree.
    fn touches(&self, name: &Name) -> bool {
        match (self, name) {
            (Self::Dns(base), Name::Wildcard(parent)) => {
                let base = base.strip_prefix('.').unwrap_or(base);
                is_below(parent, base, false) || is_below(base, parent, false)
            }
            // The section forbids URIs without a host wherever URIs are constrained.
            (Self::Uri(_), Name::Uri(uri)) => host(uri).is_none() || self.holds(name),
            _ => self.holds(name),
        }
    }
}

/// Whether a host name lies below another, or unless `strictly`, is the same. Everything lies below
/// the empty name.
fn is_below(name: &str, base: &str, strictly: bool) -> bool {
    let base = base.strip_prefix('.').unwrap_or(base);
    if base.is_empty() {
        return true;
    }
    match name.strip_suffix(base) {
        Some("") => !strictly,
        Some(labels) => labels.ends_with('.'),
        None => false,
    }
}

/// The host of a URI if it is a name; addresses cannot be constrained.
fn host(uri: &str) -> Option<&str> {
    let (_, hierarchy) = uri.split_once("://")?;
    let authority = hierarchy.split('/').next()?;
    let host = authority.split(':').next()?;
    (!host.is_empty() && !authority.starts_with('[') && host.parse::<IpAddr>().is_err())
        .then_some(host)
}

fn in_range(address: IpAddr, base: &[u8], mask: &[u8]) -> bool {
    let octets = match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    octets.len() == base.len()
        && octets.iter().zip(base).zip(mask).all(|((ours, base), mask)| ours & mask == base & mask)
}

#[cfg(test)]
mod tests {
    use super::{Constraints, Subtree};
    use crate::name::displayed as name;

    fn dns(base: &str) -> Subtree {
        Subtree::Dns(base.into())
    }

    fn uri(base: &str) -> Subtree {
        Subtree::Uri(base.into())
    }

    fn net(base: [u8; 4], mask: [u8; 4]) -> Subtree {
        Subtree::Ip(base.to_vec(), mask.to_vec())
    }

    #[test]
    fn permitted_subtrees_leave_out_what_is_not_in_one_of_them() {
        for (subtree, inside, outside) in [
            (
                dns("x.example"),
                &["dns:x.example", "dns:a.x.example", "dns:*.x.example", "dns:*.a.x.example"][..],
                &["dns:ax.example", "dns:example", "dns:*.y.example", "dns:x.example.com"][..],
            ),
            (dns(".x.example"), &["dns:a.x.example", "dns:*.x.example"], &["dns:x.example"]),
            (dns(""), &["dns:a.b", "dns:*.a.b"], &[]),
            (
                net([10, 1, 0, 0], [255, 255, 0, 0]),
                &["ip:10.1.2.3"],
                &["ip:10.2.0.0", "ip:2001:db8::1"],
            ),
            (
                uri("t.example"),
                &["uri:spiffe://t.example/a", "uri:https://t.example:8443/a"],
                &[
                    "uri:spiffe://a.t.example/a",
                    "uri:urn:a",
                    "uri:https://10.0.0.1/a",
                    "uri:https://[::1]/a",
                ],
            ),
            (uri(".t.example"), &["uri:spiffe://a.t.example/a"], &["uri:spiffe://t.example/a"]),
        ] {
            let constraints = Constraints { permitted: vec![subtree], excluded: Vec::new() };
            for text in inside {
                assert!(constraints.permit(&name(text)), "{constraints:?} {text}");
            }
            for text in outside {
                assert!(!constraints.permit(&name(text)), "{constraints:?} {text}");
            }
            // Kinds without a subtree are free.
            let others = ["dns:other.test", "ip:192.0.2.1", "uri:urn:b"];
            let free = others.iter().filter(|text| constraints.permit(&name(text))).count();
            assert_eq!(free, if constraints.permitted == [dns("")] { 3 } else { 2 });
        }
    }

    #[test]
    fn excluded_subtrees_leave_out_whatever_may_be_in_them() {
        let excluded =
            vec![dns("a.x.example"), net([10, 0, 0, 0], [255, 0, 0, 0]), uri("t.example")];
        let constraints = Constraints { permitted: vec![dns("x.example")], excluded };
        for text in ["dns:x.example", "dns:b.x.example", "ip:11.0.0.0", "uri:https://u.example/"] {
            assert!(constraints.permit(&name(text)), "{text}");
        }
        for text in [
            "dns:a.x.example",
            "dns:c.a.x.example",
            "dns:*.a.x.example",
            // It stands for `a.x.example`, too.
            "dns:*.x.example",
            "ip:10.255.0.1",
            "uri:https://t.example/",
            "uri:urn:a",
        ] {
            assert!(!constraints.permit(&name(text)), "{text}");
        }
    }
}
