//! The boundary between the engine and AWS: four verbs on documents. Tests put an in-memory cloud
//! behind it.

#[cfg(test)]
pub(crate) mod fake;

use serde_json::Value;

use crate::address::Address;
use crate::aws::Aws;
use crate::resource::{self, AnyResourceType, Job, Made, Object, Promise, Reading};

/// Where objects live.
pub trait Cloud {
    /// Looks an object up; `prior` is what an earlier run was told by AWS, if there was one.
    fn read<'a>(
        &'a self,
        address: &'a Address,
        identity: Value,
        prior: Option<Value>,
    ) -> Promise<'a, Reading<Object>>;

    /// Makes an object, or finishes what is there of it.
    fn create<'a>(&'a self, job: &'a Job<'a>, spec: Value) -> Promise<'a, Made>;

    /// Brings a live object to a spec; its outputs.
    fn update<'a>(&'a self, job: &'a Job<'a>, live: Object, spec: Value) -> Promise<'a, Value>;

    /// Removes an object; what AWS keeps of it for a while.
    fn delete<'a>(&'a self, job: &'a Job<'a>, live: Object) -> Promise<'a, Option<String>>;
}

impl Cloud for Aws {
    fn read<'a>(
        &'a self,
        address: &'a Address,
        identity: Value,
        prior: Option<Value>,
    ) -> Promise<'a, Reading<Object>> {
        with(address, |kind| kind.read(self, identity, prior, address))
    }

    fn create<'a>(&'a self, job: &'a Job<'a>, spec: Value) -> Promise<'a, Made> {
        self.change(job, |kind| kind.create(self, job, spec))
    }

    fn update<'a>(&'a self, job: &'a Job<'a>, live: Object, spec: Value) -> Promise<'a, Value> {
        self.change(job, |kind| kind.update(self, job, live, spec))
    }

    fn delete<'a>(&'a self, job: &'a Job<'a>, live: Object) -> Promise<'a, Option<String>> {
        self.change(job, |kind| kind.delete(self, job, live))
    }
}

impl Aws {
    fn change<'a, T: 'a>(
        &'a self,
        job: &'a Job<'a>,
        call: impl FnOnce(&'static dyn AnyResourceType) -> Promise<'a, T>,
    ) -> Promise<'a, T> {
        Box::pin(self.within_plan(job.address, with(job.address, call)))
    }
}

fn with<'a, T: 'a>(
    address: &Address,
    call: impl FnOnce(&'static dyn AnyResourceType) -> Promise<'a, T>,
) -> Promise<'a, T> {
    match resource::of(address) {
        Ok(kind) => call(kind),
        Err(error) => Box::pin(async { Err(error) }),
    }
}
