//! Certificate requests as they come, and then something about their structure changed: elements
//! taken out, doubled, swapped, given other tags, lengths, identifiers or contents. They are signed
//! after that, so that the change is what a reader meets, and not a signature that does not match.
//!
//! The fuzz target `issue` shares this file.

use crate::der::{COMMON_NAME, EXTENSION_REQUEST, OID_2_999_1, SAN, extension, oid, tlv};

/// Where decisions come from: a seeded generator in tests, the fuzzer's input when fuzzing.
pub(crate) trait Choice {
    /// A number below `limit`, which is not 0.
    fn below(&mut self, limit: usize) -> usize;

    fn one_in(&mut self, odds: usize) -> bool {
        self.below(odds) == odds - 1
    }

    fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// A generator (`SplitMix64`) whose numbers are the same in every run.
pub(crate) struct Seeded(pub(crate) u64);

impl Choice for Seeded {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

/// The key that requests are made for.
pub(crate) struct Key<'a> {
    pub(crate) spki: &'a [u8],
    /// The `AlgorithmIdentifier` of its signatures.
    pub(crate) algorithm: &'a [u8],
    pub(crate) sign: &'a dyn Fn(&[u8]) -> Vec<u8>,
}

/// A request as DER: good for about a third, else with up to three changes.
pub(crate) fn request(choice: &mut impl Choice, key: &Key<'_>) -> Vec<u8> {
    let mut info = Node::read_all(&info(choice, key.spki)).remove(0);
    for _ in 0..[0, 1, 1, 2, 3, 0, 1][choice.below(7)] {
        change(&mut info, choice);
    }
    sign(&info.encode(), key)
}

/// A request with that content.
pub(crate) fn sign(info: &[u8], key: &Key<'_>) -> Vec<u8> {
    tlv(0x30, &[info, key.algorithm, &tlv(3, &[&[0], &(key.sign)(info)])])
}

/// What a well-meaning tool could have written.
fn info(choice: &mut impl Choice, spki: &[u8]) -> Vec<u8> {
    let names: Vec<_> = (0..=choice.below(4)).map(|_| choice.of(&NAMES)).collect();
    let mut extensions = vec![san(&names)];
    for each in EXTENSIONS {
        if choice.one_in(3) {
            extensions.insert(choice.below(extensions.len() + 1), extension(each.0, each.1));
        }
    }
    let extensions = tlv(0x31, &[&tlv(0x30, &[&extensions.concat()])]);
    let mut attributes = vec![tlv(0x30, &[&oid(EXTENSION_REQUEST), &extensions])];
    if choice.one_in(3) {
        let password = tlv(0x31, &[&tlv(0x0c, &[b"secret"])]);
        attributes.push(tlv(0x30, &[&oid(CHALLENGE_PASSWORD), &password]));
        // The elements of a set come in the order of their encodings.
        attributes.sort();
    }
    let mut subject = Vec::new();
    for (id, tag, value) in SUBJECT {
        if choice.one_in(3) {
            subject.push(tlv(0x31, &[&tlv(0x30, &[&oid(id), &tlv(*tag, &[value])])]));
        }
    }
    if choice.one_in(3) {
        let (_, name) = names[0];
        subject.push(tlv(0x31, &[&tlv(0x30, &[&oid(COMMON_NAME), &tlv(0x0c, &[name])])]));
    }
    let attributes = tlv(0xa0, &[&attributes.concat()]);
    tlv(0x30, &[&[2, 1, 0], &tlv(0x30, &[&subject.concat()]), spki, &attributes])
}

fn san(names: &[&(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|(tag, name)| tlv(*tag, &[name])).collect();
    extension(SAN, &tlv(0x30, &[&names.concat()]))
}

const CHALLENGE_PASSWORD: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x07];

/// Names that the tests' policy grants.
const NAMES: [&(u8, &[u8]); 8] = [
    &(0x82, b"api.example.com"),
    &(0x82, b"a.internal.example"),
    &(0x82, b"B-2.c.Internal.example"),
    &(0x82, b"xn--mnchen-3ya.internal.example"),
    &(0x87, &[10, 1, 2, 3]),
    &(0x87, &[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    &(0x86, b"https://example.com/a"),
    &(0x86, b"spiffe://example.internal/api"),
];

/// Extensions that change nothing.
const EXTENSIONS: &[(&[u8], &[u8])] = &[
    (&[0x55, 0x1d, 0x0f], &[3, 2, 5, 0xa0]),
    (&[0x55, 0x1d, 0x13], &[0x30, 0]),
    (&[0x55, 0x1d, 0x25], &[0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2]),
    (&[0x55, 0x1d, 0x0e], &[4, 4, 1, 2, 3, 4]),
];

const SUBJECT: &[(&[u8], u8, &[u8])] = &[
    (&[0x55, 4, 6], 0x13, b"DE"),
    (&[0x55, 4, 10], 0x0c, b"Example"),
    (&[0x55, 4, 11], 0x0c, "Prüfung".as_bytes()),
    (&[0x55, 4, 11], 0x13, b"B"),
];

/// Contents that some reader has stumbled over.
const TEXTS: [&[u8]; 26] = [
    b"",
    b"api.example.com\0.evil.example",
    b"api.example.com.",
    b"*.internal.example",
    b"*",
    b"a_b.internal.example",
    b"a..internal.example",
    b".internal.example",
    b"-a.internal.example",
    b"xn--a.internal.example",
    b"xn--.internal.example",
    b"ab--c.internal.example",
    b"API.EXAMPLE.COM",
    b"10.1.2.3",
    b"evil.example",
    b"internal.example",
    "пример.internal.example".as_bytes(),
    b"\xff\xfe",
    b"a b\r\n\t",
    b"https://example.com/../b",
    b"https://user@example.com/a",
    b"spiffe://example.internal/a/b",
    b"SPIFFE://example.internal/a",
    b"\x0a\x00\x00\x01",
    b"\xa9\xfe\xa9\xfe",
    b"\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\0\0\x01",
];

const OIDS: [&[u8]; 21] = [
    COMMON_NAME,
    EXTENSION_REQUEST,
    CHALLENGE_PASSWORD,
    SAN,
    OID_2_999_1,
    b"",
    &[0x80, 0x01],
    &[0x55, 0x80],
    &[0x55, 0x1d, 0x0e],
    &[0x55, 0x1d, 0x0f],
    &[0x55, 0x1d, 0x13],
    &[0x55, 0x1d, 0x1e],
    &[0x55, 0x1d, 0x1f],
    &[0x55, 0x1d, 0x25],
    &[0x55, 0x1d, 0x25, 0],
    &[0x55, 4, 10],
    &[0x2b, 6, 1, 5, 5, 7, 3, 1],
    &[0x2b, 6, 1, 5, 5, 7, 3, 2],
    &[0x2b, 6, 1, 5, 5, 7, 3, 3],
    &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 2, 1, 14],
    &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3],
];

const TAGS: &[u8] = &[
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x1a, 0x1c, 0x1e, 0x1f,
    0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa3, 0xa4,
];

const ELEMENTS: [&[u8]; 9] = [
    &[1, 1, 0xff],
    &[1, 1, 0],
    &[1, 1, 1],
    &[2, 1, 0],
    &[4, 0],
    &[5, 0],
    &[6, 3, 0x55, 4, 3],
    &[0x30, 0],
    &[0x31, 0],
];

/// How an element's length is written.
#[derive(Debug, Clone, Copy)]
enum Length {
    Shortest,
    /// With one byte more than it needs.
    Padded,
    /// Without end, as BER allows for constructed elements.
    Indefinite,
    /// Not the truth.
    Off(i8),
}

/// An element whose content is parted as far as it can be.
#[derive(Debug, Clone)]
struct Node {
    tag: u8,
    length: Length,
    content: Vec<u8>,
    /// What the content is made of; empty for a leaf.
    parts: Vec<Self>,
}

impl Node {
    /// The elements of well-formed DER; nothing if it is anything else.
    fn read_all(mut der: &[u8]) -> Vec<Self> {
        let mut nodes = Vec::new();
        while let [tag, first, rest @ ..] = der {
            let (length, rest) = match (*first, rest) {
                (short @ 0..=0x7f, rest) => (usize::from(short), rest),
                (0x81, [long, rest @ ..]) => (usize::from(*long), rest),
                (0x82, [high, low, rest @ ..]) => {
                    (usize::from(u16::from_be_bytes([*high, *low])), rest)
                }
                _ => return Vec::new(),
            };
            let Some((content, rest)) = rest.split_at_checked(length) else { return Vec::new() };
            // Extensions are wrapped into octet strings.
            let parted = tag & 0x20 != 0 || *tag == 4;
            let parts = if parted { Self::read_all(content) } else { Vec::new() };
            nodes.push(Self {
                tag: *tag,
                length: Length::Shortest,
                content: content.into(),
                parts,
            });
            der = rest;
        }
        if der.is_empty() { nodes } else { Vec::new() }
    }

