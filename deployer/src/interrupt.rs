//! Ctrl-C and its kin. Asked once, a run that is changing AWS ends in good order; asked twice, at
//! once. A run that changes nothing at the moment always ends at once.
//!
//! A thread of its own listens, so that a run is heard while it builds code or waits for an answer.

use std::fmt;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use futures_util::future::select_all;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::error::{Error, Result};

/// A request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The terminal is gone.
    Hangup,
    /// Ctrl-C.
    Interrupt,
    /// What `kill` and service managers send.
    Terminate,
}

/// How a run answers a request to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It ends at once, and has changed nothing.
    Unchanged,
    /// It starts nothing new, and ends when the calls under way are done.
    Finishing,
    /// It ends at once, in the middle of its changes.
    AtOnce,
    /// It ends at once, after its changes.
    Changed,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Looking,
    Changing,
    Changed,
}

/// Hears requests to end.
#[derive(Debug)]
pub struct Interrupt {
    run: Arc<Mutex<Run>>,
}

#[derive(Debug)]
struct Run {
    stage: Stage,
    asked: Option<Signal>,
}

impl Interrupt {
    /// Listens from now on. `tell` says to people how a request was answered; it is called on
    /// another thread.
    pub fn listen(tell: fn(Signal, Answer)) -> Result<Self> {
        let run = Arc::new(Mutex::new(Run { stage: Stage::Looking, asked: None }));
        let (ready, listening) = mpsc::channel();
        let heard = Arc::clone(&run);
        let body = move || hear(&heard, tell, &ready);
        thread::Builder::new()
            .name("signals".to_owned())
            .spawn(body)
            .and_then(|_| {
                listening.recv().unwrap_or_else(|error| Err(std::io::Error::other(error)))
            })
            .map_err(|error| Error::new("could not listen for signals").because(error))?;
        Ok(Self { run })
    }

    /// Changes begin: the first request is granted when what is under way is done.
    pub fn changing(&self) {
        lock(&self.run).stage = Stage::Changing;
    }

    /// Changes have ended, and are saved.
    pub fn changed(&self) {
        lock(&self.run).stage = Stage::Changed;
    }

    /// Changes have ended, and others may begin later; the request to end that came meanwhile, which
    /// is to be granted now.
    pub fn rest(&self) -> Option<Signal> {
        let mut run = lock(&self.run);
        run.stage = Stage::Looking;
        run.asked
    }

    /// The request to end that the run has yet to grant.
    pub fn asked(&self) -> Option<Signal> {
        lock(&self.run).asked
    }
}

impl Run {
    fn answer(&mut self, signal: Signal) -> Answer {
        match (self.stage, self.asked) {
            (Stage::Looking, _) => Answer::Unchanged,
            (Stage::Changed, _) => Answer::Changed,
            (Stage::Changing, None) => {
                self.asked = Some(signal);
                Answer::Finishing
            }
            // A lost terminal is often told twice, by the shell and by the system.
            (Stage::Changing, Some(_)) if signal == Signal::Hangup => Answer::Finishing,
            (Stage::Changing, Some(_)) => Answer::AtOnce,
        }
    }
}

impl Signal {
    const ALL: [Self; 3] = [Self::Hangup, Self::Interrupt, Self::Terminate];

    /// The exit status of a run that ends for it: what a shell makes of one that it kills.
    pub fn status(self) -> u8 {
        128 + match self {
            Self::Hangup => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }

    fn stream(self) -> std::io::Result<Stream> {
        signal(match self {
            Self::Hangup => SignalKind::hangup(),
            Self::Interrupt => SignalKind::interrupt(),
            Self::Terminate => SignalKind::terminate(),
        })
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hangup => "the terminal is gone",
            Self::Interrupt => "interrupted",
            Self::Terminate => "asked to terminate",
        })
    }
}

fn lock(run: &Mutex<Run>) -> MutexGuard<'_, Run> {
    run.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The life of the thread.
#[expect(clippy::exit, reason = "the run cannot be asked: it may be waiting for an answer")]
fn hear(run: &Mutex<Run>, tell: fn(Signal, Answer), ready: &mpsc::Sender<std::io::Result<()>>) {
    let built = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let streams = built.and_then(|runtime| {
        let entered = runtime.enter();
        let signals = Signal::ALL.into_iter().filter(|signal| !is_ignored(*signal));
        let streams = signals.map(|signal| Ok((signal, signal.stream()?)));
        let streams = streams.collect::<std::io::Result<Vec<_>>>()?;
        drop(entered);
        Ok((runtime, streams))
    });
    let (runtime, mut streams) = match streams {
        Ok(listening) => listening,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let _ = ready.send(Ok(()));
    loop {
        let signal = runtime.block_on(next(&mut streams));
        // Held to the end, so that no change begins while the run ends.
        let mut run = lock(run);
        let answer = run.answer(signal);
        tell(signal, answer);
        if answer != Answer::Finishing {
            std::process::exit(signal.status().into());
        }
    }
}

async fn next(streams: &mut [(Signal, Stream)]) -> Signal {
    let waits = streams.iter_mut().map(|(signal, stream)| {
        Box::pin(async move {
            stream.recv().await;
            *signal
        })
    });
    select_all(waits).await.0
}

/// Whether whoever started us wants it ignored: `nohup` does so with a lost terminal. Shells do so
/// with Ctrl-C in what they run in the background, and there it must still be possible to send it.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    signal == Signal::Hangup && mask.unwrap_or_default() & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stage: Stage) -> Run {
        Run { stage, asked: None }
    }

    #[test]
    fn a_run_that_changes_nothing_ends_at_once() {
        assert_eq!(run(Stage::Looking).answer(Signal::Interrupt), Answer::Unchanged);
        assert_eq!(run(Stage::Changed).answer(Signal::Terminate), Answer::Changed);
    }

    #[test]
    fn a_run_that_changes_something_is_asked_once_and_ended_the_second_time() {
        let mut run = run(Stage::Changing);
        assert_eq!(run.answer(Signal::Terminate), Answer::Finishing);
        assert_eq!(run.asked, Some(Signal::Terminate));
        assert_eq!(run.answer(Signal::Interrupt), Answer::AtOnce);
    }

    #[test]
    fn a_terminal_that_is_lost_twice_is_lost_once() {
        let mut run = run(Stage::Changing);
        assert_eq!(run.answer(Signal::Hangup), Answer::Finishing);
        assert_eq!(run.answer(Signal::Hangup), Answer::Finishing);
    }
}
