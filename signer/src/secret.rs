//! The CA material: read from its secret, kept, and looked at again after a while.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::RequestId;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::ca::Ca;
use crate::refusal::{Code, Refusal};

/// How long material is used before the secret is looked at again, unless told otherwise.
pub const REFRESH: Duration = Duration::minutes(10);

/// How long after a failed look the next one is made: soon, but not with every request, each of
/// which would wait for it.
const RETRY: Duration = Duration::seconds(15);

/// The stage of the version that is in use. One that is being prepared (`AWSPENDING`) is never read.
const CURRENT: &str = "AWSCURRENT";

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
        let request = self.client.get_secret_value().secret_id(&self.arn).version_stage(CURRENT);
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

/// CA material to sign with.
pub struct Held {
    /// The material.
    pub ca: Arc<Ca>,
    /// Why it is not as fresh as it should be, told once for each failed look at the secret.
    pub trouble: Option<String>,
}

/// Keeps the CA material, and looks at the secret again after a while, so that a new CA is taken up
/// without a restart. While the secret cannot be used, the material at hand is.
pub struct Store<S> {
    source: S,
    refresh: Duration,
    state: Mutex<State>,
    // Held while looking, so that requests which arrive meanwhile make no look of their own.
    looking: tokio::sync::Mutex<()>,
}

/// What the last look brought.
#[derive(Default)]
struct State {
    ca: Option<Arc<Ca>>,
    looked_at: Option<OffsetDateTime>,
    failure: Option<String>,
}

impl<S: Source> Store<S> {
    /// A store that has not looked yet, and will look again after this time.
    pub fn new(source: S, refresh: Duration) -> Self {
        Self { source, refresh, state: Mutex::default(), looking: tokio::sync::Mutex::default() }
    }

    /// The CA material, after a look at the secret where one is due.
    ///
    /// # Errors
    /// `ca_unavailable` if there is none that can be used; its detail has the cause.
    pub async fn ca(&self, now: OffsetDateTime) -> Result<Held, Refusal> {
        if let Some(settled) = self.settled(now) {
            return settled;
        }
        let looking = match self.looking.try_lock() {
            Ok(looking) => looking,
            // Another request is looking already, and what is at hand is good enough meanwhile.
            Err(_) if let Some(ca) = self.state().ca.clone() => {
                return Ok(Held { ca, trouble: None });
            }
            Err(_) => self.looking.lock().await,
        };
        if let Some(settled) = self.settled(now) {
            return settled;
        }
        let found = self.look(now).await;
        let outcome = self.state().note(found, now);
        drop(looking);
        outcome
    }

    /// The outcome of the last look, unless another is due.
    fn settled(&self, now: OffsetDateTime) -> Option<Result<Held, Refusal>> {
        let state = self.state();
        let looked_at = state.looked_at?;
        let pause = if state.failure.is_some() { RETRY } else { self.refresh };
        // A clock that was set back must not keep old material for as long as it was ahead.
        if now < looked_at || now - looked_at >= pause {
            return None;
        }
        // The trouble was told when it was met.
        Some(state.outcome().map(|held| Held { trouble: None, ..held }))
    }

    async fn look(&self, now: OffsetDateTime) -> Result<Ca, String> {
        let json = self.source.read().await?;
        Ca::from_json(json.as_bytes(), now)
            .map_err(|problem| format!("the CA material cannot be used: {problem}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, found: Result<Ca, String>, now: OffsetDateTime) -> Result<Held, Refusal> {
        self.looked_at = Some(now);
        self.failure = found.as_ref().err().cloned();
        if let Ok(ca) = found {
            self.ca = Some(Arc::new(ca));
        }
        self.outcome()
    }

    fn outcome(&self) -> Result<Held, Refusal> {
        match (&self.ca, &self.failure) {
            (Some(ca), trouble) => Ok(Held { ca: Arc::clone(ca), trouble: trouble.clone() }),
            (None, failure) => Err(unavailable(failure.as_deref().unwrap_or_default())),
        }
    }
}

fn unavailable(cause: &str) -> Refusal {
    let message = "the issuing CA is not available; try again in a while";
    Refusal::new(Code::CaUnavailable, message).with_detail(cause)
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
