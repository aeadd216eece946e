//! Resource types as the engine sees them: documents in, documents out. The blanket implementation is
//! the only place where typed and untyped meet.

use std::future::Future;
use std::pin::Pin;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::operations::{Operation, Reach};
use super::{
    Adoption, Check, Fault, Gathered, Job, Live, Made, Object, Opening, Place, Reading,
    ResourceType, Sources, tags,
};
use crate::address::Address;
use crate::aws::{self, Aws, KNOWN, Verdict};
use crate::call::Caller;
use crate::error::{Context, Error, Result};

/// [`ResourceType`] without its types: documents in, documents out.
pub trait AnyResourceType: Sync {
    /// See [`ResourceType::KIND`].
    fn kind(&self) -> &'static str;
    /// See [`ResourceType::ABOUT`].
    fn about(&self) -> &'static str;
    /// See [`ResourceType::EXAMPLE`].
    fn example(&self) -> &'static str;
    /// See [`ResourceType::OUTPUTS`].
    fn outputs(&self) -> &'static [&'static str];
    /// See [`ResourceType::REPLACE_ON`].
    fn replace_on(&self) -> &'static [&'static str];
    /// See [`ResourceType::LIVES_IN`].
    fn lives_in(&self) -> &'static [&'static str];
    /// See [`ResourceType::OPERATIONS`].
    fn operations(&self) -> &'static [Operation];
    /// See [`ResourceType::REACH`].
    fn reach(&self) -> &'static [Reach];
    /// See [`ResourceType::ADOPTION`].
    fn adoption(&self) -> Adoption;
    /// See [`ResourceType::alarm`].
    fn alarm(&self, live: &Value) -> Option<String>;
    /// The JSON Schema of a declaration.
    fn schema(&self, generator: &mut SchemaGenerator) -> Schema;
    /// Parses a declaration and fills in its defaults.
    fn declare(
        &self,
        declared: &Value,
    ) -> Result<Value, serde_path_to_error::Error<serde_json::Error>>;
    /// See [`ResourceType::validate`]; the declaration must have parsed.
    fn validate(&self, declared: &Value) -> Vec<Fault>;
    /// The part of a declaration or spec by which the object is found.
    fn identity(&self, document: &Value) -> Result<Value>;
    /// See [`ResourceType::foretell`].
    fn foretell(&self, place: &Place, document: &Value) -> Result<Value>;
    /// See [`ResourceType::LINGERS`].
    fn lingers(&self) -> bool;
    /// See [`ResourceType::widens`].
    fn widens(
        &self,
        before: &dyn Fn() -> Result<Vec<Value>>,
        desired: &Value,
    ) -> Result<Vec<(String, Opening)>>;
    /// See [`ResourceType::builds`].
    fn builds(&self, declared: &Value) -> bool;
    /// See [`ResourceType::gather`].
    fn gather(&self, declared: &Value, sources: &Sources<'_>) -> Result<Gathered<Value>>;
    /// The one form of a spec: defaults filled, documents canonical.
    fn normalise(&self, spec: &Value) -> Result<Value>;
    /// See [`ResourceType::align`].
    fn align(&self, observed: &Value, desired: &Value, last: Option<&Value>) -> Result<Value>;
    /// See [`ResourceType::read`].
    fn read<'a>(
        &self,
        aws: &'a Aws,
        identity: Value,
        prior: Option<Value>,
        address: &'a Address,
    ) -> Promise<'a, Reading<Object>>;
    /// See [`ResourceType::discover`].
    fn discover<'a>(&self, aws: &'a Aws, stack: &'a str) -> Promise<'a, Vec<(Address, Value)>>;
    /// See [`ResourceType::create`].
    fn create<'a>(&self, aws: &'a Aws, job: &'a Job<'a>, spec: Value) -> Promise<'a, Made>;
    /// See [`ResourceType::update`].
    fn update<'a>(
        &self,
        aws: &'a Aws,
        job: &'a Job<'a>,
        live: Object,
        spec: Value,
    ) -> Promise<'a, Value>;
    /// See [`ResourceType::delete`].
    fn delete<'a>(
        &self,
        aws: &'a Aws,
        job: &'a Job<'a>,
        live: Object,
    ) -> Promise<'a, Option<String>>;
    /// See [`ResourceType::verify`].
    fn verify<'a>(
        &self,
        aws: &'a Aws,
        job: &'a Job<'a>,
        caller: &'a Caller,
        live: Object,
    ) -> Promise<'a, Vec<Check>>;
}

