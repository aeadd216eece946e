//! `aws_lambda_function`. Its code is not in Terraform's state, only the name of the file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::draft::{Context, Draft, Tagged};
use super::terraform::Instance;

/// The one runtime that can be declared.
const RUNTIME: &str = "provided.al2023";

const KNOWN: &[&str] = &[
    "architectures",
    "arn",
    "code_sha256",
    "description",
    "environment",
    "filename",
    "function_name",
    "handler",
    "id",
    "invoke_arn",
    "last_modified",
    "logging_config",
    "memory_size",
    "package_type",
    "qualified_arn",
    "qualified_invoke_arn",
    "reserved_concurrent_executions",
    "role",
    "runtime",
    "s3_bucket",
    "s3_key",
    "s3_object_version",
    "source_code_hash",
    "source_code_size",
    "tags",
    "tags_all",
    "timeout",
    "timeouts",
    "version",
];

#[derive(Deserialize)]
struct Attributes {
    arn: String,
    function_name: String,
    description: Option<String>,
    role: String,
    package_type: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    architectures: Option<Vec<String>>,
    memory_size: i32,
    timeout: i32,
    environment: Option<Vec<Environment>>,
    reserved_concurrent_executions: Option<i32>,
    logging_config: Option<Vec<Logging>>,
    filename: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    code_sha256: Option<String>,
    source_code_hash: Option<String>,
    #[serde(flatten)]
    tags: Tagged,
}

#[derive(Deserialize)]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Logging {
    log_format: Option<String>,
    log_group: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
}

pub(super) fn draft(instance: &Instance<'_>, context: &Context<'_>) -> Result<Draft, String> {
    let mut function: Attributes = instance.read()?;
    let runtime = runtime(&function)?;
    let mut draft = Draft::new(instance);
    let usual = [
        ("ephemeral_storage", json!([{"size": 512}])),
        ("tracing_config", json!([{"mode": "PassThrough"}])),
    ];
    draft.leaves("", &instance.unknown(KNOWN, &usual));
    let code = code(&function, &mut draft, context);
    let (log_group, log_format) = logging(&mut function, &mut draft);
    let environment = environment(&mut function, &mut draft);
    if function.handler.as_deref() != Some("bootstrap") {
        draft.notes.push(
            "an apply sets its handler to bootstrap, which the runtime does not read".to_owned(),
        );
    }
    let architecture =
        function.architectures.and_then(|mut all| all.pop()).unwrap_or_else(|| "x86_64".to_owned());
    draft.spec = json!({
        "name": function.function_name,
        "description": function.description.unwrap_or_default(),
        "role": function.role,
        "code_sha256": function.code_sha256.or(function.source_code_hash).unwrap_or_default(),
        "architecture": architecture,
        "runtime": runtime,
        "handler": function.handler.unwrap_or_default(),
        "failure": null,
        "memory_mb": function.memory_size,
        "timeout_seconds": function.timeout,
        "environment": environment,
        // Terraform writes -1 where nothing is kept free.
        "reserved_concurrency": function.reserved_concurrent_executions.filter(|count| *count >= 0),
        "log_group": log_group,
        "log_format": log_format,
        "tags": function.tags.all(),
    });
    draft.declare_as_is(&["name", "description", "role", "architecture", "memory_mb"]);
    draft.declare_as_is(&["timeout_seconds", "reserved_concurrency", "log_group", "environment"]);
    draft.declare("code", code);
    draft.declare_as_is(&["tags"]);
    draft.outputs = json!({"arn": function.arn, "name": function.function_name});
    Ok(draft)
}

/// The runtime, if it can be declared.
fn runtime(function: &Attributes) -> Result<&'static str, String> {
    let image = function.package_type.as_deref().is_some_and(|package| package != "Zip");
    match function.runtime.as_deref() {
        Some(RUNTIME) if !image => Ok(RUNTIME),
        other => {
            let runs = if image { "a container image" } else { other.unwrap_or("on none") };
            Err(format!("only {RUNTIME} can be declared, and it runs {runs}"))
        }
    }
}

fn code(function: &Attributes, draft: &mut Draft, context: &Context<'_>) -> Value {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(file) = given(&function.filename) {
        return json!({"zip": (context.path)(&file)});
    }
    let (bucket, key) = (given(&function.s3_bucket), given(&function.s3_key));
    let file = key.as_deref().and_then(|key| key.rsplit('/').next()).unwrap_or("function.zip");
    draft.notes.push(match bucket.zip(key.as_deref()) {
        Some((bucket, key)) => format!(
            "its code comes from a local file here: fetch it with `aws s3 cp s3://{bucket}/{key} {file}`"
        ),
        None => format!("Terraform does not know where its code came from: put it into {file}"),
    });
    json!({"zip": file})
}

/// The log group and the format, as Lambda chooses them where nothing is said.
fn logging(function: &mut Attributes, draft: &mut Draft) -> (String, String) {
    let logging = function.logging_config.take().and_then(|mut blocks| blocks.pop());
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (group, format, levels) = logging.map_or((None, None, None), |logging| {
        let levels = given(logging.application_log_level).or(given(logging.system_log_level));
        (given(logging.log_group), given(logging.log_format), levels)
    });
    if levels.is_some() {
        draft.leaves("its logging_config", &["the log levels".to_owned()]);
    }
    let format = format.unwrap_or_else(|| "Text".to_owned());
    if format != "JSON" {
        draft.notes.push("an apply has it log in JSON".to_owned());
    }
    let group = group.unwrap_or_else(|| format!("/aws/lambda/{}", function.function_name));
    (group, format)
}

fn environment(function: &mut Attributes, draft: &mut Draft) -> Value {
    let block = function.environment.take().and_then(|mut blocks| blocks.pop());
    let variables = block.and_then(|block| block.variables).unwrap_or_default();
    if !variables.is_empty() {
        let names = variables.keys().cloned().collect::<Vec<_>>().join(", ");
        draft.notes.push(format!(
            "its environment stands in the stack file and the state: see that none of it is secret ({names})"
        ));
    }
    variables.into_iter().map(|(name, value)| (name, value.into())).collect::<Map<_, _>>().into()
}
