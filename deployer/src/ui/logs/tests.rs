use super::*;

fn shown(message: &str) -> String {
    let event = Event { id: "1".to_owned(), time: 1_778_218_750_007, message: message.to_owned() };
    anstream::adapter::strip_str(&line(&event)).to_string()
}

const ISSUED: &str = r#"{"time":"2026-05-08T05:39:10Z","request_id":"r","caller_arn":"arn:aws:iam::123456789012:user/client","decision":"issued","serial":"4f70","names":["dns:a.example","ip:10.0.0.1"],"not_after":"2026-05-08T17:39:09Z","duration_ms":3}"#;

#[test]
fn audit_lines_are_told_in_short() {
    assert_eq!(
        shown(ISSUED),
        "2026-05-08T05:39:10.007Z  issued  dns:a.example ip:10.0.0.1  for \
         arn:aws:iam::123456789012:user/client  serial 4f70 until 2026-05-08T17:39:09Z  3 ms"
    );
    let refused = ISSUED.replace("issued", "refused").replace("\"serial\"", "\"code\"");
    assert_eq!(
        shown(&refused.replace("4f70", "name_not_allowed")),
        "2026-05-08T05:39:10.007Z  refused name_not_allowed  dns:a.example ip:10.0.0.1  for \
         arn:aws:iam::123456789012:user/client  request r  3 ms"
    );
}

#[test]
fn alarms_are_marked() {
    let alarm =
        r#"{"time":"t","alarm":"ca_refresh_failed","request_id":"","detail":"no such secret"}"#;
    assert_eq!(
        shown(alarm),
        "2026-05-08T05:39:10.007Z  !!  ALARM ca_refresh_failed: no such secret"
    );
    assert!(shown(&alarm.replace("\"\"", "\"r1\"")).ends_with("no such secret  request r1"));
}

#[test]
fn other_lines_are_shown_as_they_are_and_on_one_line() {
    assert_eq!(
        shown("REPORT RequestId: r\tDuration: 1 ms\n"),
        "2026-05-08T05:39:10.007Z  REPORT RequestId: r Duration: 1 ms"
    );
    assert_eq!(shown(r#"{"alarm":1}"#), r#"2026-05-08T05:39:10.007Z  {"alarm":1}"#);
}

#[test]
fn nothing_plays_with_the_terminal() {
    for (from, to) in [
        ("plain \u{1b}[2J\u{202e}", "plain \\u001b[2J\\u202e"),
        (r#"{"alarm":"\u001b[2J","detail":"\u009b1m"}"#, "ALARM \\u001b[2J: \\u009b1m"),
        (&ISSUED.replace("a.example", r"\u001b]0;x\u0007"), "dns:\\u001b]0;x\\u0007 ip"),
    ] {
        assert!(shown(from).contains(to), "{}", shown(from));
    }
}
