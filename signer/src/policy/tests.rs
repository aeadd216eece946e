//! Policies as they are written, and what they say to whom.

use serde_json::{Value, json};

use super::{Denied, Grant, Policy, Usage, Wanted};
use crate::caller::Caller;
use crate::csr::KeyType;
use crate::name::{Name, displayed as name};
use crate::refusal::Refusal;

fn problems(policy: &Value) -> Vec<String> {
    let problems = Policy::from_json(policy.to_string().as_bytes()).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

fn policy(rules: &Value) -> Policy {
    Policy::from_json(json!({"rules": rules}).to_string().as_bytes()).unwrap()
}

/// A policy of one rule for everybody.
fn rule_of(fields: &Value) -> Value {
    let mut rule = json!({"name": "all", "callers": ["*"]});
    rule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    json!([rule])
}

fn role(name: &str) -> Caller {
    Caller {
        arn: format!("arn:aws:sts::111122223333:assumed-role/{name}/any"),
        user_id: "AROAEXAMPLE:any".into(),
    }
}

fn user(name: &str) -> Caller {
    Caller { arn: format!("arn:aws:iam::111122223333:user/{name}"), user_id: "AIDAEXAMPLE".into() }
}

fn wanted(names: &[Name]) -> Wanted<'_> {
    Wanted { names, common_name: None, usages: &[], key_type: KeyType::P256, ttl_hours: None }
}

fn decide(policy: &Policy, caller: &Caller, names: &[&str]) -> Result<Grant, Denied> {
    let names: Vec<_> = names.iter().map(|text| name(text)).collect();
    policy.decide(caller, &wanted(&names))
}

#[test]
fn what_is_left_out_has_its_default() {
    let written = policy(&rule_of(&json!({"dns": ["a.example"]})));
    let rule = &written.rules()[0];
    assert_eq!((rule.ttl_hours.default, rule.ttl_hours.max), (12, 24));
    assert_eq!((rule.usages.as_slice(), rule.key_types.len()), (&[Usage::Client][..], 4));
    assert!(!rule.common_name && !rule.wildcards && rule.user_ids.is_empty());
    let short = policy(&rule_of(&json!({"dns": ["a.example"], "ttl_hours": {"max": 6}})));
    let ttl_hours = short.rules()[0].ttl_hours;
    assert_eq!((ttl_hours.default, ttl_hours.max), (6, 6), "no default above the maximum");
}

#[test]
fn without_a_rule_there_is_no_certificate() {
    let denied = decide(&policy(&json!([])), &role("ci"), &["dns:a.example"]);
    assert_eq!(denied.unwrap_err(), Denied::Caller);
    assert!(problems(&json!({}))[0].contains("rules"));
}

#[test]
fn every_problem_is_found_at_its_place() {
    let bad = json!({"rules": [
        {"name": "a", "callers": ["*"], "dns": ["a.example"]},
        {
            "name": "a",
            "callers": ["ada", "*"],
            "user_ids": ["AROAEXAMPLE:session", "AROAEXAMPLE"],
            "ttl_hours": {"default": 30, "max": 169},
            "usages": ["client", "client"],
            "key_types": [],
            "dns": ["ok.example", "a*.example", "*", "*.", "10.0.0.1", "{x}.example", "{role_name.a"],
            "ip": ["10.0.0.1/8", "10.0.0.0/33", "x", "::/0", "0.0.0.0/0", "0.0.0.0", "::ffff:10.0.0.0/104"],
            "uri": ["spiffe://a*", "spiffe://a.example/x*", "*", "https://a.example/b?c",
                "spiffe://a.example/{session_name}", "spiffe://a.example/{role_name}*",
                "{role_name}://a.example/x"],
        },
        {"name": "no names", "callers": [], "user_ids": [], "wildcards": true},
    ]});
    let found = problems(&bad);
    let places: Vec<_> = found.iter().map(|text| text.split(": ").next().unwrap()).collect();
    let expected = "
        rules[1].name rules[1].callers[0] rules[1].user_ids[0]
        rules[1].dns[1] rules[1].dns[2] rules[1].dns[3] rules[1].dns[4] rules[1].dns[5] rules[1].dns[6]
        rules[1].ip[0] rules[1].ip[1] rules[1].ip[2] rules[1].ip[5] rules[1].ip[6]
        rules[1].uri[0] rules[1].uri[1] rules[1].uri[2] rules[1].uri[3] rules[1].uri[4] rules[1].uri[5]
        rules[1].uri[6]
        rules[1].usages[1] rules[1].key_types rules[1].ttl_hours.max
        rules[2].name rules[2].callers rules[2].user_ids rules[2].dns rules[2].wildcards";
    assert_eq!(places, expected.split_whitespace().collect::<Vec<_>>(), "{found:#?}");
    let lifetimes = |default: u32, max: u32| {
        let lifetimes = json!({"default": default, "max": max});
        problems(&json!({"rules": rule_of(&json!({"dns": ["a.b"], "ttl_hours": lifetimes}))}))
    };
    let message = "rules[0].ttl_hours.default: must be from 1 to the maximum of 6";
    assert_eq!(lifetimes(7, 6), [message]);
    assert_eq!(lifetimes(0, 0).len(), 2);
    let nothing = json!({"rules": rule_of(&json!({"dns": ["a.b"], "user_ids": null}))});
    assert!(problems(&nothing)[0].starts_with("rules[0].user_ids: invalid type: null"));
    let unknown = json!({"rules": rule_of(&json!({"dns": ["a.b"], "dsn": []}))});
    assert!(problems(&unknown)[0].contains("dsn"));
    let usage = json!({"rules": rule_of(&json!({"dns": ["a.b"], "usages": ["code"]}))});
    assert!(problems(&usage)[0].starts_with("rules[0].usages[0]"));
}

