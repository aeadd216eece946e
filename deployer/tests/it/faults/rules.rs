//! The one engine of faults: rules that say which call meets which fault, and a record of all calls.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, Response};

use super::envelope::Failure;
use super::operation::Operation;
use super::pages::{self, Pages};

/// What happens to a call.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is answered in AWS's stead.
    Answer(Failure),
    /// What it asks for is not known yet: lists are empty, everything else is not found.
    Unseen,
    /// It takes longer.
    Delay(Duration),
    /// The connection is closed, and nothing is carried out.
    Disconnect,
    /// It is carried out, and the connection is closed instead of an answer.
    LoseAnswer,
    /// It stops there for ever; whoever holds the other end is told.
    Hold(Moment),
    /// If it is a list, it is split into pages.
    Pages,
    /// In what AWS answers, the first text stands as the second.
    Says(&'static str, &'static str),
}

/// When a call is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before AWS has got it.
    Before,
    /// When AWS has carried it out.
    After,
}

/// Which calls of an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    /// The n-th, counted from 1.
    Nth(usize),
    /// So many, and no further ones.
    First(usize),
    /// All.
    Every,
}

/// Which operations.
#[derive(Debug, Clone)]
enum Of {
    One(Operation),
    Writes,
    All,
}

/// Which calls meet which fault. Calls are counted for each operation by itself.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    of: Of,
    which: Which,
    /// Counting begins when this was carried out.
    after: Option<Operation>,
    /// And ends when this was.
    until: Option<Operation>,
    fault: Fault,
}

impl Rule {
    /// A rule for the calls of one operation, such as `lambda.CreateFunction`.
    pub(crate) fn on(operation: &str, which: Which, fault: Fault) -> Self {
        let operation = operation.parse().expect("an operation");
        Self { of: Of::One(operation), which, after: None, until: None, fault }
    }

    /// A rule for the calls of each operation.
    pub(crate) fn on_each(which: Which, fault: Fault) -> Self {
        Self { of: Of::All, which, after: None, until: None, fault }
    }

    /// A rule for the calls of each operation that changes something.
    pub(crate) fn on_each_write(which: Which, fault: Fault) -> Self {
        Self { of: Of::Writes, which, after: None, until: None, fault }
    }

    /// Counts from the moment at which another operation was carried out.
    pub(crate) fn after(mut self, operation: &str) -> Self {
        self.after = Some(operation.parse().expect("an operation"));
        self
    }

    /// Counts until another operation was carried out.
    pub(crate) fn until(mut self, operation: &str) -> Self {
        self.until = Some(operation.parse().expect("an operation"));
        self
    }
}

/// A call that was seen.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// What it met.
    pub(crate) fault: Option<Fault>,
    /// What AWS answered, if it was asked and has answered.
    pub(crate) status: Option<u16>,
    /// When it came.
    pub(crate) began: Instant,
    /// When it was answered, if it was.
    pub(crate) ended: Option<Instant>,
}

/// The connection is closed.
#[derive(Debug)]
pub(crate) struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was closed by a rule")
    }
}

impl Error for Broken {}

/// Rules, and what came of them.
pub(crate) struct Faults {
    inner: Mutex<Inner>,
    holds: Sender<Operation>,
}

#[derive(Default)]
struct Inner {
    rules: Vec<Active>,
    calls: Vec<Call>,
    strangers: Vec<String>,
    pages: Pages,
}

struct Active {
    rule: Rule,
    counts: BTreeMap<Operation, usize>,
    armed: bool,
}

impl Active {
    /// Counts a call; whether it is meant.
    fn applies(&mut self, operation: &Operation) -> bool {
        let meant = match &self.rule.of {
            Of::One(one) => one == operation,
            Of::Writes => !operation.reads(),
            Of::All => true,
        };
        if !meant || !self.armed {
            return false;
        }
        let count = self.counts.entry(operation.clone()).or_default();
        *count += 1;
        match self.rule.which {
            Which::Nth(n) => *count == n,
            Which::First(k) => *count <= k,
            Which::Every => true,
        }
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}

impl Faults {
    /// No rules yet; and where it is told which calls are held.
    pub(crate) fn new() -> (Self, Receiver<Operation>) {
        let (holds, held) = channel();
        (Self { inner: Mutex::default(), holds }, held)
    }

