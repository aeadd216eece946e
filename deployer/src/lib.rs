//! Puts the certificate issuer that `stack.yaml` declares into an AWS account, and keeps it so.
//!
//! ```text
//!  stack.yaml ──► stack ──► desired ─┐
//!  state/*.json ──────────► state ───┼─► plan (pure) ──► apply ──► AWS
//!  AWS ──────── refresh ──► observed ┘      │              │
//!                                         shown          events ► state, terminal
//! ```
//!
//! Read the modules in the order below. What must stay so:
//!
//! 1. `plan`, and all that it is made of (`address`, `reference`, `graph`, `diff`, `policy`), is
//!    pure: no clock, no randomness, no environment, no I/O, no `async`.
//! 2. A resource type is one file below `resource/` and one row in its list. The engine knows no
//!    kinds. Only `resource` and `aws` name a service's SDK crate; `local` does too, for the users
//!    that it makes in the local AWS. Only `ui` prints.
//! 3. What `read` returns is of the type that is desired, so drift is the difference of two
//!    documents. What we do not manage is never touched and never shown.
//! 4. Intent is on disk before a create, and the result after it: running again converges.
//! 5. No secret value is ever read from AWS, nor written to state, plan, log, error or tag.

pub mod address;
pub mod desired;
pub mod near;
pub mod reference;
pub mod stack;
pub mod yaml;

pub mod discover;
pub mod refresh;
pub mod state;

pub mod diff;
pub mod explain;
pub mod graph;
pub mod plan;
pub mod policy;
pub mod saved;

pub mod apply;
pub mod aws;
pub mod call;
pub mod cloud;
pub mod interrupt;
pub mod package;
pub mod permissions;
pub mod preflight;
pub mod resource;
pub mod step;
pub mod verify;

pub mod adopt;
pub mod audit;
pub mod ca;
pub mod issue;
pub mod local;
pub mod logs;
mod private;

pub mod cli;
pub mod command;
pub mod ui;

pub mod error;
