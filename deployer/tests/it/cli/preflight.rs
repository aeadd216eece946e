//! Whoever lacks a permission hears of it before anything is changed, if IAM may be asked. What IAM
//! cannot tell never holds up a run.

use aws_credential_types::Credentials;
use expect_test::expect;
use serde_json::{Value, json};

use super::{at, filtered, world_of};
use crate::faults::{Failure, Fault, Proxy, Rule, Which};
use crate::support::{Run, World};

/// The local AWS's simulator looks at one ARN only, so there is one group.
const ONE: &str = "\
stack: one
region: us-east-1
resources:
  log_group.a: { name: /one/a, retention_days: 7 }
";

const APPLY: [&str; 2] = ["apply", "--yes"];

/// A world with a user who may do what is printed for an errand, and ask the simulator.
async fn world(errand: &str) -> (World, Credentials) {
    let world = world_of(ONE);
    world.succeed(&["local", "start"]);
    let printed = world.succeed(&["policy", "--for", errand]).stdout;
    let mut policy: Value = serde_json::from_str(&printed).expect("a policy");
    let ask = json!({"Effect": "Allow", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"});
    policy["Statement"].as_array_mut().expect("statements").push(ask);
    let iam = world.root().await.iam;
    iam.create_user().user_name("ada").send().await.expect("a user");
    let put = iam.put_user_policy().user_name("ada").policy_name("printed");
    put.policy_document(policy.to_string()).send().await.expect("a policy");
    let made = iam.create_access_key().user_name("ada").send().await.expect("a key");
    let key = made.access_key.expect("a key");
    let keys = Credentials::new(key.access_key_id, key.secret_access_key, None, None, "ada");
    (world, keys)
}

#[tokio::test]
async fn what_is_missing_is_listed_and_nothing_is_changed() {
    let (world, keys) = world("plan").await;
    let endpoint = world.instance().endpoint;
    let run = Run::of(&mut at(&world, &endpoint, &keys, &APPLY));
    assert_eq!(run.status, 1, "{run:?}");
    expect![[r#"
        error: 3 permissions are missing for this plan
          because: logs:CreateLogGroup on arn:aws:logs:us-east-1:000000000000:log-group:/one/a, to create log_group.a
          because: logs:PutRetentionPolicy on arn:aws:logs:us-east-1:000000000000:log-group:/one/a, to create log_group.a
          because: logs:TagResource on arn:aws:logs:us-east-1:000000000000:log-group:/one/a, to create log_group.a
          hint: nothing was changed
          hint: `deployer policy --for apply` prints an IAM policy that allows it all
          hint: IAM's policy simulator says so; --no-preflight goes ahead without asking it
    "#]].assert_eq(&filtered(&world, &run.stderr));
    assert!(run.stdout.contains("log_group.a"), "the plan is shown: {}", run.stdout);
    let groups = world.root().await.logs.describe_log_groups().send().await.expect("groups");
    assert!(groups.log_groups().is_empty(), "{groups:?}");

    let all_the_same = [&APPLY[..], &["--no-preflight"]].concat();
    let run = Run::of(&mut at(&world, &endpoint, &keys, &all_the_same));
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("CreateLogGroup failed for /one/a"), "{}", run.stderr);
}

#[tokio::test]
async fn whoever_may_do_it_all_is_not_held_up() {
    let (world, keys) = world("apply").await;
    let endpoint = world.instance().endpoint;
    let run = Run::of(&mut at(&world, &endpoint, &keys, &["-v", "apply", "--yes"]));
    assert_eq!(run.status, 0, "{run:?}");
    // AWS refuses a question about actions of several kinds, which the local one answers.
    assert_eq!(run.stderr.matches("IAM.SimulatePrincipalPolicy").count(), 3, "{}", run.stderr);
    let again = Run::of(&mut at(&world, &endpoint, &keys, &["-v", "apply", "--yes"]));
    assert_eq!(again.status, 0, "{again:?}");
    assert!(!again.stderr.contains("Simulate"), "nothing to ask: {}", again.stderr);
    let run = Run::of(&mut at(&world, &endpoint, &keys, &["destroy", "--yes"]));
    assert_eq!(run.status, 0, "{run:?}");
}

#[tokio::test]
async fn where_iam_cannot_be_asked_the_run_goes_on() {
    let (world, keys) = world("apply").await;
    let proxy = Proxy::to(&world.instance().endpoint);
    for failure in [
        Failure::AccessDenied,
        Failure::Throttled,
        Failure::Unavailable,
        Failure::Typed(400, "InvalidInput", "Invalid Input"),
    ] {
        let told = format!("{failure:?}");
        let rule = Rule::on("iam.SimulatePrincipalPolicy", Which::Every, Fault::Answer(failure));
        proxy.faults.set(vec![rule]);
        let run = Run::of(&mut at(&world, &proxy.endpoint, &keys, &["-v", "apply", "--yes"]));
        assert_eq!(run.status, 0, "{told}: {run:?}");
        let line = "permissions were not checked beforehand: SimulatePrincipalPolicy failed";
        assert!(run.stderr.contains(line), "{told}: {}", run.stderr);
        let run = Run::of(&mut at(&world, &proxy.endpoint, &keys, &["destroy", "--yes"]));
        assert_eq!(run.status, 0, "{told}: {run:?}");
        assert!(!run.stderr.contains("beforehand"), "only with -v: {}", run.stderr);
    }
    let root = Credentials::new("test", "test", None, None, "root");
    let run = Run::of(&mut at(&world, &proxy.endpoint, &root, &["-v", "apply", "--yes"]));
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("is neither a user nor a role"), "{}", run.stderr);
}
