//! Tens of thousands of requests through the pure core, for what must hold of every answer.

use std::collections::BTreeMap;

use crate::core::Core;
use crate::differential::Keys;

const REQUESTS: u64 = 20_000;

#[test]
fn no_request_makes_the_core_fail() {
    let (core, keys) = (Core::new(), Keys::new());
    let mut codes = BTreeMap::<_, usize>::new();
    for seed in 0..REQUESTS {
        // Other ones than the differential test has.
        let (csr, spki) = keys.request(1_000_000 + seed);
        let outcome = core.ask(&csr, spki, [0x5a; 20]);
        *codes
            .entry(outcome.map_or_else(|refusal| refusal.code.as_str(), |_| "ok"))
            .or_default() += 1;
    }
    eprintln!("{REQUESTS} requests: {codes:?}");
    assert!(codes["ok"] > 5_000 && codes.len() > 10, "{codes:?}");
}
