//! Commands that a text suggests, with the global options of this run: without them they would be
//! about another stack, or about a real account instead of the local AWS.

/// What these options matter to, and what is suggested.
const COMMANDS: [&str; 8] =
    ["apply", "audit", "destroy", "drift", "explain", "output", "plan", "state"];

/// The text with the options in every command, but for those that it has already.
pub(super) fn commands(text: &str, options: &str) -> String {
    let named = |option: &&str| {
        let name = option.split(' ').next().unwrap_or_default();
        text.contains(&format!(" --{name}"))
    };
    let options = options.split(" --").skip(1).filter(|option| !named(option));
    let options: String = options.flat_map(|option| [" --", option]).collect();
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
        assert_eq!(with("`deployer apply --local p`"), "`deployer --env prod apply --local p`");
        assert_eq!(with("`deployer ca init` makes one"), "`deployer ca init` makes one");
        assert_eq!(commands("`deployer plan`", ""), "`deployer plan`");
    }
}