#[test]
fn patterns_grant_what_they_say_and_no_more() {
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
            &["dns:x.example", "dns:ax.example", "dns:a.x.example.com", "dns:*.x.example"],
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
        ("uri", "https://a.example/*", &["uri:https://a.example/b"], &["uri:https://a.example/"]),
    ] {
        let policy = policy(&rule_of(&json!({(kind): [pattern]})));
        let allowed = |text: &str| decide(&policy, &user("ada"), &[text]).is_ok();
        for text in granted {
            assert!(allowed(text), "{pattern} should grant {text}");
        }
        for text in refused {
            assert!(!allowed(text), "{pattern} should refuse {text}");
        }
    }
}

#[test]
fn wildcards_are_granted_below_a_pattern_and_only_where_the_rule_says_so() {
    let policy = policy(&rule_of(&json!({"dns": ["*.x.example", "y.example"], "wildcards": true})));
    let allowed = |text: &str| decide(&policy, &user("ada"), &[text]).is_ok();
    for text in ["dns:*.x.example", "dns:*.a.x.example", "dns:a.x.example"] {
        assert!(allowed(text), "{text}");
    }
    for text in ["dns:*.y.example", "dns:*.ax.example", "dns:*.x.example.com"] {
        assert!(!allowed(text), "{text}");
    }
}

#[test]
fn templates_bind_names_to_the_caller() {
    let policy = policy(&rule_of(&json!({
        "dns": ["{role_name}.svc.example", "*.{account}.example", "{user_name}.user.example"],
        "uri": ["spiffe://t.example/ns/{account}/role/{role_name}", "spiffe://t.example/{user_id}/*",
            "https://{role_name}.svc.example/*", "urn:role:{role_name}"],
    })));
    for (caller, names, others) in [
        (
            role("Deploy"),
            &[
                "dns:deploy.svc.example",
                "dns:x.111122223333.example",
                "uri:spiffe://t.example/ns/111122223333/role/Deploy",
                "uri:spiffe://t.example/AROAEXAMPLE/x",
                "uri:urn:role:Deploy",
            ][..],
            &[
                "dns:other.svc.example",
                "dns:any.svc.example",
                "dns:any.user.example",
                "dns:x.111122223334.example",
                "uri:spiffe://t.example/ns/111122223333/role/deploy",
                "uri:spiffe://t.example/ns/111122223333/role/any",
                "uri:spiffe://t.example/AIDAEXAMPLE/x",
            ][..],
        ),
        (
            user("teams/ada"),
            &["dns:ada.user.example", "uri:spiffe://t.example/AIDAEXAMPLE/x"],
            &["dns:teams.user.example", "dns:ada.svc.example"],
        ),
        // Names that would add a label, and names that no host or path can have.
        (
            role("a.b"),
            &["uri:spiffe://t.example/ns/111122223333/role/a.b", "uri:urn:role:a.b"],
            &["dns:a.b.svc.example", "uri:https://a.b.svc.example/x"],
        ),
        (role("a-b"), &["uri:https://a-b.svc.example/x"], &["uri:https://b.svc.example/x"]),
        (role(".."), &[], &["dns:svc.example"]),
        (role("a+b"), &["dns:x.111122223333.example"], &["dns:a.svc.example"]),
        // What AWS gives as the id of such users is that of the account, the same for all of them.
        (
            Caller {
                arn: "arn:aws:sts::111122223333:federated-user/ada".into(),
                user_id: "111122223333:ada".into(),
            },
            &["dns:x.111122223333.example"],
            &["uri:spiffe://t.example/111122223333/x"],
        ),
    ] {
        for text in names {
            assert!(decide(&policy, &caller, &[text]).is_ok(), "{} and {text}", caller.arn);
        }
        for text in others {
            assert!(decide(&policy, &caller, &[text]).is_err(), "{} and {text}", caller.arn);
        }
    }
}

