//! `deployer policy`

use std::process::ExitCode;

use serde_json::json;
use signer::caller::Caller;
use signer::csr;
use signer::policy::{FILE_NAME, Policy};
use signer::refusal::Refusal;
use signer::request::Request;

use super::{least, load};
use crate::cli::{Global, PolicyArgs, PolicyCheckArgs, PolicyCommand};
use crate::error::{Error, Result};
use crate::issue;
use crate::stack::Stack;
use crate::ui::Ui;

/// What AWS would put behind the name of a role; no rule can depend on it.
const ANY_SESSION: &str = "any-session";

/// The exit status for a request that would be refused.
const REFUSED: u8 = 2;

pub(super) fn run(global: &Global, args: &PolicyArgs, ui: &Ui) -> Result<ExitCode> {
    match (&args.command, args.errand) {
        (Some(PolicyCommand::Check(args)), None) => check(global, args, ui),
        (None, Some(errand)) => least::print(global, errand, args, ui),
        _ => Err(Error::new("`policy check` does not go together with --for")),
    }
}

/// Asks the policy of the stack file what the signer would ask it, in the same order.
fn check(global: &Global, args: &PolicyCheckArgs, ui: &Ui) -> Result<ExitCode> {
    let policy = policy(&load(global)?)?;
    let caller = caller(&args.caller, args.user_id.as_deref())?;
    let body = body(args)?;
    let request = match Request::from_json(&body).and_then(|request| csr::verify(&request.csr)) {
        Ok(request) => request,
        Err(refusal) => {
            ui.policy_refusal(&refusal, args.json);
            return Ok(ExitCode::from(REFUSED));
        }
    };
    if args.user_id.is_none() && policy.depends_on_user_ids() {
        ui.detail("without --user-id, rules and names that depend on it grant nothing here");
    }
    let wanted = request.wanted(args.ttl_hours);
    let rules: Vec<_> = policy
        .rules()
        .iter()
        .map(|rule| (rule.name().to_owned(), rule.decide(&caller, &wanted)))
        .collect();
    let decision = policy.decide(&caller, &wanted).map_err(Refusal::from);
    ui.policy_decision(&caller, &wanted, &rules, &decision, args.json);
    Ok(if decision.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}

/// What `deployer issue` would send.
fn body(args: &PolicyCheckArgs) -> Result<Vec<u8>> {
    let csr = issue::certificate_request(&issue::Request {
        dns: args.names.dns.clone(),
        ip: args.names.ip.clone(),
        uri: args.names.uri.clone(),
        common_name: args.names.cn.clone(),
        usages: args.usage.clone(),
        key_type: args.key_type,
        csr: args.csr.clone(),
        ..issue::Request::default()
    })?;
    Ok(json!({"csr": csr}).to_string().into_bytes())
}

/// The issuing policy that one of the stack's functions carries.
fn policy(stack: &Stack) -> Result<Policy> {
    let path = format!("/code/files/{FILE_NAME}");
    let mut policies =
        stack.resources.values().filter_map(|declaration| declaration.declared.pointer(&path));
    let file = &stack.source.file;
    let Some(policy) = policies.next() else {
        return Err(Error::new(format!("{file} declares no issuing policy"))
            .because(format!("no function in it has a file {FILE_NAME}"))
            .hint("name the stack file of the issuer with --stack"));
    };
    if policies.next().is_some() {
        return Err(Error::new(format!("{file} declares more than one issuing policy")));
    }
    // The stack file was checked with the very parser, so this has no mistakes any more.
    Policy::from_json(policy.to_string().as_bytes()).map_err(|problems| {
        let error = Error::new(format!("the issuing policy in {file} is not valid"));
        problems.iter().fold(error, Error::because)
    })
}

/// The caller as the signer would see it. Whoever names a role means its sessions.
fn caller(arn: &str, user_id: Option<&str>) -> Result<Caller> {
    let caller = Caller {
        arn: session_of(arn).unwrap_or_else(|| arn.to_owned()),
        user_id: user_id.unwrap_or_default().to_owned(),
    };
    if caller.identity().is_some() && !arn.contains('*') {
        return Ok(caller);
    }
    Err(Error::new(format!("`{arn}` is not the ARN of a caller"))
        .because("callers are IAM users and sessions of roles")
        .hint("write arn:aws:iam::ACCOUNT:user/NAME or arn:aws:iam::ACCOUNT:role/NAME")
        .hint("`aws sts get-caller-identity` shows your own"))
}

fn session_of(role: &str) -> Option<String> {
    let (place, name) = role.split_once(":role/")?;
    let name = name.rsplit('/').next()?;
    let (arn, account) = place.split_once(":iam::")?;
    Some(format!("{arn}:sts::{account}:assumed-role/{name}/{ANY_SESSION}"))
}

#[cfg(test)]
mod tests {
    use super::caller;

    #[test]
    fn a_role_stands_for_its_sessions() {
        for (given, expected) in [
            (
                "arn:aws:iam::111122223333:role/teams/ci",
                "arn:aws:sts::111122223333:assumed-role/ci/any-session",
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/ci/ada",
                "arn:aws:sts::111122223333:assumed-role/ci/ada",
            ),
            ("arn:aws:iam::111122223333:user/a/ada", "arn:aws:iam::111122223333:user/a/ada"),
        ] {
            assert_eq!(caller(given, None).expect("a caller").arn, expected);
        }
        for given in [
            "ci",
            "arn:aws:iam::1:role/ci",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:group/a",
        ] {
            let error = caller(given, None).expect_err("refused");
            assert!(error.message.contains(given), "{error:?}");
        }
    }
}
