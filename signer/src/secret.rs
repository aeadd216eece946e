//! The CA material, read once and kept for the life of the execution environment.

use std::future::Future;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use lambda_http::tracing;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::ca::Ca;
use crate::refusal::{Code, Refusal};

/// Where the CA material comes from.
pub trait Source: Send + Sync {
    /// The secret's JSON, or why it could not be read (for the log).
    fn read(&self) -> impl Future<Output = Result<Zeroizing<String>, String>> + Send;
}

/// A secret in AWS Secrets Manager.
pub struct SecretsManager {
    /// The client to ask.
    pub client: Client,
    /// The secret's ARN.
    pub arn: String,
}

impl Source for SecretsManager {
    async fn read(&self) -> Result<Zeroizing<String>, String> {
        let request = self.client.get_secret_value().secret_id(&self.arn);
        let response = request
            .send()
            .await
            .map_err(|error| format!("could not read {}: {}", self.arn, describe(&error)))?;
        let json = response.secret_string.ok_or_else(|| format!("{} has no text", self.arn))?;
        Ok(Zeroizing::new(json))
    }
}

/// What went wrong, and never the response itself: one that came but could not be understood holds
/// the secret, and the SDK's own rendering of errors quotes it.
fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata,
    SdkError<E, R>: RequestId,
{
    let what = match error {
        SdkError::ServiceError(service) => {
            let meta = service.err().meta();
            let text = |part: Option<&str>| part.unwrap_or("unknown").to_owned();
            format!("{}: {}", text(meta.code()), text(meta.message()))
        }
        // Nothing was received, so this can only tell about the connection.
        SdkError::DispatchFailure(failure) => format!("no connection: {failure:?}"),
        SdkError::TimeoutError(_) => "no answer in time".to_owned(),
        SdkError::ConstructionFailure(_) => "the request could not be made".to_owned(),
        _ => "the answer could not be understood".to_owned(),
    };
    format!("{what} (request id {})", error.request_id().unwrap_or("unknown"))
}

/// Keeps the CA material once it could be loaded.
pub struct Store<S> {
    source: S,
    // Held while loading, so that requests which arrive meanwhile wait for one look at the secret.
    loaded: Mutex<Option<Arc<Ca>>>,
}

impl<S: Source> Store<S> {
    /// A store that has not loaded anything yet.
    pub fn new(source: S) -> Self {
        Self { source, loaded: Mutex::new(None) }
    }

    /// The CA material, loaded now unless it was before. A failure is not kept: the next call tries
    /// again.
    ///
    /// # Errors
    /// `ca_unavailable`; the cause is logged.
    pub async fn ca(&self, now: OffsetDateTime) -> Result<Arc<Ca>, Refusal> {
        let mut loaded = self.loaded.lock().await;
        if let Some(ca) = &*loaded {
            return Ok(Arc::clone(ca));
        }
        let ca = match self.source.read().await {
            Ok(json) => Ca::from_json(json.as_bytes(), now)
                .map_err(|problem| format!("the CA material cannot be used: {problem}")),
            Err(cause) => Err(cause),
        };
        let ca = ca.map(Arc::new).map_err(|cause| {
            tracing::error!(cause, "the CA material could not be loaded");
            let message = "the issuing CA is not available; try again in a while";
            Refusal::new(Code::CaUnavailable, message)
        })?;
        *loaded = Some(Arc::clone(&ca));
        Ok(ca)
    }
}

#[cfg(test)]
mod tests {
    use super::{SdkError, describe};
    use aws_sdk_secretsmanager::config::http::HttpResponse;
    use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;

    #[test]
    fn an_answer_that_was_not_understood_is_never_quoted() {
        let status = 200_u16.try_into().unwrap_or_else(|_| unreachable!("200 is a status"));
        let response = HttpResponse::new(status, "-----BEGIN PRIVATE KEY-----".into());
        let error: SdkError<GetSecretValueError, HttpResponse> =
            SdkError::response_error("unexpected end", response);
        let text = describe(&error);
        assert_eq!(text, "the answer could not be understood (request id unknown)");
    }
}
