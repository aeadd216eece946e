//! The patterns of a policy, parsed.

use std::net::IpAddr;

use crate::name::{self, Name};

/// A pattern that was understood.
pub(super) enum Pattern {
    Exactly(Name),
    /// The suffix with its leading dot.
    Below(String),
    Range(IpAddr, u8),
    /// The prefix with its trailing slash.
    Within(String),
}

impl Pattern {
    pub(super) fn dns(pattern: &str) -> Result<Self, String> {
        Ok(match pattern.strip_prefix("*.") {
            Some(suffix) => Self::Below(format!(".{}", name::host(suffix)?)),
            None => Self::Exactly(Name::Dns(name::host(pattern)?)),
        })
    }

    pub(super) fn ip(pattern: &str) -> Result<Self, String> {
        let Some((address, length)) = pattern.split_once('/') else {
            let address: IpAddr = pattern.parse().map_err(|_| "not an IP address")?;
            return Ok(Self::Exactly(Name::Ip(address)));
        };
        let address: IpAddr = address.parse().map_err(|_| "not an IP address before the slash")?;
        let (bits, width) = bits(address);
        let length: u8 = length
            .parse()
            .ok()
            .filter(|length| *length <= width)
            .ok_or_else(|| format!("the prefix length is not a number from 0 to {width}"))?;
        if bits & host_mask(width, length) != 0 {
            return Err(
                "bits behind the prefix are set; give the first address of the range".into()
            );
        }
        Ok(Self::Range(address, length))
    }

    pub(super) fn uri(pattern: &str) -> Result<Self, String> {
        let Some(prefix) = pattern.strip_suffix('*') else {
            name::uri(pattern)?;
            return Ok(Self::Exactly(Name::Uri(pattern.to_owned())));
        };
        // Half an authority or half a segment before the asterisk would match strangers' names.
        let whole = prefix.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
        if !whole || !prefix.ends_with('/') {
            return Err("before `*` it needs a scheme, a whole authority and a final slash".into());
        }
        name::uri(&format!("{prefix}x"))?;
        Ok(Self::Within(prefix.to_owned()))
    }

    pub(super) fn matches(&self, name: &Name) -> bool {
        match (self, name) {
            (Self::Exactly(wanted), name) => wanted == name,
            (Self::Below(suffix), Name::Dns(name)) => {
                name.strip_suffix(suffix.as_str()).is_some_and(|labels| !labels.is_empty())
            }
            (Self::Range(first, length), Name::Ip(address)) => {
                let ((first, width), (address, other)) = (bits(*first), bits(*address));
                width == other && (first ^ address) & !host_mask(width, *length) == 0
            }
            (Self::Within(prefix), Name::Uri(uri)) => {
                uri.strip_prefix(prefix.as_str()).is_some_and(|rest| !rest.is_empty())
            }
            _ => false,
        }
    }
}

/// The address as a number, and its width in bits.
fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// Ones where addresses of a range may differ.
fn host_mask(width: u8, length: u8) -> u128 {
    let ones = |count: u8| u128::MAX.checked_shr(128 - u32::from(count)).unwrap_or(0);
    ones(width - length)
}
