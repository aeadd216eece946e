//! What apply does when calls fail, at whatever call that is.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::*;
use crate::cloud::fake::FakeCloud;
use crate::ui;

const STACK: &str = r#"
stack: demo
resources:
  secret.ca: { name: demo/ca, value_file: ca.json }
  log_group.signer: { name: /demo, retention_days: 30 }
  iam_role.signer: { name: demo-signer, allow: [{ actions: "a:B", on: "${secret.ca.arn}" }] }
  lambda_function.signer:
    name: demo-signer
    role: ${iam_role.signer.arn}
    code: { cargo: signer }
    log_group: ${log_group.signer.name}
  http_api.issuer: { name: demo }
  http_route.issue_cert: { api: "${http_api.issuer.id}", route: POST /issue-cert, function: "${lambda_function.signer.arn}" }
"#;

/// Another version of the stack, in which something is changed, replaced, added and removed.
fn edited() -> String {
    STACK
        .replace("retention_days: 30", "retention_days: 7")
        .replace("name: demo-signer\n", "name: demo-signer-2\n")
        .replace("secret.ca: { name: demo/ca", "secret.b: { name: demo/b")
        .replace("secret.ca.arn", "secret.b.arn")
}

/// Lets each call fail in turn, before it is carried out or after, and sees to it that the next run
/// gets there, with nothing made twice (which the fake refuses) and nothing left over.
fn converges(prepare: impl Fn(&FakeCloud), plan: impl Fn(&FakeCloud) -> Plan) {
    for lose_answer in [false, true] {
        for call in 1.. {
            let cloud = FakeCloud::new();
            prepare(&cloud);
            cloud.calls.borrow_mut().clear();
            cloud.fail_at.set(Some(call));
            cloud.lose_answer.set(lose_answer);
            let outcome = cloud.carry_out(&plan(&cloud));
            if cloud.calls.borrow().len() < call {
                assert!(call > 1, "something must be done at all");
                break;
            }
            assert_eq!(outcome.failed.len(), 1, "call {call}");
            cloud.fail_at.set(None);
            let again = cloud.carry_out(&plan(&cloud));
            assert!(again.failed.is_empty(), "call {call}: {:?}", again.failed);
            assert!(ui::is_empty(&plan(&cloud)), "call {call}: the next plan is empty");
        }
    }
}

#[test]
fn a_create_that_fails_anywhere_converges() {
    converges(|_| (), |cloud| cloud.plan(STACK).expect("a plan"));
}

#[test]
fn an_edit_that_fails_anywhere_converges() {
    let edited = edited();
    converges(|cloud| drop(cloud.apply(STACK)), |cloud| cloud.plan(&edited).expect("a plan"));
}

#[test]
fn a_destroy_that_fails_anywhere_converges() {
    converges(|cloud| drop(cloud.apply(STACK)), |cloud| cloud.plan_destroy(STACK).expect("a plan"));
}

/// Interrupts the run at each moment in turn, and sees to it that nothing new begins, that all is
/// accounted for, and that the next run gets there.
#[test]
fn an_interruption_at_any_moment_converges() {
    let (mut unfinished, mut not_begun) = (0, 0);
    for moment in 0.. {
        let cloud = FakeCloud::new();
        let plan = cloud.plan(STACK).expect("a plan");
        let looked = Cell::new(0);
        let interrupted = || {
            looked.set(looked.get() + 1);
            looked.get() > moment
        };
        let outcome = cloud.carry_out_until(&plan, &interrupted);
        if looked.get() <= moment {
            break;
        }
        assert_eq!(outcome.failed.len() + outcome.skipped.len(), 0, "moment {moment}");
        assert_eq!(cloud.calls.borrow().len(), 6 - outcome.not_begun.len(), "moment {moment}");
        let came_to = outcome.done.len() + outcome.unfinished.len();
        assert_eq!(came_to + outcome.not_begun.len(), 6, "moment {moment}");
        unfinished += outcome.unfinished.len();
        not_begun += outcome.not_begun.len();
        let again = cloud.carry_out(&cloud.plan(STACK).expect("a plan"));
        assert!(again.failed.is_empty(), "moment {moment}: {:?}", again.failed);
        assert!(ui::is_empty(&cloud.plan(STACK).expect("a plan")), "moment {moment}");
    }
    assert!(unfinished > 0 && not_begun > 0, "{unfinished} unfinished, {not_begun} not begun");
}

