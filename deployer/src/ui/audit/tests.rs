use std::collections::BTreeSet;

use expect_test::expect;

use super::*;

fn line(decision: Decision, caller: &str, names: &[&str]) -> Line {
    let issued = decision == Decision::Issued;
    Line {
        time: "2026-05-08T05:39:10Z".to_owned(),
        request_id: "JKJaXmPLvHcESHA=".to_owned(),
        caller_arn: Some(caller.to_owned()),
        user_id: None,
        source_ip: Some("192.0.2.7".to_owned()),
        decision,
        rule: None,
        code: (!issued).then(|| "name_not_allowed".to_owned()),
        serial: issued.then(|| "4f70cbbbabc74542e20f3b1e203a5a6b95b2075a".to_owned()),
        spki_sha256: None,
        certificate_sha256: None,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        not_before: None,
        not_after: None,
        ca_sha256: None,
        duration_ms: 3,
    }
}

fn entry(line: Line) -> Entry {
    Entry { text: line.to_json(), line }
}

fn entries() -> [Entry; 3] {
    let caller = |rest: &str| format!("arn:aws:sts::123456789012:{rest}");
    [
        line(Decision::Issued, &caller("assumed-role/ci/run-17"), &["dns:web.internal.example"]),
        line(Decision::Refused, &caller("user/ada"), &["dns:web.internal.example", "ip:10.0.0.1"]),
        line(Decision::Issued, &caller("assumed-role/a-role-with-a-long-name/and-a-session"), &[]),
    ]
    .map(entry)
}

fn plain(entries: &[Entry], width: Option<usize>) -> String {
    anstream::adapter::strip_str(&table(entries, width)).to_string()
}

