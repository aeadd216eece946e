//! The warm path: one certificate for one event, held against the floor.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::cold::millions;
use crate::core::Core;
use crate::floor::{self, Floor};
use crate::function::Endpoint;
use crate::request::{KINDS, Kind, check};
use crate::{Setting, callgrind};

const RUNS: usize = 5;
const TIMES: u32 = 1000;

pub(crate) fn measure(setting: &Setting) {
    println!("warm, per certificate; the floor is one verification and one P-256 signature");
    for kind in KINDS {
        let (floor, core) = (Floor::new(kind), Core::new(kind));
        // They take turns, so that a slow minute of the machine hits all.
        let runs = (0..RUNS).map(|_| {
            let own = |work: &dyn Fn()| floor::cpu(TIMES, work);
            [own(&|| floor.verify_and_sign()), own(&|| core.issue()), cpu(setting, kind)]
        });
        let runs: Vec<_> = runs.collect();
        let least = |which: usize| runs.iter().map(|run| run[which]).min().unwrap();
        row(kind, "µs of CPU", [0, 1, 2].map(|which| least(which).as_secs_f64() * 1e6));
        if callgrind::is_installed() {
            let own = |errand| {
                per_one(|times| callgrind::count_own(&[errand, kind.name, &times.to_string()]))
            };
            let counts = [own("verify-and-sign"), own("issue"), instructions(setting, kind)];
            row(kind, "million instructions", counts.map(millions));
        }
    }
}

fn row(kind: Kind, unit: &str, [floor, core, function]: [f64; 3]) {
    println!(
        "  {:<9} floor {floor:>7.3} {unit}; issuing {core:.3}, {:.2} times; \
         through the runtime {function:.3}, {:.2} times",
        kind.name,
        core / floor,
        function / floor,
    );
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

fn per_one(count: impl Fn(u32) -> u64) -> u64 {
    (count(120) - count(20)) / 100
}
