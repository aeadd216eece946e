//! Hostile and odd requests as data: what they are, and the one answer that each must get.

mod names;
mod structure;
mod transport;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::der::{Csr, pem};
use crate::events::{World, event};

/// Rows of the catalogue that are no single request, and the tests that have them.
const ELSEWHERE: [(u8, &str, &str); 5] = [
    (24, include_str!("events.rs"), "fn the_ca_must_outlive_the_certificate()"),
    (56, include_str!("events.rs"), "fn the_key_of_the_ca_itself_gets_no_certificate()"),
    (82, include_str!("refresh.rs"), "fn a_thousand_requests_at_once_make_one_look"),
    (83, include_str!("refresh.rs"), "fn unusable_material_is_the_issuers_fault"),
    (84, include_str!("events.rs"), "fn a_clock_before_the_ca_issues_nothing()"),
];

/// The longest that any answer may take, on a machine that has much else to do. Nearly all take a
/// ten-thousandth of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// One request and its answer. The code `ok` stands for a certificate.
struct Row {
    number: u8,
    what: String,
    event: Value,
    status: u16,
    code: &'static str,
}

#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn event(&mut self, number: u8, what: &str, event: Value, status: u16, code: &'static str) {
        self.0.push(Row { number, what: what.to_owned(), event, status, code });
    }

    fn body(&mut self, number: u8, body: &[u8], status: u16, code: &'static str) {
        let what = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        self.event(number, &what, event(body), status, code);
    }

    fn csr(&mut self, number: u8, what: &str, csr: &str, status: u16, code: &'static str) {
        let body = json!({"csr": csr}).to_string();
        self.event(number, what, event(body.as_bytes()), status, code);
    }

    fn refused(&mut self, number: u8, what: &str, csr: &Csr, code: &'static str) {
        self.csr(number, what, &csr.pem(), 400, code);
    }

    fn der(&mut self, number: u8, what: &str, der: &[u8], code: &'static str) {
        self.csr(number, what, &pem("CERTIFICATE REQUEST", der), 400, code);
    }
}

#[test]
fn every_hostile_request_gets_its_answer() {
    let mut table = Table::default();
    transport::bodies(&mut table);
    transport::lifetimes(&mut table);
    transport::transport(&mut table);
    transport::armour(&mut table);
    structure::structure(&mut table);
    structure::algorithms(&mut table);
    structure::extensions(&mut table);
    names::names(&mut table);
    names::more_names(&mut table);
    names::subjects(&mut table);
    assert_complete(&table);

    let world = World::new();
    let mut wrong = Vec::new();
    for Row { number, what, event, status, code } in &table.0 {
        let started = Instant::now();
        let (got_status, body) = world.send(event);
        assert!(started.elapsed() < PATIENCE, "row {number} ({what}) took {:?}", started.elapsed());
        let got_code = body["error"]["code"].as_str().unwrap_or("ok");
        if (got_status, got_code) != (*status, *code) {
            wrong.push(format!("row {number} ({what}): {got_status} {body}, not {status} {code}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(world.lines.lock().unwrap().len(), table.0.len(), "one audit line each");
}

/// Every row of the catalogue of hostile requests, which has 85, is here or elsewhere.
fn assert_complete(table: &Table) {
    let here: BTreeSet<_> = table.0.iter().map(|row| row.number).collect();
    let elsewhere = ELSEWHERE.iter().inspect(|(number, file, test)| {
        assert!(file.contains(test), "row {number}: there is no {test}");
    });
    let all: BTreeSet<_> = here.into_iter().chain(elsewhere.map(|(number, ..)| *number)).collect();
    let missing: Vec<_> = (1..=85).filter(|number| !all.contains(number)).collect();
    assert!(missing.is_empty(), "rows without a test: {missing:?}");
}
