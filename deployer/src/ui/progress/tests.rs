use std::io;
use std::num::NonZeroU16;

use expect_test::{Expect, expect};

use super::*;

/// As many as terminals usually have.
const ROWS: NonZeroU16 = NonZeroU16::new(24).expect("some rows");

/// A terminal that remembers what it shows.
#[derive(Clone)]
struct Fake(Arc<Mutex<vt100::Parser>>);

impl io::Write for Fake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What a terminal's driver does.
        let text = String::from_utf8_lossy(bytes).replace('\n', "\r\n");
        self.0.lock().expect("no panic").process(text.as_bytes());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Fake {
    fn new(width: u16) -> Self {
        let width = NonZeroU16::new(width).expect("some columns");
        Self(Arc::new(Mutex::new(vt100::Parser::new(ROWS, width, 100))))
    }

    fn screen(&self) -> Screen {
        let (rows, width) = self.0.lock().expect("no panic").screen().size();
        Screen::on(Terminal::new(self.clone(), move || (width.into(), rows.into()), true))
    }

    /// What it shows, without the time that something took.
    fn shows(&self, expected: &Expect) {
        let parser = self.0.lock().expect("no panic");
        let turns = |c: char| if FRAMES.contains(&c.to_string().as_str()) { '*' } else { c };
        let text: String = parser.screen().contents().chars().map(turns).collect();
        assert!(!parser.screen().hide_cursor());
        let (row, column) = parser.screen().cursor_position();
        assert_eq!(column, 0, "the cursor stands at the beginning of a line");
        let shown = parser.screen().rows(0, u16::MAX).filter(|row| !row.is_empty());
        assert_eq!(usize::from(row), shown.count(), "the cursor stands below all lines");
        let text = seconds_masked(&text);
        expected.assert_eq(&text);
    }
}

/// Live lines tell whole seconds, of which a busy machine may count any number.
fn seconds_masked(text: &str) -> String {
    let mut masked = String::new();
    for (at, part) in text.split('(').enumerate() {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_time = at > 0 && rest.len() < part.len() && rest.starts_with(" s)");
        masked += if at > 0 { "(" } else { "" };
        masked += if is_time { "0" } else { "" };
        masked += if is_time { rest } else { part };
    }
    masked
}

fn drawn(width: u16, expected: &Expect) {
    let fake = Fake::new(width);
    let screen = fake.screen();
    let group = screen.begin("log_group.signer creating");
    let function = screen.begin("lambda_function.signer creating");
    function.note("waiting for IAM to let Lambda assume the role, 3 s of at most 60 s, and no end");
    screen.foot("3 wait for others");
    screen.print("✓ secret.ca created (0.1 s)");
    fake.shows(expected);
    drop((group, function));
    screen.foot("");
    fake.shows(&expect!["✓ secret.ca created (0.1 s)"]);
}

#[test]
fn live_lines_stand_below_what_is_printed_and_are_never_wider_than_the_terminal() {
    drawn(
        120,
        &expect![[r#"
        ✓ secret.ca created (0.1 s)
        * log_group.signer creating (0 s)
        * lambda_function.signer creating (0 s) waiting for IAM to let Lambda assume the role, 3 s of at most 60 s, and no end
          3 wait for others"#]],
    );
    drawn(
        80,
        &expect![[r#"
        ✓ secret.ca created (0.1 s)
        * log_group.signer creating (0 s)
        * lambda_function.signer creating (0 s) waiting for IAM to let Lambda assume t…
          3 wait for others"#]],
    );
    drawn(
        40,
        &expect![[r#"
            ✓ secret.ca created (0.1 s)
            * log_group.signer creating (0 s)
            * lambda_function.signer creating (0 s)
              3 wait for others"#]],
    );
    drawn(
        12,
        &expect![[r#"
        ✓ secret.ca created (0.1 s)
        * lo… (0 s)
        * la… (0 s)
          3 wait f…"#]],
    );
}

#[test]
fn a_line_tells_how_long_it_has_been_there() {
    let since = Instant::now();
    let (what, note) = ("iam_role.signer creating".to_owned(), "waiting".to_owned());
    let begun = Begun { number: 0, what, note, since };
    let at = |seconds| {
        let text = begun.render(since + Duration::from_millis(seconds), 80);
        anstream::adapter::strip_str(&text).to_string()
    };
    assert_eq!(at(0), "⠋ iam_role.signer creating (0 s) waiting");
    assert_eq!(at(200), "⠙ iam_role.signer creating (0 s) waiting");
    assert_eq!(at(61_999), "⠏ iam_role.signer creating (61 s) waiting");
}

#[test]
fn lines_that_are_closed_go_for_good() {
    let fake = Fake::new(80);
    let screen = fake.screen();
    let line = screen.begin("log_group.signer creating");
    screen.print("begun");
    fake.shows(&expect![[r#"
        begun
        * log_group.signer creating (0 s)"#]]);
    screen.close();
    screen.print("interrupted");
    line.note("nobody sees this");
    screen.print("ended");
    drop(line);
    fake.shows(&expect![[r#"
        begun
        interrupted
        ended"#]]);
}

#[test]
fn what_is_typed_meanwhile_goes_with_the_next_drawing() {
    let mut fake = Fake::new(80);
    let screen = fake.screen();
    let _line = screen.begin("log_group.signer creating");
    screen.print("begun");
    io::Write::write_all(&mut fake, "^C, and more ".repeat(5).as_bytes()).expect("a terminal");
    screen.print("interrupted");
    fake.shows(&expect![[r#"
        begun
        interrupted
        * log_group.signer creating (0 s)"#]]);
}

#[test]
fn more_lines_than_a_terminal_has_do_no_harm() {
    let fake = Fake::new(80);
    let screen = fake.screen();
    let lines: Vec<_> =
        (0..40).map(|n| screen.begin(&format!("log_group.a{n} creating"))).collect();
    for n in 0..5 {
        screen.print(&format!("line {n}"));
    }
    drop(lines);
    screen.print("ended");
    fake.0.lock().expect("no panic").screen_mut().set_scrollback(usize::MAX);
    let parser = fake.0.lock().expect("no panic");
    let rows: Vec<_> = parser.screen().rows(0, 80).take(5).collect();
    assert_eq!(rows, ["line 0", "line 1", "line 2", "line 3", "line 4"]);
}