/// A boxed future. Everything runs on one thread, so none of them is `Send`.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

impl<R: ResourceType> AnyResourceType for R {
    fn kind(&self) -> &'static str {
        R::KIND
    }

    fn about(&self) -> &'static str {
        R::ABOUT
    }

    fn example(&self) -> &'static str {
        R::EXAMPLE
    }

    fn outputs(&self) -> &'static [&'static str] {
        R::OUTPUTS
    }

    fn replace_on(&self) -> &'static [&'static str] {
        R::REPLACE_ON
    }

    fn lives_in(&self) -> &'static [&'static str] {
        R::LIVES_IN
    }

    fn operations(&self) -> &'static [Operation] {
        R::OPERATIONS
    }

    fn reach(&self) -> &'static [Reach] {
        R::REACH
    }

    fn adoption(&self) -> Adoption {
        R::ADOPTION
    }

    fn alarm(&self, live: &Value) -> Option<String> {
        R::alarm(&decode(live.clone()).ok()?)
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        R::Declared::json_schema(generator)
    }

    fn declare(
        &self,
        declared: &Value,
    ) -> Result<Value, serde_path_to_error::Error<serde_json::Error>> {
        let declared: R::Declared = serde_path_to_error::deserialize(declared)?;
        serde_path_to_error::serialize(&declared, serde_json::value::Serializer)
    }

    fn validate(&self, declared: &Value) -> Vec<Fault> {
        decode::<R::Declared>(declared.clone())
            .map(|declared| R::validate(&declared))
            .unwrap_or_default()
    }

    fn identity(&self, document: &Value) -> Result<Value> {
        encode(&decode::<R::Identity>(document.clone())?)
    }

    fn foretell(&self, place: &Place, document: &Value) -> Result<Value> {
        encode(&R::foretell(place, decode(document.clone())?))
    }

    fn widens(
        &self,
        before: &dyn Fn() -> Result<Vec<Value>>,
        desired: &Value,
    ) -> Result<Vec<(String, Opening)>> {
        let before = || before()?.into_iter().map(decode).collect();
        // What is known only after apply can be read as a spec, too: it is a text.
        R::widens(&before, &decode(desired.clone())?)
    }

    fn lingers(&self) -> bool {
        R::LINGERS
    }

    fn builds(&self, declared: &Value) -> bool {
        decode(declared.clone()).is_ok_and(|declared| R::builds(&declared))
    }

    fn gather(&self, declared: &Value, sources: &Sources<'_>) -> Result<Gathered<Value>> {
        let gathered = R::gather(decode(declared.clone())?, sources)?;
        Ok(Gathered { spec: encode(&gathered.spec)?, payload: gathered.payload })
    }

    fn normalise(&self, spec: &Value) -> Result<Value> {
        encode(&decode::<R::Spec>(spec.clone())?)
    }

    fn align(&self, observed: &Value, desired: &Value, last: Option<&Value>) -> Result<Value> {
        // A spec of another release may have another shape.
        let last = last.and_then(|last| serde_json::from_value(last.clone()).ok());
        encode(&R::align(decode(observed.clone())?, &decode(desired.clone())?, last.as_ref()))
    }

    fn read<'a>(
        &self,
        aws: &'a Aws,
        identity: Value,
        prior: Option<Value>,
        address: &'a Address,
    ) -> Promise<'a, Reading<Object>> {
        Box::pin(async move {
            // Outputs of another release may have another shape; the object is then found by name.
            let prior = prior.and_then(|prior| serde_json::from_value(prior).ok());
            Ok(match R::read(aws, decode(identity)?, prior, address).await? {
                Reading::Present(live) => Reading::Present(Object {
                    spec: encode(&live.spec)?,
                    outputs: encode(&live.outputs)?,
                    revision: live.revision,
                }),
                Reading::Absent => Reading::Absent,
                Reading::Recoverable(kept) => Reading::Recoverable(kept),
            })
        })
    }

    fn discover<'a>(&self, aws: &'a Aws, stack: &'a str) -> Promise<'a, Vec<(Address, Value)>> {
        Box::pin(async move {
            let found = R::discover(aws, stack).await?;
            found.into_iter().map(|(address, identity)| Ok((address, encode(&identity)?))).collect()
        })
    }

    fn create<'a>(&self, aws: &'a Aws, job: &'a Job<'a>, spec: Value) -> Promise<'a, Made> {
        Box::pin(async move {
            let made = R::create(aws, job, decode(spec.clone())?).await?;
            let anew = made.is_some();
            let outputs = match made {
                Some(outputs) => encode(&outputs)?,
                None => finish::<R>(aws, job, spec).await?,
            };
            Ok(Made { outputs, anew })
        })
    }

    fn update<'a>(
        &self,
        aws: &'a Aws,
        job: &'a Job<'a>,
        live: Object,
        spec: Value,
    ) -> Promise<'a, Value> {
        Box::pin(async move { encode(&R::update(aws, job, typed(live)?, decode(spec)?).await?) })
    }

    fn delete<'a>(
        &self,
        aws: &'a Aws,
        job: &'a Job<'a>,
        live: Object,
    ) -> Promise<'a, Option<String>> {
        Box::pin(async move { R::delete(aws, job, typed(live)?).await })
    }

    fn verify<'a>(
        &self,
        aws: &'a Aws,
        job: &'a Job<'a>,
        caller: &'a Caller,
        live: Object,
    ) -> Promise<'a, Vec<Check>> {
        Box::pin(async move { R::verify(aws, job, caller, typed(live)?).await })
    }
}

