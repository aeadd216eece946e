//! The local AWS's own endpoints, beside AWS's.

use std::time::Duration;

use serde::Deserialize;

use crate::call::http::{self, Response};
use crate::error::{Context as _, Error, Result};

/// An idle server answers within milliseconds; one that starts a process, within a second.
const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Health {
    auth: Option<String>,
}

/// Whether it takes requests.
pub(super) async fn is_ready(endpoint: &str) -> bool {
    request("GET", endpoint, "ready").await.is_ok_and(|answer| answer.status == 200)
}

/// Makes sure that it checks signatures and policies: without that it would grant everything, and
/// a missing permission would first show on AWS.
pub(super) async fn check_authorization(endpoint: &str) -> Result<()> {
    let answer = request("GET", endpoint, "health").await?;
    match serde_json::from_slice::<Health>(&answer.body).ok().and_then(|health| health.auth) {
        Some(auth) if auth == "enabled" => Ok(()),
        _ => Err(Error::new("the local AWS does not check permissions")
            .because(format!("{endpoint}/_ministack/health does not say that `auth` is enabled"))),
    }
}

/// Empties it: every object goes, and the function's processes with their files.
pub(super) async fn reset(endpoint: &str) -> Result<()> {
    request("POST", endpoint, "reset").await.map(drop)
}

async fn request(method: &str, endpoint: &str, path: &str) -> Result<Response> {
    let request = ::http::Request::builder()
        .method(method)
        .uri(format!("{endpoint}/_ministack/{path}"))
        .body(Vec::new())
        .context(|| format!("could not make a request to {endpoint}"))?;
    http::send(request, DEADLINE).await
}
