//! `aws_cloudwatch_log_group`.

use serde::Deserialize;
use serde_json::json;

use super::draft::{Context, Draft, Tagged};
use super::terraform::Instance;

const KNOWN: &[&str] =
    &["arn", "id", "name", "name_prefix", "retention_in_days", "tags", "tags_all"];

#[derive(Deserialize)]
struct Attributes {
    arn: String,
    name: String,
    retention_in_days: Option<i32>,
    #[serde(flatten)]
    tags: Tagged,
}

pub(super) fn draft(instance: &Instance<'_>, _context: &Context<'_>) -> Result<Draft, String> {
    let group: Attributes = instance.read()?;
    let mut draft = Draft::new(instance);
    // Terraform writes 0 where events are kept for ever.
    let retention = group.retention_in_days.filter(|days| *days != 0);
    draft.leaves("", &instance.unknown(KNOWN, &[("log_group_class", json!("STANDARD"))]));
    draft.spec = json!({
        "name": group.name,
        "retention_days": retention,
        "tags": group.tags.all(),
    });
    draft.declare_as_is(&["name", "retention_days", "tags"]);
    draft.outputs = json!({"arn": group.arn.trim_end_matches(":*"), "name": group.name});
    Ok(draft)
}
