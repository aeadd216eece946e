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
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use tokio::sync::Mutex;

pub use calls::Calls;
pub use configure::{Target, configure, credentials};
pub use meaning::{EARLIER_SECRET, KNOWN, Wait};
pub use send::{Answer, SdkError, failed, judge, judge_once, read};
pub use simulate::{Decision, Opinion};
pub use wait::{Verdict, poll, poll_later};

use crate::address::Address;
use crate::error::Result;
use crate::plan::{Action, Plan};
use crate::resource;
use crate::resource::operations::{Operation, Purpose};

/// How long to wait for an answer that can be done without.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first call decides whether AWS can be reached at all, and somebody waits for the answer.
const FIRST_ATTEMPTS: u32 = 3;

/// The account that objects live in, and the clients to reach it.
pub struct Aws {
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// Where it is, unless it is AWS's own.
    pub endpoint: Option<String>,
    /// Who the credentials belong to: an ARN.
    pub caller: String,
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
    turns: RefCell<BTreeMap<String, Rc<Mutex<()>>>>,
    plan: RefCell<BTreeMap<Address, Action>>,
}

/// Who the credentials belong to. This is the first call, so it also finds out whether AWS answers.
async fn identity(config: &SdkConfig, calls: &Calls) -> Result<GetCallerIdentityOutput> {
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(config)
            .interceptor(calls.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS))
            .build(),
    );
    sts.get_caller_identity().send().await.map_err(|error| {
        let endpoint = config.endpoint_url().unwrap_or("AWS");
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let tried = match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                format!(", tried {FIRST_ATTEMPTS} times")
            }
            _ => String::new(),
        };
        failed("GetCallerIdentity", &format!("{endpoint} in {region}{tried}"), &error)
            .within("could not find out which AWS account this is")
    })
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

    /// Connects: finds out which account the credentials belong to.
    pub async fn connect(target: &Target, calls: Calls) -> Result<Self> {
        Self::over(&configure(target).await?, calls).await
    }

    /// Connects with a configuration that is made already; tests put faults into its HTTP client.
    pub async fn over(config: &SdkConfig, calls: Calls) -> Result<Self> {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let identity = identity(config, &calls).await?;
        let arn = identity.arn().unwrap_or_default();
        Ok(Self {
            account: identity.account().unwrap_or_default().to_owned(),
            partition: arn.split(':').nth(1).unwrap_or("aws").to_owned(),
            endpoint: config.endpoint_url().map(str::to_owned),
            caller: arn.to_owned(),
            region,
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
            calls,
            turns: RefCell::default(),
            plan: RefCell::default(),
        })
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
