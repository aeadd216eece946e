//! Commands that a text suggests, with the global options of this run: without them they would be
//! about another stack, or about a real account instead of the local AWS.

/// What these options matter to, and what is suggested.
const COMMANDS: [&str; 8] =
    ["apply", "audit", "destroy", "drift", "explain", "output", "plan", "state"];

/// The text with the options in every command that has none yet.
pub(super) fn commands(text: &str, options: &str) -> String {
    if options.is_empty() || text.contains(" --local") || text.contains(" --env") {
        return text.to_owned();
    }
    COMMANDS.iter().fold(text.to_owned(), |text, command| {
        text.replace(&format!("deployer {command}"), &format!("deployer{options} {command}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_about_the_place_of_this_run() {
        let with = |text| commands(text, " --env prod --local");
        assert_eq!(with("run `deployer apply`"), "run `deployer --env prod --local apply`");
        assert_eq!(with("`deployer apply --local p`"), "`deployer apply --local p`");
        assert_eq!(with("`deployer ca init` makes one"), "`deployer ca init` makes one");
        assert_eq!(commands("`deployer plan`", ""), "`deployer plan`");
    }
}
