//! What a failed run has to tell.

use super::operation::{Operation, Service};
use crate::support::Run;

/// Whether a failed run says what failed for whom, why, and what to do.
pub(super) fn explains(run: &Run, operation: &Operation) -> Result<(), String> {
    let address = match (operation.service, operation.name.as_str()) {
        (Service::SecretsManager, _) => "secret.ca",
        (Service::Logs, _) => "log_group.fn",
        (Service::Iam, _) => "iam_role.fn",
        (_, "AddPermission" | "RemovePermission") => "http_route.issue",
        (Service::ApiGateway, name) if name.contains("Route") || name.contains("Integration") => {
            "http_route.issue"
        }
        (Service::ApiGateway, _) => "http_api.api",
        _ => "lambda_function.fn",
    };
    let words = [operation.name.as_str(), address, "AccessDenied", "hint:", "run the same again"];
    let missing: Vec<_> = words.into_iter().filter(|word| !run.stderr.contains(word)).collect();
    if run.status == 1 && missing.is_empty() {
        return Ok(());
    }
    Err(format!("it does not say {missing:?} (status {}):\n{}", run.status, run.stderr))
}
