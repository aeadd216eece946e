//! What the deployer itself may do in AWS: the actions of all resource types, and no others.

use std::collections::BTreeSet;

use serde_json::json;

use crate::resource::RESOURCE_TYPES;

/// The IAM policy of a user that deploys stacks. Reading secret values is not in it.
pub fn policy() -> String {
    let actions: BTreeSet<&str> = RESOURCE_TYPES
        .iter()
        .flat_map(|kind| kind.operations())
        .flat_map(|operation| operation.actions)
        .copied()
        .filter(|action| *action != PASS)
        .collect();
    json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": "*"},
            // Handing a role to Lambda, and to nothing else.
            {
                "Effect": "Allow",
                "Action": PASS,
                "Resource": "*",
                "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
            },
        ],
    })
    .to_string()
}

const PASS: &str = "iam:PassRole";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deployer_may_neither_read_secrets_nor_invoke_functions() {
        let policy = policy();
        for action in ["GetSecretValue", "InvokeFunction", "execute-api", ":*\"", "iam:CreateUser"]
        {
            assert!(!policy.contains(action), "{action}");
        }
        assert!(policy.contains("iam:PassedToService"));
    }
}
