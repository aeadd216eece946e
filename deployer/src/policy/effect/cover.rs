//! Whether all that one permission allows, another one allows as well.
//!
//! A yes is certain. A no may be wrong where sets that begin with `Not`, or `?` beside `*`, say the
//! same in two ways, and where conditions compare numbers, dates or networks.

use std::fmt;

use serde_json::Value;

use super::{Permission, Set};

/// How many parts an ARN has; colons in the last one do not separate.
const ARN_PARTS: usize = 6;

impl Permission {
    /// Whether this one lets through all that `other` does.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.denied == other.denied && self.reaches(other) && self.holds_whenever(other)
    }

    /// Whether its condition is met whenever that of the other one is.
    pub(crate) fn holds_whenever(&self, other: &Self) -> bool {
        covers_condition(self.condition.as_ref(), other.condition.as_ref())
    }

    /// The same, conditions aside.
    pub(crate) fn reaches(&self, other: &Self) -> bool {
        let optional = |wide: &Option<Set>, narrow: &Option<Set>, one: Matcher| match (wide, narrow)
        {
            (Some(wide), Some(narrow)) => wide.covers(narrow, one),
            (wide, narrow) => wide.is_none() && narrow.is_none(),
        };
        self.action.covers(&other.action, action)
            && optional(&self.principal, &other.principal, principal)
            && optional(&self.resource, &other.resource, resource)
    }
}

/// Whether a pattern matches all that another one matches.
type Matcher = fn(&str, &str) -> bool;

fn action(wide: &str, narrow: &str) -> bool {
    if is_plain(wide) {
        return wide.eq_ignore_ascii_case(narrow);
    }
    matches(&symbols(&wide.to_ascii_lowercase()), &symbols(&narrow.to_ascii_lowercase()))
}

/// What has no wildcards matches itself alone. Most patterns are so, and a long policy is the product of
/// many.
fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?'])
}

/// Everyone is everyone; apart from that, a principal is only itself.
fn principal(wide: &str, narrow: &str) -> bool {
    wide == "*" || wide == narrow
}

/// ARNs match part by part.
fn resource(wide: &str, narrow: &str) -> bool {
    if is_plain(wide) {
        return wide == narrow;
    }
    let (wide, narrow) = (symbols(wide), symbols(narrow));
    if !(is_arn(&wide) && is_arn(&narrow)) {
        return matches(&wide, &narrow);
    }
    let (wide, narrow) = (parts(&wide), parts(&narrow));
    wide.len() == narrow.len()
        && wide.iter().zip(&narrow).all(|(wide, narrow)| matches(wide, narrow))
}

fn is_arn(symbols: &[Symbol]) -> bool {
    "arn:".chars().eq(symbols.iter().take(4).filter_map(|symbol| match symbol {
        Symbol::Plain(character) => Some(*character),
        _ => None,
    }))
}

fn parts(symbols: &[Symbol]) -> Vec<&[Symbol]> {
    symbols.splitn(ARN_PARTS, |symbol| *symbol == Symbol::Plain(':')).collect()
}

impl Set {
    fn covers(&self, other: &Self, one: Matcher) -> bool {
        match (self, other) {
            (Self::Of(wide), Self::Of(narrow)) => one(wide, narrow),
            // What has wildcards may overlap with what is left out, and what a variable stands for
            // may be just that.
            (Self::AllBut { all_but }, Self::Of(narrow)) => {
                let is_other = |out: &String| !out.contains("${") && !one(out, narrow);
                is_plain(narrow) && !narrow.contains('$') && all_but.iter().all(is_other)
            }
            (Self::Of(wide), Self::AllBut { .. }) => wide == "*",
            (Self::AllBut { all_but: wide }, Self::AllBut { all_but: narrow }) => {
                wide.iter().all(|out| narrow.iter().any(|other| one(other, out)))
            }
        }
    }
}

/// A pattern's smallest part.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Symbol {
    Plain(char),
    /// `${secret.ca.arn}` or `${aws:username}`: some text, always the same one. In it, `*` and `?`
    /// stand for themselves.
    Variable(String),
    /// `?`: any one character.
    One,
    /// `*`: any text.
    Many,
}

impl Symbol {
    fn admits(&self, other: &Self) -> bool {
        self == other || (*self == Self::One && matches!(other, Self::Plain(_)))
    }
}

fn symbols(pattern: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        let variable = rest.strip_prefix("${").and_then(|inner| inner.split_once('}'));
        if let Some((name, behind)) = variable {
            symbols.push(Symbol::Variable(name.to_owned()));
            rest = behind;
            continue;
        }
        symbols.push(match character {
            '*' => Symbol::Many,
            '?' => Symbol::One,
            plain => Symbol::Plain(plain),
        });
        rest = &rest[character.len_utf8()..];
    }
    symbols
}

/// Whether a pattern matches all that another one matches: its wildcards match those of the other as
/// if they were plain text. Where that fails, the last `*` takes one more.
fn matches(wide: &[Symbol], narrow: &[Symbol]) -> bool {
    let (mut here, mut there) = (0, 0);
    let mut last = None;
    while there < narrow.len() {
        match wide.get(here) {
            Some(Symbol::Many) => {
                here += 1;
                last = Some((here, there));
            }
            Some(symbol) if symbol.admits(&narrow[there]) => {
                here += 1;
                there += 1;
            }
            _ => {
                let Some((behind, taken)) = last else { return false };
                last = Some((behind, taken + 1));
                (here, there) = (behind, taken + 1);
            }
        }
    }
    wide[here..].iter().all(|symbol| *symbol == Symbol::Many)
}

/// One test of a condition: all of them must hold.
pub(super) struct Test<'a> {
    operator: &'a str,
    key: &'a str,
    values: Vec<&'a str>,
}

impl fmt::Display for Test<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.operator, self.key, self.values.join(", "))
    }
}

/// What a condition tests.
pub(super) fn tests(condition: &Value) -> Vec<Test<'_>> {
    let operators = condition.as_object().into_iter().flatten();
    let tests = operators.flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| Test {
            operator,
            key,
            values: values.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        })
    });
    tests.collect()
}

/// Whether a condition is met whenever the other one is: each of its tests follows from one of the
/// other's.
pub(super) fn covers_condition(wide: Option<&Value>, narrow: Option<&Value>) -> bool {
    let narrow: Vec<Test<'_>> = narrow.map(tests).unwrap_or_default();
    let wide = wide.map(tests).unwrap_or_default();
    wide.iter().all(|test| narrow.iter().any(|other| test.follows_from(other)))
}

impl Test<'_> {
    fn follows_from(&self, other: &Self) -> bool {
        if !self.operator.eq_ignore_ascii_case(other.operator)
            || !self.key.eq_ignore_ascii_case(other.key)
        {
            return false;
        }
        let operator = self.operator.to_ascii_lowercase();
        let matcher: Matcher = if operator.contains("arn") {
            resource
        } else if operator.contains("like") {
            |wide, narrow| matches(&symbols(wide), &symbols(narrow))
        } else {
            |wide, narrow| wide == narrow
        };
        let among = |wide: &[&str], narrow: &[&str]| {
            narrow.iter().all(|value| wide.iter().any(|other| matcher(other, value)))
        };
        // One value must fit, or with a negated operator, none may.
        if operator.contains("not") {
            among(&other.values, &self.values)
        } else {
            among(&self.values, &other.values)
        }
    }
}
