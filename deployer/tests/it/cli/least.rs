//! `deployer policy --for`: the IAM policy that an errand takes on a stack, without asking anybody.

use expect_test::expect;

use super::{SMALL, shown, world_of};

#[test]
fn the_policy_names_what_the_stack_declares_and_nothing_else() {
    let world = world_of(SMALL);
    let run = world.run(&["policy", "--for", "plan", "--account", "111122223333"]);
    expect![[r#"
        status 0
        --- stdout
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "FindLogGroupA",
              "Effect": "Allow",
              "Action": [
                "logs:DescribeLogGroups"
              ],
              "Resource": [
                "*"
              ]
            },
            {
              "Sid": "LogGroupA",
              "Effect": "Allow",
              "Action": [
                "logs:ListTagsForResource"
              ],
              "Resource": [
                "arn:aws:logs:us-east-1:111122223333:log-group:/small/a",
                "arn:aws:logs:us-east-1:111122223333:log-group:/small/a:*"
              ]
            },
            {
              "Sid": "LogGroupB",
              "Effect": "Allow",
              "Action": [
                "logs:ListTagsForResource"
              ],
              "Resource": [
                "arn:aws:logs:us-east-1:111122223333:log-group:/small/b",
                "arn:aws:logs:us-east-1:111122223333:log-group:/small/b:*"
              ]
            }
          ]
        }
    "#]]
    .assert_eq(&shown(&world, &run));
    assert!(!world.path("state").exists(), "nothing is written");
}

#[test]
fn mistakes_are_told() {
    let world = world_of(SMALL);
    let lines: [&[&str]; 5] = [
        &["policy"],
        &["policy", "--for", "deploy"],
        &["policy", "--for", "plan", "--account", "12"],
        &["policy", "--for", "plan", "--region", "here"],
        &["policy", "--for", "plan", "check", "--caller", "a", "--csr", "b"],
    ];
    let all: Vec<_> = lines.iter().map(|line| shown(&world, &world.run(line))).collect();
    expect![[r#"
        status 1
        --- stderr
        error: the following required arguments were not provided:
          --for <ERRAND>

        Usage: deployer policy --for <ERRAND>

        For more information, try '--help'.
        status 1
        --- stderr
        error: invalid value 'deploy' for '--for <ERRAND>'
          [possible values: plan, apply, destroy, issue, audit]

          tip: a similar value exists: 'destroy'

        For more information, try '--help'.
        status 1
        --- stderr
        error: invalid value '12' for '--account <DIGITS>': expected the 12 digits of an AWS account

        For more information, try '--help'.
        status 1
        --- stderr
        error: invalid value 'here' for '--region <REGION>': expected an AWS region such as `eu-west-1`

        For more information, try '--help'.
        status 1
        --- stderr
        error: `policy check` does not go together with --for
    "#]].assert_eq(&all.concat());
}
