//! What happens while a plan is carried out, and how it went. On a terminal each change has a live
//! line while it is under way; elsewhere it is told when it begins, and what it waits for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::progress::{Line, Screen};
use super::style::{self, BOLD, DIM, GREEN, RED, YELLOW, paint};
use super::{Ui, errors};
use crate::address::Address;
use crate::apply::{Event, Outcome};
use crate::aws::Calls;
use crate::cli::ErrorFormat;
use crate::error::Error;
use crate::plan::{Change, Plan};

/// Tells how a plan is carried out.
pub struct Changes<'a> {
    screen: &'a Screen,
    verbose: bool,
    error_format: ErrorFormat,
    /// The global options that commands which are suggested need.
    options: &'a str,
    since: Instant,
    under_way: RefCell<BTreeMap<Address, Line>>,
    /// How many have yet to begin.
    waiting: Cell<usize>,
}

impl Ui {
    /// A plan is about to be carried out.
    pub fn changes(&self, plan: &Plan) -> Changes<'_> {
        Changes {
            screen: self.screen,
            verbose: self.verbose,
            error_format: self.error_format,
            options: &self.options,
            since: Instant::now(),
            under_way: RefCell::default(),
            waiting: Cell::new(plan.actions().count()),
        }
    }
}

impl Changes<'_> {
    /// One step of it.
    pub fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started(change) => self.started(change),
            Event::Note(address, text) => self.note(address, text),
            Event::Finished(change, _) => {
                let took = self.ended(change).map_or(0.0, |line| line.seconds());
                let done = format!("{} {}", change.address, style::done(change.action));
                let took = paint(DIM, &format!("({took:.1} s)"));
                self.screen.print(&format!("{} {done} {took}", paint(GREEN, "✓")));
            }
            Event::Failed(change, error) => {
                self.ended(change);
                let failed =
                    format!("{} could not be {}", change.address, style::done(change.action));
                self.screen.print(&format!("{} {failed}: {error}", paint(RED, "✗")));
            }
            Event::GivenUp(change, error) => {
                self.ended(change);
                let text = format!("{} is not finished: {error}", change.address);
                self.screen.print(&format!("{} {text}", paint(YELLOW, "-")));
            }
            Event::Skipped(change, cause) => {
                self.waits_no_more();
                let text = format!("{} was held back: it depends on {cause}", change.address);
                self.screen.print(&format!("{} {text}", paint(YELLOW, "-")));
            }
        }
    }

    fn started(&self, change: &Change) {
        let what = format!("{} {}", change.address, style::doing(change.action));
        if !self.screen.is_live() {
            self.detail(&format!("  {what} …"));
        }
        self.under_way.borrow_mut().insert(change.address.clone(), self.screen.begin(&what));
        self.waits_no_more();
    }

    fn note(&self, address: &Address, text: &str) {
        match self.under_way.borrow().get(address) {
            Some(line) if self.screen.is_live() => line.note(text),
            _ => self.detail(&format!("  {address} {text}")),
        }
    }

    fn ended(&self, change: &Change) -> Option<Line> {
        self.under_way.borrow_mut().remove(&change.address)
    }

    fn waits_no_more(&self) {
        let left = self.waiting.get().saturating_sub(1);
        self.waiting.set(left);
        self.screen.foot(&match left {
            0 => String::new(),
            1 => "1 waits for others".to_owned(),
            _ => format!("{left} wait for others"),
        });
    }

    fn detail(&self, text: &str) {
        self.screen.print(&paint(DIM, text));
    }

    /// The end: what was done, with how many calls; what AWS keeps; what failed.
    pub fn outcome(self, outcome: &Outcome, calls: &Calls) {
        let seconds = self.since.elapsed().as_secs_f64();
        let (screen, verbose) = (self.screen, self.verbose);
        let (format, options) = (self.error_format, self.options);
        drop(self);
        let rest = outcome.unfinished.len() + outcome.not_begun.len();
        let ended = if rest > 0 { "Interrupted" } else { "Done" };
        screen.print(&format!("\n{}", paint(BOLD, &format!("{ended}: {}", done(outcome)))));
        let count = calls.count();
        let took = format!("in {seconds:.1} s; {count} calls to AWS, those of the plan included");
        screen.print(&paint(DIM, &took));
        if verbose {
            let services = calls.by_service();
            let parts: Vec<_> =
                services.iter().map(|(service, count)| format!("{service} {count}")).collect();
            screen.print(&paint(DIM, &format!("  {}", parts.join(", "))));
        }
        for kept in &outcome.kept {
            screen.print(&format!("{} {kept}", paint(YELLOW, "!")));
        }
        for address in &outcome.not_begun {
            screen.print(&format!("{} {address} was not begun", paint(YELLOW, "-")));
        }
        if rest > 0 {
            screen.print("run the same again to go on; what is done stays done");
        }
        if outcome.failed.is_empty() {
            return;
        }
        match format {
            ErrorFormat::Text => failures(screen, outcome, options),
            ErrorFormat::Json => screen.print(&document(outcome, options).to_string()),
        }
    }
}

/// What failed, and how to go on.
fn failures(screen: &Screen, outcome: &Outcome, options: &str) {
    for (address, error) in &outcome.failed {
        let error = error.clone().within(format!("{address} failed"));
        screen.print(&format!("\n{}", errors::render(&error, options).trim_end()));
    }
    screen.print(&format!("\n{}: {GO_ON}", paint(BOLD, &fell_short(outcome))));
}

const GO_ON: &str = "mend the cause and run the same again; what is done stays done";

fn fell_short(outcome: &Outcome) -> String {
    let (failed, skipped) = (outcome.failed.len(), outcome.skipped.len());
    let held = if skipped > 0 { format!(", {skipped} held back") } else { String::new() };
    format!("{failed} failed{held}")
}

/// The same as data: an error like any other, and beside it that of each change.
fn document(outcome: &Outcome, options: &str) -> Value {
    let failed = outcome.failed.iter().map(|(address, error)| {
        let mut document = errors::document(error, options);
        document["address"] = json!(address);
        document
    });
    let error = Error::new(fell_short(outcome)).hint(GO_ON);
    let mut document = errors::document(&error, options);
    document["failed"] = failed.collect();
    document["held_back"] = json!(outcome.skipped);
    document["done"] = json!(outcome.done.iter().map(|(address, _)| address).collect::<Vec<_>>());
    document
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        self.screen.foot("");
    }
}

/// How many changes there were of each kind.
fn done(outcome: &Outcome) -> String {
    let count = |action| outcome.done.iter().filter(|(_, done)| *done == action).count();
    let parts: Vec<String> = style::ACTIONS
        .iter()
        .filter(|action| count(**action) > 0)
        .map(|action| format!("{} {}", count(*action), style::done(*action)))
        .collect();
    if parts.is_empty() { "nothing was changed".to_owned() } else { parts.join(", ") }
}
