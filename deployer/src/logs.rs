//! What a function logs: the log group that it writes to, and which events of it are new.
//!
//! All of this is pure. An event may arrive in the log after others that are later, so each look goes
//! back a little behind the newest event, and what was seen already is known by its id.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::audit::Event;
use crate::error::{Error, Result};
use crate::reference::{self, Reference};
use crate::stack::Stack;

/// How late an event may arrive to be seen still, in milliseconds: Lambda hands over lines within
/// seconds, also those of a function that has just been frozen.
const LATE: i64 = 60_000;

/// Tells new events from those that were seen.
#[derive(Debug)]
pub struct Tail {
    since: i64,
    newest: i64,
    /// The ids of what may be seen again, with their times.
    seen: BTreeMap<String, i64>,
}

impl Tail {
    /// Nothing yet, of all from then on (milliseconds since 1970).
    pub fn new(since: i64) -> Self {
        Self { since, newest: since, seen: BTreeMap::new() }
    }

    /// From when on to look next.
    pub fn start(&self) -> i64 {
        self.since.max(self.newest.saturating_sub(LATE))
    }

    /// Those of the events found by a look that are new, the newest last.
    pub fn news(&mut self, mut found: Vec<Event>) -> Vec<Event> {
        found.retain(|event| self.seen.insert(event.id.clone(), event.time).is_none());
        // Equal times stay in AWS's order.
        found.sort_by_key(|event| event.time);
        self.newest = found.last().map_or(self.newest, |event| self.newest.max(event.time));
        let start = self.start();
        self.seen.retain(|_, time| *time >= start);
        found
    }
}

/// The log group that a function writes to: the given one, or the only one of the stack.
pub fn group(stack: &Stack, function: Option<&Address>) -> Result<String> {
    let address = match function {
        Some(address) => address,
        None => only(stack)?,
    };
    let declared = &stack.entry(address)?.declared;
    let Some(group) = declared["log_group"].as_str() else {
        return Err(Error::new(format!("could not tell what {address} logs"))
            .because("it has no log group: only a function has"));
    };
    // A name is what was declared, so that nothing needs to be asked for it.
    let name = |found: &Reference| {
        let declared = &stack.resources.get(&found.address)?.declared;
        declared[&found.attribute].as_str().map(ToOwned::to_owned)
    };
    Ok(reference::resolve_text(group, &name))
}

fn only(stack: &Stack) -> Result<&Address> {
    let found = stack.only("lambda_function", |address, _| address.to_string());
    found.map(|(address, _)| address).map_err(|because| {
        Error::new("could not tell which function's log to read")
            .because(because)
            .hint("name it: --function ADDRESS")
    })
}

#[cfg(test)]
mod tests;
