//! The faults of AWS that the local AWS does not have, put between the deployer and it by rules: in
//! process around the SDK's HTTP connector, and for the built binary in a proxy. What the deployer
//! makes of them is tried on a stack with an entry of every kind.

mod connector;
mod envelope;
mod explained;
mod ground;
pub(crate) mod inventory;
mod job;
mod operation;
mod pages;
mod proxy;
mod rounds;
mod rules;
mod survived;
mod trial;

pub(crate) use envelope::Failure;
pub(crate) use ground::{complaints, run, writes};
pub(crate) use job::{Job, Report, Scenario, Trouble};
pub(crate) use operation::Operation;
pub(crate) use proxy::{Proxy, reads_secrets_through};
pub(crate) use rounds::rounds;
pub(crate) use rules::{Call, Fault, Moment, Rule, Which};
pub(crate) use survived::world;
pub(crate) use trial::Trial;
