//! Names that are bound to the caller: `spiffe://internal.example/ns/{account}/role/{role_name}`.

use crate::caller::{Identity, Principal};

/// What a template can be filled with. Each is vouched for by AWS; the name of a session is not, so
/// there is none for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Account,
    RoleName,
    UserName,
    UserId,
}

impl Variable {
    const ALL: [(&'static str, Self); 4] = [
        ("account", Self::Account),
        ("role_name", Self::RoleName),
        ("user_name", Self::UserName),
        ("user_id", Self::UserId),
    ];

    fn of<'a>(self, caller: &Identity<'a>) -> Option<&'a str> {
        match (self, caller.principal) {
            (Self::Account, _) => Some(caller.account),
            (Self::UserId, Principal::Role(_) | Principal::User(_)) => Some(caller.unique_id),
            (Self::RoleName, Principal::Role(name)) => Some(name),
            (Self::UserName, Principal::User(name)) => name.rsplit('/').next(),
            // Root and federated users have no id of their own, only their account's.
            (Self::RoleName | Self::UserName | Self::UserId, _) => None,
        }
    }
}

/// A text with variables in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(Variable),
}

impl Template {
    /// Reads a text; nothing if there is no variable in it.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or("`{` without `}`")?;
            let known = Variable::ALL.iter().find(|(known, _)| *known == name);
            let (_, variable) = known.ok_or_else(|| unknown(name))?;
            pieces.extend([Piece::Text(before.to_owned()), Piece::Variable(*variable)]);
            rest = after;
        }
        if rest.contains('}') {
            return Err("`}` without `{`".into());
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Some(Self(pieces)))
    }

    pub(super) fn depends_on_user_id(&self) -> bool {
        self.0.contains(&Piece::Variable(Variable::UserId))
    }

    /// The text for this caller; nothing if a variable has no value for it, or one that does not fit.
    /// `fits` is asked with the text before the value, and the value.
    pub(super) fn fill(
        &self,
        caller: &Identity<'_>,
        fits: fn(&str, &str) -> bool,
    ) -> Option<String> {
        self.fill_with(|before, variable| variable.of(caller).filter(|value| fits(before, value)))
    }

    /// The text for a caller like any other, to see whether the rest of it makes sense.
    pub(super) fn sample(&self) -> String {
        self.fill_with(|_, variable| match variable {
            Variable::Account => Some("000000000000"),
            Variable::RoleName | Variable::UserName | Variable::UserId => Some("x0"),
        })
        .unwrap_or_default()
    }

    fn fill_with<'a>(&self, value: impl Fn(&str, Variable) -> Option<&'a str>) -> Option<String> {
        self.0.iter().try_fold(String::new(), |before, piece| {
            let next = match piece {
                Piece::Text(text) => text,
                Piece::Variable(variable) => value(&before, *variable)?,
            };
            Some(before + next)
        })
    }
}

fn unknown(name: &str) -> String {
    if name == "session_name" {
        return "a session's name is chosen by the caller, so no name can be bound to it".into();
    }
    let known = Variable::ALL.map(|(name, _)| format!("{{{name}}}")).join(", ");
    format!("there is no variable {{{name}}}; there are {known}")
}
