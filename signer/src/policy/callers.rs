//! The patterns of callers in a policy, in the notation that IAM has for principals.

use crate::caller::{Identity, Principal, is_account};
use crate::glob;

/// A pattern that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    /// `*`: whoever IAM lets call the route.
    Anyone,
    /// `111122223333`: every principal of this account.
    Account(String),
    /// `arn:aws:iam::111122223333:role/ci-*`: all sessions of these roles.
    Role(Place, Glob),
    /// `arn:aws:iam::111122223333:user/teams/*`: these users.
    User(Place, Glob),
}

/// Partition and account; nothing is any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    partition: Option<String>,
    account: Option<String>,
}

impl Pattern {
    /// Reads a pattern; the error says what is wrong without quoting it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORMS: &str = "write `*`, the twelve digits of an account, or an ARN such as \
            arn:aws:iam::111122223333:role/NAME or …:user/NAME";
        if text == "*" {
            return Ok(Self::Anyone);
        }
        if is_account(text) {
            return Ok(Self::Account(text.to_owned()));
        }
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, resource] = parts.as_slice() else {
            return Err(FORMS.into());
        };
        if *service == "sts" {
            return Err("the name of a session is chosen by the caller; name the role itself: \
                        arn:aws:iam::ACCOUNT:role/NAME"
                .into());
        }
        if *account != "*" && !is_account(account) {
            return Err("the account must be twelve digits, or `*` for any".into());
        }
        let any = |part: &str| (part != "*").then(|| part.to_owned());
        let place = Place { partition: any(partition), account: any(account) };
        match (*service, resource.split_once('/')) {
            ("iam", Some(("role", name))) if name.contains('/') => {
                Err("AWS leaves a role's path out of what it tells of callers; write role/NAME \
                     without the path"
                    .into())
            }
            ("iam", Some(("role", name))) => Ok(Self::Role(place, Glob::parse(name)?)),
            ("iam", Some(("user", name))) => Ok(Self::User(place, Glob::parse(name)?)),
            ("iam", None) if *resource == "root" => {
                Err("for every principal of an account, write its twelve digits".into())
            }
            _ => Err(FORMS.into()),
        }
    }

    /// Whether it stands for all that another one does.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anyone, _) => true,
            (Self::Account(account), Self::Account(other)) => account == other,
            (Self::Account(account), Self::Role(place, _) | Self::User(place, _)) => {
                place.account.as_ref() == Some(account)
            }
            (Self::Role(place, glob), Self::Role(in_place, other))
            | (Self::User(place, glob), Self::User(in_place, other)) => {
                place.covers(in_place) && glob.covers(other)
            }
            _ => false,
        }
    }

    pub(super) fn matches(&self, caller: &Identity<'_>) -> bool {
        match (self, caller.principal) {
            (Self::Anyone, _) => true,
            (Self::Account(account), _) => account == caller.account,
            (Self::Role(place, glob), Principal::Role(name))
            | (Self::User(place, glob), Principal::User(name)) => {
                place.holds(caller) && glob.matches(name)
            }
            (Self::Role(..) | Self::User(..), _) => false,
        }
    }
}

impl Place {
    fn covers(&self, other: &Self) -> bool {
        let covers = |any: &Option<String>, one: &Option<String>| any.is_none() || any == one;
        covers(&self.partition, &other.partition) && covers(&self.account, &other.account)
    }

    fn holds(&self, caller: &Identity<'_>) -> bool {
        let is =
            |wanted: &Option<String>, found| wanted.as_deref().is_none_or(|wanted| wanted == found);
        is(&self.partition, caller.partition) && is(&self.account, caller.account)
    }
}

/// A name in which each `*` stands for any characters, also for none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(String);

