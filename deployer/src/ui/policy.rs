//! What an issuing policy says to a request, rule by rule, as people and as programs read it.

use std::fmt::Write;

use serde_json::{Value, json};
use signer::caller::Caller;
use signer::name::Name;
use signer::policy::{Denied, Grant, Wanted};
use signer::refusal::Refusal;

use super::style::{BOLD, DIM, GREEN, RED, paint};

/// A rule's name, and what it says.
type Rule = (String, Result<Grant, Denied>);

pub(super) fn render(
    caller: &Caller,
    wanted: &Wanted<'_>,
    rules: &[Rule],
    decision: &Result<Grant, Refusal>,
) -> String {
    let mut text = request(caller, wanted);
    let width = rules.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, verdict) in rules {
        let (sign, words) = match verdict {
            Ok(grant) => (paint(GREEN, "✓"), format!("grants it: {}", granted(grant))),
            Err(refused @ Denied::Caller) => (paint(DIM, "-"), denied(refused)),
            Err(refused) => (paint(RED, "✗"), denied(refused)),
        };
        let _ = writeln!(text, "{sign} {name:width$}  {words}");
    }
    if rules.is_empty() {
        text.push_str("there are no rules\n");
    }
    text.push('\n');
    text + &answer(decision)
}

fn answer(decision: &Result<Grant, Refusal>) -> String {
    match decision {
        Ok(grant) => {
            let issued = format!("The certificate would be issued by the rule {}", grant.rule);
            format!("{}: {}\n", paint(BOLD, &issued), granted(grant))
        }
        Err(refusal) => refused(refusal),
    }
}

/// The answer that the signer would give.
pub(super) fn refused(refusal: &Refusal) -> String {
    let Refusal { code, message, .. } = refusal;
    let answer = format!("The request would be refused with {} {}", code.status(), code.as_str());
    format!("{}: {message}\n", paint(BOLD, &answer))
}

pub(super) fn document(
    caller: &Caller,
    wanted: &Wanted<'_>,
    rules: &[Rule],
    decision: &Result<Grant, Refusal>,
) -> Value {
    let rules: Vec<_> = rules
        .iter()
        .map(|(name, verdict)| match verdict {
            Ok(_) => json!({"rule": name, "grants": true}),
            Err(refused) => json!({"rule": name, "grants": false, "reason": denied(refused)}),
        })
        .collect();
    let texts = |names: &[Name]| -> Vec<_> { names.iter().map(ToString::to_string).collect() };
    let outcome = match decision {
        Ok(grant) => json!({
            "issued": true,
            "rule": grant.rule,
            "names": texts(&grant.names),
            "common_name": grant.common_name.as_ref().map(Name::text),
            "usages": grant.usages,
            "ttl_hours": grant.ttl_hours,
        }),
        Err(refusal) => refusal_document(refusal),
    };
    json!({
        "caller": caller.arn,
        "request": {"names": texts(wanted.names), "usages": wanted.usages, "key_type": wanted.key_type},
        "rules": rules,
        "decision": outcome,
    })
}

pub(super) fn refusal_document(refusal: &Refusal) -> Value {
    let Refusal { code, message, .. } = refusal;
    json!({"issued": false, "status": code.status(), "code": code.as_str(), "message": message})
}

fn request(caller: &Caller, wanted: &Wanted<'_>) -> String {
    let mut text = format!("caller  {}\n", caller.arn);
    for (index, name) in wanted.names.iter().enumerate() {
        let _ = writeln!(text, "{:8}{name}", if index == 0 { "names" } else { "" });
    }
    if let Some(name) = wanted.common_name {
        let _ = writeln!(text, "cn      {}", name.text());
    }
    let _ = writeln!(text, "key     {}", wanted.key_type);
    if !wanted.usages.is_empty() {
        let _ = writeln!(text, "usages  {}", list(wanted.usages));
    }
    if let Some(hours) = wanted.ttl_hours {
        let _ = writeln!(text, "valid   {}", hours_of(hours));
    }
    text.push('\n');
    text
}

fn granted(grant: &Grant) -> String {
    format!("for {}, {}", list(&grant.usages), hours_of(grant.ttl_hours))
}

fn denied(denied: &Denied) -> String {
    match denied {
        Denied::Caller => "is not for this caller".into(),
        Denied::Names(names) | Denied::Together(names) => format!("does not grant {}", list(names)),
        Denied::CommonName => "grants no common name".into(),
        Denied::Usages(usages) => format!("does not grant the usage {}", list(usages)),
        Denied::KeyType(key_type) => format!("does not grant keys of type {key_type}"),
        Denied::Ttl(max) => format!("grants at most {}", hours_of(*max)),
    }
}

fn list(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn hours_of(count: u32) -> String {
    if count == 1 { "1 hour".into() } else { format!("{count} hours") }
}
