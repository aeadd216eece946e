//! Issues short-lived X.509 certificates for certificate requests that prove possession of their key.
//!
//! One request takes one way through the crate, and each step can only refuse or hand on:
//!
//! ```text
//! event ─► handler ─► request ─► csr ─► policy ─► certificate ─► check ─► response
//!          (Lambda)   (JSON)    (proof) (grant)   (sign)        (compare)  + audit line
//! ```
//!
//! What must stay so:
//!
//! 1. Everything but `client`, `handler`, `secret` and the binary is pure: no clock, no randomness, no
//!    environment, no I/O. Time and randomness are arguments.
//! 2. The certificate is written from our own decision. Of the certificate request only the public
//!    key, byte for byte, and the granted names get in.
//! 3. What the caller may read is in [`refusal::Refusal::message`]; everything else is for the log.
//! 4. A certificate that differs from the decision in any field is discarded, never returned.
//!
//! Without the feature `lambda` the crate is the pure core: policies and CA material can be checked
//! with [`policy::Policy::from_json`] and [`ca::Ca::from_json`] long before they reach a function.

mod der;
mod pem;

pub mod audit;
pub mod ca;
pub mod caller;
pub mod certificate;
pub mod check;
pub mod csr;
pub mod glob;
pub mod issue;
pub mod name;
pub mod notation;
pub mod policy;
pub mod refusal;
pub mod request;

#[cfg(feature = "lambda")]
pub mod client;
#[cfg(feature = "lambda")]
pub mod handler;
#[cfg(feature = "lambda")]
pub mod secret;
