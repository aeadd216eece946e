//! `aws_secretsmanager_secret` and its current `aws_secretsmanager_secret_version`. The value, which
//! Terraform keeps in the clear, is never asked for.

use serde::Deserialize;
use serde_json::json;

use super::draft::{Context, Draft, Tagged};
use super::terraform::Instance;

/// The label of the value that readers get.
const CURRENT: &str = "AWSCURRENT";

const KNOWN: &[&str] = &[
    "arn",
    "description",
    "force_overwrite_replica_secret",
    "id",
    "kms_key_id",
    "name",
    "name_prefix",
    "recovery_window_in_days",
    "tags",
    "tags_all",
];

#[derive(Deserialize)]
struct Attributes {
    arn: String,
    name: String,
    description: Option<String>,
    kms_key_id: Option<String>,
    recovery_window_in_days: Option<u8>,
    #[serde(flatten)]
    tags: Tagged,
}

/// A version, without its value.
#[derive(Deserialize)]
struct Version {
    secret_id: String,
    #[serde(rename = "version_id")]
    id: String,
    #[serde(rename = "version_stages")]
    stages: Option<Vec<String>>,
}

pub(super) fn draft(instance: &Instance<'_>, context: &Context<'_>) -> Result<Draft, String> {
    let secret: Attributes = instance.read()?;
    let mut draft = Draft::new(instance);
    let current = context.parts::<Version>("aws_secretsmanager_secret_version").into_iter().find(
        |(_, version)| {
            let stages = version.stages.as_deref().unwrap_or_default();
            [&secret.arn, &secret.name].contains(&&version.secret_id)
                && (stages.is_empty() || stages.iter().any(|stage| stage == CURRENT))
        },
    );
    let file = format!("ca/{}.json", context.address.name);
    draft.notes.push(format!(
        "its value is not copied: put it into {file}, readable by you alone; the first apply sends it \
         once more, as a version that it knows again"
    ));
    draft.leaves("", &instance.unknown(KNOWN, &[]));
    draft.spec = json!({
        "name": secret.name,
        "description": secret.description.unwrap_or_default(),
        "value_sha256": current.as_ref().map(|(_, version)| &version.id),
        "kms_key_id": secret.kms_key_id.filter(|key| !key.is_empty()),
        "recovery_window_days": secret.recovery_window_in_days,
        "tags": secret.tags.all(),
    });
    draft.declare_as_is(&["name", "description"]);
    draft.declare("value_file", file);
    draft.declare_as_is(&["kms_key_id", "recovery_window_days", "tags"]);
    draft.outputs = json!({"arn": secret.arn, "name": secret.name});
    draft.terraform.extend(current.map(|(part, _)| part.address.clone()));
    Ok(draft)
}
