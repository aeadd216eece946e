//! What a policy grants that an earlier one did not. Pure.

use super::callers;
use super::names;
use super::{Policy, Rule};

/// A rule that grants more than each rule of another policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broader<'p> {
    /// Which one it is, counted from 0.
    pub number: usize,
    /// Its name.
    pub rule: &'p str,
    /// The fields in which it does; none if there was no rule of this name before.
    pub fields: Vec<&'static str>,
}

impl Policy {
    /// The rules that grant what no single rule of those `before` does. What several of them grant
    /// together does not count: a request is granted by one rule, as a whole.
    pub fn broader_than(&self, before: &[Self]) -> Vec<Broader<'_>> {
        let before: Vec<&Rule> = before.iter().flat_map(|policy| &policy.rules).collect();
        let broader = self.rules.iter().enumerate().filter_map(|(number, rule)| {
            if before.iter().any(|other| rule.beyond(other).is_empty()) {
                return None;
            }
            let namesake = before.iter().find(|other| other.name == rule.name);
            let fields = namesake.map(|other| rule.beyond(other)).unwrap_or_default();
            Some(Broader { number, rule: &rule.name, fields })
        });
        broader.collect()
    }
}

impl Rule {
    /// The fields in which it grants more than another rule.
    fn beyond(&self, other: &Self) -> Vec<&'static str> {
        let callers = covered(&self.callers, &other.callers, callers::Pattern::covers);
        let anybody = other.user_ids.is_empty();
        let ids = !self.user_ids.is_empty() && within(&self.user_ids, &other.user_ids);
        let names = covered(&self.names, &other.names, names::Pattern::covers);
        let fields = [
            ("callers", callers),
            ("user_ids", anybody || ids),
            ("names", names),
            ("wildcards", other.wildcards || !self.wildcards),
            ("common_name", other.common_name || !self.common_name),
            ("usages", within(&self.usages, &other.usages)),
            ("key_types", within(&self.key_types, &other.key_types)),
            ("ttl_hours", self.ttl_hours.max <= other.ttl_hours.max),
        ];
        fields.into_iter().filter(|(_, holds)| !holds).map(|(field, _)| field).collect()
    }
}

fn covered<T>(these: &[T], by: &[T], covers: fn(&T, &T) -> bool) -> bool {
    these.iter().all(|this| by.iter().any(|other| covers(other, this)))
}

fn within<T: PartialEq>(these: &[T], others: &[T]) -> bool {
    these.iter().all(|this| others.contains(this))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A rule with these fields in the place of the usual ones, and without those that are null.
    fn rule(fields: &Value) -> Value {
        let mut rule = json!({
            "name": "services",
            "callers": ["arn:aws:iam::111122223333:role/ci-*", "222233334444"],
            "user_ids": ["AROAEXAMPLEEXAMPLE012", "AROAEXAMPLEEXAMPLE013"],
            "dns": ["*.internal.example", "one.example"],
            "ip": ["10.0.0.0/8"],
            "uri": ["spiffe://internal.example/ns/*", "spiffe://b.example/{role_name}"],
            "wildcards": true,
            "common_name": true,
            "usages": ["client", "server"],
            "key_types": ["p256", "p384"],
            "ttl_hours": {"default": 6, "max": 12}
        });
        let all = rule.as_object_mut().unwrap();
        all.extend(fields.as_object().unwrap().clone());
        all.retain(|_, value| !value.is_null());
        rule
    }

    fn policy(rules: &[Value]) -> Policy {
        Policy::from_json(json!({ "rules": rules }).to_string().as_bytes()).unwrap()
    }

    /// In which fields a rule grants more than the usual one.
    fn beyond(fields: &Value) -> Vec<&'static str> {
        let (before, after) = (policy(&[rule(&json!({}))]), policy(&[rule(fields)]));
        let broader = after.broader_than(&[before]);
        broader.first().map(|it| it.fields.clone()).unwrap_or_default()
    }

    #[test]
    fn less_of_anything_is_not_more() {
        for fields in [
            json!({}),
            json!({"callers": ["arn:aws:iam::111122223333:role/ci-deploy-*"]}),
            json!({"callers": ["arn:aws:iam::222233334444:user/ada"]}),
            json!({"user_ids": ["AROAEXAMPLEEXAMPLE013"]}),
            json!({"dns": ["*.a.internal.example", "b.internal.example"]}),
            json!({"ip": ["10.1.0.0/16", "10.0.0.1"]}),
            json!({"uri": ["spiffe://internal.example/ns/a/*", "spiffe://internal.example/ns/b"]}),
            json!({"uri": ["spiffe://b.example/{role_name}"]}),
            json!({"wildcards": false, "common_name": false}),
            json!({"usages": ["client"], "key_types": ["p384"]}),
            json!({"ttl_hours": {"default": 12, "max": 12}}),
        ] {
            assert_eq!(beyond(&fields), [""; 0], "{fields}");
        }
    }

    #[test]
    fn more_of_anything_is_told_by_its_field() {
        for (fields, field) in [
            (json!({"callers": ["*"]}), "callers"),
            (json!({"callers": ["111122223333"]}), "callers"),
            (json!({"callers": ["arn:aws:iam::111122223333:role/c*"]}), "callers"),
            (json!({"callers": ["arn:aws:iam::*:role/ci-*"]}), "callers"),
            (json!({"callers": ["arn:aws:iam::111122223333:user/ci-a"]}), "callers"),
            (json!({"user_ids": null}), "user_ids"),
            (json!({"user_ids": ["AROAEXAMPLEEXAMPLE014"]}), "user_ids"),
            (json!({"dns": ["*.example"]}), "names"),
            (json!({"dns": ["internal.example", "*.internal.example"]}), "names"),
            (json!({"dns": ["*.one.example"]}), "names"),
            (json!({"ip": ["10.0.0.0/7"]}), "names"),
            (json!({"ip": ["11.0.0.1"]}), "names"),
            (json!({"uri": ["spiffe://internal.example/*"]}), "names"),
            (json!({"uri": ["spiffe://b.example/{user_name}"]}), "names"),
            (json!({"usages": ["client"], "key_types": ["p256", "rsa"]}), "key_types"),
            (json!({"ttl_hours": {"default": 1, "max": 13}}), "ttl_hours"),
        ] {
            assert_eq!(beyond(&fields), [field], "{fields}");
        }
        let strict = policy(&[rule(
            &json!({"wildcards": false, "common_name": false, "usages": ["client"]}),
        )]);
        let after = policy(&[rule(&json!({}))]);
        let fields = &after.broader_than(&[strict])[0].fields;
        assert_eq!(fields, &["wildcards", "common_name", "usages"]);
    }

    #[test]
    fn a_rule_counts_by_what_it_grants_whatever_its_name_and_place() {
        let renamed = rule(&json!({"name": "renamed", "dns": ["one.example"], "wildcards": false}));
        let new = rule(&json!({"name": "new", "dns": ["*.new.example"]}));
        let before = policy(&[rule(&json!({}))]);
        let after = policy(&[renamed, new, rule(&json!({}))]);
        let found = after.broader_than(std::slice::from_ref(&before));
        assert_eq!(found, [Broader { number: 1, rule: "new", fields: Vec::new() }]);
        assert_eq!(before.broader_than(std::slice::from_ref(&after)), []);
        assert_eq!(before.broader_than(&[]).len(), 1, "nothing was granted before");
    }
}
