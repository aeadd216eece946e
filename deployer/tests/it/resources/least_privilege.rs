//! What the default stack allows its function to do, as the policy stands in AWS: the local AWS
//! would let it pass if it were wider.

use deployer::ca;
use serde_json::json;
use time::OffsetDateTime;

use super::iam_role::role;
use crate::support::{World, write_program};

#[tokio::test]
async fn the_signer_may_read_one_secret_and_write_to_one_log_group() {
    let world = World::empty();
    ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
    write_program(&world, "program", 62);
    let stack = deployer::stack::DEFAULT;
    let built = stack.lines().find(|line| line.trim().starts_with("cargo: signer"));
    let built = built.expect("the default stack builds the signer");
    world.write("stack.yaml", &stack.replace(built, "      bootstrap: program"));
    world.succeed(&["--local", "apply", "--yes", "--no-verify"]);

    let root = world.root().await;
    let secret = root.secrets.describe_secret().secret_id("cert-issuer/ca").send().await;
    let secret = secret.expect("the secret");
    let signer = role(&root, "cert-issuer-signer").await;
    let group = "arn:aws:logs:us-east-1:000000000000:log-group:/cert-issuer/signer:*";
    assert_eq!(
        signer["policies"],
        json!({"deployer": {"Version": "2012-10-17", "Statement": [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": [group],
            },
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:GetSecretValue"],
                "Resource": [secret.arn()],
            },
        ]}})
    );
    let attached = root.iam.list_attached_role_policies().role_name("cert-issuer-signer");
    let attached = attached.send().await.expect("attached policies");
    assert!(attached.attached_policies().is_empty());
    assert_eq!(
        signer["trust"],
        json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": ["lambda.amazonaws.com"]},
        }]})
    );
}
