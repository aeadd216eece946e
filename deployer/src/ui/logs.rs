//! What a function has logged, as people and programs read it.
//!
//! Parts of a line are chosen by callers, and whoever may write to the log group can write anything.
//! So nothing of it reaches a terminal unescaped.

use serde_json::Value;
use signer::audit::{Decision, Line};
use time::OffsetDateTime;
use time::macros::format_description;

use super::audit::one_line;
use super::progress::Screen;
use super::style::{DIM, GREEN, RED, YELLOW, paint};
use crate::audit::Event;
use crate::interrupt::{Answer, Signal};

/// An event as it was logged, on one line.
pub(super) fn raw(event: &Event) -> String {
    one_line(&event.message)
}

/// An event on one line: when, and what.
pub(super) fn line(event: &Event) -> String {
    let what = if let Ok(line) = serde_json::from_str(&event.message) {
        audited(&line)
    } else {
        alarm(&event.message).unwrap_or_else(|| one_line(&event.message))
    };
    format!("{}  {what}", paint(DIM, &time(event.time)))
}

/// In UTC, always as wide.
fn time(milliseconds: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000);
    time.ok().and_then(|time| time.format(format).ok()).unwrap_or_else(|| milliseconds.to_string())
}

/// What an audit line says, without what is for machines.
fn audited(line: &Line) -> String {
    let or_dash = |text: &Option<String>| one_line(text.as_deref().unwrap_or("-"));
    let names = if line.names.is_empty() { "-".to_owned() } else { line.names.join(" ") };
    let (result, more) = match line.decision {
        Decision::Issued => (
            paint(GREEN, "issued"),
            format!("serial {} until {}", or_dash(&line.serial), or_dash(&line.not_after)),
        ),
        Decision::Refused => (
            paint(YELLOW, &format!("refused {}", or_dash(&line.code))),
            format!("request {}", one_line(&line.request_id)),
        ),
    };
    let caller = or_dash(&line.caller_arn);
    format!("{result}  {}  for {caller}  {more}  {} ms", one_line(&names), line.duration_ms)
}

/// What an alarm says, which nobody must overlook.
fn alarm(message: &str) -> Option<String> {
    let document: Value = serde_json::from_str(message).ok()?;
    let text = |field: &str| one_line(document[field].as_str().unwrap_or_default());
    document["alarm"].as_str()?;
    let what = format!("!!  ALARM {}: {}", text("alarm"), text("detail"));
    let request = text("request_id");
    let request = if request.is_empty() { request } else { format!("  request {request}") };
    Some(format!("{}{request}", paint(RED, &what)))
}

/// How a run that shows logs answers a request to end, at once or after the lines at hand.
pub fn logs_interrupted(signal: Signal, _answer: Answer) {
    let text = paint(YELLOW, &format!("{signal}: no more is shown"));
    Screen::stderr().print(&format!("\n{text}"));
}

#[cfg(test)]
mod tests;
