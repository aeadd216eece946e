use serde_json::json;

use super::*;

fn place() -> Place {
    Place::new(Some("eu-west-1".into()), Some("123456789012".into()))
}

/// One change of a plan.
fn change(address: &str, action: &str, spec: &Value, live: &Value, fields: &[&str]) -> Value {
    let field = |path| json!({"path": path, "before": null, "after": null, "drift": false, "forces_replacement": false});
    let fields: Vec<_> = fields.iter().map(field).collect();
    json!({
        "address": address, "action": action, "reasons": [], "fields": fields, "after": [],
        "spec": spec, "depends_on": [], "live": live,
    })
}

fn plan(changes: &[Value]) -> Plan {
    serde_json::from_value(json!({"stack": "trial", "changes": changes})).expect("a plan")
}

/// What is asked about, and what would be said if everything got this decision.
fn asked(plan: &Plan, decision: Decision) -> (Vec<String>, Vec<String>) {
    let expected = expected(plan, &place());
    let asked = expected.iter().map(|one| one.need.action.to_owned()).collect();
    let resources: BTreeSet<_> =
        expected.iter().flat_map(|one| one.need.resources.clone()).collect();
    let opinions: Vec<_> = expected
        .iter()
        .flat_map(|one| {
            resources.iter().map(|resource| Opinion {
                action: one.need.action.to_owned(),
                resource: resource.clone(),
                decision,
            })
        })
        .collect();
    let missing = judged(expected, &opinions);
    (asked, missing.iter().map(|one| format!("{} {}", one.action, one.resource)).collect())
}

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";
const GROUP: &str = "arn:aws:logs:eu-west-1:123456789012:log-group:/g";

fn group(days: Option<i32>) -> Value {
    json!({"name": "/g", "retention_days": days, "tags": {}})
}

#[test]
fn what_makes_an_object_is_asked_about_and_what_only_may_be_needed_is_not() {
    let forever = plan(&[change("log_group.g", "create", &group(None), &Value::Null, &[])]);
    let missing = ["logs:CreateLogGroup", "logs:TagResource"];
    assert_eq!(asked(&forever, Decision::Open), (missing.map(str::to_owned).into(), vec![]));
    let month = plan(&[change("log_group.g", "create", &group(Some(30)), &Value::Null, &[])]);
    let missing = ["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource"];
    let lines = missing.map(|action| format!("{action} {GROUP}"));
    assert_eq!(asked(&month, Decision::NotAllowed).1, lines);
    assert_eq!(asked(&month, Decision::Denied).1, lines);
}

#[test]
fn a_change_takes_what_its_fields_take() {
    let live = json!({"spec": group(Some(7)), "outputs": {"arn": GROUP, "name": "/g"}});
    let update = |days, field| {
        let update = change("log_group.g", "update", &group(days), &live, &[field]);
        asked(&plan(&[update]), Decision::NotAllowed).0
    };
    assert_eq!(update(Some(30), "retention_days"), ["logs:PutRetentionPolicy"]);
    assert_eq!(update(None, "retention_days"), [""; 0]);
    assert_eq!(update(Some(7), "tags.team"), [""; 0]);
    let delete = change("log_group.g", "delete", &Value::Null, &live, &[]);
    assert_eq!(asked(&plan(&[delete]), Decision::Open).0, ["logs:DeleteLogGroup"]);
    let same = change("log_group.g", "no_op", &group(Some(7)), &live, &[]);
    assert_eq!(asked(&plan(&[same]), Decision::Open).0, [""; 0]);
}

#[test]
fn policies_of_secrets_and_functions_may_allow_what_the_callers_do_not() {
    let spec = json!({"name": "f", "role": ROLE, "memory_mb": 256});
    let live = json!({"spec": spec, "outputs": {"arn": FUNCTION, "name": "f"}});
    let update = plan(&[change("lambda_function.f", "update", &spec, &live, &["memory_mb"])]);
    let (about, missing) = asked(&update, Decision::NotAllowed);
    assert_eq!((about, missing.len()), (vec!["lambda:UpdateFunctionConfiguration".into()], 0));
    assert_eq!(asked(&update, Decision::Denied).1.len(), 1);
    let create = plan(&[change("lambda_function.f", "create", &spec, &Value::Null, &[])]);
    let (about, missing) = asked(&create, Decision::NotAllowed);
    assert_eq!(about, ["lambda:CreateFunction", "lambda:TagResource"], "not iam:PassRole");
    assert_eq!(missing.len(), 2);
}

#[test]
fn within_an_api_a_narrower_policy_may_do() {
    let api = json!({"name": "a", "description": "", "auto_deploy": true, "tags": {}});
    let route = json!({
        "api": "${http_api.a.id}", "route": "GET /", "authorization": "AWS_IAM",
        "function": FUNCTION, "payload_format": "2.0", "invoke_from": "$default/GET/",
    });
    let both = plan(&[
        change("http_api.a", "create", &api, &Value::Null, &[]),
        change("http_route.r", "create", &route, &Value::Null, &[]),
    ]);
    assert_eq!(
        asked(&both, Decision::NotAllowed).1,
        [
            "apigateway:POST arn:aws:apigateway:eu-west-1::/apis".to_owned(),
            format!("lambda:AddPermission {FUNCTION}"),
        ]
    );
}

#[test]
fn one_arn_that_is_allowed_will_do_and_silence_is_consent() {
    let month = plan(&[change("log_group.g", "create", &group(None), &Value::Null, &[])]);
    let say = |opinions: &[(&str, &str, Decision)]| {
        let opinion = |(action, resource, decision): &(&str, &str, Decision)| Opinion {
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
            decision: *decision,
        };
        let opinions: Vec<_> = opinions.iter().map(opinion).collect();
        judged(expected(&month, &place()), &opinions).len()
    };
    let (make, within) = ("logs:CreateLogGroup", format!("{GROUP}:x"));
    assert_eq!(say(&[]), 0);
    assert_eq!(say(&[(make, GROUP, Decision::NotAllowed)]), 1);
    let allowed_within = (make, within.as_str(), Decision::Open);
    assert_eq!(say(&[(make, GROUP, Decision::NotAllowed), allowed_within]), 0);
    assert_eq!(say(&[(make, "*", Decision::Denied), ("iam:GetRole", GROUP, Decision::Denied)]), 0);
}

#[test]
fn the_error_lists_everything_with_its_change() {
    let month = plan(&[change("log_group.g", "create", &group(None), &Value::Null, &[])]);
    let expected = expected(&month, &place());
    let opinions: Vec<_> = expected
        .iter()
        .map(|one| Opinion {
            action: one.need.action.to_owned(),
            resource: GROUP.to_owned(),
            decision: Decision::NotAllowed,
        })
        .collect();
    let error = refusal(&judged(expected, &opinions), "apply");
    assert_eq!(error.message, "2 permissions are missing for this plan");
    let cause = |action| format!("{action} on {GROUP}, to create log_group.g");
    assert_eq!(error.causes, [cause("logs:CreateLogGroup"), cause("logs:TagResource")]);
    assert!(error.hints.contains(&"nothing was changed".to_owned()), "{error:?}");
}
