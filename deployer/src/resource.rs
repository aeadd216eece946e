//! Resource types: what the engine needs to know of a kind of AWS object, and the one list of them.
//!
//! A type is one file below `resource/` and one row in [`RESOURCE_TYPES`]. The engine works on
//! documents (`serde_json::Value`) and knows no kinds; `any.rs` is where typed and untyped meet.

mod any;
mod check;
pub mod http_api;
pub mod http_route;
pub mod iam_role;
pub mod lambda_function;
pub mod log_group;
pub mod operations;
mod place;
pub mod secret;
pub mod tags;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use zeroize::Zeroizing;

pub use self::any::{AnyResourceType, Promise};
pub use self::check::{Check, Finding};
pub use self::place::{Place, partition};

use self::operations::{Operation, Reach};
use crate::address::Address;
use crate::aws::Aws;
use crate::call::Caller;
use crate::error::{Context, Error, Result};
use crate::package::{Host, Package};
use crate::step::Step;

/// Every resource type, by kind. The row that a new type needs goes here.
pub const RESOURCE_TYPES: &[&dyn AnyResourceType] = &[
    &http_api::HttpApi,
    &http_route::HttpRoute,
    &iam_role::IamRole,
    &lambda_function::LambdaFunction,
    &log_group::LogGroup,
    &secret::Secret,
];

/// The type with this kind.
pub fn find(kind: &str) -> Option<&'static dyn AnyResourceType> {
    RESOURCE_TYPES.iter().copied().find(|resource| resource.kind() == kind)
}

/// The type of the resource at an address.
///
/// # Errors
/// If this release does not know it, because the state was written by another one.
pub fn of(address: &Address) -> Result<&'static dyn AnyResourceType> {
    find(&address.kind).ok_or_else(|| {
        Error::new(format!("{address} is of a type that this release does not know"))
            .hint("use the release of deployer that made it")
    })
}

