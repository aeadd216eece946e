//! The user interface: the only module that prints. Data goes to standard output, everything else
//! to standard error. Symbols carry the meaning, colour only repeats it.

mod adopt;
mod audit;
mod certificates;
mod drift;
mod errors;
mod explain;
mod graph;
mod logs;
mod plans;
mod policy;
mod residue;
mod show;
mod starting;
mod states;
mod style;
mod width;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use signer::caller::Caller;
use signer::policy::{Denied, Grant, Wanted};
use signer::refusal::Refusal;
use time::OffsetDateTime;

pub use self::certificates::watch_interrupted;
pub use self::logs::logs_interrupted;

use crate::address::Address;
use crate::apply::{Event, Outcome};
use crate::audit::{Entry as AuditEntry, Event as LogEvent};
use crate::cli::{AuditFormat, Color, ErrorFormat, Global, GraphFormat};
use crate::error::{Error, Result};
use crate::explain::Explanation;
use crate::interrupt::{Answer, Signal};
use crate::issue::Issued;
use crate::issue::watch;
use crate::plan::{Action, Plan, Residue};
use crate::resource::{Check, Finding};
use crate::stack::Stack;
use crate::state::{Entry, State, Store};
use style::{BOLD, DIM, GREEN, RED, YELLOW, paint};

/// The version of the plan's JSON form.
const PLAN_FORMAT: u32 = 1;

/// Prints for one run of the program.
pub struct Ui {
    begun: RefCell<BTreeMap<Address, Instant>>,
    /// The first data that could not be written.
    lost: RefCell<Option<io::Error>>,
    /// Whether the reader of the data has gone away.
    unread: Cell<bool>,
    error_format: ErrorFormat,
}

impl Ui {
    /// Decides once for the whole process whether to use colour.
    pub fn new(global: &Global) -> Self {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        Self {
            begun: RefCell::default(),
            lost: RefCell::default(),
            unread: Cell::default(),
            error_format: global.error_format,
        }
    }

