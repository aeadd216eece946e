//! The cold start: from exec to the first poll of the Runtime API, with the CA loaded.

use std::time::Duration;

use crate::function::Endpoint;
use crate::{Setting, callgrind, floor};

const RUNS: usize = 20;

pub(crate) fn measure(setting: &Setting) {
    println!("cold start, from exec to the first poll with the CA loaded");
    let cpu = |endpoint| {
        let runs = (0..RUNS).map(|_| {
            let function = setting.program.start(&setting.around, endpoint, false);
            let cpu = function.cpu();
            function.stop();
            cpu
        });
        runs.min().unwrap_or(Duration::ZERO).as_secs_f64() * 1000.0
    };
    let (plain, tls) = (cpu(Endpoint::Plain), cpu(Endpoint::Tls));
    println!("  CPU, least of {RUNS} runs: {plain:.2} ms over plain HTTP, {tls:.2} ms over TLS");
    if !callgrind::is_installed() {
        println!("  (install valgrind for instructions)");
        return;
    }
    let count = |endpoint| setting.program.start(&setting.around, endpoint, true).stop();
    let (plain, tls) = (count(Endpoint::Plain), count(Endpoint::Tls));
    let handshake = floor::handshake(&setting.around);
    let beyond = tls.saturating_sub(plain + handshake);
    for (what, count) in [
        ("over plain HTTP", plain),
        ("over TLS", tls),
        ("one TLS handshake alone", handshake),
        ("TLS beyond plain HTTP and the handshake", beyond),
    ] {
        println!("  {what:<42} {:>7.2} million instructions", millions(count));
    }
}

#[expect(clippy::cast_precision_loss, reason = "rounded to two digits anyway")]
pub(crate) fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}