/// One kind of AWS object: what users declare of it, and how it is read, made, changed and removed.
pub trait ResourceType: 'static + Sync {
    /// The first half of its addresses.
    const KIND: &'static str;
    /// What it is, in half a sentence, for people who see its address for the first time.
    const ABOUT: &'static str;
    /// A complete entry of `stack.yaml`. It documents the type, and it lends its values to fields
    /// that a user got wrong, so that one run reports all mistakes.
    const EXAMPLE: &'static str;
    /// What other resources can refer to.
    const OUTPUTS: &'static [&'static str];
    /// Fields that AWS cannot change in place.
    const REPLACE_ON: &'static [&'static str];
    /// The kinds of what AWS keeps all parts of it in, those that can go first first: deleted with
    /// objects of each of them that it depends on, it is gone without a call of its own.
    const LIVES_IN: &'static [&'static str] = &[];
    /// Whether a deleted object may come back, or AWS keeps something of it: then it is looked at once
    /// more when all is done.
    const LINGERS: bool = false;
    /// Every operation of AWS that it uses. The client refuses to change anything by another one.
    const OPERATIONS: &'static [Operation];
    /// Where the actions of these are to be allowed, but for those that discover: they look at
    /// everything in the account. The first row that fits an action counts.
    const REACH: &'static [Reach];
    /// How an object that nobody or somebody else has made can become ours.
    const ADOPTION: Adoption = Adoption::OnRequest;

    /// What users write. Unknown keys are refused; defaults are filled in.
    type Declared: Serialize + DeserializeOwned + JsonSchema;
    /// The part of a declaration by which the object is found in AWS.
    type Identity: Serialize + DeserializeOwned;
    /// What the object is to be, and what it is: the same type for both, so that drift and change
    /// are the difference of two documents. Local files stand in it as fingerprints.
    type Spec: Serialize + DeserializeOwned;
    /// What AWS assigns.
    type Outputs: Serialize + DeserializeOwned;

    /// What is wrong with a declaration beyond its types: AWS's limits.
    fn validate(declared: &Self::Declared) -> Vec<Fault>;

    /// What AWS will assign, as a pattern for a policy: `*` and `?` stand for what it makes up.
    fn foretell(place: &Place, identity: Self::Identity) -> Self::Outputs;

    /// Whether gathering it builds something, which takes minutes.
    fn builds(_declared: &Self::Declared) -> bool {
        false
    }

    /// Turns a declaration into a spec: local files are read, built, and replaced by fingerprints.
    fn gather(declared: Self::Declared, sources: &Sources<'_>) -> Result<Gathered<Self::Spec>>;

    /// The observed spec in the wording of the desired one, wherever both mean the same. What AWS does
    /// not tell is taken from the spec that was applied `last`.
    fn align(
        observed: Self::Spec,
        _desired: &Self::Spec,
        _last: Option<&Self::Spec>,
    ) -> Self::Spec {
        observed
    }

    /// What the spec allows to others beyond what IAM's policies say, and none of those specs did that
    /// were there before: the object's own or, if it is to be made, those of all its kind. With each
    /// goes the path of the field that says so. Where nothing is to be judged, `before` is not asked.
    fn widens(
        _before: &dyn Fn() -> Result<Vec<Self::Spec>>,
        _desired: &Self::Spec,
    ) -> Result<Vec<(String, Opening)>> {
        Ok(Vec::new())
    }

    /// What is so wrong with a live object that it is to be shouted about.
    fn alarm(_live: &Self::Spec) -> Option<String> {
        None
    }

    /// Looks the object up. `prior` is what an earlier run was told by AWS, if there was one.
    fn read(
        aws: &Aws,
        identity: Self::Identity,
        prior: Option<Self::Outputs>,
        address: &Address,
    ) -> impl Future<Output = Result<Reading<Live<Self::Spec, Self::Outputs>>>>;

    /// Finds everything in the account that carries the tags of a stack, and which resource it is.
    fn discover(
        aws: &Aws,
        stack: &str,
    ) -> impl Future<Output = Result<Vec<(Address, Self::Identity)>>>;

    /// Makes the object; `None` where there is such an object already. That one is then read, and
    /// brought to the spec if it is ours.
    fn create(
        aws: &Aws,
        job: &Job<'_>,
        spec: Self::Spec,
    ) -> impl Future<Output = Result<Option<Self::Outputs>>>;

    /// Brings the live object to the spec, touching only what differs.
    fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Self::Spec, Self::Outputs>,
        spec: Self::Spec,
    ) -> impl Future<Output = Result<Self::Outputs>>;

    /// Removes the object; one that is already gone is a success. What AWS keeps for a while is
    /// told, with its date.
    fn delete(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Self::Spec, Self::Outputs>,
    ) -> impl Future<Output = Result<Option<String>>>;

    /// What must hold for those who use the object, now that it is as it was declared; mostly there
    /// is nothing to ask. An error is one of asking.
    fn verify(
        _aws: &Aws,
        _job: &Job<'_>,
        _caller: &Caller,
        _live: Live<Self::Spec, Self::Outputs>,
    ) -> impl Future<Output = Result<Vec<Check>>> {
        async { Ok(Vec::new()) }
    }
}

/// What others are allowed by a change that they were not before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What is allowed, and to whom.
    pub gives: String,
    /// In what it is more than before.
    pub why: String,
    /// A text that stands where it is declared.
    pub text: String,
}

/// How an object that carries the tags of nobody, or of somebody else, can become a stack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// When the user says so.
    OnRequest,
    /// Without being asked if it has no tags at all: AWS itself makes such objects.
    IfBare,
    /// In no case by its name; why.
    Never(&'static str),
}

/// A live object: what it is, and what AWS assigned to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Live<S, O> {
    /// What it is, in the words of the spec.
    pub spec: S,
    /// What AWS assigned.
    pub outputs: O,
    /// Which version of the object this is, where AWS tells one: sent along with a change, it keeps
    /// AWS from carrying that out on another version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

impl<S, O> Live<S, O> {
    /// An object of which AWS tells no version.
    pub fn new(spec: S, outputs: O) -> Self {
        Self { spec, outputs, revision: None }
    }
}

/// A live object as the engine sees it.
pub type Object = Live<Value, Value>;

/// What a look at AWS found.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<L> {
    /// The object is there.
    Present(L),
    /// It is not.
    Absent,
    /// It was deleted but can still be brought back.
    Recoverable(Recovery),
}

