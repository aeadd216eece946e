//! A policy as it is written down, and everything that can be wrong with it.

use serde::{Deserialize, Deserializer};

use super::callers;
use super::names::Pattern;
#[cfg(feature = "schema")]
use super::schema;
use super::{Lifetimes, MAX_TTL_HOURS, Policy, Problem, Rule, Usage};
use crate::csr::KeyType;

/// The issuing policy: a request gets a certificate from the first rule that is for its caller and
/// grants the whole of it. Without such a rule there is none.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "IssuingPolicy"))]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPolicy {
    /// The rules, in the order in which they are asked.
    rules: Vec<WrittenRule>,
}

/// What some callers may have. It grants one name at least.
#[derive(Deserialize)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "IssuingRule", transform = schema::grants_a_name)
)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    /// What the audit log calls the rule.
    #[cfg_attr(feature = "schema", schemars(regex(pattern = schema::RULE_NAME)))]
    name: String,
    /// Whom it is for: `*` (whoever IAM lets call the route), the twelve digits of an account, or
    /// ARNs `arn:aws:iam::ACCOUNT:role/NAME` and `…:user/PATH/NAME`, with `*` in names.
    #[cfg_attr(
        feature = "schema",
        schemars(length(min = 1), inner(regex(pattern = schema::CALLER)))
    )]
    callers: Vec<String>,
    /// The unique ids of their roles or users, where a namesake made later must not inherit.
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Vec<String>", length(min = 1), inner(regex(pattern = schema::UNIQUE_ID)))
    )]
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    user_ids: Option<Vec<String>>,
    /// Host names, or `*.domain` for everything below a domain. `{account}`, `{role_name}`,
    /// `{user_name}` and `{user_id}` stand for what AWS vouches for about the caller.
    #[serde(default)]
    dns: Vec<String>,
    /// Whether the names may be wildcards themselves.
    #[serde(default)]
    wildcards: bool,
    /// IP addresses or ranges such as `10.0.0.0/8`.
    #[cfg_attr(feature = "schema", schemars(inner(regex(pattern = schema::ADDRESSES))))]
    #[serde(default)]
    ip: Vec<String>,
    /// URIs, or `scheme://authority/path/*` for everything below a path; with the same variables.
    #[serde(default)]
    uri: Vec<String>,
    /// Whether one of the names may be the common name too.
    #[serde(default)]
    common_name: bool,
    /// What certificates may be used for: those of them that the request asks for, or all.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("uniqueItems" = true)))]
    #[serde(default = "client_only")]
    usages: Vec<Usage>,
    /// The kinds of keys.
    #[cfg_attr(feature = "schema", schemars(length(min = 1), extend("uniqueItems" = true)))]
    #[serde(default = "all_key_types")]
    key_types: Vec<KeyType>,
    /// How long certificates are valid, in hours.
    #[serde(default)]
    ttl_hours: WrittenLifetimes,
}

#[derive(Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Lifetimes"))]
#[serde(deny_unknown_fields, expecting = "`{ default: …, max: … }`, in hours")]
struct WrittenLifetimes {
    /// For requests that do not say: 12 if left out, or less where the maximum is.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MAX_TTL_HOURS)))]
    default: Option<u32>,
    /// Requests for more are refused: 24 if left out.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = MAX_TTL_HOURS)))]
    max: Option<u32>,
}

/// A field that is left out is none; one that is there must have a value.
fn not_null<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(from).map(Some)
}

fn client_only() -> Vec<Usage> {
    vec![Usage::Client]
}

fn all_key_types() -> Vec<KeyType> {
    KeyType::ALL.to_vec()
}

pub(super) fn read(json: &[u8]) -> Result<Policy, Vec<Problem>> {
    let mut from = serde_json::Deserializer::from_slice(json);
    let written: WrittenPolicy = serde_path_to_error::deserialize(&mut from).map_err(|error| {
        let path = error.path().to_string();
        vec![Problem { path, message: error.into_inner().to_string() }]
    })?;
    from.end().map_err(|error| vec![Problem { path: ".".into(), message: error.to_string() }])?;

    let mut problems = Problems::default();
    let mut rules: Vec<Rule> = Vec::new();
    for (index, written) in written.rules.into_iter().enumerate() {
        problems.within = format!("rules[{index}]");
        if rules.iter().any(|rule| rule.name == written.name) {
            problems.add("name", format!("repeats `{}`", written.name));
        }
        rules.push(rule(written, &mut problems));
    }
    if problems.found.is_empty() { Ok(Policy { rules }) } else { Err(problems.found) }
}

