//! How bytes and times are written down: in answers, audit lines and messages.

use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::offset;

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

/// RFC 3339 in UTC with whole seconds, such as `2026-05-08T05:39:10Z`.
pub fn utc(time: OffsetDateTime) -> String {
    let time = time.to_offset(offset!(UTC));
    // Only years beyond 9999 cannot be written, and no certificate has one.
    time.replace_nanosecond(0).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}