/// What AWS keeps of a deleted object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// What it is, such as `the secret example/ca`.
    pub what: String,
    /// When AWS will delete it for good.
    pub until: String,
    /// The command that deletes it at once.
    pub purge: String,
}

/// Something wrong with a declaration: where, step by step into the entry, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Keys, and the numbers of items, from the entry inwards.
    pub path: Vec<String>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
}

impl Fault {
    /// A fault at the end of `path`.
    pub fn new<'p>(path: impl IntoIterator<Item = &'p str>, message: impl Into<String>) -> Self {
        Self { path: path.into_iter().map(str::to_owned).collect(), message: message.into() }
    }
}

/// Bytes that go to AWS but into nothing that we keep.
pub enum Payload {
    /// A secret's value.
    Value(Zeroizing<Vec<u8>>),
    /// A function's code, zipped when it is sent.
    Code(Arc<Package>),
}

/// Leaves the bytes out.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Value",
            Self::Code(_) => "Code",
        })
    }
}

/// A spec, and the bytes that its fingerprints stand for.
#[derive(Debug)]
pub struct Gathered<S> {
    /// The spec.
    pub spec: S,
    /// What the fingerprint in the spec stands for.
    pub payload: Option<Payload>,
}

/// Where declarations find local files, and what packages must run on.
pub struct Sources<'a> {
    /// The folder of `stack.yaml`; paths in it are relative to this.
    pub base: PathBuf,
    /// Where the function will run: Lambda's runtime, or for the local AWS this machine.
    pub host: Host,
    /// Where is remembered what need not be made again, if there is such a folder.
    pub cache: Option<PathBuf>,
    /// The time, to tell an expired CA.
    pub now: OffsetDateTime,
    /// Told what takes time.
    pub report: &'a dyn Fn(&Step<'_>),
}

/// What came of making an object.
pub struct Made {
    /// What AWS has assigned.
    pub outputs: Value,
    /// Whether there was nothing of it before.
    pub anew: bool,
}

/// What a change comes with, beside the spec.
pub struct Job<'a> {
    /// Whose object this is.
    pub address: &'a Address,
    /// What the spec's fingerprint stands for.
    pub payload: Option<&'a Payload>,
    /// Whether all that the object depends on was made by this run, so that nothing can be in there
    /// yet.
    pub fresh: bool,
    /// Takes note of what AWS has assigned so far; it is on disk when this returns.
    pub journal: &'a dyn Fn(Value) -> Result<()>,
    /// The same of what was just made, and it is all that others need to be made.
    pub announce: &'a dyn Fn(Value) -> Result<()>,
    /// Told what is waited for; an error means that the wait is to be given up.
    pub note: &'a dyn Fn(&str) -> Result<()>,
}

impl Job<'_> {
    /// Records what AWS has assigned so far, so that a crash after this call loses nothing.
    pub fn record<O: Serialize>(&self, outputs: &O) -> Result<()> {
        (self.journal)(any::encode(outputs)?)
    }

    /// The same of an object that was just made, and lets those be made that refer to it: what is left
    /// to do on it is nothing that they need.
    pub fn announce<O: Serialize>(&self, outputs: &O) -> Result<()> {
        (self.announce)(any::encode(outputs)?)
    }

    /// The value that the spec's fingerprint stands for.
    pub fn value(&self) -> Result<&[u8]> {
        match self.payload {
            Some(Payload::Value(value)) => Ok(value),
            _ => Err(self.not_gathered()),
        }
    }

    /// The zip whose hash is in the spec. Zipping takes a while, so others go on meanwhile.
    pub async fn zip(&self) -> Result<Vec<u8>> {
        let Some(Payload::Code(package)) = self.payload else { return Err(self.not_gathered()) };
        let package = Arc::clone(package);
        let zipping = tokio::task::spawn_blocking(move || package.zip().map(Cow::into_owned));
        zipping.await.context(|| format!("could not zip the code of {}", self.address))?
    }

    fn not_gathered(&self) -> Error {
        Error::new(format!("the content of {} was not gathered", self.address))
    }
}
