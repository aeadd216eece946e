//! AWS's limits on a function, and the signer's on the policy that travels with it.

use schemars::{Schema, SchemaGenerator, json_schema};

use super::Declared;
use crate::package::Code;
use crate::resource::{Fault, tags};

/// AWS's limit on all names and values of the environment together, in bytes.
const LARGEST_ENVIRONMENT: usize = 4096;

/// Names of environment variables that are Lambda's; so are those that begin with [`RESERVED_PREFIX`].
const RESERVED: [&str; 11] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

const RESERVED_PREFIX: &str = "AWS_LAMBDA_";

/// What of a declaration is outside of AWS's limits.
pub(super) fn validate(declared: &Declared) -> Vec<Fault> {
    let mut faults = tags::validate(&declared.tags);
    let mut unless = |fits: bool, path: &str, message: &str| {
        if !fits {
            faults.push(Fault::new([path], message));
        }
    };
    let name = &declared.name;
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    unless(
        !name.is_empty() && name.len() <= 64 && name.chars().all(allowed),
        "name",
        "must be 1 to 64 letters, digits and _ -",
    );
    unless(
        declared.description.chars().count() <= 256,
        "description",
        "must be at most 256 characters",
    );
    unless((128..=10_240).contains(&declared.memory_mb), "memory_mb", "must be 128 to 10240 MiB");
    unless(
        (1..=900).contains(&declared.timeout_seconds),
        "timeout_seconds",
        "must be 1 to 900 seconds",
    );
    unless(
        declared.reserved_concurrency.is_none_or(|count| count >= 0),
        "reserved_concurrency",
        "must be 0 or more",
    );
    let size: usize = declared.environment.iter().map(|(key, value)| key.len() + value.len()).sum();
    unless(size <= LARGEST_ENVIRONMENT, "environment", "must be at most 4096 bytes in all");
    faults.extend(declared.environment.keys().filter_map(|key| variable(key)));
    faults.extend(issuing_policy(&declared.code));
    faults
}

/// The rules for the name of an environment variable.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
fn variable(key: &str) -> Option<Fault> {
    let path = ["environment", key];
    let allowed = key.len() >= 2
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if RESERVED.contains(&key) || key.starts_with(RESERVED_PREFIX) {
        Some(Fault::new(path, format!("`{key}` is reserved by Lambda")))
    } else if !allowed {
        Some(Fault::new(path, "must be two or more letters, digits and _, a letter first"))
    } else {
        None
    }
}

/// What a JSON Schema can say of environment variables.
pub(super) fn environment(_: &mut SchemaGenerator) -> Schema {
    let reserved = RESERVED.join("|");
    let names = format!("^(?!{RESERVED_PREFIX}|({reserved})$)[A-Za-z][A-Za-z0-9_]+$");
    json_schema!({
        "type": "object",
        "propertyNames": { "pattern": names },
        "additionalProperties": { "type": "string" },
    })
}

/// The issuing policy goes along with the package; the signer's own parser says now what it would
/// otherwise say at the function's start.
fn issuing_policy(code: &Code) -> Vec<Fault> {
    let file = code.files.iter().find(|(name, _)| name.as_str() == signer::policy::FILE_NAME);
    let Some((name, policy)) = file else { return Vec::new() };
    let problems = match signer::policy::Policy::from_json(policy.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    problems
        .into_iter()
        .map(|problem| {
            let inner = problem.path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
            Fault::new(["code", "files", name.as_str()].into_iter().chain(inner), problem.message)
        })
        .collect()
}
