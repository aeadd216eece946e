//! The AWS account: one client for each service, and how its calls are made, repeated and judged.

mod calls;
mod configure;
mod log_events;
mod meaning;
mod send;
mod simulate;
mod wait;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_iam::types::EvaluationResult;
use tokio::sync::{Mutex, OnceCell};

pub use calls::Calls;
pub use configure::{Target, configure, credentials};
pub use meaning::{EARLIER_SECRET, KNOWN, Wait};
pub use send::{Answer, SdkError, failed, judge, judge_once, read};
pub use simulate::{Decision, Opinion};
pub use wait::{Verdict, poll, poll_later};

use crate::address::Address;
use crate::error::Result;
use crate::plan::{Action, Plan};
use crate::resource::operations::{Operation, Purpose};
use crate::resource::{self, Place};

/// How long to wait for an answer that can be done without.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first call decides whether AWS can be reached at all, and somebody waits for the answer.
const FIRST_ATTEMPTS: u32 = 3;

/// Whose credentials are used.
#[derive(Debug)]
pub struct Identity {
    /// The account: twelve digits.
    pub account: String,
    /// The user or the session of a role: an ARN.
    pub caller: String,
}

/// The clients to reach the account that objects live in.
pub struct Aws {
    /// Such as `eu-west-1`.
    pub region: String,
    /// Where it is, unless it is AWS's own.
    pub endpoint: Option<String>,
    /// Every call that was made.
    pub calls: Calls,
    /// API Gateway, HTTP APIs.
    pub apigateway: aws_sdk_apigatewayv2::Client,
    /// `CloudWatch` Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    sts: aws_sdk_sts::Client,
    identity: OnceCell<Identity>,
    turns: RefCell<BTreeMap<String, Rc<Mutex<()>>>>,
    plan: RefCell<BTreeMap<Address, Action>>,
}

/// The way to send a call just once: AWS would make a second object of a second call.
pub fn once() -> aws_sdk_apigatewayv2::config::Builder {
    aws_sdk_apigatewayv2::config::Builder::new().retry_config(RetryConfig::disabled())
}

/// The way to ask IAM for something that can be done without: nobody waits for it.
fn briefly() -> aws_sdk_iam::config::Builder {
    aws_sdk_iam::config::Builder::new()
        .retry_config(RetryConfig::standard().with_max_attempts(2))
        .timeout_config(TimeoutConfig::builder().operation_timeout(PATIENCE).build())
}

impl Aws {
    /// What makes the `aws` command work in the same place, whatever its version.
    pub fn endpoint_option(&self) -> String {
        self.endpoint.as_ref().map(|url| format!(" --endpoint-url {url}")).unwrap_or_default()
    }

    /// The clients of whoever the target says. Nothing is asked yet.
    pub async fn at(target: &Target, calls: Calls) -> Result<Self> {
        Ok(Self::over(&configure(target).await?, calls))
    }

    /// The clients over a configuration that is made already; tests put faults into its HTTP client.
    pub fn over(config: &SdkConfig, calls: Calls) -> Self {
        Self {
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            endpoint: config.endpoint_url().map(str::to_owned),
            apigateway: aws_sdk_apigatewayv2::Client::from_conf(
                aws_sdk_apigatewayv2::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .build(),
            ),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(
                aws_sdk_cloudwatchlogs::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .build(),
            ),
            iam: aws_sdk_iam::Client::from_conf(
                aws_sdk_iam::config::Builder::from(config).interceptor(calls.clone()).build(),
            ),
            lambda: aws_sdk_lambda::Client::from_conf(
                aws_sdk_lambda::config::Builder::from(config).interceptor(calls.clone()).build(),
            ),
            secrets: aws_sdk_secretsmanager::Client::from_conf(
                aws_sdk_secretsmanager::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .build(),
            ),
            sts: aws_sdk_sts::Client::from_conf(
                aws_sdk_sts::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS))
                    .build(),
            ),
            calls,
            identity: OnceCell::new(),
            turns: RefCell::default(),
            plan: RefCell::default(),
        }
    }

    /// Whose credentials these are, asked for once. It takes no permission, so this also finds out
    /// whether AWS answers at all.
    pub async fn identity(&self) -> Result<&Identity> {
        self.identity.get_or_try_init(|| self.ask_identity()).await
    }

    async fn ask_identity(&self) -> Result<Identity> {
        let told = self.sts.get_caller_identity().send().await.map_err(|error| {
            let endpoint = self.endpoint.as_deref().unwrap_or("AWS");
            let tried = match error {
                SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                    format!(", tried {FIRST_ATTEMPTS} times")
                }
                _ => String::new(),
            };
            failed("GetCallerIdentity", &format!("{endpoint} in {}{tried}", self.region), &error)
                .within("could not find out which AWS account this is")
        })?;
        Ok(Identity {
            account: told.account.unwrap_or_default(),
            caller: told.arn.unwrap_or_default(),
        })
    }

    /// Where objects are.
    pub async fn place(&self) -> Result<Place> {
        let account = self.identity().await?.account.clone();
        Ok(Place::new(Some(self.region.clone()), Some(account)))
    }

    /// Lets the changes of a plan through; nothing else can be changed by these clients.
    pub fn permit(&self, plan: &Plan) {
        let changes = plan.actions().map(|change| (change.address.clone(), change.action));
        self.plan.replace(changes.collect());
    }

    /// Does work on one resource, in which what the plan has for it may be done.
    pub async fn within_plan<T>(&self, address: &Address, work: impl Future<Output = T>) -> T {
        let action = self.plan.borrow().get(address).copied();
        let purposes: &[Purpose] = match action {
            Some(Action::Create | Action::Restore) => &[Purpose::Make],
            Some(Action::Update) => &[Purpose::Change],
            Some(Action::Replace) => &[Purpose::Make, Purpose::Change, Purpose::Remove],
            Some(Action::Delete) => &[Purpose::Remove],
            Some(Action::NoOp) | None => &[],
        };
        let operations = resource::find(&address.kind).map_or(&[][..], |kind| kind.operations());
        let serves = |operation: &&Operation| {
            operation.purposes.iter().any(|purpose| purposes.contains(purpose))
        };
        let names = operations.iter().filter(serves).map(|operation| operation.name).collect();
        calls::permitted(address.to_string(), names, work).await
    }

    /// Carries out a write only when no other write to the same object is under way: API Gateway
    /// answers parallel writes within one API with conflicts, and Lambda loses permissions.
    pub async fn in_turn<T>(&self, object: &str, write: impl Future<Output = T>) -> T {
        let turn = Rc::clone(self.turns.borrow_mut().entry(object.to_owned()).or_default());
        let _held = turn.lock().await;
        write.await
    }
}
