//! What it costs on this side: CPU time, memory, and the size of the program.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

use crate::support::{World, build_signer, signer};

/// The least of so many runs counts: others on the machine can only add to it.
const RUNS: usize = 15;

/// The argument by which this program runs another one and tells what that took. What is known of the
/// programs that a process has waited for is their sum, so each gets a process of its own.
const CHILD: &str = "--run-and-tell";

/// What one run took.
pub(crate) struct Cost {
    cpu: Duration,
    memory_kib: u64,
}

/// Runs the program that the arguments name, if they ask for that.
pub(crate) fn is_child(arguments: &[String]) -> bool {
    let [first, program, rest @ ..] = arguments else { return false };
    if first != CHILD {
        return false;
    }
    let ran = Command::new(program).args(rest).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(ran.is_ok_and(|status| status.success()), "{program} {rest:?} failed");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("what it took");
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    println!("{} {}", micros(usage.user_time()) + micros(usage.system_time()), usage.max_rss());
    true
}

fn cost(world: &World, arguments: &[&str]) -> Cost {
    let all: Vec<Cost> = (0..RUNS).map(|_| once(&mut world.command(arguments))).collect();
    Cost {
        cpu: all.iter().map(|cost| cost.cpu).min().unwrap_or_default(),
        memory_kib: all.iter().map(|cost| cost.memory_kib).max().unwrap_or_default(),
    }
}

pub(crate) fn once(usual: &mut Command) -> Cost {
    let mut child = Command::new(env::current_exe().expect("this program"));
    child.arg(CHILD).arg(usual.get_program()).args(usual.get_args()).env_clear();
    child.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    child.current_dir(usual.get_current_dir().expect("a folder"));
    let output = child.output().expect("a run");
    let told = String::from_utf8_lossy(&output.stdout);
    let mut numbers = told.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
    let mut next = || numbers.next().unwrap_or_else(|| panic!("{output:?}"));
    Cost { cpu: Duration::from_micros(next()), memory_kib: next() }
}

pub(crate) fn measure() {
    let world = World::new();
    // As users have it: the tests' build is six times as large.
    let released = build_signer(&["--release", "--package", "signer", "--bin", "bootstrap"]);
    world.edit(&signer().display().to_string(), &released.display().to_string());
    world.succeed(&["--local", "apply", "--yes", "--no-verify"]);
    println!("CPU time (user and system, the least of {RUNS} runs) and peak memory");
    report("--version", &cost(&world, &["--version"]));
    report("plan without changes", &cost(&world, &["--local", "plan"]));
    let zipping = once(world.command(&["--local", "plan"]).env("XDG_CACHE_HOME", world.path("")));
    report("the same, once for each build", &zipping);
    let size = fs::metadata(env!("CARGO_BIN_EXE_deployer")).map(|file| file.len());
    println!("{:34} {:>7.1} MB", "the program", megabytes(size.unwrap_or_default()));
}

pub(crate) fn report(what: &str, cost: &Cost) {
    let memory = f64::from(u32::try_from(cost.memory_kib).unwrap_or(u32::MAX)) / 1024.0;
    println!("{what:34} {:>7.1} ms {memory:>6.1} MiB", cost.cpu.as_secs_f64() * 1000.0);
}

fn megabytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}
