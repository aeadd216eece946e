//! A terminal to run the binary in, and to see what a user would.

use std::fs::File;
use std::io::Read as _;
use std::num::NonZeroU16;
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// How long anything may take before it counts as never happening.
const DEADLINE: Duration = Duration::from_mins(1);

const ROWS: u16 = 40;

/// A run of the binary in a terminal.
pub(crate) struct Terminal {
    child: Child,
    shown: Arc<Mutex<vt100::Parser>>,
    reader: thread::JoinHandle<()>,
}

impl Terminal {
    /// Starts it with standard output and standard error in a terminal of this width.
    pub(crate) fn start(command: &mut Command, width: u16) -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&ours).expect("a terminal");
        unlockpt(&ours).expect("a terminal");
        let size = Winsize { ws_row: ROWS, ws_col: width, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&ours, size).expect("a size");
        let name = ptsname(&ours, Vec::new()).expect("a name");
        let theirs: OwnedFd =
            open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("a terminal");
        let copy = theirs.try_clone().expect("a terminal");
        let child = command.env("TERM", "xterm-256color").stdout(copy).stderr(theirs).spawn();
        let child = child.expect("a process");
        // What the command holds of it would keep it open after the end of the run.
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let (rows, width) = (NonZeroU16::new(ROWS), NonZeroU16::new(width));
        let parser = vt100::Parser::new(rows.expect("some rows"), width.expect("some columns"), 0);
        let shown = Arc::new(Mutex::new(parser));
        let (mut ours, seen) = (File::from(ours), Arc::clone(&shown));
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It is an error to read from a terminal that nobody has open any more.
            while let Ok(count @ 1..) = ours.read(&mut bytes) {
                seen.lock().expect("no panic").process(&bytes[..count]);
            }
        });
        Self { child, shown, reader }
    }

    /// What it shows.
    pub(crate) fn text(&self) -> String {
        self.shown.lock().expect("no panic").screen().contents()
    }

    /// Waits until it shows this.
    pub(crate) fn until(&self, text: &str) {
        let begun = Instant::now();
        while !self.text().contains(text) {
            assert!(begun.elapsed() < DEADLINE, "no {text:?} in:\n{}", self.text());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends the run a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process"), signal).expect("a process to signal");
    }

    /// Waits until the run ends: its status, and what it leaves on the terminal. A user goes on
    /// typing at the beginning of a line, and sees what.
    pub(crate) fn end(mut self) -> (i32, String) {
        let status = self.child.wait().expect("an end").code().unwrap_or(-1);
        self.reader.join().expect("no panic");
        let parser = self.shown.lock().expect("no panic");
        assert!(!parser.screen().hide_cursor(), "the cursor is visible");
        assert_eq!(parser.screen().cursor_position().1, 0, "the cursor is where a line begins");
        (status, parser.screen().contents())
    }
}
