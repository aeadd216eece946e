use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::resource::Place;
use crate::stack::{DEFAULT, Stack};

/// The policy of an errand on a stack of which nothing is there.
fn least(errand: Errand, stack: &str, place: &Place) -> Value {
    let stack = Stack::parse(stack, "stack.yaml", PathBuf::from(".")).expect("a stack");
    let documents = stack.resources.iter();
    let documents =
        documents.map(|(address, declaration)| (address.clone(), &declaration.declared)).collect();
    let prospect = Prospect { place, documents, known: BTreeMap::new() };
    serde_json::to_value(document(errand, &prospect)).expect("a document")
}

fn here() -> Place {
    Place::new(Some("eu-west-1".into()), Some("123456789012".into()))
}

fn statements(policy: &Value) -> &[Value] {
    policy["Statement"].as_array().expect("statements")
}

fn texts(list: &Value) -> BTreeSet<&str> {
    list.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

/// The ARNs that an action is allowed on.
fn reach<'p>(policy: &'p Value, action: &str) -> Vec<&'p str> {
    let about = |statement: &&Value| texts(&statement["Action"]).contains(action);
    let about = statements(policy).iter().filter(about);
    about.flat_map(|statement| texts(&statement["Resource"])).collect()
}

#[test]
fn the_deployer_may_neither_read_secrets_nor_invoke_functions() {
    for policy in [policy(), least(Errand::Apply, DEFAULT, &here()).to_string()] {
        for action in ["GetSecretValue", "InvokeFunction", "execute-api", "iam:CreateUser"] {
            assert!(!policy.contains(action), "{action}");
        }
        assert!(!policy.contains("apigateway:*") && !policy.contains("iam:*"), "{policy}");
        assert!(policy.contains("iam:PassedToService"));
    }
}

#[test]
fn every_policy_of_the_default_stack_fits_into_one_managed_policy() {
    for errand in [Errand::Plan, Errand::Apply, Errand::Destroy, Errand::Issue, Errand::Audit] {
        let text = least(errand, DEFAULT, &here()).to_string();
        let length = text.chars().filter(|letter| !letter.is_whitespace()).count();
        assert!(length < QUOTA, "{errand:?} takes {length} characters");
    }
}

#[test]
fn only_the_list_of_log_groups_is_allowed_on_everything() {
    for errand in [Errand::Plan, Errand::Apply, Errand::Destroy] {
        let policy = least(errand, DEFAULT, &here());
        let wide = statements(&policy).iter().filter(|one| texts(&one["Resource"]).contains("*"));
        let wide: Vec<_> = wide.map(|statement| texts(&statement["Action"])).collect();
        assert_eq!(wide, [BTreeSet::from(["logs:DescribeLogGroups"])], "{errand:?}");
    }
}

