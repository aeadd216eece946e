//! The user interface: the only module that prints. Data goes to standard output, everything else
//! to standard error. Symbols carry the meaning, colour only repeats it.

mod adopt;
mod audit;
mod certificates;
mod changes;
mod checks;
mod confirm;
mod drift;
mod errors;
mod explain;
mod graph;
mod logs;
mod plans;
mod policy;
mod progress;
mod residue;
mod show;
mod starting;
mod states;
mod steps;
mod style;
mod suggested;
mod width;

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use serde_json::{Value, json};
use signer::caller::Caller;
use signer::policy::{Denied, Grant, Wanted};
use signer::refusal::Refusal;
use time::OffsetDateTime;

pub use self::certificates::watch_interrupted;
pub use self::changes::Changes;
pub use self::logs::logs_interrupted;
pub use self::progress::Line;
pub use self::steps::Steps;

use crate::address::Address;
use crate::audit::{Entry as AuditEntry, Event as LogEvent};
use crate::cli::{AuditFormat, Color, ErrorFormat, Global, GraphFormat};
use crate::error::{Error, Result};
use crate::explain::Explanation;
use crate::interrupt::{Answer, Signal};
use crate::issue::Issued;
use crate::issue::watch;
use crate::plan::{Action, Plan, Residue};
use crate::stack::Stack;
use crate::state::{Entry, State, Store};
use progress::Screen;
use style::{BOLD, DIM, YELLOW, paint};

/// The version of the plan's JSON form.
const PLAN_FORMAT: u32 = 1;

/// Prints for one run of the program.
pub struct Ui {
    screen: &'static Screen,
    /// The first data that could not be written.
    lost: RefCell<Option<io::Error>>,
    /// Whether the reader of the data has gone away.
    unread: Cell<bool>,
    error_format: ErrorFormat,
    /// The global options that commands which are suggested need.
    options: String,
    verbose: bool,
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
            screen: Screen::stderr(),
            lost: RefCell::default(),
            unread: Cell::default(),
            error_format: global.error_format,
            options: global.whereabouts(),
            verbose: global.verbose,
        }
    }

    /// Data, on standard output. A reader that has gone away is no failure.
    pub fn data(&self, text: &str) {
        let written = self.screen.aside(|| {
            let mut out = anstream::stdout();
            writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush())
        });
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
        self.screen.print(text);
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
            ErrorFormat::Text => self.status(errors::render(error, &self.options).trim_end()),
            ErrorFormat::Json => self.status(&errors::document(error, &self.options).to_string()),
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
            let text = drift::render(drift, place, width::of_output());
            self.data(&suggested::commands(&text, &self.options));
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
        self.status(certificates::event(event, &self.options).trim_end());
    }

    /// What is left after a destroy.
    pub fn residue(&self, residue: &Residue) {
        if *residue != Residue::default() {
            self.heading("What is left");
            let text = residue::render(residue);
            self.status(suggested::commands(text.trim_end(), &self.options).as_str());
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
    anstream::adapter::strip_str(&errors::render(error, "")).to_string()
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
    let screen = Screen::stderr();
    if answer != Answer::Finishing {
        screen.close();
    }
    screen.print(&format!("\n{}", paint(YELLOW, &format!("{signal}: {what}"))));
}

/// A call to AWS, for `--verbose`.
pub fn call(call: &str) {
    Screen::stderr().print(&paint(DIM, &format!("  aws {call}")));
}
