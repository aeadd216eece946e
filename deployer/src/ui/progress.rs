//! Live lines at the bottom of a terminal, one for each thing that is under way. What is printed
//! meanwhile goes above them. Without a terminal there are none, and printing is just that.

mod terminal;
#[cfg(test)]
mod tests;

use std::env;
use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::panic;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstream::{AutoStream, ColorChoice};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle, TermLike};

use self::terminal::Terminal;
use super::style::{CYAN, DIM, paint};
use super::width::{columns, cut};

/// How often the lines are drawn anew.
const PERIOD: Duration = Duration::from_millis(200);

/// What turns while something is under way, a frame for each [`PERIOD`].
const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// What a terminal that does not tell its size is taken for.
const USUAL: (u16, u16) = (80, 24);

/// Standard error, with live lines or without.
#[derive(Clone)]
pub(super) struct Screen(Option<Arc<Live>>);

struct Live {
    terminal: Terminal,
    /// All the lines as one, drawn again and again by a thread of its own while there are any.
    bar: ProgressBar,
    lines: Arc<Mutex<Lines>>,
}

/// What is drawn. A drawing waits for whoever holds it, so nobody may draw with it in hand.
#[derive(Default)]
struct Lines {
    begun: Vec<Begun>,
    /// The last line.
    foot: String,
    /// The number that the next one gets.
    next: usize,
}

/// Something under way.
struct Begun {
    number: usize,
    what: String,
    note: String,
    since: Instant,
}

/// Something that is under way until this is dropped, with a line while it is.
pub struct Line {
    screen: Screen,
    number: usize,
    since: Instant,
}

impl Screen {
    /// The standard error of this process.
    pub(super) fn stderr() -> &'static Self {
        static STDERR: LazyLock<Screen> = LazyLock::new(|| {
            let is_dumb = env::var("TERM").is_ok_and(|term| term == "dumb");
            if is_dumb || !io::stderr().is_terminal() {
                return Screen(None);
            }
            let choice = AutoStream::choice(&io::stderr());
            let terminal = Terminal::new(io::stderr(), size, choice != ColorChoice::Never);
            close_on_panic(terminal.clone());
            Screen::on(terminal)
        });
        &STDERR
    }

    fn on(terminal: Terminal) -> Self {
        let lines = Arc::new(Mutex::new(Lines::default()));
        let (shown, width) = (Arc::clone(&lines), terminal.clone());
        let render = move |_: &ProgressState, text: &mut dyn fmt::Write| {
            let lines = lock(&shown).render(Instant::now(), usize::from(width.width()));
            let _ = text.write_str(&lines.join("\n"));
        };
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{lines}") {
            bar.set_style(style.with_key("lines", render));
        }
        Self(Some(Arc::new(Live { terminal, bar, lines })))
    }

    /// Whether there are live lines.
    pub(super) fn is_live(&self) -> bool {
        self.0.is_some()
    }

    /// Prints a text that stays.
    pub(super) fn print(&self, text: &str) {
        match &self.0 {
            Some(live) => self.aside(|| live.terminal.say(text)),
            None => drop(writeln!(anstream::stderr(), "{text}")),
        }
    }

    /// Does something that may write to the terminal, while the live lines are out of the way.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some(live) if !live.terminal.is_closed() => live.bar.suspend(work),
            _ => work(),
        }
    }

    /// Takes the live lines away for good, from any thread and at any moment.
    pub(super) fn close(&self) {
        if let Some(live) = &self.0 {
            live.terminal.close();
        }
    }

    /// Something begins.
    pub(super) fn begin(&self, what: &str) -> Line {
        let since = Instant::now();
        let number = self.change(|lines| {
            let (number, what) = (lines.next, what.to_owned());
            lines.next += 1;
            lines.begun.push(Begun { number, what, note: String::new(), since });
            number
        });
        Line { screen: self.clone(), number: number.unwrap_or_default(), since }
    }

    /// Sets the last line; an empty text is none.
    pub(super) fn foot(&self, text: &str) {
        self.change(|lines| text.clone_into(&mut lines.foot));
    }

    /// Changes the lines. What is drawn follows within a [`PERIOD`]; the last one goes at once.
    fn change<T>(&self, change: impl FnOnce(&mut Lines) -> T) -> Option<T> {
        let live = self.0.as_ref()?;
        let mut lines = lock(&live.lines);
        let (was_idle, changed) = (lines.is_empty(), change(&mut lines));
        let is_idle = lines.is_empty();
        drop(lines);
        if was_idle && !is_idle {
            live.bar.enable_steady_tick(PERIOD);
        } else if is_idle && !was_idle {
            live.bar.disable_steady_tick();
            live.bar.force_draw();
        }
        Some(changed)
    }
}

impl Line {
    /// What it is at.
    pub(super) fn note(&self, text: &str) {
        self.screen.change(|lines| {
            if let Some(begun) = lines.begun.iter_mut().find(|begun| begun.number == self.number) {
                text.clone_into(&mut begun.note);
            }
        });
    }

    /// How long it has taken so far.
    pub(super) fn seconds(&self) -> f64 {
        self.since.elapsed().as_secs_f64()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.screen.change(|lines| lines.begun.retain(|begun| begun.number != self.number));
    }
}

impl Lines {
    fn is_empty(&self) -> bool {
        self.begun.is_empty() && self.foot.is_empty()
    }

    fn render(&self, now: Instant, width: usize) -> Vec<String> {
        // A terminal that gets a little narrower must not wrap them at once.
        let width = width.saturating_sub(1);
        let mut lines: Vec<_> = self.begun.iter().map(|begun| begun.render(now, width)).collect();
        if !self.foot.is_empty() {
            lines.push(paint(DIM, &cut(&format!("  {}", self.foot), width)));
        }
        lines
    }
}

impl Begun {
    fn render(&self, now: Instant, width: usize) -> String {
        let past = now.saturating_duration_since(self.since);
        let frame = past.as_millis() / PERIOD.as_millis() % FRAMES.len() as u128;
        let frame = usize::try_from(frame).map_or("", |frame| FRAMES[frame]);
        let took = format!(" ({} s)", past.as_secs());
        let what = cut(&self.what, width.saturating_sub(2 + took.len()));
        let left = width.saturating_sub(2 + columns(&what) + took.len());
        let note = if self.note.is_empty() { String::new() } else { format!(" {}", self.note) };
        let rest = format!("{took}{}", cut(&note, left));
        format!("{} {what}{}", paint(CYAN, frame), paint(DIM, &rest))
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The columns and rows of standard error.
fn size() -> (u16, u16) {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(USUAL, |(width, height)| (width.0, height.0))
}

/// A panic is told by whoever told it before, without live lines in between.
fn close_on_panic(terminal: Terminal) {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        terminal.close();
        tell(panic);
    }));
}