#[test]
fn a_run_that_does_something_raises_the_serial_even_if_the_state_stays_the_same() {
    let cloud = FakeCloud::new();
    cloud.apply(STACK);
    let before = cloud.store("demo").state;
    assert!(cloud.apply(STACK).is_empty());
    assert_eq!(cloud.store("demo").state, before, "an idle run leaves the state alone");
    cloud.tamper("log_group", |live| live.spec["retention_days"] = 1.into());
    assert_eq!(cloud.apply(STACK), ["update log_group.signer"]);
    let after = cloud.store("demo").state;
    assert_eq!(after.resources, before.resources);
    assert!(after.serial > before.serial);
}

#[test]
fn a_failure_holds_back_only_what_depends_on_it() {
    let cloud = FakeCloud::new();
    let plan = cloud.plan(STACK).expect("a plan");
    // The first changes to start are the API, the log group and the secret, in this order.
    cloud.fail_at.set(Some(3));
    let outcome = cloud.carry_out(&plan);
    let names =
        |addresses: Vec<&Address>| addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(outcome.failed.iter().map(|(address, _)| address).collect()), ["secret.ca"]);
    assert_eq!(
        names(outcome.skipped.iter().collect()),
        ["iam_role.signer", "lambda_function.signer", "http_route.issue_cert"]
    );
    let mut done = names(outcome.done.iter().map(|(address, _)| address).collect());
    done.sort();
    assert_eq!(done, ["http_api.issuer", "log_group.signer"]);
}

#[test]
fn intent_is_on_disk_before_a_create() {
    let cloud = FakeCloud::new();
    cloud.fail_at.set(Some(1));
    cloud.carry_out(&cloud.plan(STACK).expect("a plan"));
    let state = cloud.store("demo").state;
    let phases: Vec<_> = state.resources.values().map(|entry| entry.phase).collect();
    assert!(phases.contains(&Phase::Creating), "{phases:?}");
}

/// What the changes of a plan did not wait for, although they refer to it: `change < need`.
fn not_waited_for(cloud: &FakeCloud, plan: &Plan) -> Vec<String> {
    let left = plan.actions().map(|change| change.address.clone()).collect::<BTreeSet<_>>();
    let left = RefCell::new(left);
    let early = RefCell::new(Vec::new());
    let events = |event: &Event<'_>| match event {
        Event::Started(change) => {
            let left = left.borrow();
            let needs = change.after.iter().filter(|need| left.contains(*need));
            let pairs = needs.map(|need| format!("{} < {need}", change.address));
            early.borrow_mut().extend(pairs);
        }
        Event::Finished(change, _) => drop(left.borrow_mut().remove(&change.address)),
        _ => {}
    };
    let outcome = cloud.carry_out_telling(plan, &events, &|| false);
    assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
    early.into_inner()
}

#[test]
fn what_is_made_waits_only_until_it_can_be_and_what_is_in_use_until_all_is_complete() {
    let cloud = FakeCloud::new();
    assert_eq!(
        not_waited_for(&cloud, &cloud.plan(STACK).expect("a plan")),
        [
            "iam_role.signer < secret.ca",
            "lambda_function.signer < iam_role.signer",
            "lambda_function.signer < log_group.signer",
            "http_route.issue_cert < http_api.issuer",
            "http_route.issue_cert < lambda_function.signer",
        ]
    );
    let plan = cloud.plan(&edited()).expect("a plan");
    let made = plan.actions().filter(|change| change.action == Action::Create);
    assert_eq!(made.map(|change| change.address.to_string()).collect::<Vec<_>>(), ["secret.b"]);
    assert_eq!(not_waited_for(&cloud, &plan), [""; 0]);
}

#[test]
fn what_is_in_use_is_not_led_to_what_was_made_on_something_that_failed() {
    let cloud = FakeCloud::new();
    cloud.apply(STACK);
    let moved = STACK
        .replace("iam_role.signer", "iam_role.other")
        .replace("lambda_function.signer", "lambda_function.other")
        .replace("name: demo-signer", "name: demo-other");
    cloud.fail_after_announcing.replace("iam_role.other".parse().ok());
    let before = cloud.objects.borrow().clone();
    let outcome = cloud.carry_out(&cloud.plan(&moved).expect("a plan"));
    let done: Vec<_> = outcome.done.iter().map(|(address, _)| address.to_string()).collect();
    assert_eq!(done, ["lambda_function.other"], "it is made, and nobody uses it");
    assert_eq!(outcome.failed.len(), 1);
    for (key, object) in before {
        assert_eq!(cloud.objects.borrow().get(&key), Some(&object), "{key:?} is as it was");
    }
    cloud.fail_after_announcing.take();
    assert!(cloud.carry_out(&cloud.plan(&moved).expect("a plan")).failed.is_empty());
    assert!(ui::is_empty(&cloud.plan(&moved).expect("a plan")));
}
