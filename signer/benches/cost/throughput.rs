//! Certificates per second of one core, next to what others make of the same work.

use std::process::Command;

use crate::Setting;
use crate::floor::{self, Floor};
use crate::request::KINDS;
use crate::warm;

const RUNS: usize = 3;

pub(crate) fn measure(setting: &Setting) {
    println!("throughput, per second of CPU time (one core)");
    for kind in KINDS {
        let runs = (0..RUNS).map(|_| warm::cpu(setting, kind));
        let seconds = runs.min().unwrap().as_secs_f64();
        println!("  {:<9} {:>7.0} requests through the function", kind.name, 1.0 / seconds);
        let floor = Floor::new(kind);
        let seconds = floor::cpu(5000, || floor.verify_and_sign()).as_secs_f64();
        println!("            {:>7.0} times verify and sign with aws-lc-rs", 1.0 / seconds);
    }
    for (name, algorithm) in
        [("P-256", "ecdsap256"), ("P-384", "ecdsap384"), ("RSA-2048", "rsa2048")]
    {
        if let Some((sign, verify)) = openssl_speed(algorithm) {
            println!(
                "  openssl speed {algorithm}: {sign:.0} sign/s, {verify:.0} verify/s ({name})"
            );
        }
    }
}

/// Signatures and verifications per second, if OpenSSL is installed.
fn openssl_speed(algorithm: &str) -> Option<(f64, f64)> {
    let output =
        Command::new("openssl").args(["speed", "-seconds", "2", algorithm]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut figures = text.lines().last()?.split_whitespace().rev();
    let verify = figures.next()?.parse().ok()?;
    Some((figures.next()?.parse().ok()?, verify))
}
