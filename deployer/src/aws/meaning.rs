//! What AWS's errors mean: one table, by which both the waiting and the words of an error are
//! decided, so that they cannot drift apart.
//!
//! Throttling, server errors and lost connections are not in it: those are the SDK's to retry. What
//! is waited for here is AWS becoming consistent with what it has itself accepted.

#[cfg(test)]
mod tests;

use std::time::Duration;

/// What an error of AWS means to a reconciler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// AWS will take the same call in a while.
    Wait(Wait),
    /// There is such an object already.
    Exists,
    /// There is no such object.
    Gone,
    /// The same call will never do.
    Final,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// What must happen first, to follow the words "waiting for".
    pub what: &'static str,
    /// When to give up.
    pub at_most: Duration,
}

/// IAM spreads a change within seconds. Two minutes are what the field's tools allow, so that a
/// wrong reference is still reported soon.
const PROPAGATION: Wait = wait("IAM to propagate", 120);

/// Lambda asks IAM about a role some seconds after IAM has taken it; the field's tools allow this
/// long.
const ROLE: Wait = wait("the role to be usable by Lambda", 300);

/// A function that is being made or changed refuses further changes.
const FUNCTION: Wait = wait("Lambda to be done with the function", 300);

/// API Gateway refuses writes within one API at the same time, those of others included.
const API: Wait = wait("another change of the API", 120);

/// An integration is in use until the deletion of its route has spread.
const ROUTE: Wait = wait("API Gateway to let go of the integration", 30);

/// `CloudWatch` Logs refuses changes of a log group at the same time.
const LOG_GROUP: Wait = wait("another change of the log group", 60);

/// A secret that was deleted without a recovery window goes within seconds.
pub const EARLIER_SECRET: Wait = wait("an earlier secret of this name to be gone", 120);

/// What AWS has made a moment ago may not be known to all of AWS; something that was deleted
/// meanwhile is reported after this long.
pub const KNOWN: Wait = wait("AWS to know what was just made", 30);

/// AWS takes signatures that are at most five minutes old, and none from the future.
const CLOCK: &str =
    "set the clock of this machine: AWS accepts signatures that are at most five minutes old";

/// A call that must not be sent twice is tried again after a look whether it was carried out.
pub(super) const ANSWER: Wait = wait("AWS to answer", 60);

const fn wait(what: &'static str, seconds: u64) -> Wait {
    Wait { what, at_most: Duration::from_secs(seconds) }
}

/// One row: which errors of which operations, what they mean, and what a user can do.
struct Row {
    /// Empty for every operation.
    operations: &'static [&'static str],
    /// AWS's codes; empty for errors that AWS sends without their type.
    codes: &'static [&'static str],
    /// Any of these must be in AWS's message, where the code says too little.
    texts: &'static [&'static str],
    meaning: Meaning,
    hint: &'static str,
}