/// There was such an object before us: ours from an interrupted run, which is finished, or somebody
/// else's, which is left alone. AWS may refuse a name some moments before it shows whose it is.
async fn finish<R: ResourceType>(aws: &Aws, job: &Job<'_>, spec: Value) -> Result<Value> {
    let taken = || {
        Error::new(format!("{} was made by somebody else meanwhile", job.address))
            .hint("run again to see whose it is")
    };
    let live = aws::poll(job.note, || async {
        Ok(match R::read(aws, decode(spec.clone())?, None, job.address).await? {
            Reading::Present(live) => Verdict::Done(live),
            Reading::Absent | Reading::Recoverable(_) => Verdict::NotYet(KNOWN, taken()),
        })
    });
    let live = live.await?;
    let mut seen = encode(&R::align(live.spec, &decode(spec.clone())?, None))?;
    let bare = R::ADOPTION == Adoption::IfBare && tags::is_bare(&seen);
    if !bare && tags::owner(&seen) != tags::owner(&spec) {
        return Err(taken());
    }
    tags::forget_foreign(&mut seen, &[&spec]);
    let live = Live { spec: decode(seen)?, outputs: live.outputs, revision: live.revision };
    encode(&R::update(aws, job, live, decode(spec)?).await?)
}

fn typed<S: DeserializeOwned, O: DeserializeOwned>(object: Object) -> Result<Live<S, O>> {
    let (spec, outputs) = (decode(object.spec)?, decode(object.outputs)?);
    Ok(Live { spec, outputs, revision: object.revision })
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).context(|| "could not turn a spec into a document".to_owned())
}

fn decode<T: DeserializeOwned>(document: Value) -> Result<T> {
    serde_json::from_value(document)
        .context(|| "could not read a spec from its document".to_owned())
}
