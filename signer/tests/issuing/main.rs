//! Whole requests through the handler, from API Gateway's event to the response and the audit line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

mod authority;
mod certificates;
mod der;
mod events;
mod hostile;
mod material;
mod rules;
mod selfcheck;
