//! The names that a certificate can carry, each in one spelling only.
//!
//! Policies compare names byte by byte, so a name that can be written in two ways is either
//! normalised here (case of host names) or refused (percent-encoding, IPv4-mapped addresses).

use std::fmt;
use std::net::IpAddr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// The longest host name as text, of 255 octets on the wire (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 253;

/// A subject alternative name (RFC 5280 section 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A host name: lower case, letters, digits and hyphens, no trailing dot.
    Dns(String),
    /// `*.` before this host name: every name of one more label (RFC 6125 section 6.4.3).
    Wildcard(String),
    /// An IP address that can identify one host.
    Ip(IpAddr),
    /// An absolute URI without query, fragment, user or percent-encoding.
    Uri(String),
}

impl Name {
    /// Reads a host name, or a wildcard that is the whole of its first label. IP literals and names
    /// with a trailing dot are refused.
    ///
    /// # Errors
    /// Says what is wrong with it, without quoting it.
    pub fn dns(bytes: &[u8]) -> Result<Self, &'static str> {
        let name = std::str::from_utf8(bytes).map_err(|_| "a DNS name is not ASCII")?;
        match name.strip_prefix("*.") {
            // A wildcard for a whole top-level domain is nobody's to have.
            Some(parent) if !parent.contains('.') => {
                Err("a wildcard is not followed by two labels or more")
            }
            Some(_) if name.len() > MAX_HOST => Err("a DNS name is longer than 253 characters"),
            Some(parent) => host(parent).map(Self::Wildcard),
            None => host(name).map(Self::Dns),
        }
    }

    /// Reads an address of 4 or 16 bytes.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn ip(bytes: &[u8]) -> Result<Self, &'static str> {
        let address = if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
            IpAddr::from(v4)
        } else if let Ok(v6) = <[u8; 16]>::try_from(bytes) {
            IpAddr::from(v6)
        } else {
            return Err("an IP address is neither 4 nor 16 bytes long");
        };
        Self::address(address)
    }

    /// Takes an address that can identify one host.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn address(address: IpAddr) -> Result<Self, &'static str> {
        address_of_one_host(address).map(Self::Ip)
    }

    /// Reads a URI.
    ///
    /// # Errors
    /// Says what is wrong with it, without quoting it.
    pub fn uri(bytes: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a URI is not ASCII")?;
        uri(text)?;
        Ok(Self::Uri(text.to_owned()))
    }

    /// The name without its kind, as a common name would spell it.
    pub fn text(&self) -> String {
        match self {
            Self::Dns(text) | Self::Uri(text) => text.clone(),
            Self::Wildcard(parent) => format!("*.{parent}"),
            Self::Ip(address) => address.to_string(),
        }
    }
}

/// Kind and name, such as `dns:api.example.com`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Wildcard(parent) => write!(f, "dns:*.{parent}"),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Uri(uri) => write!(f, "uri:{uri}"),
        }
    }
}

/// A host name by RFC 1123 section 2.1 and RFC 5890 section 2.3.1, in lower case.
pub(crate) fn host(name: &str) -> Result<String, &'static str> {
    if name.is_empty() || name.len() > MAX_HOST {
        return Err("a DNS name is empty or longer than 253 characters");
    }
    if name.contains('*') {
        return Err("a DNS name has an asterisk that is not the whole of its first label");
    }
    if !name.split('.').all(is_label) {
        return Err(
            "a DNS name is not made of labels of 1 to 63 letters, digits and inner hyphens",
        );
    }
    // No top-level domain is a number, but `10.0.0.1` and its short forms end in one.
    let last = name.rsplit('.').next().unwrap_or(name);
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a DNS name is an IP address; ask for it as an IP address");
    }
    let lower = name.to_ascii_lowercase();
    if !labels_are_canonical(&lower) {
        return Err("a DNS name has a label that begins with xn-- and stands for no other name");
    }
    Ok(lower)
}

/// Whether its A-labels are what their Unicode forms are encoded as (RFC 5890 section 2.3.2.1, by
/// the rules of UTS #46). One that is not would be shown as another name, or nowhere resolve.
fn labels_are_canonical(lower: &str) -> bool {
    let deny = AsciiDenyList::STD3;
    let encoded =
        Uts46::new().to_ascii(lower.as_bytes(), deny, Hyphens::CheckFirstLast, DnsLength::Verify);
    encoded.is_ok_and(|encoded| encoded == lower)
}

/// Whether this is one label of a host name.
pub(crate) fn is_label(label: &str) -> bool {
    let bytes = label.as_bytes();
    // Hyphens in places 3 and 4 are reserved for A-labels (RFC 5891 section 4.2.3.1).
    let reserved =
        bytes.get(2..4) == Some(b"--") && !label.to_ascii_lowercase().starts_with("xn--");
    (1..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
        && !reserved
}

fn address_of_one_host(address: IpAddr) -> Result<IpAddr, &'static str> {
    let link_local = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    if address.is_unspecified() || address.is_multicast() || link_local {
        return Err("an IP address is unspecified, multicast, broadcast or link-local");
    }
    if address != address.to_canonical() {
        return Err("an IP address is an IPv4-mapped IPv6 address; ask for the IPv4 address");
    }
    Ok(address)
}

