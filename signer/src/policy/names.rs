//! The patterns of names in a policy.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::caller::Identity;
use crate::name::{self, Name};

use super::template::Template;

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// The same for every caller.
    Plain(Shape),
    /// With variables to be filled in for the caller.
    Bound(Kind, Template),
}

/// The kinds of names that can be bound to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Dns,
    Uri,
}

/// The names that a pattern stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Exactly(Name),
    /// The suffix with its leading dot.
    Below(String),
    Range(IpAddr, u8),
    /// The prefix with its trailing slash.
    Within(String),
}

impl Pattern {
    pub(super) fn dns(text: &str) -> Result<Self, String> {
        Self::parse(Kind::Dns, text)
    }

    pub(super) fn uri(text: &str) -> Result<Self, String> {
        Self::parse(Kind::Uri, text)
    }

    pub(super) fn ip(text: &str) -> Result<Self, String> {
        range(text).map(Self::Plain)
    }

    fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let Some(template) = Template::parse(text)? else {
            return Ok(Self::Plain(kind.shape(text)?));
        };
        let begin = text.split(':').next().unwrap_or(text);
        if kind == Kind::Uri && begin.contains('{') {
            return Err("the scheme of a URI cannot depend on the caller".into());
        }
        kind.shape(&template.sample())?;
        Ok(Self::Bound(kind, template))
    }

    /// Whether it stands for all that another one does. Of those that are bound to the caller, this is
    /// known of equal ones only.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(shape), Self::Plain(other)) => shape.holds(other),
            _ => self == other,
        }
    }

    pub(super) fn depends_on_user_id(&self) -> bool {
        matches!(self, Self::Bound(_, template) if template.depends_on_user_id())
    }

    /// Whether this caller may have the name; `wildcards` says whether a name may be one.
    pub(super) fn grants(&self, name: &Name, caller: &Identity<'_>, wildcards: bool) -> bool {
        let shape = match self {
            Self::Plain(shape) => Cow::Borrowed(shape),
            Self::Bound(kind, template) => {
                let filled = template.fill(caller, kind.fits());
                match filled.and_then(|text| kind.shape(&text).ok()) {
                    Some(shape) => Cow::Owned(shape),
                    None => return false,
                }
            }
        };
        shape.covers(name, wildcards)
    }
}

impl Kind {
    fn shape(self, text: &str) -> Result<Shape, String> {
        match self {
            Self::Dns => dns(text),
            Self::Uri => uri(text),
        }
    }

    /// Whether a value can stand behind a text without changing the structure of a name: one label of
    /// a host name, that of a URI too, or one segment of a path. Role names may have dots and other
    /// characters.
    fn fits(self) -> fn(&str, &str) -> bool {
        match self {
            Self::Dns => |_, value| name::is_label(value),
            Self::Uri => |before, value| {
                let segment = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                if is_in_authority(before) {
                    name::is_label(value)
                } else {
                    !value.is_empty() && value.bytes().all(segment)
                }
            },
        }
    }
}

/// Whether what comes behind the beginning of a URI belongs to its authority.
fn is_in_authority(before: &str) -> bool {
    before.split_once("://").is_some_and(|(_, authority)| !authority.contains('/'))
}

fn dns(text: &str) -> Result<Shape, String> {
    Ok(match text.strip_prefix("*.") {
        Some(suffix) => Shape::Below(format!(".{}", name::host(suffix)?)),
        None => Shape::Exactly(Name::Dns(name::host(text)?)),
    })
}

fn uri(text: &str) -> Result<Shape, String> {
    let Some(prefix) = text.strip_suffix('*') else {
        name::uri(text)?;
        return Ok(Shape::Exactly(Name::Uri(text.to_owned())));
    };
    // Half an authority or half a segment before the asterisk would match strangers' names.
    let whole = prefix.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    if !whole || !prefix.ends_with('/') {
        return Err("before `*` it needs a scheme, a whole authority and a final slash".into());
    }
    name::uri(&format!("{prefix}x"))?;
    Ok(Shape::Within(prefix.to_owned()))
}

fn range(text: &str) -> Result<Shape, String> {
    let Some((address, length)) = text.split_once('/') else {
        let address: IpAddr = text.parse().map_err(|_| "not an IP address")?;
        return Ok(Shape::Exactly(Name::address(address)?));
    };
    let address: IpAddr = address.parse().map_err(|_| "not an IP address before the slash")?;
    if address != address.to_canonical() {
        return Err("IPv4-mapped IPv6 addresses are never issued; give the IPv4 range".into());
    }
    let (bits, width) = bits(address);
    let length: u8 = length
        .parse()
        .ok()
        .filter(|length| *length <= width)
        .ok_or_else(|| format!("the prefix length is not a number from 0 to {width}"))?;
    if bits & host_mask(width, length) != 0 {
        return Err("bits behind the prefix are set; give the first address of the range".into());
    }
    Ok(Shape::Range(address, length))
}

impl Shape {
    fn holds(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exactly(name)) => self.covers(name, false),
            (Self::Below(suffix), Self::Below(other)) => other.ends_with(suffix.as_str()),
            (Self::Range(_, length), Self::Range(first, other)) => {
                length <= other && self.covers(&Name::Ip(*first), false)
            }
            (Self::Within(prefix), Self::Within(other)) => other.starts_with(prefix.as_str()),
            _ => false,
        }
    }

    fn covers(&self, name: &Name, wildcards: bool) -> bool {
        match (self, name) {
            (Self::Exactly(wanted), name) => wanted == name,
            (Self::Below(suffix), Name::Dns(name)) => {
                name.strip_suffix(suffix.as_str()).is_some_and(|labels| !labels.is_empty())
            }
            // All that `*.a.x` can stand for is below `a.x`, and so below `x`.
            (Self::Below(suffix), Name::Wildcard(parent)) => {
                wildcards && (parent == &suffix[1..] || parent.ends_with(suffix.as_str()))
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
