//! The terminal below the live lines. What is drawn is written at once, and without the padding that
//! would make it wrap when the terminal gets narrower. Between two drawings the cursor stands below
//! the lines, so that a run which is killed, or panics, leaves whole lines behind.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::TermLike;

/// Clears the line that the cursor is in. (Clearing all to the end of the screen makes some terminals
/// keep what was there in their history, each time.)
const CLEAR: &str = "\r\x1b[2K";

/// Tells the columns and rows that there are at the moment.
type Size = dyn Fn() -> (u16, u16) + Send + Sync;

/// Where lines are drawn. Clones are of the same one.
#[derive(Clone)]
pub(super) struct Terminal {
    size: Arc<Size>,
    coloured: bool,
    drawing: Arc<Mutex<Drawing>>,
}

struct Drawing {
    out: Box<dyn Write + Send>,
    /// What is to be written at once.
    buffer: String,
    /// The live lines in the buffer.
    begun: usize,
    /// The live lines that stand there, with the cursor below them.
    standing: usize,
    /// Whether nothing is to be drawn any more.
    closed: bool,
}

impl Terminal {
    pub(super) fn new(
        out: impl Write + Send + 'static,
        size: impl Fn() -> (u16, u16) + Send + Sync + 'static,
        coloured: bool,
    ) -> Self {
        let (buffer, begun, standing, closed) = (String::new(), 0, 0, false);
        let drawing = Drawing { out: Box::new(out), buffer, begun, standing, closed };
        Self { size: Arc::new(size), coloured, drawing: Arc::new(Mutex::new(drawing)) }
    }

    /// Writes a text that stays; live lines must be out of the way.
    pub(super) fn say(&self, text: &str) {
        let text = self.painted(text);
        let mut drawing = self.drawing();
        let _ = writeln!(drawing.out, "{text}").and_then(|()| drawing.out.flush());
    }

    /// Takes the live lines away for good, also where whoever draws them is about to.
    pub(super) fn close(&self) {
        let mut drawing = self.drawing();
        drawing.buffer.clear();
        if let lines @ 1.. = std::mem::take(&mut drawing.standing) {
            drawing.buffer = format!("{CLEAR}{}", format!("\x1b[A{CLEAR}").repeat(lines));
        }
        let _ = drawing.write();
        drawing.closed = true;
    }

    /// Moves the cursor; terminals take 0 for 1.
    fn steer(&self, count: usize, direction: char) {
        if count > 0 {
            let _ = write!(self.drawing().buffer, "\x1b[{count}{direction}");
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.drawing().closed
    }

    fn painted(&self, text: &str) -> String {
        if self.coloured { text.to_owned() } else { anstream::adapter::strip_str(text).to_string() }
    }

    fn drawing(&self) -> MutexGuard<'_, Drawing> {
        self.drawing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawing {
    fn write(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.buffer);
        if self.closed {
            return Ok(());
        }
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terminal")
    }
}

impl TermLike for Terminal {
    fn width(&self) -> u16 {
        (self.size)().0
    }

    /// The last row is the cursor's.
    fn height(&self) -> u16 {
        (self.size)().1.saturating_sub(1)
    }

    /// A drawing begins with this, and takes the cursor to be on the last live line.
    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        let mut drawing = self.drawing();
        let below = std::mem::take(&mut drawing.standing) > 0;
        if below {
            // What was typed meanwhile stands there.
            drawing.buffer += CLEAR;
        }
        drop(drawing);
        self.steer(lines + usize::from(below), 'A');
        Ok(())
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.steer(lines, 'B');
        Ok(())
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.steer(columns, 'C');
        Ok(())
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.steer(columns, 'D');
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let is_padding = text.chars().all(|c| c == ' ');
        if !is_padding {
            let text = self.painted(text);
            let mut drawing = self.drawing();
            drawing.buffer += &text;
            drawing.buffer += "\n";
            drawing.begun += 1;
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        self.drawing().buffer += CLEAR;
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let mut drawing = self.drawing();
        drawing.standing = std::mem::take(&mut drawing.begun);
        drawing.write()
    }
}