    /// Data, on standard output. A reader that has gone away is no failure.
    pub fn data(&self, text: &str) {
        let mut out = anstream::stdout();
        let written = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.unread.set(true),
            Err(error) => drop(self.lost.borrow_mut().get_or_insert(error)),
            Ok(()) => {}
        }
    }

    /// Whether data still gets to a reader, as far as is known.
    pub fn is_read(&self) -> bool {
        !self.unread.get() && self.lost.borrow().is_none()
    }

    /// Tells at the end whether all data was written: a plan that is not there must not look like
    /// one, and an apply must not stop halfway for it.
    pub fn finish(&self) -> Result<()> {
        match self.lost.take() {
            None => Ok(()),
            Some(error) => Err(Error::new("could not write to standard output")
                .because(error)
                .hint("make room where it is redirected to; what was done in AWS is in the state")),
        }
    }

    /// What is going on, on standard error.
    pub fn status(&self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{text}");
    }

    /// A heading of the narration on standard error.
    pub fn heading(&self, text: &str) {
        self.status(&format!("\n{}", paint(BOLD, text)));
    }

    /// Something less important, on standard error.
    pub fn detail(&self, text: &str) {
        self.status(&paint(DIM, text));
    }

    /// The failure that ends the program.
    pub fn error(&self, error: &Error) {
        match self.error_format {
            ErrorFormat::Text => self.status(errors::render(error).trim_end()),
            ErrorFormat::Json => self.status(&errors::document(error).to_string()),
        }
    }

    /// A stack file was written, and what to do next.
    pub fn started(&self, stack: &Path, schema: &Path) {
        self.status(starting::render(stack, schema).trim_end());
    }

    /// The plan, as text or as JSON.
    pub fn plan(&self, plan: &Plan, place: &str, as_json: bool) {
        if as_json {
            let document =
                json!({"format": PLAN_FORMAT, "stack": plan.stack, "changes": plan.changes});
            self.json(&document);
        } else {
            self.data(&plans::render(plan, place, width::of_output()));
        }
    }

    /// All about one entry of the stack file.
    pub fn explanation(&self, explanation: &Explanation, as_json: bool) {
        if as_json {
            self.json(&explain::document(explanation));
        } else {
            self.data(&explain::render(explanation, width::of_output()));
        }
    }

    /// Which entries of a stack need which.
    pub fn graph(&self, stack: &Stack, format: GraphFormat) {
        match format {
            GraphFormat::Mermaid => self.data(&graph::mermaid(stack)),
            GraphFormat::Dot => self.data(&graph::dot(stack)),
            GraphFormat::Svg => self.data(&graph::svg(stack)),
            GraphFormat::Json => self.json(&graph::document(stack)),
        }
    }

    /// What has changed since the last apply, as text or as JSON.
    pub fn drift(&self, drift: &Plan, place: &str, as_json: bool) {
        if as_json {
            let found = drift::document(drift);
            let document = json!({"format": PLAN_FORMAT, "stack": drift.stack, "drift": found});
            self.json(&document);
        } else {
            self.data(&drift::render(drift, place, width::of_output()));
        }
    }

    /// One step of an apply.
    pub fn event(&self, event: &Event<'_>) {
        match event {
            Event::Started(change) => {
                self.begun.borrow_mut().insert(change.address.clone(), Instant::now());
                self.detail(&format!("  {} {} …", change.address, style::doing(change.action)));
            }
            Event::Note(address, text) => self.detail(&format!("  {address} {text}")),
            Event::Finished(change, _) => {
                let seconds = self.begun.borrow().get(&change.address).map(Instant::elapsed);
                let took = format!("({:.1} s)", seconds.unwrap_or_default().as_secs_f64());
                let done = format!("{} {}", change.address, style::done(change.action));
                self.status(&format!("{} {done} {}", paint(GREEN, "✓"), paint(DIM, &took)));
            }
            Event::Failed(change, error) => {
                let failed =
                    format!("{} could not be {}", change.address, style::done(change.action));
                self.status(&format!("{} {failed}: {error}", paint(RED, "✗")));
            }
            Event::GivenUp(change, error) => {
                let text = format!("{} is not finished: {error}", change.address);
                self.status(&format!("{} {text}", paint(YELLOW, "-")));
            }
            Event::Skipped(change, cause) => {
                let text = format!("{} was held back: it depends on {cause}", change.address);
                self.status(&format!("{} {text}", paint(YELLOW, "-")));
            }
        }
    }

    /// The end of an apply: what was done, with how many calls; what AWS keeps; what failed.
    pub fn outcome(&self, outcome: &Outcome, calls: usize) {
        let count = |action| outcome.done.iter().filter(|(_, done)| *done == action).count();
        let parts: Vec<String> = style::ACTIONS
            .iter()
            .filter(|action| count(**action) > 0)
            .map(|action| format!("{} {}", count(*action), style::done(*action)))
            .collect();
        let done =
            if parts.is_empty() { "nothing was changed".to_owned() } else { parts.join(", ") };
        let seconds = self
            .begun
            .borrow()
            .values()
            .map(Instant::elapsed)
            .max()
            .unwrap_or_default()
            .as_secs_f64();
        let rest = outcome.unfinished.len() + outcome.not_begun.len();
        let ended = if rest > 0 { "Interrupted" } else { "Done" };
        self.status(&format!("\n{}", paint(BOLD, &format!("{ended}: {done}"))));
        self.detail(&format!(
            "in {seconds:.1} s; {calls} calls to AWS, those of the plan included"
        ));
        for kept in &outcome.kept {
            self.status(&format!("{} {kept}", paint(YELLOW, "!")));
        }
        for address in &outcome.not_begun {
            self.status(&format!("{} {address} was not begun", paint(YELLOW, "-")));
        }
        if rest > 0 {
            self.status("run the same again to go on; what is done stays done");
        }
        for (address, error) in &outcome.failed {
            self.status("");
            let error = error.clone().within(format!("{address} failed"));
            self.status(errors::render(&error).trim_end());
        }
        let (failed, skipped) = (outcome.failed.len(), outcome.skipped.len());
        if failed > 0 {
            let held = if skipped > 0 { format!(", {skipped} held back") } else { String::new() };
            let text = format!("{failed} failed{held}: mend the cause and run the same again");
            self.status(&format!("\n{}; what is done stays done", paint(BOLD, &text)));
        }
    }

    /// What is deployed where, as far as is remembered; when that was written down.
    pub fn deployed(
        &self,
        store: &Store,
        whose: &str,
        written: Option<OffsetDateTime>,
        as_json: bool,
    ) {
        if as_json {
            self.json(&show::document(store, written));
        } else {
            self.data(&show::render(store, whose, written));
        }
    }

    /// What is remembered, one line for each resource.
    pub fn state_list(&self, state: &State, as_json: bool) {
        if as_json {
            let rows = state.resources.iter().map(|(address, entry)| {
                json!({"address": address, "phase": entry.phase, "outputs": entry.outputs})
            });
            self.json(&rows.collect());
        } else {
            self.data(&states::table(state));
        }
    }

    /// All that is remembered.
    pub fn state(&self, state: &State, as_json: bool) {
        if as_json { self.json(&json!(state)) } else { self.data(&states::whole(state)) }
    }

    /// All that is remembered of one resource.
    pub fn entry(&self, address: &Address, entry: &Entry, as_json: bool) {
        if as_json { self.json(&json!(entry)) } else { self.data(&states::entry(address, entry)) }
    }

    fn json(&self, document: &Value) {
        self.data(&serde_json::to_string_pretty(document).unwrap_or_default());
    }

    /// What was asked of what was applied; whether nothing failed.
    pub fn checks(&self, all: &[(Address, Vec<Check>)]) -> bool {
        let mut held = true;
        for (address, checks) in all {
            self.heading(&format!("Does {address} work?"));
            for Check { what, finding } in checks {
                match finding {
                    Finding::Holds => self.status(&format!("{} {what}", paint(GREEN, "✓"))),
                    Finding::Unproven(why) => {
                        self.status(&format!("{} not seen that {what}: {why}", paint(YELLOW, "?")));
                    }
                    Finding::Fails(error) => {
                        held = false;
                        self.error(
                            &error
                                .clone()
                                .within(format!("{address}: it does not hold that {what}")),
                        );
                    }
                }
            }
        }
        held
    }

    /// Audit lines, the newest last.
    pub fn audit(&self, entries: &[AuditEntry], format: AuditFormat) {
        match format {
            AuditFormat::Csv => self.data(&audit::csv(entries)),
            _ if entries.is_empty() => self.status("no such audit lines"),
            AuditFormat::Json => self.data(&audit::json(entries)),
            AuditFormat::Table => {
                self.data(&audit::table(entries, width::of_output()));
            }
        }
    }

    /// What a function has logged, a line for each event, or as it was logged.
    pub fn logs(&self, events: &[LogEvent], as_logged: bool) {
        for event in events {
            self.data(&if as_logged { logs::raw(event) } else { logs::line(event) });
        }
    }

    /// A certificate, as text or as JSON.
    pub fn certificate(&self, issued: &Issued, as_json: bool) {
        if as_json {
            self.data(&certificates::document(issued).to_string());
        } else {
            self.data(&certificates::render(issued));
        }
    }

    /// What happens to a certificate that is being watched.
    pub fn renewal(&self, event: &watch::Event<'_>) {
        self.status(certificates::event(event).trim_end());
    }

    /// What is left after a destroy.
    pub fn residue(&self, residue: &Residue) {
        if *residue != Residue::default() {
            self.heading("What is left");
            self.status(residue::render(residue).trim_end());
        }
    }

    /// The stack's outputs.
    pub fn outputs(&self, outputs: &[(String, String)]) {
        let width = outputs.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in outputs {
            self.data(&format!("{name:width$} = {value}"));
        }
    }

    /// What an issuing policy says to a request, rule by rule, as text or as JSON.
    pub fn policy_decision(
        &self,
        caller: &Caller,
        wanted: &Wanted<'_>,
        rules: &[(String, Result<Grant, Denied>)],
        decision: &Result<Grant, Refusal>,
        as_json: bool,
    ) {
        if as_json {
            self.json(&policy::document(caller, wanted, rules, decision));
        } else {
            self.data(&policy::render(caller, wanted, rules, decision));
        }
    }

    /// The answer to a request that would not even reach the issuing policy.
    pub fn policy_refusal(&self, refusal: &Refusal, as_json: bool) {
        if as_json {
            self.json(&json!({"decision": policy::refusal_document(refusal)}));
        } else {
            self.data(&policy::refused(refusal));
        }
    }

    /// Asks for a yes.
    ///
    /// # Errors
    /// If nobody is there to ask, or the answer is no.
    pub fn confirm(&self, question: &str) -> Result<()> {
        if !std::io::stdin().is_terminal() {
            return Err(Error::new("this needs a confirmation, and standard input is no terminal")
                .hint("nothing was changed; add --yes to go ahead without being asked"));
        }
        let mut err = anstream::stderr();
        let _ = write!(err, "\n{} ", paint(BOLD, &format!("{question} Only `yes` goes ahead:")));
        let _ = err.flush();
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Error::new("could not read the answer").because(error))?;
        if answer.trim() == "yes" {
            return Ok(());
        }
        Err(Error::new("not confirmed, nothing was changed"))
    }
}

