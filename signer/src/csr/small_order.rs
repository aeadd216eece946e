//! Ed25519 keys of small order: points that are their own private key, so to speak. For each there
//! are signatures that fit any message, so that a signature made with one proves nothing.

/// The last byte has the sign of the other coordinate in its highest bit.
const SIGN: u8 = 0x80;

/// The coordinates of all such points (little-endian), written in every way that is understood: of
/// order 1, 2, 4 and 8, and of order 4 and 1 once more as numbers that should have been reduced.
const POINTS: [[u8; 32]; 7] = [
    number(1, 0, 0),
    number(0xec, 0xff, 0x7f),
    number(0, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    number(0xed, 0xff, 0x7f),
    number(0xee, 0xff, 0x7f),
];

const fn number(first: u8, between: u8, last: u8) -> [u8; 32] {
    let mut bytes = [between; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Whether a key is one of these points.
pub(super) fn is_small(key: &[u8]) -> bool {
    let Ok(mut point) = <[u8; 32]>::try_from(key) else { return false };
    point[31] &= !SIGN;
    POINTS.contains(&point)
}
