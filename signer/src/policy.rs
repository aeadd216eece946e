//! The issuing policy: which names, usages and lifetimes callers may have. Pure.
//!
//! ```json
//! {
//!   "ttl_hours": {"default": 12, "max": 24},
//!   "usages": ["server", "client"],
//!   "dns": ["api.example.com", "*.internal.example"],
//!   "ip": ["10.0.0.0/8", "127.0.0.1"],
//!   "uri": ["spiffe://example.internal/*"]
//! }
//! ```
//!
//! A name is granted if any one pattern of its kind matches it; there is no order and no negation.
//! `*.x` matches every name with one or more labels in front of `x`, but not `x` itself. An address
//! range includes both its ends. A URI pattern with a final `*` matches every URI that begins with
//! the part before it, that part excluded.

mod pattern;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::refusal::{Code, Refusal};

use pattern::Pattern;

/// The file that the policy travels in, beside the bootstrap.
pub const FILE_NAME: &str = "policy.json";

/// The longest lifetime that a policy can allow: one week, what the CA/Browser Forum calls
/// short-lived and so needs no revocation.
pub const MAX_TTL_HOURS: u32 = 168;

/// The issuing policy as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How long certificates are valid, in hours.
    #[serde(default)]
    pub ttl_hours: Lifetimes,
    /// What certificates may be used for; every certificate carries all of them.
    #[serde(default = "client_only")]
    pub usages: Vec<Usage>,
    /// Host names, exact or `*.` and a suffix.
    #[serde(default)]
    pub dns: Vec<String>,
    /// IP addresses or ranges such as `10.0.0.0/8`.
    #[serde(default)]
    pub ip: Vec<String>,
    /// URIs, exact or ending in `/*`.
    #[serde(default)]
    pub uri: Vec<String>,
}

/// Lifetimes in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetimes {
    /// For requests that do not say.
    pub default: u32,
    /// Requests for more are refused.
    pub max: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { default: 12, max: 24 }
    }
}

/// An extended key usage (RFC 5280 section 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    /// TLS server authentication.
    Server,
    /// TLS client authentication.
    Client,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

fn client_only() -> Vec<Usage> {
    vec![Usage::Client]
}

/// Something wrong in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `dns[1]`, `ttl_hours.max`.
    pub path: String,
    /// What: lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is wrong with the whole has no path.
        match self.path.as_str() {
            "" | "." => f.write_str(&self.message),
            path => write!(f, "{path}: {}", self.message),
        }
    }
}

/// Who asks, as API Gateway authenticated them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal's ARN. The session name at its end is chosen by the caller.
    pub arn: String,
    /// The unique id, such as `AROA…:session`, which outlives no role of the same name.
    pub user_id: String,
}

/// What the policy allows for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The names, in the order of the request.
    pub names: Vec<Name>,
    /// The usages of the certificate.
    pub usages: Vec<Usage>,
    /// The lifetime, in hours.
    pub ttl_hours: u32,
}

/// What the policy does not allow. It tells what was refused, never what would be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The lifetime is above this maximum, in hours.
    Ttl(u32),
    /// These names match no pattern.
    Names(Vec<Name>),
    /// The certificate would lack these usages, which the request asks for.
    Usages(Vec<Usage>),
}

