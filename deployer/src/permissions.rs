//! What the deployer itself may do in AWS: the actions of all resource types, and no others.

mod document;
mod errand;
mod need;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::json;

pub use self::document::{QUOTA, document};
pub use self::errand::Errand;
pub use self::need::{Need, Prospect};

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
