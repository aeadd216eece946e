//! Whole requests through the handler, from API Gateway's event to the response and the audit line.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
#![expect(clippy::print_stderr, reason = "what was counted is shown with --nocapture")]

mod authority;
mod certificates;
mod client;
mod core;
mod der;
mod differential;
mod events;
mod hostile;
mod material;
mod mutation;
mod naive;
mod order;
mod python;
mod refresh;
mod rules;
mod selfcheck;
mod storm;
mod tls;
mod verifiers;
