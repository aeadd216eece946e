//! A disk that is full, at any moment of a run.

use crate::faults::{Trial, inventory, world};
use crate::support::Run;

/// The binary in a process whose files must not grow beyond so many KiB: the write that would fails,
/// as it does on a full disk.
fn apply_within(trial: &Trial<'_>, kib: u32) -> Run {
    let apply = trial.command(&["apply", "--yes"]);
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {kib}; exec \"$@\""), "bash"]);
    shell.arg(apply.get_program()).args(apply.get_args());
    shell.env_clear().envs(apply.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(apply.get_current_dir().expect("a folder"));
    Run::of(&mut shell)
}

#[tokio::test]
async fn a_full_disk_loses_nothing_whenever_it_fills_up() {
    let world = world();
    let root = world.root().await;
    let mut failures = 0;
    for kib in 0.. {
        let name = format!("full{kib}");
        let trial = Trial::new(&world, &name);
        let run = apply_within(&trial, kib);
        if run.status == 0 {
            break;
        }
        failures += 1;
        let state = trial.state_file();
        for words in ["could not write the state file", &format!("{name}.json"), "make room"] {
            assert!(run.stderr.contains(words), "with {kib} KiB: {words} in {}", run.stderr);
        }
        if kib == 0 {
            assert!(!state.exists());
            assert!(inventory::of(&root, &name).await.is_empty(), "nothing was begun");
        } else {
            let left = std::fs::read(&state).expect("the state before");
            serde_json::from_slice::<serde_json::Value>(&left).expect("a whole state");
        }
        let again = trial.run(&["apply", "--yes"]);
        assert_eq!(again.status, 0, "with {kib} KiB: {}{}", again.stdout, again.stderr);
        let there = inventory::of(&root, &name).await;
        assert_eq!(there, inventory::expected(&name, trial.version), "with {kib} KiB");
        let plan = trial.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.status, 0, "with {kib} KiB: {}", plan.stdout);
    }
    assert!(failures > 2, "the disk was full at the start and in the middle: {failures}");
}
