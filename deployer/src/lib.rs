//! Puts the certificate issuer that `stack.yaml` declares into an AWS account, and keeps it so.

pub mod error;
pub mod package;
pub mod policy;
