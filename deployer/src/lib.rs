//! Puts the certificate issuer that `stack.yaml` declares into an AWS account, and keeps it so.

pub mod ca;
pub mod error;
pub mod issue;
pub mod local;
