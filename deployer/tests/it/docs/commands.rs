//! The reference of the commands, made from what reads them, like `--help`.

use clap::builder::{PossibleValue, StyledStr};
use clap::{Arg, Command, CommandFactory as _};
use deployer::cli::Cli;
use expect_test::expect_file;

use super::table::{cell, row};
use crate::support::workspace;

const PREFACE: &str = "\
# Commands

Made from what `--help` prints; `UPDATE_EXPECT=1 cargo test -p deployer --test it docs::` writes it again.
Data goes to standard output; progress, prompts and errors go to standard error. The exit status is 0, or 1 if
something has failed, a mistake on the command line included, and 2 where a command says so below; 130, 143 and 129
after `SIGINT`, `SIGTERM` and a lost terminal. Where standard input is no terminal, nothing is
asked: it takes `--yes`.

";

#[test]
fn the_reference_of_commands_is_current() {
    let mut root = Cli::command();
    root.build();
    let page = format!("{PREFACE}{}{}", globals(&root), sections(&root));
    expect_file![workspace().join("docs/reference/commands.md")]
        .assert_eq(&(page.trim_end().to_owned() + "\n"));
}

/// The options of every command.
fn globals(root: &Command) -> String {
    let globals: Vec<_> = root.get_arguments().filter(|it| it.is_global_set()).collect();
    format!("## Options of every command\n\n{}", arguments(&globals))
}

/// A section for each command that does something by itself, in the order of `--help`.
fn sections(command: &Command) -> String {
    let shown = command.get_subcommands().filter(|it| !it.is_hide_set());
    shown.map(|it| section(it) + &sections(it)).collect()
}

fn section(command: &Command) -> String {
    let own: Vec<_> = command
        .get_arguments()
        .filter(|it| !it.is_global_set() && !it.is_hide_set() && it.get_id() != "help")
        .collect();
    if own.is_empty() && command.has_subcommands() {
        return String::new();
    }
    let about = command.get_long_about().or(command.get_about()).map(StyledStr::to_string);
    let name = command.get_bin_name().unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim);
    let usage: String = usage.flat_map(|line| [line, "\n"]).collect();
    let about = about.unwrap_or_default();
    let about = about.trim_end_matches('.');
    format!("## {name}\n\n{about}.\n\n```text\n{usage}```\n\n{}", arguments(&own))
}

fn arguments(arguments: &[&Arg]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let rows = arguments
        .iter()
        .map(|argument| row(&[&name(argument), &default(argument), &cell(&meaning(argument))]));
    let heading = row(&["option", "default", "meaning"]) + &row(&["---", "---", "---"]);
    format!("{heading}{}\n", rows.collect::<String>())
}

/// As it is written: `-y`, `--yes`, `--out FILE`, `[PLAN]`.
fn name(argument: &Arg) -> String {
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let mut names: Vec<_> = short.into_iter().chain(long).collect();
    if argument.get_action().takes_values() {
        let values = argument.get_value_names().unwrap_or_default();
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        let values = values.join(" ");
        match names.last_mut() {
            Some(last) => *last = format!("{last} {values}"),
            None => names.push(values),
        }
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn default(argument: &Arg) -> String {
    let values = argument.get_default_values().iter().map(|value| value.display().to_string());
    let flag = !argument.get_action().takes_values();
    let values: Vec<_> = values.filter(|_| !flag).map(|value| format!("`{value}`")).collect();
    values.join(", ")
}

/// Its help, and the values that it can have.
fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help());
    let mut meaning = help.map(StyledStr::to_string).unwrap_or_default();
    if argument.get_action().takes_values() {
        let values = argument.get_possible_values();
        let values: Vec<_> = values.iter().filter(|it| !it.is_hide_set()).map(value).collect();
        if !values.is_empty() {
            meaning = format!("{meaning}: {}", values.join("; "));
        }
    }
    meaning
}

fn value(value: &PossibleValue) -> String {
    let name = format!("`{}`", value.get_name());
    value.get_help().map_or_else(|| name.clone(), |help| format!("{name}, {}", lower(help)))
}

/// The help of a value, within a sentence.
fn lower(help: &StyledStr) -> String {
    let help = help.to_string();
    let first = help.chars().next().map(|first| first.to_lowercase().to_string());
    let rest = help.chars().skip(1).collect::<String>();
    (first.unwrap_or_default() + &rest).trim_end_matches('.').to_owned()
}
