//! Subjects and alternative names.

use super::Table;
use crate::der::{COMMON_NAME, Csr, OID_2_999_1, dns, oid, san, subject, tlv};

pub(super) fn names(table: &mut Table) {
    for (number, name) in [
        (64, "api.example.com\0.evil.example"),
        (65, "api.example.com\r\n"),
        (65, "a b.internal.example"),
        (65, ""),
        (65, ".internal.example"),
        (65, "a..internal.example"),
        (65, "-a.internal.example"),
        (65, "a_b.internal.example"),
        (66, "*"),
        (66, "*.com"),
        (66, "*.*.internal.example"),
        (66, "api.*"),
        (66, "*a.internal.example"),
        (66, "a*.internal.example"),
        (67, "пример.internal.example"),
        (67, "ab--c.internal.example"),
        (67, "xn--a.internal.example"),
        (67, "xn--.internal.example"),
        (67, "xn--api-.internal.example"),
        // An upper-case letter, a full-width one, a joiner, letter and accent apart, a leading accent.
        (67, "xn--mnchen-psa.internal.example"),
        (67, "xn--pi-bz3n.internal.example"),
        (67, "xn--ab-m1t.internal.example"),
        (67, "xn--ux-uub.internal.example"),
        (67, "xn--a-wbb.internal.example"),
        (68, "10.0.0.1"),
        (68, "10.1"),
        (68, "::1"),
        (68, "api.example.com."),
    ] {
        table.refused(number, name, &Csr::new(&[dns(name)]), "invalid_name");
    }
    let wildcard = Csr::new(&[dns("*.internal.example")]).pem();
    table.csr(66, "a wildcard that is not granted", &wildcard, 403, "name_not_allowed");
    for name in ["xn--mnchen-3ya.internal.example", "XN--MNCHEN-3YA.internal.example"] {
        table.csr(67, name, &Csr::new(&[dns(name)]).pem(), 200, "ok");
    }
    table.csr(68, "upper case", &Csr::new(&[dns("API.Example.COM")]).pem(), 200, "ok");
    let label = format!("{}.internal.example", "a".repeat(64));
    table.refused(65, "label of 64", &Csr::new(&[dns(&label)]), "invalid_name");
    let long = format!("{}internal.example", "aaaaaaa.".repeat(30));
    table.refused(65, "256 characters", &Csr::new(&[dns(&long)]), "invalid_name");
    table.refused(67, "bad UTF-8", &Csr::new(&[san(&[(0x82, &[0xff])])]), "invalid_name");

    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 1];
    for octets in [
        &[10, 0, 0, 1, 0][..],
        &[10, 0, 0, 0, 255, 0, 0, 0],
        &[],
        &[0; 4],
        &[0; 16],
        &[169, 254, 169, 254],
        &[224, 0, 0, 1],
        &[255; 4],
        &mapped,
    ] {
        let csr = Csr::new(&[san(&[(0x87, octets)])]);
        table.refused(69, &format!("{octets:?}"), &csr, "invalid_name");
    }
    table.csr(69, "10.1.2.3", &Csr::new(&[san(&[(0x87, &[10, 1, 2, 3])])]).pem(), 200, "ok");
}

pub(super) fn more_names(table: &mut Table) {
    let name = tlv(0x30, &[]);
    for (tag, content) in
        [(0x81, &b"a@example.com"[..]), (0xa4, &name), (0x88, &[0x2a]), (0xa3, &[]), (0xa5, &[])]
    {
        let csr = Csr::new(&[san(&[(tag, content)])]);
        table.refused(70, &format!("kind {tag:x}"), &csr, "unsupported_san");
    }
    let upn = oid(&[0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3]);
    for (number, id) in [(71, upn), (72, oid(OID_2_999_1)), (72, oid(&[]))] {
        let other = [id, tlv(0xa0, &[&tlv(0x0c, &[b"admin@corp"])])].concat();
        let csr = Csr::new(&[san(&[(0x82, b"api.example.com"), (0xa0, &other)])]);
        table.refused(number, "otherName", &csr, "unsupported_san");
    }
    for uri in [
        "SPIFFE://example.internal/a",
        "spiffe://Example.internal/a",
        "spiffe://example.internal:8/a",
        "spiffe://example.internal/a?b",
        "spiffe://example.internal/a/../b",
        "spiffe://example.internal",
        "spiffe://u@example.internal/a",
        "spiffe://example.internal/a\n",
        "spiffe://example.internal//a",
        "spiffe://example.internal/%2e%2e/b",
        "spiffe://example.internal/",
        "example",
        "ht_tp://example.com/a",
        "https:///a",
        "",
    ] {
        let csr = Csr::new(&[san(&[(0x86, uri.as_bytes())])]);
        table.refused(73, uri, &csr, "invalid_name");
    }
    for uri in ["spiffe://other.internal/a", "http://example.com/a", "https://example.com.evil/a"] {
        let csr = Csr::new(&[san(&[(0x86, uri.as_bytes())])]).pem();
        table.csr(73, uri, &csr, 403, "name_not_allowed");
    }
    let two = san(&[(0x86, b"spiffe://example.internal/a"), (0x86, b"https://example.com/b")]);
    table.refused(73, "two URIs", &Csr::new(&[two]), "invalid_name");
    let mixed = san(&[(0x82, b"api.example.com"), (0x82, b"www.example.com")]);
    table.csr(74, "one allowed, one not", &Csr::new(&[mixed]).pem(), 403, "name_not_allowed");
    let many = |count: u16| {
        let all: Vec<_> = (0..count).map(|index| format!("n{index}.internal.example")).collect();
        let all: Vec<_> = all.iter().map(|name| (0x82, name.as_bytes())).collect();
        Csr::new(&[san(&all)])
    };
    table.csr(75, "100 names", &many(100).pem(), 200, "ok");
    let names = vec![(0x82, &b"a"[..]); 5_000];
    table.csr(75, "5,000 names", &Csr::new(&[san(&names)]).pem(), 413, "too_large");
    table.refused(75, "101 names", &many(101), "too_many_names");
    table.csr(
        75,
        "a name twice",
        &Csr::new(&[san(&[(0x82, &b"api.example.com"[..]); 2])]).pem(),
        200,
        "ok",
    );
    table.refused(76, "nothing at all", &Csr::with_attributes(&[]), "no_names");
}

