//! The main job with the real binaries on the local AWS: deploy, issue, verify, refuse, destroy.
//!
//! A deployed world takes seconds to make, so each test asks one world many questions.

mod audit;
mod authorization;
mod caller;
mod certificates;
mod compatibility;
mod demo;
mod lifecycle;
mod load;
mod lost_state;
mod privilege;
mod refusals;
mod renewal;
mod role;
mod rotation;
mod rules;
mod verification;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Run, World};

/// The function's log group in the default stack.
const LOG_GROUP: &str = "/cert-issuer/signer";

/// The function in the default stack.
const FUNCTION: &str = "cert-issuer-signer";

/// A world in which the default stack is deployed.
fn deployed() -> World {
    let world = World::new();
    world.succeed(&["--local", "apply", "--yes"]);
    world
}

/// The calls to AWS that a run with `-v` tells of and that change something.
fn mutating_calls(run: &Run) -> Vec<&str> {
    let calls: Vec<_> =
        run.stderr.lines().filter_map(|line| line.trim().strip_prefix("aws ")).collect();
    assert!(!calls.is_empty(), "-v shows calls: {}", run.stderr);
    let reads = |call: &&str| {
        let operation = call.rsplit('.').next().expect("an operation");
        ["Get", "List", "Describe", "Simulate"].iter().any(|verb| operation.starts_with(verb))
    };
    calls.into_iter().filter(|call| !reads(call)).collect()
}

/// Runs OpenSSL in a world's folder; it must succeed.
fn openssl(world: &World, arguments: &[&str]) -> String {
    let run = Run::of(Command::new("openssl").args(arguments).current_dir(world.path(".")));
    assert_eq!(run.status, 0, "openssl {arguments:?} failed:\n{}", run.stderr);
    run.stdout
}

/// Makes a certificate request with OpenSSL, from a configuration that is complete: the machine's
/// own would add to it.
fn openssl_csr(world: &World, name: &str, key: &[&str], extensions: &str) -> String {
    let config = format!("{name}.cnf");
    world.write(
        &config,
        &format!(
            "[req]\ndistinguished_name = dn\nreq_extensions = ext\n[dn]\n[ext]\n{extensions}\n"
        ),
    );
    let (request, private) = (format!("{name}.csr"), format!("{name}.key"));
    let mut arguments = vec!["req", "-new", "-nodes", "-batch", "-subj", "/", "-config", &config];
    arguments.extend(["-keyout", &private, "-out", &request]);
    arguments.extend(key);
    openssl(world, &arguments);
    read(&world.path(&request))
}

/// A file that must be there and be text.
fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The programs that run from files in this folder, deleted ones included.
fn processes_from(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/proc").expect("/proc");
    let programs =
        entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path().join("exe")).ok());
    programs.filter(|program| program.starts_with(folder)).collect()
}