#[test]
fn a_table_fits_80_columns() {
    let text = plain(&entries(), Some(80));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    expect![[r#"
        time                  result            caller               names
        2026-05-08T05:39:10Z  issued            assumed-role/ci/ru…  dns:web.internal.e…
        2026-05-08T05:39:10Z  name_not_allowed  user/ada             dns:web.internal.e…
        2026-05-08T05:39:10Z  issued            assumed-role/a-rol…  -
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_table_fits_120_columns() {
    let text = plain(&entries(), Some(120));
    assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    expect![[r#"
        time                  result            caller                                      names
        2026-05-08T05:39:10Z  issued            assumed-role/ci/run-17                      dns:web.internal.example
        2026-05-08T05:39:10Z  name_not_allowed  user/ada                                    dns:web.internal.example ip:10.0.0.1
        2026-05-08T05:39:10Z  issued            assumed-role/a-role-with-a-long-name/and-…  -
    "#]].assert_eq(&text);
    expect![[r#"
        time                  result  caller                  names                     serial
        2026-05-08T05:39:10Z  issued  assumed-role/ci/run-17  dns:web.internal.example  4f70cbbbabc74542e20f3b1e203a5a6b95b2075a
    "#]].assert_eq(&plain(&entries()[..1], Some(120)));
}

#[test]
fn a_table_in_a_file_is_whole() {
    expect![[r#"
        time                  result            caller                                              names                                 serial
        2026-05-08T05:39:10Z  issued            assumed-role/ci/run-17                              dns:web.internal.example              4f70cbbbabc74542e20f3b1e203a5a6b95b2075a
        2026-05-08T05:39:10Z  name_not_allowed  user/ada                                            dns:web.internal.example ip:10.0.0.1  -
        2026-05-08T05:39:10Z  issued            assumed-role/a-role-with-a-long-name/and-a-session  -                                     4f70cbbbabc74542e20f3b1e203a5a6b95b2075a
    "#]].assert_eq(&plain(&entries(), None));
}

#[test]
fn callers_of_several_accounts_are_told_apart() {
    let other = line(Decision::Issued, "arn:aws:iam::210987654321:user/ada", &["dns:a.example"]);
    let mut both = entries()[1..2].to_vec();
    both.push(entry(other));
    expect![[r#"
        time                  result            caller                 names                                 serial
        2026-05-08T05:39:10Z  name_not_allowed  123456789012:user/ada  dns:web.internal.example ip:10.0.0.1  -
        2026-05-08T05:39:10Z  issued            210987654321:user/ada  dns:a.example                         4f70cbbbabc74542e20f3b1e203a5a6b95b2075a
    "#]].assert_eq(&plain(&both, None));
}

#[test]
fn a_narrow_table_keeps_its_columns() {
    for width in 0..200 {
        let text = plain(&entries(), Some(width));
        assert_eq!(text.lines().count(), 4, "{width}");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        assert!(widest <= width.max(58), "{widest} of {width}:\n{text}");
    }
}

/// Whoever may write to the log group can write anything.
fn forged() -> Entry {
    let mut line =
        line(Decision::Refused, "=cmd|' /C calc'!A0\u{1b}[2J", &["\u{9b}2J", "\u{202e}"]);
    line.source_ip = Some("@SUM(1,2)\r\n\"x\"".to_owned());
    line.code = Some("\u{1b}]0;title\u{7}".to_owned());
    entry(line)
}

fn is_harmless(text: &str) -> bool {
    let control = |character: char| character.is_control() && !"\r\n".contains(character);
    !text.contains(|character| control(character) || character == '\u{202e}')
}

#[test]
fn nothing_of_a_line_steers_a_terminal() {
    for text in [plain(&[forged()], Some(80)), plain(&[forged()], None)] {
        assert!(is_harmless(&text) && text.lines().count() == 2, "{text:?}");
    }
    let coloured = table(&[forged()], None);
    assert!(!coloured.contains("\u{1b}]") && !coloured.contains("\u{1b}[2J"), "{coloured:?}");
    let spread = format!("{{\n\t\"a\": 1,\r\n{}", &forged().text[1..]);
    let json = json(&[Entry { text: spread, ..forged() }]);
    assert!(is_harmless(&json) && json.lines().count() == 1, "{json:?}");
    let read: Line = serde_json::from_str(&json).expect("still the same JSON");
    assert_eq!(read, forged().line);
}

#[test]
fn csv_is_quoted_and_holds_no_formula() {
    let text = csv(&[&entries()[..2], &[forged()]].concat());
    assert!(is_harmless(&text), "{text:?}");
    expect![[r#"
        time,request_id,caller_arn,user_id,source_ip,decision,rule,code,serial,spki_sha256,certificate_sha256,names,not_before,not_after,ca_sha256,duration_ms␍
        2026-05-08T05:39:10Z,JKJaXmPLvHcESHA=,arn:aws:sts::123456789012:assumed-role/ci/run-17,,192.0.2.7,issued,,,4f70cbbbabc74542e20f3b1e203a5a6b95b2075a,,,dns:web.internal.example,,,,3␍
        2026-05-08T05:39:10Z,JKJaXmPLvHcESHA=,arn:aws:sts::123456789012:user/ada,,192.0.2.7,refused,,name_not_allowed,,,,dns:web.internal.example ip:10.0.0.1,,,,3␍
        2026-05-08T05:39:10Z,JKJaXmPLvHcESHA=,'=cmd|' /C calc'!A0\u001b[2J,,"'@SUM(1,2)\u000d\u000a""x""",refused,,\u001b]0\u003btitle\u0007,,,,\u009b2J \u202e,,,,3␍
    "#]].assert_eq(&text.replace('\r', "␍"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let records: Vec<_> = reader.records().map(|record| record.expect("a record")).collect();
    assert_eq!(&records[0][2], "arn:aws:sts::123456789012:assumed-role/ci/run-17");
    assert!(records.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
}

#[test]
fn csv_has_a_column_for_every_field() {
    let line = serde_json::to_value(forged().line).expect("JSON");
    let fields: BTreeSet<_> = line.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(fields, COLUMNS.map(str::to_owned).into());
}

#[test]
fn no_part_of_a_uri_becomes_a_cell_of_its_own() {
    let name = "uri:https://a.example/x;=HYPERLINK('https://b.example')";
    let text = csv(&[entry(line(Decision::Refused, "arn:aws:iam::1:user/ada", &[name]))]);
    assert!(!text.contains(';') && text.contains("/x\\u003b=HYPERLINK("), "{text}");
}

#[test]
fn an_event_as_long_as_any_is_shown() {
    let long = "x".repeat(256 * 1024);
    let mut line = line(Decision::Refused, &long, &[&long]);
    line.code = Some(long.clone());
    for width in [None, Some(80)] {
        assert!(plain(&[entry(line.clone())], width).contains(&long));
    }
}
