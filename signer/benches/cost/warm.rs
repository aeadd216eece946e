//! The warm path: one certificate for one event, held against the floor.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cold::millions;
use crate::floor::Floor;
use crate::function::Endpoint;
use crate::request::{KINDS, Kind, check};
use crate::{Setting, callgrind};

const RUNS: usize = 5;
const TIMES: u32 = 1000;

pub(crate) fn measure(setting: &Setting) {
    println!("warm, per certificate: the floor is one verification and one P-256 signature");
    for kind in KINDS {
        let floor = Floor::new(kind);
        // The two take turns, so that a slow minute of the machine hits both.
        let runs = (0..RUNS).map(|_| (floor.cpu(TIMES), cpu(setting, kind)));
        let (floors, functions): (Vec<_>, Vec<_>) = runs.unzip();
        let least = |runs: Vec<Duration>| runs.into_iter().min().unwrap().as_secs_f64() * 1e6;
        row(kind, "µs of CPU", least(floors), least(functions));
        if callgrind::is_installed() {
            let (floor, function) = (floor_instructions(kind), instructions(setting, kind));
            row(kind, "million instructions", millions(floor), millions(function));
        }
    }
}

fn row(kind: Kind, unit: &str, floor: f64, function: f64) {
    let (name, ratio) = (kind.name, function / floor);
    println!("  {name:<9} {function:>8.3} {unit}, floor {floor:.3}: {ratio:.2} times the floor");
}

/// The CPU time of one certificate in a function that has run for a while.
pub(crate) fn cpu(setting: &Setting, kind: Kind) -> Duration {
    let event = kind.event();
    let mut function = setting.program.start(&setting.around, Endpoint::Plain, false);
    (0..TIMES / 10).for_each(|_| check(&function.invoke(&event)));
    let (started, reads) = (function.cpu(), setting.around.reads.load(Ordering::SeqCst));
    (0..TIMES).for_each(|_| check(&function.invoke(&event)));
    let cpu = function.cpu().saturating_sub(started) / TIMES;
    assert_eq!(reads, setting.around.reads.load(Ordering::SeqCst), "a warm request calls AWS");
    function.stop();
    cpu
}

/// The instructions of one: the difference of many and few, which have everything else in common.
fn instructions(setting: &Setting, kind: Kind) -> u64 {
    per_one(|times| {
        let mut function = setting.program.start(&setting.around, Endpoint::Plain, true);
        (0..times).for_each(|_| check(&function.invoke(&kind.event())));
        function.stop()
    })
}

fn floor_instructions(kind: Kind) -> u64 {
    per_one(|times| callgrind::count_own(&["verify-and-sign", kind.name, &times.to_string()]))
}

fn per_one(count: impl Fn(u32) -> u64) -> u64 {
    (count(120) - count(20)) / 100
}
