//! The signer's audit lines, as they come out of its log group: which of them are asked for.
//!
//! All of this is pure. What AWS is asked is narrowed by a filter of its own, and what it answers is
//! held against the question once more, so that the filter need not say everything.

mod pattern;
mod when;

use signer::audit::{Decision, Line};
use signer::refusal::Code;

pub use self::pattern::Pattern;
pub use self::when::When;

/// One event of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Tells it from every other one.
    pub id: String,
    /// When it was logged, in milliseconds since 1970.
    pub time: i64,
    /// What was logged.
    pub message: String,
}

/// Which audit lines are asked for: those to which all of this applies.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// How the requests ended.
    pub decision: Option<Decision>,
    /// Who asked.
    pub caller: Option<Pattern>,
    /// A name that was asked for, with its kind or without.
    pub name: Option<Pattern>,
    /// Why it was refused.
    pub code: Option<String>,
    /// The serial number of what was issued, in lower-case hexadecimal.
    pub serial: Option<String>,
    /// How many at most: the newest.
    pub limit: Option<usize>,
}

impl Question {
    /// What of this AWS can decide, in the language of its filters: it leaves out what is no audit
    /// line.
    pub fn filter(&self) -> String {
        let is = |field: &str, value: &str| format!("($.{field} = \"{value}\")");
        let mut all = vec![match self.decision {
            Some(Decision::Issued) => is("decision", "issued"),
            Some(Decision::Refused) => is("decision", "refused"),
            None => format!("({} || {})", is("decision", "issued"), is("decision", "refused")),
        }];
        all.extend(self.code.as_ref().map(|code| is("code", code)));
        all.extend(self.serial.as_ref().map(|serial| is("serial", serial)));
        format!("{{ {} }}", all.join(" && "))
    }

    /// Whether a line is asked for.
    pub fn fits(&self, line: &Line) -> bool {
        let caller = line.caller_arn.as_deref().unwrap_or_default();
        self.decision.is_none_or(|decision| decision == line.decision)
            && self.caller.as_ref().is_none_or(|pattern| pattern.fits(caller))
            && self
                .name
                .as_ref()
                .is_none_or(|pattern| line.names.iter().any(|name| named(pattern, name)))
            && (self.code.is_none() || self.code == line.code)
            && (self.serial.is_none() || self.serial == line.serial)
    }
}

/// `dns:api.example.com` is found by `dns:api.*` as well as by `api.*`.
fn named(pattern: &Pattern, name: &str) -> bool {
    pattern.fits(name) || name.split_once(':').is_some_and(|(_, bare)| pattern.fits(bare))
}

/// How alike two codes are, of at most 1, for one to be taken for a slip of the other.
const NEAR: f32 = 0.7;

/// Reads an error code as the signer gives it.
pub fn code(text: &str) -> Result<String, String> {
    let known: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    if known.contains(&text) {
        return Ok(text.to_owned());
    }
    let near = similar::get_close_matches(text, &known, 1, NEAR).pop();
    Err(match near {
        Some(near) => format!("there is no such code; did you mean `{near}`?"),
        None => "expected a code such as `name_not_allowed`; docs/reference/api.md lists them"
            .to_owned(),
    })
}

/// Reads a serial number as tools write it: hexadecimal, in either case, with colons or without.
pub fn serial(text: &str) -> Result<String, String> {
    let digits = text.replace(':', "").to_ascii_lowercase();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("expected a serial number in hexadecimal".to_owned());
    }
    Ok(digits)
}

/// A line that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is known of it.
    pub line: Line,
    /// The whole of it, with what a newer signer may have added.
    pub text: String,
}

/// Picks the lines that are asked for out of a log, in whatever order its events come.
#[derive(Debug)]
pub struct Gathering<'a> {
    question: &'a Question,
    found: Vec<(i64, Entry)>,
    /// How many events were no audit lines.
    pub skipped: usize,
}

impl<'a> Gathering<'a> {
    /// Nothing yet.
    pub fn new(question: &'a Question) -> Self {
        Self { question, found: Vec::new(), skipped: 0 }
    }

    /// Takes an event, or leaves it.
    pub fn take(&mut self, event: Event) {
        let Ok(line) = serde_json::from_str::<Line>(&event.message) else {
            self.skipped += 1;
            return;
        };
        if self.question.fits(&line) {
            self.found.push((event.time, Entry { line, text: event.message }));
        }
    }

    /// All that were asked for, the newest last.
    pub fn finish(mut self) -> Vec<Entry> {
        // Equal times stay in AWS's order.
        self.found.sort_by_key(|(time, _)| *time);
        let limit = self.question.limit.unwrap_or(usize::MAX);
        let older = self.found.len().saturating_sub(limit);
        self.found.into_iter().skip(older).map(|(_, entry)| entry).collect()
    }
}

#[cfg(test)]
mod tests;
