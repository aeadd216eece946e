//! Whatever is in a body, reading it and the request in it does not panic. The input is a body as it
//! is, and the text of a certificate request.

#![no_main]

use libfuzzer_sys::fuzz_target;
use signer::csr;
use signer::request::Request;

fuzz_target!(|input: &[u8]| {
    if let Ok(request) = Request::from_json(input) {
        let _ = csr::verify(&request.csr);
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = csr::verify(text);
    }
});
