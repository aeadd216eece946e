//! The one policy of all tests, and of the fuzz targets.

use serde_json::{Value, json};
use signer::policy::Policy;

pub(crate) fn policy() -> Policy {
    policy_with(|_| ())
}

/// The policy, its only rule changed as a test needs it.
pub(crate) fn policy_with(change: impl FnOnce(&mut Value)) -> Policy {
    let mut rule = json!({
        "name": "test",
        "callers": ["arn:aws:iam::111122223333:role/deploy"],
        "common_name": true,
        "usages": ["server", "client"],
        "dns": ["api.example.com", "*.internal.example"],
        "ip": ["10.0.0.0/8", "2001:db8::/32"],
        "uri": ["spiffe://example.internal/*", "https://example.com/*"],
    });
    change(&mut rule);
    Policy::from_json(json!({"rules": [rule]}).to_string().as_bytes()).unwrap()
}