/// Checks an absolute URI, and the rules of X509-SVID section 2 if its scheme is `spiffe`.
pub(crate) fn uri(text: &str) -> Result<(), &'static str> {
    if text.len() > 2048 {
        return Err("a URI is longer than 2048 bytes");
    }
    let forbidden = |byte: u8| !byte.is_ascii_graphic() || b"\"<>\\^`{|}%?#@*".contains(&byte);
    if text.bytes().any(forbidden) {
        return Err("a URI has spaces, control characters, a user, query or fragment, \
                    percent-encoding, an asterisk or characters that are not ASCII");
    }
    let (scheme, rest) = text.split_once(':').ok_or("a URI has no scheme")?;
    let scheme_byte =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte);
    if !scheme.starts_with(|first: char| first.is_ascii_lowercase())
        || !scheme.bytes().all(scheme_byte)
        || rest.is_empty()
    {
        return Err("a URI needs a lower-case scheme and something behind it");
    }
    if rest.split('/').any(|segment| segment == "." || segment == "..") {
        return Err("a URI has dot segments");
    }
    let Some(hierarchy) = rest.strip_prefix("//") else {
        return if scheme == "spiffe" { Err("a SPIFFE ID has no trust domain") } else { Ok(()) };
    };
    let (authority, path) = hierarchy.split_once('/').unwrap_or((hierarchy, ""));
    if authority.is_empty() || path.contains("//") || path.starts_with('/') {
        return Err("a URI has an empty authority or an empty path segment");
    }
    if authority.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("the authority of a URI is not in lower case");
    }
    if scheme == "spiffe" { spiffe(authority, path) } else { host_and_port(authority) }
}

/// Checks a host name or an IP address, and the port behind it if there is one. A name that can be
/// spelt in two ways, with a final dot for example, would slip through what is said of one of them.
fn host_and_port(authority: &str) -> Result<(), &'static str> {
    let wrong = "the authority of a URI is not a host with at most a port";
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (authority, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.parse::<std::net::Ipv4Addr>().is_ok() || host(name).is_ok(),
    };
    if is_host && port.is_none_or(is_port) { Ok(()) } else { Err(wrong) }
}

fn spiffe(trust_domain: &str, path: &str) -> Result<(), &'static str> {
    let domain_byte =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    let path_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if trust_domain.len() > 255 || !trust_domain.bytes().all(domain_byte) {
        return Err(
            "the trust domain of a SPIFFE ID has other characters than a-z, 0-9, '.', '_' and '-'",
        );
    }
    let segments_fine =
        path.split('/').all(|segment| !segment.is_empty() && segment.bytes().all(path_byte));
    if !segments_fine {
        return Err(
            "a SPIFFE ID needs a path of segments made of letters, digits, '.', '_' and '-'",
        );
    }
    Ok(())
}

/// The name that is displayed as this text; for tests.
#[cfg(test)]
pub(crate) fn displayed(text: &str) -> Name {
    let name = match text.split_once(':') {
        Some(("dns", rest)) => Name::dns(rest.as_bytes()),
        Some(("ip", rest)) => rest.parse().map(Name::Ip).map_err(|_| "no address"),
        Some(("uri", rest)) => Name::uri(rest.as_bytes()),
        _ => Err("no kind"),
    };
    name.unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::Name;

    fn dns(name: &str) -> bool {
        Name::dns(name.as_bytes()).is_ok()
    }

    fn uri(text: &str) -> bool {
        Name::uri(text.as_bytes()).is_ok()
    }

    /// A name of this length, of labels of at most ten characters.
    fn long(length: usize) -> String {
        let name = "abcdefghi.".repeat(length / 10 + 1);
        format!("{}z", &name[name.len() - length + 1..])
    }

    #[test]
    fn names_are_as_long_as_the_standards_allow_and_no_longer() {
        assert!(dns(&long(253)) && !dns(&long(254)));
        assert!(dns(&format!("*.{}", long(251))) && !dns(&format!("*.{}", long(252))));
        assert!(dns(&format!("{}.example", "a".repeat(63))));
        assert!(!dns(&format!("{}.example", "a".repeat(64))));
        let url = |length: usize| format!("https://a.example/{}", "x".repeat(length - 18));
        assert!(uri(&url(2048)) && !uri(&url(2049)));
        let id = |length: usize| format!("spiffe://{}/x", "a".repeat(length));
        assert!(uri(&id(255)) && !uri(&id(256)));
    }

    #[test]
    fn uris_have_a_scheme_a_host_and_whole_segments() {
        for good in [
            "https://a.example",
            "https://a.example/",
            "urn:a:b",
            "a+b-c.1:x",
            "https://localhost:8/",
            "https://10.0.0.1/",
            "https://[2001:db8::1]:8443/x",
        ] {
            assert!(uri(good), "{good}");
        }
        for bad in [
            "1a:x",
            "A:x",
            "aB:x",
            "a_:x",
            "a:",
            ":x",
            "a",
            "https://",
            "https:///x",
            "https://a.example//x",
            "https://a.example/x//y",
            "https://a.example/./x",
            "a:..",
            "https://A.example/x",
            "spiffe:x",
        ] {
            assert!(!uri(bad), "{bad}");
        }
    }
}