pub(super) fn subjects(table: &mut Table) {
    let other = |id: &'static [u8]| (id, 0x0c, &b"x"[..]);
    let cn = |tag, text: &'static [u8]| (COMMON_NAME, tag, text);
    let ok = cn(0x0c, b"api.example.com");
    table.csr(80, "the name as CN", &Csr::with_subject(&[ok]).pem(), 200, "ok");
    table.refused(
        76,
        "CN and no SAN",
        &Csr { subject: subject(&[ok]), ..Csr::with_attributes(&[]) },
        "no_names",
    );
    table.refused(77, "two CNs", &Csr::with_subject(&[ok, ok]), "invalid_common_name");
    let units = [other(&[0x55, 4, 11]), other(&[0x55, 4, 11])];
    table.csr(77, "two OUs are ignored", &Csr::with_subject(&units).pem(), 200, "ok");
    let empty = Csr { subject: tlv(0x30, &[&[0x31, 0]]), ..Csr::new(&[dns("api.example.com")]) };
    table.refused(77, "empty SET", &empty, "invalid_csr");
    for (what, attribute) in [
        ("empty", cn(0x0c, b"")),
        ("NUL", cn(0x0c, b"api.example.com\0")),
        ("BMP", cn(0x1e, b"\0a")),
        ("INTEGER", cn(2, b"\x01")),
        ("T61", cn(0x14, b"api.example.com")),
    ] {
        table.refused(78, what, &Csr::with_subject(&[attribute]), "invalid_common_name");
    }
    let long = format!("{}.internal.example", "a".repeat(60));
    let long = Csr {
        subject: subject(&[(COMMON_NAME, 0x0c, long.as_bytes())]),
        ..Csr::new(&[dns(&long)])
    };
    table.refused(78, "77 characters", &long, "invalid_common_name");
    let serial = (&[0x55, 4, 5][..], 0x12, &b"12"[..]);
    table.csr(79, "serialNumber is ignored", &Csr::with_subject(&[serial]).pem(), 200, "ok");
    let admin = Csr::with_subject(&[cn(0x0c, b"admin")]).pem();
    table.csr(80, "CN=admin", &admin, 403, "common_name_not_allowed");
    // What is ignored must be well-formed all the same: others read it.
    for id in [OID_2_999_1, &[][..], &[0x80, 1], &[0x55, 0x84]] {
        table.refused(72, "no identifier", &Csr::with_subject(&[other(id)]), "invalid_csr");
    }
    for (what, tag, content) in [
        ("not UTF-8", 0x0c, &[0xff][..]),
        ("not printable", 0x13, b"a@b"),
        ("no string", 0x01, &[0xff]),
        ("a broken string", 0x24, &[4, 1, b'x']),
    ] {
        let csr = Csr::with_subject(&[(&[0x55, 4, 10], tag, content)]);
        table.refused(78, what, &csr, "invalid_csr");
    }
    let unit = tlv(0x30, &[&oid(&[0x55, 4, 11]), &tlv(0x0c, &[b"a"])]);
    let twice = tlv(0x30, &[&tlv(0x31, &[&unit, &unit])]);
    let twice = Csr { subject: twice, ..Csr::new(&[dns("api.example.com")]) };
    table.refused(77, "one attribute twice in one relative name", &twice, "invalid_csr");
}
