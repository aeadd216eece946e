//! What the function costs: `cargo bench -p signer`, or with `-- cold`, `warm`, `size` or
//! `throughput` one part of it.
//!
//! The function is the release build, run as a process between stubs of the Runtime API and of
//! Secrets Manager. Nothing is asserted, and nothing depends on how busy the machine is: printed are
//! instructions (where Valgrind is installed), CPU time (user and system, the least of several
//! runs), bytes, and ratios to a floor that is measured in the same run.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop where it is")]
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

#[path = "../../tests/issuing/authority.rs"]
mod authority;
mod callgrind;
mod cold;
mod core;
mod floor;
mod function;
mod http;
mod request;
mod size;
mod surroundings;
mod throughput;
mod warm;

use std::env;

use authority::Authority;
use function::Program;
use surroundings::Surroundings;

/// Everything that is run and that it runs between.
pub(crate) struct Setting {
    pub(crate) program: Program,
    pub(crate) around: Surroundings,
}

type Measure = fn(&Setting);

fn main() {
    // Cargo adds an option of its own.
    let arguments: Vec<_> = env::args().skip(1).filter(|each| each != "--bench").collect();
    if floor::run(&arguments) {
        return;
    }
    let parts: [(&str, Measure); 4] = [
        ("cold", cold::measure),
        ("warm", warm::measure),
        ("size", size::measure),
        ("throughput", throughput::measure),
    ];
    let program = Program::build();
    let setting = Setting { program, around: Surroundings::new(&Authority::new()) };
    for (name, measure) in parts {
        if arguments.is_empty() || arguments.iter().any(|each| each == name) {
            measure(&setting);
            println!();
        }
    }
}