/// What was found wrong so far.
#[derive(Default)]
struct Problems {
    /// The path of the rule at hand.
    within: String,
    found: Vec<Problem>,
}

impl Problems {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        let path = format!("{}.{field}", self.within);
        self.found.push(Problem { path, message: message.into() });
    }

    /// What was understood of a list of patterns.
    fn parsed<T>(
        &mut self,
        field: &str,
        texts: &[String],
        parse: fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let mut understood = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            match parse(text) {
                Ok(pattern) => understood.push(pattern),
                Err(message) => {
                    let message = format!("`{text}` is no pattern: {message}");
                    self.add(&format!("{field}[{index}]"), message);
                }
            }
        }
        understood
    }

    /// A list of choices needs one at least, and each once.
    fn choices<T: PartialEq>(&mut self, field: &str, chosen: &[T], text: impl Fn(&T) -> String) {
        if chosen.is_empty() {
            self.add(field, "needs at least one");
        }
        for (index, choice) in chosen.iter().enumerate() {
            if chosen[..index].contains(choice) {
                self.add(&format!("{field}[{index}]"), format!("repeats {}", text(choice)));
            }
        }
    }
}

fn rule(written: WrittenRule, problems: &mut Problems) -> Rule {
    if !is_rule_name(&written.name) {
        problems.add("name", "must be 1 to 64 letters, digits and _ -");
    }
    if written.callers.is_empty() {
        problems.add("callers", "needs at least one; `*` is whoever IAM lets call the route");
    }
    let callers = problems.parsed("callers", &written.callers, callers::Pattern::parse);
    // Whoever takes the last id out means nobody, and not everybody.
    if written.user_ids.as_ref().is_some_and(Vec::is_empty) {
        problems.add("user_ids", "needs at least one; left out, it is whoever the callers are");
    }
    let user_ids = written.user_ids.unwrap_or_default();
    problems.parsed("user_ids", &user_ids, unique_id);
    if written.dns.is_empty() && written.ip.is_empty() && written.uri.is_empty() {
        problems.add("dns", "no name is granted: dns, ip and uri are all empty");
    }
    let mut names = problems.parsed("dns", &written.dns, Pattern::dns);
    names.extend(problems.parsed("ip", &written.ip, Pattern::ip));
    names.extend(problems.parsed("uri", &written.uri, Pattern::uri));
    if written.wildcards && !written.dns.iter().any(|pattern| pattern.starts_with("*.")) {
        problems.add("wildcards", "grants nothing without a pattern `*.…` in dns");
    }
    problems.choices("usages", &written.usages, Usage::to_string);
    problems.choices("key_types", &written.key_types, KeyType::to_string);
    let WrittenLifetimes { default, max } = written.ttl_hours;
    let max = max.unwrap_or(Lifetimes::USUAL.max);
    let default = default.unwrap_or(Lifetimes::USUAL.default.min(max));
    if !(1..=MAX_TTL_HOURS).contains(&max) {
        problems.add("ttl_hours.max", format!("must be from 1 to {MAX_TTL_HOURS}"));
    }
    if !(1..=max).contains(&default) {
        problems.add("ttl_hours.default", format!("must be from 1 to the maximum of {max}"));
    }
    Rule {
        name: written.name,
        callers,
        user_ids,
        names,
        wildcards: written.wildcards,
        common_name: written.common_name,
        usages: written.usages,
        key_types: written.key_types,
        ttl_hours: Lifetimes { default, max },
    }
}

fn is_rule_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(allowed)
}

/// Ids of roles begin with AROA, those of users with AIDA.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>.
fn unique_id(text: &str) -> Result<(), String> {
    let rest = text.strip_prefix("AROA").or_else(|| text.strip_prefix("AIDA"));
    let letters = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match rest {
        Some(rest) if !rest.is_empty() && rest.bytes().all(letters) => Ok(()),
        _ => Err("the id of a role is AROA… and that of a user AIDA…, in capitals, without the \
                  session"
            .into()),
    }
}