#[test]
fn rules_are_for_their_callers_and_for_the_ids_that_they_name() {
    let policy = policy(&json!([
        {"name": "ci", "callers": ["arn:aws:iam::111122223333:role/ci"], "user_ids": ["AROAEXAMPLE"], "dns": ["a.example"]},
        {"name": "people", "callers": ["arn:aws:iam::111122223333:user/*"], "dns": ["b.example"]},
    ]));
    assert_eq!(decide(&policy, &role("ci"), &["dns:a.example"]).unwrap().rule, "ci");
    assert_eq!(decide(&policy, &user("ada"), &["dns:b.example"]).unwrap().rule, "people");
    let again = Caller { user_id: "AROAANOTHER:any".into(), ..role("ci") };
    assert_eq!(decide(&policy, &again, &["dns:a.example"]).unwrap_err(), Denied::Caller);
    assert_eq!(decide(&policy, &role("cd"), &["dns:a.example"]).unwrap_err(), Denied::Caller);
    let strange = Caller { arn: "arn:aws:iam::111122223333:role/ci".into(), ..role("ci") };
    assert_eq!(decide(&policy, &strange, &["dns:a.example"]).unwrap_err(), Denied::Caller);
}

#[test]
fn a_denial_lists_exactly_what_was_refused() {
    let policy = policy(&json!([
        {"name": "one", "callers": ["*"], "dns": ["a.example", "b.example"]},
        {"name": "two", "callers": ["*"], "dns": ["c.example"], "ip": ["192.0.2.1"]},
        {"name": "others", "callers": ["arn:aws:iam::*:role/other"], "dns": ["secret.example"]},
    ]));
    let denied = |names: &[&str]| decide(&policy, &user("ada"), names).unwrap_err();
    assert_eq!(
        denied(&["dns:a.example", "dns:d.example", "dns:secret.example"]),
        Denied::Names(vec![name("dns:d.example"), name("dns:secret.example")])
    );
    assert_eq!(
        denied(&["dns:a.example", "dns:b.example", "dns:c.example"]),
        Denied::Together(vec![name("dns:c.example")])
    );
    let refusal = Refusal::from(denied(&["dns:d.example", "ip:192.0.2.2"]));
    assert_eq!(refusal.message, "not allowed for this caller: dns:d.example, ip:192.0.2.2");
}

#[test]
fn the_rule_that_grants_most_is_the_one_that_speaks() {
    let policy = policy(&json!([
        {"name": "short", "callers": ["*"], "dns": ["a.example"], "ttl_hours": {"default": 2, "max": 3},
            "usages": ["client", "server"]},
        {"name": "long", "callers": ["*"], "dns": ["a.example"], "ttl_hours": {"default": 1, "max": 5},
            "key_types": ["p384"], "common_name": true},
    ]));
    let names = [name("dns:a.example")];
    let decide = |change: &dyn Fn(&mut Wanted<'_>)| {
        let mut wanted = wanted(&names);
        change(&mut wanted);
        policy.decide(&user("ada"), &wanted)
    };
    let grant = decide(&|_| ()).unwrap();
    assert_eq!((grant.rule.as_str(), grant.ttl_hours, grant.usages.len()), ("short", 2, 2));
    // Only what is asked for, where something is.
    let client = decide(&|wanted| wanted.usages = &[Usage::Client]).unwrap();
    assert_eq!(client.usages, [Usage::Client]);
    let long = decide(&|wanted| {
        wanted.ttl_hours = Some(5);
        wanted.key_type = KeyType::P384;
    });
    assert_eq!(long.unwrap().rule, "long");
    for (change, denied) in [
        (
            &(|wanted: &mut Wanted<'_>| wanted.ttl_hours = Some(4)) as &dyn Fn(&mut Wanted<'_>),
            Denied::Ttl(3),
        ),
        (
            &|wanted: &mut Wanted<'_>| {
                wanted.ttl_hours = Some(6);
                wanted.key_type = KeyType::P384;
            },
            Denied::Ttl(5),
        ),
        (
            &|wanted: &mut Wanted<'_>| {
                wanted.ttl_hours = Some(4);
                wanted.usages = &[Usage::Client, Usage::Server];
                wanted.key_type = KeyType::P384;
            },
            Denied::Ttl(3),
        ),
    ] {
        assert_eq!(decide(change).unwrap_err(), denied);
    }
    let name = &names[0];
    let wanted =
        |key_type, usages| Wanted { common_name: Some(name), key_type, usages, ..wanted(&names) };
    let decide = |key_type, usages| policy.decide(&user("ada"), &wanted(key_type, usages));
    assert_eq!(decide(KeyType::P256, &[]).unwrap_err(), Denied::KeyType(KeyType::P256));
    assert_eq!(decide(KeyType::P384, &[]).unwrap().common_name.as_ref(), Some(name));
    let denied = decide(KeyType::P384, &[Usage::Server]).unwrap_err();
    assert_eq!(denied, Denied::Usages(vec![Usage::Server]));
}
