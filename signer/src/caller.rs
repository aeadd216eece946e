//! Who asks, as API Gateway authenticated them, and what of that can be relied on.

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal's ARN. The session name at the end of a role session's is chosen by the caller.
    pub arn: String,
    /// The unique id, such as `AROA…:session`, which outlives no role of the same name.
    pub user_id: String,
}

/// What of a caller AWS vouches for. The name of a session is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: &'a str,
    /// Twelve digits.
    pub account: &'a str,
    /// What kind of principal it is, with its name.
    pub principal: Principal<'a>,
    /// The id that IAM gave the role or user when it was made, such as `AROA…`.
    pub unique_id: &'a str,
}

/// A kind of principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal<'a> {
    /// A session of the role of this name. AWS leaves the role's path out of the session's ARN.
    Role(&'a str),
    /// An IAM user, by its path and name: `teams/ada`.
    User(&'a str),
    /// The root user or a federated user, whose name is chosen by whoever made its session.
    Other,
}

impl Caller {
    /// What can be relied on, or nothing for an ARN that is none of a principal.
    ///
    /// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
    pub fn identity(&self) -> Option<Identity<'_>> {
        let parts: Vec<_> = self.arn.splitn(6, ':').collect();
        let ["arn", partition, service, "", account, resource] = parts.as_slice() else {
            return None;
        };
        let principal = match (*service, resource.split_once('/')) {
            ("sts", Some(("assumed-role", session))) => {
                let (role, session) = session.split_once('/')?;
                if role.is_empty() || session.is_empty() {
                    return None;
                }
                Principal::Role(role)
            }
            ("iam", Some(("user", name))) if !name.is_empty() && !name.ends_with('/') => {
                Principal::User(name)
            }
            ("sts", Some(("federated-user", _))) => Principal::Other,
            ("iam", None) if *resource == "root" => Principal::Other,
            _ => return None,
        };
        let unique_id = self.user_id.split(':').next().unwrap_or_default();
        is_account(account).then_some(Identity { partition, account, principal, unique_id })
    }
}

/// Whether this is the id of an AWS account.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Caller, Principal};

    fn principal(arn: &str) -> Option<String> {
        let caller = Caller { arn: arn.into(), user_id: "AROAEXAMPLE:session".into() };
        let identity = caller.identity()?;
        assert_eq!((identity.account, identity.unique_id), ("111122223333", "AROAEXAMPLE"));
        Some(match identity.principal {
            Principal::Role(name) => format!("role {name}"),
            Principal::User(name) => format!("user {name}"),
            Principal::Other => "other".into(),
        })
    }

    #[test]
    fn principals_are_told_apart_and_sessions_have_no_say() {
        for (arn, expected) in [
            ("arn:aws:sts::111122223333:assumed-role/deploy/ada", Some("role deploy")),
            ("arn:aws:sts::111122223333:assumed-role/deploy/a:b@c", Some("role deploy")),
            ("arn:aws-cn:iam::111122223333:user/ada", Some("user ada")),
            ("arn:aws:iam::111122223333:user/teams/ada", Some("user teams/ada")),
            ("arn:aws:iam::111122223333:root", Some("other")),
            ("arn:aws:sts::111122223333:federated-user/ada", Some("other")),
            // Nobody calls as a role: callers are its sessions.
            ("arn:aws:iam::111122223333:role/deploy", None),
            ("arn:aws:sts::111122223333:assumed-role/deploy", None),
            ("arn:aws:sts::111122223333:assumed-role//ada", None),
            ("arn:aws:iam::111122223333:user/", None),
            ("arn:aws:iam::111122223333:other", None),
            ("arn:aws:iam::1111:user/ada", None),
            ("arn:aws:iam:eu-west-1:111122223333:user/ada", None),
            ("arn:aws:sts::111122223333:user/ada", None),
            ("arn:aws:iam::111122223333:assumed-role/deploy/ada", None),
            ("111122223333", None),
            ("", None),
        ] {
            assert_eq!(principal(arn).as_deref(), expected, "{arn}");
        }
    }
}
