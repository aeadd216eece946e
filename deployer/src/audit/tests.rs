use std::str::FromStr as _;
use std::time::Duration;

use time::macros::datetime;

use super::*;

/// A line as the signer writes it, with a field that no signer has yet.
fn logged(decision: &str, caller: &str, name: &str, rest: &str) -> String {
    format!(
        r#"{{"time":"2026-05-08T05:39:10Z","request_id":"r","caller_arn":"{caller}","user_id":null,"source_ip":null,"decision":"{decision}","names":["{name}"],"not_before":null,"not_after":null,"duration_ms":3,"from_the_future":[1]{rest}}}"#
    )
}

const CLIENT: &str = "arn:aws:iam::123456789012:user/client";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/ci/run-17";

fn log() -> Vec<Event> {
    let lines = [
        (3, logged("refused", SESSION, "dns:bad.example", r#","code":"name_not_allowed""#)),
        (1, logged("issued", CLIENT, "dns:web.example", r#","serial":"4f70""#)),
        (2, "START RequestId: r Version: $LATEST".to_owned()),
        (2, r#"{"level":"INFO"}"#.to_owned()),
        (2, logged("issued", SESSION, "ip:10.0.0.1", r#","serial":"5a""#)),
        (4, logged("perhaps", CLIENT, "dns:web.example", "")),
    ];
    lines.map(|(time, message)| Event { id: String::new(), time, message }).into()
}

/// The names of the lines that are found, and how many events were no audit lines.
fn found(question: &Question) -> (Vec<String>, usize) {
    let mut gathering = Gathering::new(question);
    for event in log() {
        gathering.take(event);
    }
    let skipped = gathering.skipped;
    let names = gathering.finish().into_iter().map(|entry| entry.line.names.concat());
    (names.collect(), skipped)
}

#[test]
fn lines_are_found_by_all_that_is_asked_for_and_the_newest_is_last() {
    let (web, ip, bad) = ("dns:web.example", "ip:10.0.0.1", "dns:bad.example");
    let pattern = |text| Some(Pattern::from_str(text).expect("a pattern"));
    let all = Question::default;
    let cases: [(Question, &[&str]); 10] = [
        (all(), &[web, ip, bad]),
        (Question { limit: Some(2), ..all() }, &[ip, bad]),
        (Question { limit: Some(0), ..all() }, &[]),
        (Question { decision: Some(Decision::Issued), ..all() }, &[web, ip]),
        (Question { decision: Some(Decision::Refused), ..all() }, &[bad]),
        (Question { caller: pattern("user/"), ..all() }, &[web]),
        (Question { name: pattern("*.example"), ..all() }, &[web, bad]),
        (
            Question { name: pattern("10.0.0.1"), caller: pattern("*:assumed-role/ci/*"), ..all() },
            &[ip],
        ),
        (Question { code: Some("name_not_allowed".into()), ..all() }, &[bad]),
        (Question { serial: Some("5a".into()), ..all() }, &[ip]),
    ];
    for (question, names) in cases {
        assert_eq!(found(&question), (names.iter().map(|name| (*name).to_owned()).collect(), 3));
    }
}

#[test]
fn a_found_line_keeps_what_a_newer_signer_has_added() {
    let question = Question { limit: Some(1), ..Question::default() };
    let mut gathering = Gathering::new(&question);
    for event in log() {
        gathering.take(event);
    }
    assert!(gathering.finish()[0].text.contains("from_the_future"));
}

#[test]
fn aws_is_asked_to_leave_out_what_it_can_tell() {
    let all = Question::default();
    assert_eq!(all.filter(), r#"{ (($.decision = "issued") || ($.decision = "refused")) }"#);
    let narrow = Question {
        decision: Some(Decision::Issued),
        serial: serial("4F:70").ok(),
        ..Question::default()
    };
    assert_eq!(narrow.filter(), r#"{ ($.decision = "issued") && ($.serial = "4f70") }"#);
    // Nothing that could end a string of the filter gets into it.
    for text in ["", "a\"", "Name", "a b"] {
        code(text).expect_err("no code");
    }
    for text in ["", ":", "0x4f", "4f\" || 1"] {
        serial(text).expect_err("no serial number");
    }
}

#[test]
fn a_pattern_is_a_part_or_with_an_asterisk_a_whole() {
    for (pattern, text, fits) in [
        ("role/ci", SESSION, true),
        ("role/ci", CLIENT, false),
        ("", CLIENT, true),
        ("*", CLIENT, true),
        ("*", "", true),
        ("arn:aws:sts::*:assumed-role/ci/*", SESSION, true),
        ("*:assumed-role/ci", SESSION, false),
        ("*role*run*", SESSION, true),
        ("*run*role*", SESSION, false),
        ("a*a", "a", false),
        ("a*b*c", "a-b-b-c", true),
        ("a**c", "ac", true),
        ("*ab*ab", "ab", false),
    ] {
        assert_eq!(
            Pattern::from_str(pattern).expect("a pattern").fits(text),
            fits,
            "{pattern} {text}"
        );
    }
}

#[test]
fn times_are_how_long_ago_or_points_in_time() {
    let now = datetime!(2026-05-08 12:00:00.5 UTC);
    let second = |then: time::OffsetDateTime| then.unix_timestamp() * 1000;
    for (text, expected) in [
        ("1h", second(datetime!(2026-05-08 11:00 UTC)) + 500),
        ("2d", second(datetime!(2026-05-06 12:00 UTC)) + 500),
        ("1h 30m", second(datetime!(2026-05-08 10:30 UTC)) + 500),
        ("9999y", 0),
        ("2026-05-08", second(datetime!(2026-05-08 0:00 UTC))),
        ("2026-05-08T05:39:10Z", second(datetime!(2026-05-08 05:39:10 UTC))),
        ("2026-05-08T05:39:10+02:00", second(datetime!(2026-05-08 03:39:10 UTC))),
    ] {
        let when: When = text.parse().expect(text);
        assert_eq!(when.milliseconds(now), expected, "{text}");
    }
    assert_eq!("24h".parse(), Ok(When::Ago(Duration::from_hours(24))));
    for text in ["", "1", "yesterday", "-1h", "2026-05", "2026-05-08T05:39:10"] {
        text.parse::<When>().expect_err(text);
    }
}
