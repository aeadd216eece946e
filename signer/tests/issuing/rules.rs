//! The one policy of all tests, and of the fuzz targets.

use serde_json::json;
use signer::policy::Policy;

pub(crate) fn policy() -> Policy {
    policy_for(&["server", "client"])
}

/// The policy that gives these usages and no others.
pub(crate) fn policy_for(usages: &[&str]) -> Policy {
    let json = json!({
        "usages": usages,
        "dns": ["api.example.com", "*.internal.example"],
        "ip": ["10.0.0.0/8", "2001:db8::/32"],
        "uri": ["spiffe://example.internal/*", "https://example.com/*"],
    });
    Policy::from_json(json.to_string().as_bytes()).unwrap()
}