impl Policy {
    /// Reads a policy from JSON and validates it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_json(json: &[u8]) -> Result<Self, Vec<Problem>> {
        let mut from = serde_json::Deserializer::from_slice(json);
        let policy: Self = serde_path_to_error::deserialize(&mut from).map_err(|error| {
            let path = error.path().to_string();
            vec![Problem { path, message: error.into_inner().to_string() }]
        })?;
        from.end()
            .map_err(|error| vec![Problem { path: ".".into(), message: error.to_string() }])?;
        let problems = policy.validate();
        if problems.is_empty() { Ok(policy) } else { Err(problems) }
    }

    /// Everything that is wrong with the policy; nothing if it can be used.
    pub fn validate(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |path: String, message: String| problems.push(Problem { path, message });
        let Lifetimes { default, max } = self.ttl_hours;
        if !(1..=MAX_TTL_HOURS).contains(&max) {
            problem("ttl_hours.max".into(), format!("must be from 1 to {MAX_TTL_HOURS}"));
        }
        if !(1..=max).contains(&default) {
            problem("ttl_hours.default".into(), format!("must be from 1 to the maximum of {max}"));
        }
        if self.usages.is_empty() {
            problem("usages".into(), "needs at least one of server and client".into());
        }
        for (index, usage) in self.usages.iter().enumerate() {
            if self.usages[..index].contains(usage) {
                problem(format!("usages[{index}]"), format!("repeats {usage}"));
            }
        }
        for (path, pattern, parsed) in self.patterns() {
            if let Err(message) = parsed {
                problem(path, format!("`{pattern}` is no pattern: {message}"));
            }
        }
        if self.dns.is_empty() && self.ip.is_empty() && self.uri.is_empty() {
            problem("dns".into(), "no name can be issued: dns, ip and uri are all empty".into());
        }
        problems
    }

    /// Decides on one request. The same rules hold for every caller so far.
    ///
    /// # Errors
    /// What exactly is not allowed.
    pub fn grant(
        &self,
        _caller: &Caller,
        names: &[Name],
        usages: &[Usage],
        ttl_hours: Option<u32>,
    ) -> Result<Grant, Denied> {
        let ttl_hours = ttl_hours.unwrap_or(self.ttl_hours.default);
        if ttl_hours > self.ttl_hours.max {
            return Err(Denied::Ttl(self.ttl_hours.max));
        }
        // A pattern that does not parse matches nothing, should a policy not have been validated.
        let patterns: Vec<_> = self.patterns().filter_map(|(_, _, parsed)| parsed.ok()).collect();
        let allowed = |name: &&Name| patterns.iter().any(|pattern| pattern.matches(name));
        let refused: Vec<_> = names.iter().filter(|name| !allowed(name)).cloned().collect();
        if !refused.is_empty() {
            return Err(Denied::Names(refused));
        }
        let refused: Vec<_> =
            usages.iter().filter(|usage| !self.usages.contains(usage)).copied().collect();
        if !refused.is_empty() {
            return Err(Denied::Usages(refused));
        }
        Ok(Grant { names: names.to_vec(), usages: self.usages.clone(), ttl_hours })
    }

    fn patterns(&self) -> impl Iterator<Item = (String, &str, Result<Pattern, String>)> {
        type Parse = fn(&str) -> Result<Pattern, String>;
        let kinds: [(&str, &Vec<String>, Parse); 3] = [
            ("dns", &self.dns, Pattern::dns),
            ("ip", &self.ip, Pattern::ip),
            ("uri", &self.uri, Pattern::uri),
        ];
        kinds.into_iter().flat_map(|(kind, patterns, parse)| {
            patterns.iter().enumerate().map(move |(index, pattern)| {
                (format!("{kind}[{index}]"), pattern.as_str(), parse(pattern))
            })
        })
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        fn list(items: &[impl fmt::Display]) -> String {
            items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        match denied {
            Denied::Ttl(max) => {
                Self::new(Code::TtlTooLong, format!("ttl_hours must not be over {max}"))
            }
            Denied::Names(names) => Self::new(
                Code::NameNotAllowed,
                format!("not allowed for this caller: {}", list(&names)),
            ),
            Denied::Usages(usages) => Self::new(
                Code::UsageNotAllowed,
                format!("usage not allowed for this caller: {}", list(&usages)),
            ),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
mod tests {
    use super::{Caller, Denied, Policy, Usage};
    use crate::name::Name;
    use serde_json::{Value, json};

    fn problems(policy: &Value) -> Vec<String> {
        let problems = Policy::from_json(policy.to_string().as_bytes()).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    fn policy(json: &Value) -> Policy {
        Policy::from_json(json.to_string().as_bytes()).unwrap()
    }

    fn caller() -> Caller {
        Caller { arn: "arn:aws:iam::111122223333:user/a".into(), user_id: "AIDA".into() }
    }

    fn name(text: &str) -> Name {
        let (kind, rest) = text.split_once(':').unwrap();
        match kind {
            "dns" => Name::dns(rest.as_bytes()).unwrap(),
            "ip" => Name::Ip(rest.parse().unwrap()),
            _ => Name::uri(rest.as_bytes()).unwrap(),
        }
    }

    #[test]
    fn defaults_are_filled_in() {
        let policy = policy(&json!({"dns": ["a.example"]}));
        assert_eq!((policy.ttl_hours.default, policy.ttl_hours.max), (12, 24));
        assert_eq!(policy.usages, [Usage::Client]);
        let again = Policy::from_json(&serde_json::to_vec(&policy).unwrap()).unwrap();
        assert_eq!(again, policy);
    }

    #[test]
    fn every_problem_is_found_at_its_place() {
        let bad = json!({
            "ttl_hours": {"default": 30, "max": 169},
            "usages": ["client", "client"],
            "dns": ["ok.example", "a*.example", "*", "*.", "10.0.0.1"],
            "ip": ["10.0.0.1/8", "10.0.0.0/33", "x", "::/0", "0.0.0.0/0"],
            "uri": ["spiffe://a*", "spiffe://a.example/x*", "*", "https://a.example/b?c"],
        });
        let found = problems(&bad);
        let places: Vec<_> = found.iter().map(|text| text.split(": ").next().unwrap()).collect();
        assert_eq!(
            places,
            [
                "ttl_hours.max",
                "usages[1]",
                "dns[1]",
                "dns[2]",
                "dns[3]",
                "dns[4]",
                "ip[0]",
                "ip[1]",
                "ip[2]",
                "uri[0]",
                "uri[1]",
                "uri[2]",
                "uri[3]",
            ],
            "{found:#?}"
        );
        let lifetimes = json!({"dns": ["a.example"], "ttl_hours": {"default": 7, "max": 6}});
        assert_eq!(problems(&lifetimes), ["ttl_hours.default: must be from 1 to the maximum of 6"]);
        assert_eq!(
            problems(&json!({"dns": ["a"], "ttl_hours": {"default": 0, "max": 0}})).len(),
            2
        );
        assert_eq!(problems(&json!({"dns": ["a"], "usages": []})).len(), 1);
        assert!(problems(&json!({}))[0].contains("no name can be issued"));
        assert!(problems(&json!({"dns": ["a"], "dsn": []}))[0].contains("dsn"));
        assert!(problems(&json!({"dns": ["a"], "usages": ["code"]}))[0].starts_with("usages[0]"));
    }

    #[test]
    fn patterns_match_what_they_say_and_no_more() {
        for (kind, pattern, granted, refused) in [
            (
                "dns",
                "api.example.com",
                &["dns:api.example.com", "dns:API.example.com"][..],
                &["dns:x.api.example.com", "dns:example.com", "uri:https://api.example.com/"][..],
            ),
            (
                "dns",
                "*.x.example",
                &["dns:a.x.example", "dns:b.a.x.example"],
                &["dns:x.example", "dns:ax.example", "dns:a.x.example.com"],
            ),
            (
                "ip",
                "10.0.0.0/8",
                &["ip:10.0.0.0", "ip:10.255.255.255"],
                &["ip:11.0.0.0", "ip:9.255.255.255", "ip:::a00:0"],
            ),
            ("ip", "127.0.0.1", &["ip:127.0.0.1"], &["ip:127.0.0.2"]),
            ("ip", "0.0.0.0/0", &["ip:192.0.2.1"], &["ip:::1"]),
            ("ip", "10.1.2.3/32", &["ip:10.1.2.3"], &["ip:10.1.2.4"]),
            ("ip", "2001:db8::/33", &["ip:2001:db8:7fff::1"], &["ip:2001:db8:8000::1"]),
            ("ip", "::/0", &["ip:2001:db8::1"], &["ip:10.0.0.1"]),
            (
                "uri",
                "spiffe://a.example/*",
                &["uri:spiffe://a.example/x", "uri:spiffe://a.example/x/y"],
                &["uri:spiffe://a.example.evil/x", "uri:spiffe://b.example/x"],
            ),
            (
                "uri",
                "https://a.example/x",
                &["uri:https://a.example/x"],
                &["uri:https://a.example/x/y", "uri:https://a.example/"],
            ),
            (
                "uri",
                "https://a.example/*",
                &["uri:https://a.example/b"],
                &["uri:https://a.example/"],
            ),
        ] {
            let policy = policy(&json!({(kind): [pattern]}));
            let allowed = |text: &str| policy.grant(&caller(), &[name(text)], &[], None).is_ok();
            for text in granted {
                assert!(allowed(text), "{pattern} should grant {text}");
            }
            for text in refused {
                assert!(!allowed(text), "{pattern} should refuse {text}");
            }
        }
    }

    #[test]
    fn a_denial_lists_exactly_what_was_refused() {
        let policy = policy(&json!({"dns": ["a.example"], "ttl_hours": {"default": 2, "max": 3}}));
        let names = ["dns:a.example", "dns:b.example", "ip:192.0.2.1"].map(name);
        let denied = policy.grant(&caller(), &names, &[], None).unwrap_err();
        assert_eq!(denied, Denied::Names(names[1..].to_vec()));
        let grant = |usages: &[Usage], ttl| policy.grant(&caller(), &names[..1], usages, ttl);
        assert_eq!(grant(&[], Some(4)).unwrap_err(), Denied::Ttl(3));
        assert_eq!(grant(&[Usage::Server], None).unwrap_err(), Denied::Usages(vec![Usage::Server]));
        let granted = grant(&[Usage::Client], Some(3)).unwrap();
        assert_eq!((granted.ttl_hours, granted.usages.as_slice()), (3, &[Usage::Client][..]));
        assert_eq!(grant(&[], None).unwrap().ttl_hours, 2);
    }
}
