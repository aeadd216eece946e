//! A name that a certificate speaks for, in a form that compares as certificates compare it.

use std::fmt;
use std::net::IpAddr;

use rcgen::SanType;
use x509_parser::extensions::GeneralName;

use crate::error::{Error, Result};

/// One subject alternative name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A DNS name, in lower case: DNS does not tell cases apart, so neither does a comparison.
    Dns(String),
    /// An IP address.
    Ip(IpAddr),
    /// A URI, as it is.
    Uri(String),
}

impl Name {
    /// A DNS name, or why it cannot be one.
    pub(super) fn dns(name: &str) -> Result<Self> {
        let labels = name.strip_prefix("*.").unwrap_or(name);
        if is_dns_name(labels) {
            return Ok(Self::Dns(name.to_ascii_lowercase()));
        }
        let error = Error::new(format!("`{name}` is no DNS name"));
        Err(if name.is_ascii() {
            error.because("labels are letters, digits and hyphens, at most 63 of them, 253 in all")
        } else {
            error
                .because("it has characters outside ASCII")
                .hint("write an international name in its `xn--` form")
        })
    }

    /// A URI, or why it cannot be one. What follows the scheme is for the signer to judge.
    pub(super) fn uri(uri: &str) -> Result<Self> {
        let scheme = uri.split_once(':').map_or("", |(scheme, _)| scheme);
        if !scheme.is_empty() && uri.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self::Uri(uri.to_owned()));
        }
        Err(Error::new(format!("`{}` is no URI", uri.escape_debug()))
            .because("a URI has a scheme and consists of visible ASCII characters")
            .hint("an example: spiffe://example.org/billing"))
    }

    /// The name of a certificate or request; `None` for the kinds that this system never issues.
    pub(super) fn of(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(name) => Some(Self::Dns(name.to_ascii_lowercase())),
            GeneralName::URI(uri) => Some(Self::Uri((*uri).to_owned())),
            GeneralName::IPAddress(bytes) => {
                let ip = <[u8; 4]>::try_from(*bytes)
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
                ip.ok().map(Self::Ip)
            }
            _ => None,
        }
    }

    /// As rcgen writes it into a certificate request.
    pub(super) fn to_san(&self) -> Result<SanType> {
        let ascii = |text: &str| {
            text.try_into().map_err(|_| Error::new(format!("the name {self} is not ASCII")))
        };
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(ascii(name)?),
            Self::Ip(ip) => SanType::IpAddress(*ip),
            Self::Uri(uri) => SanType::URI(ascii(uri)?),
        })
    }

    /// The name without its kind.
    pub fn value(&self) -> String {
        match self {
            Self::Dns(text) | Self::Uri(text) => text.clone(),
            Self::Ip(ip) => ip.to_string(),
        }
    }
}

/// As OpenSSL shows it: `DNS:api.internal`, `IP:10.0.0.1`, `URI:spiffe://example.org/billing`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Dns(_) => "DNS",
            Self::Ip(_) => "IP",
            Self::Uri(_) => "URI",
        };
        write!(f, "{kind}:{}", self.value())
    }
}

/// Whether a text is a host name of letters, digits and hyphens (RFC 1123, 2.1).
pub(super) fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.parse::<IpAddr>().is_err() && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names_are_told_from_other_texts() {
        for good in ["a", "API.Internal", "*.example.com", "xn--bcher-kva.example", "a-1.b"] {
            assert!(Name::dns(good).is_ok(), "{good}");
        }
        for bad in
            ["", ".", "a.", "-a", "a_b", "10.0.0.1", "bücher.example", "a b", "*.*.a", "a..b"]
        {
            assert!(Name::dns(bad).is_err(), "{bad}");
        }
        assert!(Name::dns(&"a".repeat(64)).is_err());
    }

    #[test]
    fn uris_need_a_scheme() {
        assert!(Name::uri("spiffe://example.org/a").is_ok());
        for bad in ["", "example.org", "://a", "a: b", "urn:\u{e9}"] {
            assert!(Name::uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_show_their_kind() {
        assert_eq!(Name::dns("API.internal").expect("a name").to_string(), "DNS:api.internal");
        assert_eq!(Name::Ip(IpAddr::from([10, 0, 0, 1])).to_string(), "IP:10.0.0.1");
    }
}
