//! What the contents of elements of universal types may be.

use super::tag;

/// Whether a content is one that its type can have, in the one form that DER allows (X.690 sections
/// 8, 10 and 11). Contents of context-specific types are for their readers to judge.
pub(super) fn is_valid(tag: u8, content: &[u8]) -> bool {
    match tag {
        // The end of an indefinite length, which DER does not have.
        0 => false,
        tag::BOOLEAN => matches!(content, [0 | 0xff]),
        tag::INTEGER => is_integer(content),
        tag::BIT_STRING => is_bit_string(content),
        tag::NULL => content.is_empty(),
        tag::OID => is_oid(content),
        tag::UTF8_STRING => std::str::from_utf8(content).is_ok(),
        tag::NUMERIC_STRING => content.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '),
        tag::PRINTABLE_STRING => content.iter().all(|byte| is_printable(*byte)),
        tag::IA5_STRING => content.is_ascii(),
        tag::BMP_STRING => is_utf16(content),
        tag::UNIVERSAL_STRING => is_utf32(content),
        tag::SEQUENCE | tag::SET => true,
        // Of universal types only those two are made of other elements; strings come whole.
        0x20..=0x3f => false,
        _ => true,
    }
}

/// Not empty, and without a first byte that only repeats the sign.
fn is_integer(content: &[u8]) -> bool {
    !matches!(content, [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..])
}

/// The bits that are unused are fewer than eight, and 0.
fn is_bit_string(content: &[u8]) -> bool {
    match content {
        [0] => true,
        [unused @ 0..=7, .., last] => last & !(0xff << unused) == 0,
        _ => false,
    }
}

/// Each arc ends, and none begins with padding.
fn is_oid(content: &[u8]) -> bool {
    let mut arcs = content.split_inclusive(|byte| *byte < 0x80);
    content.last().is_some_and(|byte| *byte < 0x80) && arcs.all(|arc| arc[0] != 0x80)
}

fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte)
}

fn is_utf16(content: &[u8]) -> bool {
    let (pairs, rest) = content.as_chunks();
    let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
    rest.is_empty() && char::decode_utf16(units).all(|each| each.is_ok())
}

fn is_utf32(content: &[u8]) -> bool {
    let (fours, rest) = content.as_chunks();
    let mut numbers = fours.iter().map(|four| u32::from_be_bytes(*four));
    rest.is_empty() && numbers.all(|number| char::from_u32(number).is_some())
}

#[cfg(test)]
mod tests {
    use super::{is_valid, tag};

    #[test]
    fn contents_are_of_their_type_and_in_its_one_form() {
        type Contents<'a> = &'a [&'a [u8]];
        let cases: [(u8, Contents<'_>, Contents<'_>); 12] = [
            (tag::BOOLEAN, &[&[0], &[0xff]], &[&[], &[1], &[0, 0]]),
            (tag::INTEGER, &[&[0], &[0, 0x80], &[0xff, 0x7f]], &[&[], &[0, 1], &[0xff, 0x80]]),
            (tag::BIT_STRING, &[&[0], &[0, 1], &[7, 0x80]], &[&[], &[1], &[8, 0], &[7, 0xc0]]),
            (tag::NULL, &[&[]], &[&[0]]),
            (tag::OID, &[&[0x55, 4, 3], &[0x88, 0x37]], &[&[], &[0x55, 0x84], &[0x55, 0x80, 1]]),
            (tag::UTF8_STRING, &[&[], "ü".as_bytes()], &[&[0xff]]),
            (tag::NUMERIC_STRING, &[b"1 2"], &[b"a"]),
            (tag::PRINTABLE_STRING, &[b"A-1 (b)"], &[b"a@b", b"*", b"a\0"]),
            (tag::IA5_STRING, &[b"a@b"], &[&[0x80]]),
            (tag::BMP_STRING, &[b"\0a"], &[b"a", &[0xd8, 0]]),
            (tag::UNIVERSAL_STRING, &[b"\0\0\0a"], &[b"\0\0a", &[0, 0x11, 0, 0]]),
            (0x24, &[], &[&[], &[4, 0]]),
        ];
        for (tag, good, bad) in cases {
            assert!(good.iter().all(|content| is_valid(tag, content)), "{tag:02x}: {good:02x?}");
            assert!(!bad.iter().any(|content| is_valid(tag, content)), "{tag:02x}: {bad:02x?}");
        }
        assert!(is_valid(0x82, &[0xff]) && is_valid(0xa0, &[]) && !is_valid(0, &[]));
    }
}
