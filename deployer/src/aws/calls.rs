//! What goes to AWS: a record of the calls that were made, for the summary and for `-v`; and a guard
//! that lets nothing be changed but what the plan has the running change do.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use crate::resource::operations::reads_only;

tokio::task_local! {
    /// The change that is being carried out, and the names of the operations that it may use.
    static PERMIT: (String, Vec<&'static str>);
}

/// Carries out a change that may use these operations, and no others that change anything.
pub(super) async fn permitted<T>(
    change: String,
    operations: Vec<&'static str>,
    work: impl Future<Output = T>,
) -> T {
    PERMIT.scope((change, operations), work).await
}

/// Whether an operation may be sent now.
fn check(call: &str, operation: &str) -> Result<(), BoxError> {
    if reads_only(operation) {
        return Ok(());
    }
    match PERMIT.try_with(|(change, operations)| (change.clone(), operations.contains(&operation)))
    {
        Ok((_, true)) => Ok(()),
        Ok((change, false)) => Err(format!("the plan has no {call} for {change}").into()),
        Err(_) => {
            Err(format!("{call} changes something, and no change of a plan is under way").into())
        }
    }
}

/// Told of each call as it is made.
type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// The calls made so far, as `Service.Operation`. Clones share one record.
#[derive(Clone, Default)]
pub struct Calls {
    made: Arc<Mutex<Vec<String>>>,
    observer: Option<Observer>,
    unguarded: bool,
}

impl Calls {
    /// A record without a guard, for those who change AWS by other means than a plan.
    pub fn unguarded() -> Self {
        Self { unguarded: true, ..Self::default() }
    }

    /// A record that also tells each call to `observer`.
    pub fn observed_by(observer: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), ..Self::default() }
    }

    /// The number of calls so far, retries of one call not counted.
    pub fn count(&self) -> usize {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The same for each service that was called.
    pub fn by_service(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in &*self.made.lock().unwrap_or_else(PoisonError::into_inner) {
            let service = call.split('.').next().unwrap_or_default();
            *counts.entry(service.to_owned()).or_default() += 1;
        }
        counts
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Calls").field(&self.count()).finish()
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "calls"
    }

    fn read_before_serialization(
        &self,
        _context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(metadata) =
            config.load::<aws_smithy_runtime_api::client::orchestrator::Metadata>()
        else {
            return Ok(());
        };
        let call = format!("{}.{}", metadata.service(), metadata.name());
        if !self.unguarded {
            check(&call, metadata.name())?;
        }
        if let Some(observer) = &self.observer {
            observer(&call);
        }
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        Ok(())
    }
}
