//! The command by itself: what it says, what it refuses, and what it keeps to itself.

use std::fs;

use expect_test::expect;

use super::{STATE, clean, exists, needles};
use crate::cli::{nowhere, shown};
use crate::support::{Run, World};

const ADOPT: [&str; 6] = ["-v", "adopt", "--from", "terraform.tfstate", "--stack-name", "issuer"];

fn world() -> World {
    let world = World::empty();
    world.write("terraform.tfstate", STATE);
    world
}

#[test]
fn a_terraform_state_becomes_a_stack_without_a_call_and_without_its_secrets() {
    let world = world();
    let run = Run::of(&mut nowhere(&world, &ADOPT));
    expect![[r#"
        status 0
        --- stdout
        ✓ secret.ca  aws_secretsmanager_secret.ca, aws_secretsmanager_secret_version.ca
            ! its value is not copied: put it into ca/ca.json, readable by you alone; the first apply sends it once more, as a version that it knows again
        ✓ log_group.signer  aws_cloudwatch_log_group.signer
        ✓ http_api.issuer  aws_apigatewayv2_api.issuer, aws_apigatewayv2_stage.default
            ! not managed here, so left as it is, and lost if the object is made anew: default_route_settings, tags_all (of its stage)
        ✓ iam_role.signer  aws_iam_role.signer, aws_iam_role_policy.signer
        ✓ lambda_function.signer  aws_lambda_function.signer
            ! its environment stands in the stack file and the state: see that none of it is secret (CA_SECRET_ARN)
        ✓ http_route.issue_cert  aws_apigatewayv2_route.issue_cert, aws_apigatewayv2_integration.signer

        Left to Terraform
        - aws_cloudwatch_metric_alarm.errors: a stack file has no such type
        - aws_lambda_permission.api: routes get permissions of their own; once applied, remove this one with `aws lambda remove-permission --function-name cert-issuer-signer --statement-id AllowExecutionFromAPIGateway`

        Summary: 6 resources adopted, 2 left to Terraform
        They are in stack.yaml and state/issuer.json. AWS was not called.

        What next
        1. Read the stack file, and do what the notes above ask for.
        2. `deployer plan` shows what differs from AWS: at first the ownership tags at least.
        3. Have Terraform forget what is adopted, so that it deletes nothing:
             terraform state rm \
               aws_secretsmanager_secret.ca \
               aws_secretsmanager_secret_version.ca \
               aws_cloudwatch_log_group.signer \
               aws_apigatewayv2_api.issuer \
               aws_apigatewayv2_stage.default \
               aws_iam_role.signer \
               aws_iam_role_policy.signer \
               aws_lambda_function.signer \
               aws_apigatewayv2_route.issue_cert \
               aws_apigatewayv2_integration.signer
           and take their blocks out of its configuration.
        4. `deployer apply`.
    "#]].assert_eq(&shown(&world, &run));
    let files = ["stack.yaml", "state/issuer.json"];
    let list = world.succeed(&["state", "list"]);
    let show = world.succeed(&["state", "show", "--json"]);
    let texts = [&run.stdout, &list.stdout, &show.stdout].map(String::as_str);
    clean(&needles(STATE), &world, &texts, &files);
    assert_eq!(fs::read_to_string(world.path("terraform.tfstate")).expect("the state"), STATE);
}

#[test]
fn nothing_is_overwritten() {
    let world = world();
    world.succeed(&ADOPT);
    let stack = fs::read_to_string(world.path("stack.yaml")).expect("a stack file");
    let again = world.fail(&ADOPT);
    assert!(again.stderr.contains("stack.yaml is there already"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(world.path("stack.yaml")).expect("a stack file"), stack);

    fs::remove_file(world.path("stack.yaml")).expect("a stack file");
    let state = fs::read_to_string(world.path("state/issuer.json")).expect("a state");
    let again = world.fail(&ADOPT);
    assert!(again.stderr.contains("remembers resources already"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(world.path("state/issuer.json")).expect("a state"), state);
    assert!(!exists(&world, "stack.yaml"));

    // The local AWS has a state of its own.
    let local = [&["--local"][..], &ADOPT].concat();
    let local = world.succeed(&local);
    assert!(local.stdout.contains("state/issuer.local.json"), "{}", local.stdout);
    assert!(local.stdout.contains("`deployer plan --local`"), "{}", local.stdout);
    assert!(!exists(&world, "local"), "the local AWS was not even started");
}

#[test]
fn what_cannot_be_adopted_leaves_no_file_behind() {
    let cases = [
        (r#"{"version": 3}"#, "its format is version 3", "issuer"),
        (r#"{"version": 4, "resources": []}"#, "there is nothing to adopt", "issuer"),
        (STATE, "the stack's name must be", "Issuer"),
    ];
    for (state, cause, name) in cases {
        let world = World::empty();
        world.write("terraform.tfstate", state);
        let run = world.fail(&["adopt", "--from", "terraform.tfstate", "--stack-name", name]);
        assert!(run.stderr.contains(cause), "{}", run.stderr);
        assert!(!exists(&world, "stack.yaml") && !exists(&world, "state"), "{cause}");
        let missing = world.fail(&["adopt", "--from", "missing.tfstate"]);
        assert!(missing.stderr.contains("could not read missing.tfstate"), "{}", missing.stderr);
    }
}

#[test]
fn paths_lead_to_the_same_file_from_another_folder() {
    let world = World::empty();
    fs::create_dir(world.path("infra")).expect("a folder");
    fs::create_dir(world.path("Issuer 2")).expect("a folder");
    world.write("infra/terraform.tfstate", STATE);
    let stack = "Issuer 2/stack.yaml";
    world.succeed(&["adopt", "--from", "infra/terraform.tfstate", "--stack", stack]);
    let text = fs::read_to_string(world.path(stack)).expect("a stack file");
    assert!(text.contains("\nstack: issuer-2\n"), "{text}");
    let folder = fs::canonicalize(world.path("infra")).expect("a folder");
    let file = format!("zip: {}\n", folder.join("signer.zip").display());
    assert!(text.contains(&file), "{text}");
}
