//! Why a request was refused: a stable code with its HTTP status, what the caller may know, and what
//! only the log may know.

use std::fmt;

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What went wrong, for programs.
    pub code: Code,
    /// What went wrong and what to do about it, for the caller.
    pub message: String,
    /// What only the operator may read: parser errors, secrets' names, causes.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal whose message the caller may read.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None }
    }

    /// Adds what only the log may know.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $status:literal;)+) => {
        /// The codes of all refusals. They are part of the contract with callers: never renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])+ $variant,)+ }

        impl Code {
            /// Every code, in the order of the steps that may give it.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code as callers and the audit log see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The HTTP status that goes with it.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }
        }
    };
}

codes! {
    /// No such path.
    NotFound = "not_found", 404;
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", 405;
    /// The body is not declared as plain UTF-8 JSON.
    UnsupportedMediaType = "unsupported_media_type", 415;
    /// The body or the certificate request is too long.
    TooLarge = "too_large", 413;
    /// The event carries no IAM identity.
    NoIdentity = "no_identity", 403;
    /// There is no body.
    EmptyBody = "empty_body", 400;
    /// The body is not JSON.
    InvalidJson = "invalid_json", 400;
    /// The body is JSON of another shape.
    InvalidRequest = "invalid_request", 400;
    /// `ttl_hours` is not a whole number of at least 1.
    InvalidTtl = "invalid_ttl", 400;
    /// `csr` is not one well-formed PEM block.
    InvalidPem = "invalid_pem", 400;
    /// `csr` is a PEM block of another kind.
    WrongPemType = "wrong_pem_type", 400;
    /// `csr` contains a private key, which must now be considered lost.
    PrivateKeySent = "private_key_sent", 400;
    /// The certificate request is not what RFC 2986 describes.
    InvalidCsr = "invalid_csr", 400;
    /// The kind of public key, or the key itself, cannot be used.
    UnsupportedKey = "unsupported_key", 400;
    /// The RSA key is too short or its exponent unusual.
    WeakKey = "weak_key", 400;
    /// The RSA key is longer than is accepted.
    KeyTooLarge = "key_too_large", 400;
    /// The request is signed with an algorithm that is not accepted.
    UnsupportedSignature = "unsupported_signature", 400;
    /// The signature does not prove possession of the private key.
    BadCsrSignature = "bad_csr_signature", 400;
    /// The request asks for an extension that is never issued.
    ForbiddenExtension = "forbidden_extension", 400;
    /// The request asks for a kind of name that is never issued.
    UnsupportedSan = "unsupported_san", 400;
    /// A requested name is malformed.
    InvalidName = "invalid_name", 400;
    /// More names than one certificate may have.
    TooManyNames = "too_many_names", 400;
    /// The request names nothing.
    NoNames = "no_names", 400;
    /// The common name is malformed, or there are several.
    InvalidCommonName = "invalid_common_name", 400;
    /// The common name is not one of the requested names, or the caller may not have one.
    CommonNameNotAllowed = "common_name_not_allowed", 403;
    /// No rule of the policy is for this caller.
    CallerNotAllowed = "caller_not_allowed", 403;
    /// A requested name is not allowed for this caller.
    NameNotAllowed = "name_not_allowed", 403;
    /// A requested extended key usage is not allowed for this caller.
    UsageNotAllowed = "usage_not_allowed", 403;
    /// The kind of key is not allowed for this caller.
    KeyTypeNotAllowed = "key_type_not_allowed", 403;
    /// `ttl_hours` is above the maximum.
    TtlTooLong = "ttl_too_long", 400;
    /// The CA material could not be read or cannot be used; worth a retry.
    CaUnavailable = "ca_unavailable", 503;
    /// The name constraints of the CA leave a requested name out.
    NameOutsideCa = "name_outside_ca", 403;
    /// The extended key usages of the CA leave a usage out.
    UsageOutsideCa = "usage_outside_ca", 403;
    /// The certificate would outlive the CA, or the CA is not valid yet.
    CaExpiring = "ca_expiring", 503;
    /// A fault of the issuer. Nothing was issued.
    Internal = "internal", 500;
}

#[cfg(test)]
mod tests {
    use super::Code;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_distinct_and_statuses_are_errors() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status())));
    }
}