impl Glob {
    /// The characters of IAM's names and paths, and `*`.
    fn parse(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/*".contains(c);
        if text.is_empty() || text.starts_with('/') || !text.chars().all(allowed) {
            return Err("the name must be letters, digits and _+=,.@- with `*` for any".into());
        }
        Ok(Self(text.to_owned()))
    }

    fn matches(&self, name: &str) -> bool {
        glob::matches(&self.0, name)
    }

    /// What stands for anything in the other one can only lie where this one takes anything.
    fn covers(&self, other: &Self) -> bool {
        glob::matches(&self.0, &other.0)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
mod tests {
    use super::{Glob, Pattern};
    use crate::caller::Caller;

    const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/ci-deploy/role-admin";
    const USER: &str = "arn:aws:iam::111122223333:user/teams/ada";
    const ROOT: &str = "arn:aws:iam::111122223333:root";

    #[test]
    fn patterns_match_whom_they_name_and_nobody_else() {
        for (pattern, matched) in [
            ("*", &[ROLE, USER, ROOT][..]),
            ("111122223333", &[ROLE, USER, ROOT]),
            ("111122223334", &[]),
            ("arn:aws:iam::111122223333:role/ci-deploy", &[ROLE]),
            ("arn:aws:iam::111122223333:role/ci-*", &[ROLE]),
            ("arn:aws:iam::*:role/*", &[ROLE]),
            ("arn:*:iam::*:role/ci-deploy", &[ROLE]),
            ("arn:aws-cn:iam::111122223333:role/ci-deploy", &[]),
            ("arn:aws:iam::111122223334:role/ci-deploy", &[]),
            // The session's name, which the caller chose.
            ("arn:aws:iam::111122223333:role/role-admin", &[]),
            ("arn:aws:iam::111122223333:role/*admin", &[]),
            ("arn:aws:iam::111122223333:role/CI-deploy", &[]),
            ("arn:aws:iam::111122223333:role/ci", &[]),
            ("arn:aws:iam::111122223333:user/teams/ada", &[USER]),
            ("arn:aws:iam::111122223333:user/teams/*", &[USER]),
            ("arn:aws:iam::111122223333:user/*", &[USER]),
            ("arn:aws:iam::111122223333:user/ada", &[]),
        ] {
            let parsed = Pattern::parse(pattern).unwrap();
            for arn in [ROLE, USER, ROOT] {
                let caller = Caller { arn: arn.into(), user_id: String::new() };
                let matches = parsed.matches(&caller.identity().unwrap());
                assert_eq!(matches, matched.contains(&arn), "{pattern} and {arn}");
            }
        }
    }

    #[test]
    fn what_cannot_be_relied_on_is_no_pattern() {
        for (pattern, part) in [
            (ROLE, "chosen by the caller"),
            ("arn:aws:sts::111122223333:assumed-role/*/ada", "chosen by the caller"),
            ("arn:aws:iam::111122223333:role/teams/ci", "path"),
            ("arn:aws:iam::111122223333:root", "twelve digits"),
            ("arn:aws:iam::1111*:role/ci", "the account must be"),
            ("arn:aws:iam::111122223333:role/", "the name must be"),
            ("arn:aws:iam::111122223333:role/a?", "the name must be"),
            ("arn:aws:iam::111122223333:group/a", "write `*`"),
            ("arn:aws:iam:eu-west-1:111122223333:role/a", "write `*`"),
            ("role/ci", "write `*`"),
            ("", "write `*`"),
        ] {
            let problem = Pattern::parse(pattern).unwrap_err();
            assert!(problem.contains(part), "{pattern}: {problem}");
        }
    }

    #[test]
    fn stars_stand_for_any_characters() {
        let matches = |glob: &str, name| Glob::parse(glob).unwrap().matches(name);
        for (glob, name) in [
            ("*", "a"),
            ("a*", "a"),
            ("*a", "ba"),
            ("a*c*e", "abcde"),
            ("*a*", "a"),
            ("a**b", "ab"),
        ] {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in
            [("a*", "ba"), ("*a", "ab"), ("a*a", "a"), ("a*c*e", "aec"), ("ab*bc", "abc")]
        {
            assert!(!matches(glob, name), "{glob} {name}");
        }
    }
}
