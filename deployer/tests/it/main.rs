//! Integration tests, in one binary because linking the AWS SDK takes longer than running them.
//!
//! Every test that needs AWS starts a local one of its own, and stops it; only its installation is
//! shared. So they run in parallel, and leave nothing behind.

mod support;

mod adopt;
mod ca;
mod calls;
mod cli;
mod crashes;
mod docs;
mod drift;
mod end_to_end;
mod faults;
mod guard;
mod invariants;
mod issue;
mod local;
mod resources;
