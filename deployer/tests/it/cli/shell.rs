//! What shells and readers of manuals are given.

use std::fs;
use std::process::{Command, Stdio};

use clap::CommandFactory;
use deployer::cli::Cli;

use crate::support::{Run, World};

/// Every command with those below it, such as `deployer-ca-init`.
fn commands() -> Vec<String> {
    fn below(command: &clap::Command, name: &str, all: &mut Vec<String>) {
        all.push(name.to_owned());
        for inner in command.get_subcommands() {
            below(inner, &format!("{name}-{}", inner.get_name()), all);
        }
    }
    let mut all = Vec::new();
    below(&Cli::command(), "deployer", &mut all);
    assert!(all.contains(&"deployer-ca-init".to_owned()), "{all:?}");
    all
}

#[test]
fn bash_completes_commands_and_options() {
    let world = World::empty();
    let script = world.succeed(&["completions", "bash"]).stdout;
    world.write("deployer.bash", &script);
    // What bash itself does at the tab key.
    let ask = "source deployer.bash || exit 1
        COMP_WORDS=(deployer \"$@\"); COMP_CWORD=$#
        _deployer deployer \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
        echo \"${COMPREPLY[@]}\"";
    let complete = |words: &[&str]| {
        let mut bash = Command::new("bash");
        bash.args(["--norc", "-c", ask, "bash"]).args(words).current_dir(world.path(""));
        let run = Run::of(bash.stdin(Stdio::null()));
        assert_eq!((run.status, run.stderr.as_str()), (0, ""));
        run.stdout.trim().to_owned()
    };
    assert_eq!(complete(&["pl"]), "plan");
    assert_eq!(complete(&["plan", "--det"]), "--detailed-exitcode");
    assert_eq!(complete(&["--color", "n"]), "never");
    assert_eq!(complete(&["ca", "rot"]), "rotate");
}

#[test]
fn every_shell_gets_a_script_with_every_command() {
    let world = World::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = world.succeed(&["completions", shell]);
        assert_eq!(run.stderr, "");
        for command in Cli::command().get_subcommands() {
            assert!(run.stdout.contains(command.get_name()), "{shell}: {}", command.get_name());
        }
    }
    let run = world.run(&["completions", "tcsh"]);
    assert_eq!(run.status, 1, "{}", run.stderr);
}

#[test]
fn the_manual_page_mentions_every_command() {
    let run = World::empty().succeed(&["man"]);
    assert_eq!(run.stderr, "");
    for command in Cli::command().get_subcommands() {
        let page = format!("deployer\\-{}(1)", command.get_name());
        assert!(run.stdout.contains(&page), "{page} in {}", run.stdout);
    }
}

#[test]
fn every_command_gets_a_manual_page() {
    let world = World::empty();
    let run = world.succeed(&["man", "--out", "share/man1"]);
    assert_eq!(run.stdout, "");
    let mut pages: Vec<_> = fs::read_dir(world.path("share/man1"))
        .expect("a folder")
        .map(|entry| entry.expect("a page").file_name().into_string().expect("a name"))
        .collect();
    pages.sort();
    let mut expected: Vec<_> = commands().iter().map(|name| format!("{name}.1")).collect();
    expected.sort();
    assert_eq!(pages, expected);
    let page = fs::read_to_string(world.path("share/man1/deployer-issue.1")).expect("a page");
    assert!(page.contains("\\-\\-ttl\\-hours"), "{page}");
}
