//! Apply, apply again, forget, destroy, and bring back.

use std::fs;

use deployer::aws::Aws;
use time::{Duration, OffsetDateTime};

use super::{deployed, mutating_calls};
use crate::support::World;

const ISSUE: [&str; 4] = ["--local", "issue", "--dns", "a.internal.example"];

#[tokio::test]
async fn a_stack_stays_as_it_is_survives_a_lost_state_and_goes_without_a_trace() {
    let world = deployed();
    let root = world.root().await;
    assert_eq!(ours(&root).await.len(), 5, "secret, role, log group, function and API");
    an_apply_that_has_nothing_to_do_changes_nothing(&world);
    a_lost_state_is_found_again(&world);
    a_stack_is_destroyed_and_comes_back(&world, &root).await;

    // Whoever has lost the state can still clean up.
    fs::remove_dir_all(world.path("state")).expect("a state folder");
    world.succeed(&["--local", "destroy", "--yes"]);
    assert_eq!(ours(&root).await, [""; 0]);
}

fn an_apply_that_has_nothing_to_do_changes_nothing(world: &World) {
    let plan = world.succeed(&["--local", "plan", "--detailed-exitcode", "-v"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    assert_eq!(mutating_calls(&plan), [""; 0]);
    let again = world.succeed(&["--local", "apply", "--yes", "-v"]);
    assert_eq!(mutating_calls(&again), [""; 0]);
    assert!(again.stdout.contains("/issue-cert"), "the outputs: {}", again.stdout);
}

fn a_lost_state_is_found_again(world: &World) {
    let url = super::caller::url(world);
    fs::remove_dir_all(world.path("state")).expect("a state folder");
    let apply = world.succeed(&["--local", "apply", "--yes", "-v"]);
    assert_eq!(mutating_calls(&apply), [""; 0], "{}", apply.stdout);
    assert_eq!(super::caller::url(world), url, "it is the same API");
    world.succeed(&ISSUE);
}

async fn a_stack_is_destroyed_and_comes_back(world: &World, root: &Aws) {
    let protected = world.fail(&["--local", "destroy", "--yes"]);
    assert!(protected.stderr.contains("secret.ca is protected"), "{}", protected.stderr);
    assert_eq!(ours(root).await.len(), 5, "nothing was deleted");
    world.edit("protect: true", "protect: false");
    let lifted = world.succeed(&["--local", "apply", "--yes", "-v"]);
    assert_eq!(mutating_calls(&lifted), ["Secrets Manager.UntagResource"]);

    let destroyed = world.succeed(&["--local", "destroy", "--yes"]);
    let kept = destroyed.stderr.lines().find(|line| line.contains("AWS keeps the secret"));
    let kept = kept.unwrap_or_else(|| panic!("a word about the secret: {}", destroyed.stderr));
    let pending = root.secrets.describe_secret().secret_id("cert-issuer/ca").send().await;
    let pending = pending.expect("the secret can still be described");
    assert!(pending.deleted_date().is_some(), "{pending:?}");
    // The window of the default stack.
    let day = (OffsetDateTime::now_utc() + Duration::days(7)).date();
    let dates = [day, day.previous_day().expect("a day")].map(|day| day.to_string());
    assert!(kept.contains("cert-issuer/ca"), "{kept}");
    assert!(dates.iter().any(|date| kept.contains(date)), "{kept} {dates:?}");
    assert!(destroyed.stderr.contains("5 objects are gone"), "{}", destroyed.stderr);
    let arn = pending.arn().expect("an ARN");
    let purge = format!(
        "aws secretsmanager delete-secret --force-delete-without-recovery --region us-east-1 --secret-id {arn}"
    );
    assert!(destroyed.stderr.contains(&purge), "{}", destroyed.stderr);
    assert_eq!(ours(root).await, [""; 0]);

    let again = world.succeed(&["--local", "destroy", "--yes", "-v"]);
    assert_eq!(mutating_calls(&again), [""; 0], "nothing is left to destroy");
    world.fail(&ISSUE);

    let back = world.succeed(&["--local", "apply", "--yes", "-v"]);
    assert!(back.stderr.contains("secret.ca restored"), "{}", back.stderr);
    assert!(back.stderr.contains("Secrets Manager.RestoreSecret"), "{}", back.stderr);
    let same = root.secrets.describe_secret().secret_id("cert-issuer/ca").send().await;
    let same = same.expect("a secret");
    assert_eq!(same.arn(), pending.arn(), "the secret was restored, not made anew");
    assert!(same.deleted_date().is_none(), "{same:?}");
    world.succeed(&ISSUE);
    let plan = world.succeed(&["--local", "plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
}

/// Everything in the account that the stack may have made, asked of each service.
async fn ours(root: &Aws) -> Vec<String> {
    let mut found = Vec::new();
    let secrets = root.secrets.list_secrets().send().await.expect("secrets");
    found.extend(secrets.secret_list().iter().filter_map(|one| one.name()).map(str::to_owned));
    let roles = root.iam.list_roles().send().await.expect("roles");
    found.extend(roles.roles().iter().map(|one| one.role_name().to_owned()));
    let groups = root.logs.describe_log_groups().send().await.expect("log groups");
    found.extend(groups.log_groups().iter().filter_map(|one| one.log_group_name.clone()));
    let functions = root.lambda.list_functions().send().await.expect("functions");
    found.extend(functions.functions().iter().filter_map(|one| one.function_name.clone()));
    let apis = root.apigateway.get_apis().send().await.expect("APIs");
    found.extend(apis.items().iter().filter_map(|one| one.name.clone()));
    found
}
