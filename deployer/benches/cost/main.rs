//! What the deployer costs: `cargo bench -p deployer --profile dist`, or with `-- calls`, `own`, `many`
//! or `growth` one part of it.
//!
//! With that profile the deployer is built as it is installed. It runs against a local AWS. Nothing is
//! asserted, and what depends on how busy the machine is, is held against the same run: printed are
//! calls, rounds of calls that wait for each other, the time that a delay of each call adds, CPU time
//! (the least of several runs), memory, bytes, and instructions where Valgrind is installed.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "../../tests/it"]
#[expect(dead_code, unused_imports, reason = "the tests use more of it")]
mod it {
    pub(crate) mod faults;
    pub(crate) mod support;
}

#[path = "../../../signer/benches/cost/callgrind.rs"]
mod callgrind;
mod calls;
mod growth;
mod many;
mod own;

use std::env;

use it::{faults, support};

fn main() {
    // Cargo adds an option of its own.
    let arguments: Vec<_> = env::args().skip(1).filter(|each| each != "--bench").collect();
    if own::is_child(&arguments) || growth::run(&arguments) {
        return;
    }
    let parts: [(&str, fn()); 4] = [
        ("calls", calls::measure),
        ("own", own::measure),
        ("many", many::measure),
        ("growth", growth::measure),
    ];
    for (name, measure) in parts {
        if arguments.is_empty() || arguments.iter().any(|each| each == name) {
            measure();
            println!();
        }
    }
}