#[test]
fn a_role_is_passed_to_lambda_only_and_no_other_role_is() {
    let policy = least(Errand::Apply, DEFAULT, &here());
    let passes = |statement: &&Value| texts(&statement["Action"]).contains("iam:PassRole");
    let passing: Vec<_> = statements(&policy).iter().filter(passes).collect();
    assert_eq!(
        passing,
        [&json!({
            "Sid": "PassIamRoleSigner",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": ["arn:aws:iam::123456789012:role/cert-issuer-signer"],
            "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        })]
    );
    for errand in [Errand::Plan, Errand::Destroy] {
        assert!(!least(errand, DEFAULT, &here()).to_string().contains("PassRole"), "{errand:?}");
    }
}

#[test]
fn what_is_made_may_be_tagged_where_it_is_made() {
    let policy = least(Errand::Apply, DEFAULT, &here());
    for (make, tag) in [
        ("secretsmanager:CreateSecret", "secretsmanager:TagResource"),
        ("iam:CreateRole", "iam:TagRole"),
        ("lambda:CreateFunction", "lambda:TagResource"),
        ("logs:CreateLogGroup", "logs:TagResource"),
    ] {
        assert!(!reach(&policy, make).is_empty(), "{make}");
        assert_eq!(reach(&policy, make), reach(&policy, tag), "{make}");
    }
    let posted = reach(&policy, "apigateway:POST");
    assert_eq!(
        posted,
        ["", "/*"]
            .map(|rest| format!("arn:aws:apigateway:eu-west-1::/apis{rest}"))
            .iter()
            .map(String::as_str)
            .chain(["arn:aws:apigateway:eu-west-1::/tags/*"])
            .collect::<Vec<_>>()
    );
}

/// What the local AWS never asks for; the other actions of the policy are tried out on it.
#[test]
fn what_only_aws_itself_asks_for_is_allowed_too() {
    let policy = least(Errand::Apply, DEFAULT, &here());
    let function = "arn:aws:lambda:eu-west-1:123456789012:function:cert-issuer-signer";
    for action in ["lambda:DeleteFunctionConcurrency", "lambda:ListTags", "lambda:CreateFunction"] {
        assert_eq!(reach(&policy, action), [function], "{action}");
    }
    for action in ["apigateway:TagResource", "apigateway:UntagResource"] {
        assert_eq!(reach(&policy, action), reach(&policy, "apigateway:POST"), "{action}");
    }
}

#[test]
fn plans_change_nothing_and_destroys_make_nothing() {
    let plan = least(Errand::Plan, DEFAULT, &here());
    let actions: BTreeSet<_> =
        statements(&plan).iter().flat_map(|statement| texts(&statement["Action"])).collect();
    for action in &actions {
        let (_, verb) = action.split_once(':').expect("a service");
        let reads = ["Describe", "Get", "GET", "List"].iter().any(|read| verb.starts_with(read));
        assert!(reads, "{action}");
    }
    let destroy = least(Errand::Destroy, DEFAULT, &here()).to_string();
    for verb in ["Create", "Put", "Update", "POST", "PATCH", ":Tag"] {
        assert!(!destroy.contains(verb), "{verb}");
    }
    assert!(destroy.contains("secretsmanager:DeleteSecret"));
}

#[test]
fn statements_are_named_after_resources_each_by_another_name() {
    let stack = "\
stack: groups
resources:
  log_group.a_b: { name: /one }
  log_group.a__b: { name: /two }
  log_group.c: { name: /three }
";
    let policy = least(Errand::Apply, stack, &here());
    let sids: Vec<_> = statements(&policy).iter().filter_map(|one| one["Sid"].as_str()).collect();
    assert_eq!(sids, ["FindLogGroupAB", "LogGroupAB", "LogGroupAB2", "LogGroupC"]);
}

#[test]
fn callers_are_let_in_to_the_one_route_and_auditors_to_the_one_log() {
    let issue = least(Errand::Issue, DEFAULT, &here());
    let route = "arn:aws:execute-api:eu-west-1:123456789012:*/$default/POST/issue-cert";
    assert_eq!(reach(&issue, "execute-api:Invoke"), [route]);
    assert_eq!(statements(&issue).len(), 1);
    let audit = least(Errand::Audit, DEFAULT, &here());
    let group = "arn:aws:logs:eu-west-1:123456789012:log-group:/cert-issuer/signer";
    assert_eq!(reach(&audit, "logs:FilterLogEvents"), [group, &format!("{group}:*")]);
    assert_eq!(statements(&audit).len(), 1);
}

#[test]
fn what_is_not_known_of_the_place_is_left_open() {
    let secret = |region: Option<&str>| {
        let place = Place::new(region.map(str::to_owned), None);
        let policy = least(Errand::Plan, DEFAULT, &place);
        reach(&policy, "secretsmanager:DescribeSecret")[1].to_owned()
    };
    assert_eq!(secret(None), "arn:aws:secretsmanager:*:*:secret:cert-issuer/ca-??????");
    for (region, partition) in [
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-east-1", "aws"),
        ("eu-west-1", "aws"),
    ] {
        let arn = format!("arn:{partition}:secretsmanager:{region}:*:secret:cert-issuer/ca-??????");
        assert_eq!(secret(Some(region)), arn);
    }
}