/// The first row that fits decides.
const TABLE: &[Row] = &[
    // IAM
    Row {
        operations: &["CreateRole", "UpdateAssumeRolePolicy"],
        codes: &["MalformedPolicyDocument", "MalformedPolicyDocumentException"],
        texts: &["Invalid principal in policy"],
        meaning: Meaning::Wait(PROPAGATION),
        hint: "check `trust`: it names somebody whom IAM does not know",
    },
    Row {
        operations: &[],
        codes: &["ConcurrentModification", "ConcurrentModificationException"],
        texts: &[],
        meaning: Meaning::Wait(PROPAGATION),
        hint: "somebody else is changing the same object: run again when they are done",
    },
    Row {
        operations: &["PutRolePolicy"],
        codes: &["NoSuchEntity", "NoSuchEntityException"],
        texts: &[],
        meaning: Meaning::Wait(KNOWN),
        hint: "somebody has deleted the role meanwhile: run again",
    },
    Row {
        operations: &["DeleteRole"],
        codes: &["DeleteConflict", "DeleteConflictException"],
        texts: &[],
        meaning: Meaning::Wait(PROPAGATION),
        hint: "something still hangs on the role: detach it, then run again",
    },
    // Lambda
    Row {
        operations: &["CreateFunction", "UpdateFunctionConfiguration"],
        codes: &["InvalidParameterValueException"],
        texts: &["cannot be assumed by Lambda"],
        meaning: Meaning::Wait(ROLE),
        hint: "check the role's `trust`: it must let lambda.amazonaws.com assume it",
    },
    Row {
        operations: &["CreateFunction", "UpdateFunctionConfiguration"],
        codes: &["InvalidParameterValueException"],
        texts: &["execution role does not have permissions"],
        meaning: Meaning::Wait(ROLE),
        hint: "add what AWS names to the role's `allow`",
    },
    Row {
        operations: &["CreateFunction", "UpdateFunctionConfiguration"],
        codes: &["InvalidParameterValueException"],
        texts: &["KMS key is invalid for CreateGrant", "throttled by EC2"],
        meaning: Meaning::Wait(ROLE),
        hint: "run again: what is done stays done",
    },
    Row {
        operations: &["AddPermission", "CreateFunction"],
        codes: &["ResourceConflictException"],
        texts: &["already exist"],
        meaning: Meaning::Exists,
        hint: "run again to see whose it is",
    },
    Row {
        operations: &["AddPermission"],
        codes: &["ResourceConflictException"],
        texts: &["state: Failed"],
        meaning: Meaning::Final,
        hint: "Lambda has given up on the function: mend what it tells of that, then run again",
    },
    Row {
        operations: &[
            "AddPermission",
            "CreateFunction",
            "DeleteFunction",
            "DeleteFunctionConcurrency",
            "PutFunctionConcurrency",
            "RemovePermission",
            "TagResource",
            "UntagResource",
            "UpdateFunctionCode",
            "UpdateFunctionConfiguration",
        ],
        codes: &["ResourceConflictException"],
        texts: &[],
        meaning: Meaning::Wait(FUNCTION),
        hint: "somebody else is changing the function: run again when they are done",
    },
    Row {
        operations: &["AddPermission", "PutFunctionConcurrency"],
        codes: &["ResourceNotFoundException"],
        texts: &[],
        meaning: Meaning::Wait(KNOWN),
        hint: "somebody has deleted the function meanwhile: run again",
    },
    // The revision moves on when Lambda is done with a new function. Each attempt looks at it again.
    Row {
        operations: &["AddPermission"],
        codes: &["PreconditionFailedException"],
        texts: &[],
        meaning: Meaning::Wait(FUNCTION),
        hint: "somebody else is changing the function: run again when they are done",
    },
    Row {
        operations: &[],
        codes: &["PreconditionFailedException"],
        texts: &[],
        meaning: Meaning::Final,
        hint: "somebody has changed it since the plan was made: run again for a new plan",
    },
    // CloudWatch Logs
    Row {
        operations: &[],
        codes: &["OperationAbortedException"],
        texts: &[],
        meaning: Meaning::Wait(LOG_GROUP),
        hint: "somebody else is changing the log group: run again when they are done",
    },
    Row {
        operations: &["PutRetentionPolicy"],
        codes: &["ResourceNotFoundException"],
        texts: &[],
        meaning: Meaning::Wait(KNOWN),
        hint: "somebody has deleted the log group meanwhile: run again",
    },
    Row {
        operations: &["FilterLogEvents"],
        codes: &["ResourceNotFoundException"],
        texts: &[],
        meaning: Meaning::Gone,
        hint: "check account, region and --log-group; `deployer apply` makes the log group of a stack",
    },
    Row {
        operations: &["FilterLogEvents"],
        codes: &["AccessDenied", "AccessDeniedException"],
        texts: &[],
        meaning: Meaning::Final,
        hint: "reading takes logs:FilterLogEvents on the log group, and nothing else",
    },
    // API Gateway, which sends this error without its type at times.
    Row {
        operations: &[],
        codes: &["ConflictException", ""],
        texts: &["concurrent modification", "try again later"],
        meaning: Meaning::Wait(API),
        hint: "somebody else is changing the API: run again when they are done",
    },
    Row {
        operations: &["DeleteIntegration"],
        codes: &["ConflictException"],
        texts: &[],
        meaning: Meaning::Wait(ROUTE),
        hint: "another route leads to the integration: lead it elsewhere, then run again",
    },
    Row {
        operations: &["CreateIntegration", "CreateRoute", "CreateStage"],
        codes: &["NotFoundException"],
        texts: &[],
        meaning: Meaning::Wait(KNOWN),
        hint: "somebody has deleted the API meanwhile: run again",
    },
    // Secrets Manager, which has one code for all calls that do not fit the secret's state.
    Row {
        operations: &["CreateSecret"],
        codes: &["InvalidRequestException"],
        texts: &["scheduled for deletion", "was deleted"],
        meaning: Meaning::Exists,
        hint: "choose another name, or wait until AWS has deleted it",
    },
    Row {
        operations: &["PutSecretValue", "TagResource", "UpdateSecret", "UpdateSecretVersionStage"],
        codes: &["InvalidRequestException"],
        texts: &["marked for deletion", "marked deleted", "was deleted"],
        meaning: Meaning::Wait(KNOWN),
        hint: "somebody has deleted the secret meanwhile: run again",
    },
    Row {
        operations: &["PutSecretValue", "UpdateSecretVersionStage"],
        codes: &["ResourceNotFoundException"],
        texts: &[],
        meaning: Meaning::Wait(KNOWN),
        hint: "somebody has deleted the secret meanwhile: run again",
    },
    // What every service says in words of its own.
    Row {
        operations: &[],
        codes: &[
            "ConflictException",
            "EntityAlreadyExists",
            "EntityAlreadyExistsException",
            "ResourceAlreadyExistsException",
            "ResourceExistsException",
        ],
        texts: &[],
        meaning: Meaning::Exists,
        hint: "run again to see whose it is",
    },
    Row {
        operations: &[],
        codes: &[
            "NoSuchEntity",
            "NoSuchEntityException",
            "NotFoundException",
            "ResourceNotFoundException",
        ],
        texts: &[],
        meaning: Meaning::Gone,
        hint: "somebody has deleted it meanwhile: run again",
    },
    Row {
        operations: &[],
        codes: &["InvalidSignatureException", "SignatureDoesNotMatch"],
        texts: &["Signature expired", "Signature not yet current"],
        meaning: Meaning::Final,
        hint: CLOCK,
    },
    Row {
        operations: &[],
        codes: &["RequestExpired", "RequestTimeTooSkewed"],
        texts: &[],
        meaning: Meaning::Final,
        hint: CLOCK,
    },
    Row {
        operations: &[],
        codes: &[
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        ],
        texts: &[],
        meaning: Meaning::Final,
        hint: "the credentials are wrong or deactivated: check AWS_PROFILE and the AWS_* variables",
    },
    Row {
        operations: &[],
        codes: &["ExpiredToken", "ExpiredTokenException"],
        texts: &[],
        meaning: Meaning::Final,
        hint: "the credentials have expired: log in again, for example with `aws sso login`",
    },
    Row {
        operations: &[],
        codes: &["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"],
        texts: &[],
        meaning: Meaning::Final,
        hint: "the caller lacks this permission: add the action to its IAM policy, then run again",
    },
    Row {
        operations: &[],
        codes: &["Throttling", "ThrottlingException", "TooManyRequestsException"],
        texts: &[],
        meaning: Meaning::Final,
        hint: "AWS is limiting the rate of calls: wait a minute and run again, what is done stays done",
    },
    Row {
        operations: &[],
        codes: &["CodeStorageExceededException", "LimitExceeded", "LimitExceededException"],
        texts: &[],
        meaning: Meaning::Final,
        hint: "a quota of the account is used up: raise it in Service Quotas, or delete what is not needed",
    },
    Row {
        operations: &[],
        codes: &[
            "InternalFailure",
            "InternalServerError",
            "ServiceException",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
        texts: &[],
        meaning: Meaning::Final,
        hint: "AWS has trouble of its own: run again later, what is done stays done",
    },
];

/// What an error of an operation means, and what a user can do about it. `code` is empty for errors
/// that AWS sends without their type; `text` is AWS's message, or whatever else it has answered.
pub(super) fn of(operation: &str, code: &str, text: &str) -> (Meaning, Option<&'static str>) {
    let row = TABLE.iter().find(|row| {
        (row.operations.is_empty() || row.operations.contains(&operation))
            && row.codes.contains(&code)
            && (row.texts.is_empty() || row.texts.iter().any(|part| text.contains(part)))
    });
    row.map_or((Meaning::Final, None), |row| (row.meaning, Some(row.hint)))
}
