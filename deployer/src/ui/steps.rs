//! What takes long beside the changes: on a terminal a live line while it does, and a line that stays
//! if it was long; elsewhere a line when it begins.

use std::cell::RefCell;

use super::Ui;
use super::progress::{Line, Screen};
use super::style::{DIM, GREEN, paint};
use crate::step::Step;

/// From how many seconds on it is worth a line what something took.
const LONG: f64 = 1.0;

/// Tells how far something is, step by step.
pub struct Steps<'a> {
    screen: &'a Screen,
    current: RefCell<Option<(String, Line)>>,
}

impl Ui {
    /// Something begins that has steps.
    pub fn steps(&self) -> Steps<'_> {
        Steps { screen: self.screen, current: RefCell::default() }
    }

    /// Something begins that has none, until what this returns is dropped. It is told only where
    /// that can be taken back.
    pub fn waiting(&self, what: &str) -> Line {
        self.screen.begin(what)
    }

    /// The wait of something is told.
    pub fn note(&self, line: &Line, text: &str) {
        if self.screen.is_live() { line.note(text) } else { self.detail(&format!("  {text}")) }
    }
}

impl Steps<'_> {
    /// How far it is.
    pub fn tell(&self, step: &Step<'_>) {
        match step {
            Step::Begun(what) => {
                self.done();
                if !self.screen.is_live() {
                    self.screen.print(&paint(DIM, what));
                }
                self.current.replace(Some(((*what).to_owned(), self.screen.begin(what))));
            }
            Step::At(detail) => {
                if let Some((_, line)) = &*self.current.borrow() {
                    line.note(detail);
                }
            }
            Step::Said(line) => self.screen.print(line),
        }
    }

    /// All of it is done. Without this, the last step was not.
    pub fn done(&self) {
        if let Some((what, line)) = self.current.take() {
            let seconds = line.seconds();
            drop(line);
            if seconds >= LONG {
                let took = paint(DIM, &format!("({seconds:.1} s)"));
                self.screen.print(&format!("{} {what} {took}", paint(GREEN, "✓")));
            }
        }
    }
}