    fn encode(&self) -> Vec<u8> {
        let content = if self.parts.is_empty() {
            self.content.clone()
        } else {
            self.parts.iter().flat_map(Self::encode).collect()
        };
        let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
        match self.length {
            Length::Shortest => tlv(self.tag, &[&content]),
            Length::Padded if content.len() < 0x80 => {
                [&[self.tag, 0x81, low], &content[..]].concat()
            }
            Length::Padded => [&[self.tag, 0x83, 0, high, low], &content[..]].concat(),
            Length::Indefinite => [&[self.tag, 0x80], &content[..], &[0, 0]].concat(),
            Length::Off(by) => {
                let low = low.wrapping_add_signed(by);
                [&[self.tag, 0x82, high, low], &content[..]].concat()
            }
        }
    }

    fn count(&self) -> usize {
        1 + self.parts.iter().map(Self::count).sum::<usize>()
    }

    /// The nth element, this one being the first and its parts coming before its siblings.
    fn nth(&mut self, mut index: usize) -> &mut Self {
        if index == 0 {
            return self;
        }
        index -= 1;
        for position in 0..self.parts.len() {
            let count = self.parts[position].count();
            if index < count {
                return self.parts[position].nth(index);
            }
            index -= count;
        }
        unreachable!("there are as many elements as were counted")
    }
}

/// Makes one change somewhere in the request, most often in what is requested.
fn change(info: &mut Node, choice: &mut impl Choice) {
    let whole = choice.one_in(8) || info.parts.is_empty();
    // The subject, and behind the key the attributes.
    let part = if choice.one_in(3) { 1 } else { 3 }.min(info.parts.len().saturating_sub(1));
    let root = if whole { info } else { &mut info.parts[part] };
    let copied = root.nth(choice.below(root.count())).clone();
    let chosen = root.nth(choice.below(root.count()));
    match choice.below(3) {
        0 if !chosen.parts.is_empty() => change_parts(chosen, copied, choice),
        0 | 1 => change_element(chosen, copied, choice),
        _ => change_leaf(chosen, choice),
    }
}

fn change_parts(node: &mut Node, other: Node, choice: &mut impl Choice) {
    let (first, second) = (choice.below(node.parts.len()), choice.below(node.parts.len()));
    match choice.below(5) {
        // The last one stays, so that there is always something to change.
        0 if node.parts.len() > 1 => drop(node.parts.remove(first)),
        0 | 1 => node.parts.insert(first, node.parts[second].clone()),
        2 => node.parts.swap(first, second),
        3 => node.parts.insert(first, other),
        _ => {
            let element = Node::read_all(choice.of(&ELEMENTS));
            node.parts.splice(first..first, element);
        }
    }
}

fn change_element(node: &mut Node, other: Node, choice: &mut impl Choice) {
    match choice.below(6) {
        0 | 1 => node.tag = TAGS[choice.below(TAGS.len())],
        2 => node.length = Length::Padded,
        3 => node.length = Length::Indefinite,
        4 => node.length = Length::Off([-3, -1, 1, 4, 127][choice.below(5)]),
        _ => *node = other,
    }
}

fn change_leaf(node: &mut Node, choice: &mut impl Choice) {
    // Down to a leaf, for a change of what is in it.
    let mut node = node;
    while !node.parts.is_empty() {
        let index = choice.below(node.parts.len());
        node = &mut node.parts[index];
    }
    let index = choice.below(node.content.len() + 1);
    match choice.below(6) {
        0 | 1 if node.tag == 6 => node.content = choice.of(&OIDS).to_vec(),
        0 | 1 => node.content = choice.of(&TEXTS).to_vec(),
        2 => node.content.truncate(index),
        3 => node.content.insert(index, u8::try_from(choice.below(256)).unwrap()),
        _ if index < node.content.len() => node.content[index] ^= 1 << choice.below(8),
        _ => node.content.extend_from_slice(choice.of(&TEXTS)),
    }
}