    /// From now on these rules, and a fresh record.
    pub(crate) fn set(&self, rules: Vec<Rule>) {
        let mut inner = self.inner();
        let active = |rule: Rule| {
            let armed = rule.after.is_none();
            Active { rule, counts: BTreeMap::new(), armed }
        };
        inner.rules = rules.into_iter().map(active).collect();
        inner.calls.clear();
    }

    /// The calls since then, in their order.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// Requests that are no operation which the deployer is known to use.
    pub(crate) fn strangers(&self) -> Vec<String> {
        self.inner().strangers.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call through to where it is carried out, as the rules have it.
    pub(crate) async fn pass<F>(
        &self,
        request: Request<Bytes>,
        carry_out: impl FnOnce(Request<Bytes>) -> F,
    ) -> Result<Response<Bytes>, Broken>
    where
        F: Future<Output = Result<Response<Bytes>, Broken>>,
    {
        let Some(operation) = Operation::of(&request) else {
            let stranger = format!("{} {}", request.method(), request.uri());
            self.inner().strangers.push(stranger);
            return carry_out(request).await;
        };
        let (number, fault) = self.begin(&operation);
        match &fault {
            Some(Fault::Answer(failure)) => return Ok(failure.of(operation.service)),
            Some(Fault::Unseen) => {
                return Ok(match pages::items(&operation) {
                    Some(items) => pages::empty(items),
                    None => Failure::NotFound.of(operation.service),
                });
            }
            Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
            Some(Fault::Disconnect) => return Err(Broken),
            Some(Fault::Hold(Moment::Before)) => return self.hold(operation).await,
            Some(Fault::Pages) => {
                if let Some(page) = self.inner().pages.further(&request) {
                    return Ok(page);
                }
            }
            Some(Fault::LoseAnswer | Fault::Hold(Moment::After) | Fault::Says(..)) | None => {}
        }
        let answer = carry_out(request).await?;
        self.end(number, &operation, &answer);
        match fault {
            Some(Fault::LoseAnswer) => Err(Broken),
            Some(Fault::Hold(_)) => self.hold(operation).await,
            Some(Fault::Pages) if answer.status().is_success() => {
                Ok(match pages::items(&operation) {
                    Some(items) => self.inner().pages.split(items, &answer),
                    None => answer,
                })
            }
            Some(Fault::Says(one, other)) => Ok(reworded(answer, one, other)),
            _ => Ok(answer),
        }
    }

    /// Writes a call down, and finds what it is to meet.
    fn begin(&self, operation: &Operation) -> (usize, Option<Fault>) {
        let mut inner = self.inner();
        // Every rule counts every call, also where another one comes first.
        let applying: Vec<bool> =
            inner.rules.iter_mut().map(|active| active.applies(operation)).collect();
        let first = applying.into_iter().position(|applies| applies);
        let fault = first.map(|index| inner.rules[index].rule.fault.clone());
        inner.calls.push(Call {
            operation: operation.clone(),
            fault: fault.clone(),
            status: None,
            began: Instant::now(),
            ended: None,
        });
        (inner.calls.len() - 1, fault)
    }

    /// Writes an answer down, and arms the rules that wait for it.
    fn end(&self, number: usize, operation: &Operation, answer: &Response<Bytes>) {
        let mut inner = self.inner();
        // The rules may have been changed while the call was under way.
        if let Some(call) = inner.calls.get_mut(number) {
            call.status = Some(answer.status().as_u16());
            call.ended = Some(Instant::now());
        }
        if answer.status().is_success() {
            for active in &mut inner.rules {
                active.armed |= active.rule.after.as_ref() == Some(operation);
                active.armed &= active.rule.until.as_ref() != Some(operation);
            }
        }
    }

    /// Says that a call is held, and holds it for as long as the caller lives.
    async fn hold(&self, operation: Operation) -> Result<Response<Bytes>, Broken> {
        let _ = self.holds.send(operation);
        std::future::pending().await
    }
}

/// The answer with one text in the place of another, of which there must be one at least.
fn reworded(answer: Response<Bytes>, one: &str, other: &str) -> Response<Bytes> {
    let (mut parts, body) = answer.into_parts();
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains(one), "no {one} in {text}");
    let body = Bytes::from(text.replace(one, other));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, body)
}
