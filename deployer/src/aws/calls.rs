//! A record of the AWS calls that were made: for the summary, for `-v`, and for tests.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Told of each call as it is made.
type Observer = Arc<dyn Fn(&str) + Send + Sync>;

/// The calls made so far, as `Service.Operation`. Clones share one record.
#[derive(Clone, Default)]
pub struct Calls {
    made: Arc<Mutex<Vec<String>>>,
    observer: Option<Observer>,
}

impl Calls {
    /// A record that also tells each call to `observer`.
    pub fn observed_by(observer: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { made: Arc::default(), observer: Some(Arc::new(observer)) }
    }

    /// The number of calls so far, retries of one call not counted.
    pub fn count(&self) -> usize {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).len()
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
        if let Some(observer) = &self.observer {
            observer(&call);
        }
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        Ok(())
    }
}