/// The plan as text, without colours.
#[cfg(test)]
pub fn plain(plan: &Plan) -> String {
    anstream::adapter::strip_str(&plans::render(plan, "", None)).to_string()
}

/// What is left after a destroy as text, without colours.
#[cfg(test)]
pub fn plain_residue(residue: &Residue) -> String {
    anstream::adapter::strip_str(&residue::render(residue)).to_string()
}

/// An error as text, without colours.
#[cfg(test)]
pub fn plain_error(error: &Error) -> String {
    anstream::adapter::strip_str(&errors::render(error)).to_string()
}

/// Whether there is anything to do.
pub fn is_empty(plan: &Plan) -> bool {
    plan.changes.iter().all(|change| change.action == Action::NoOp)
}

/// How a run answers a request to end. It may come in the middle of a line.
pub fn interrupted(signal: Signal, answer: Answer) {
    let what = match answer {
        Answer::Unchanged => "nothing was changed",
        Answer::Finishing => "finishing the calls under way; Ctrl-C again stops at once",
        Answer::AtOnce => "stopped at once; run the same again, what is done stays done",
        Answer::Changed => "what was done is in the state",
    };
    let _ = writeln!(anstream::stderr(), "\n{}", paint(YELLOW, &format!("{signal}: {what}")));
}

/// A call to AWS, for `--verbose`.
pub fn call(call: &str) {
    let _ = writeln!(anstream::stderr(), "{}", paint(DIM, &format!("  aws {call}")));
}
