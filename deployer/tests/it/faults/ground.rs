//! Trials on a local AWS: each takes a stack one step of its life, in trouble, and looks at what has
//! come of it. Several stacks live side by side, each going through one trial after the other.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use deployer::aws::Aws;
use tokio::runtime::Runtime;

use super::envelope::Failure;
use super::explained::explains;
use super::inventory;
use super::job::{Job, Report, Scenario, Trouble};
use super::operation::Operation;
use super::rules::{Fault, Rule, Which};
use super::trial::Trial;
use crate::support::{Run, World};

/// Stacks side by side: most of the time they wait.
const LANES: usize = 8;

/// Trials between the making of a stack and its end.
const BETWEEN: usize = 6;

/// How long a run may take; the longest wait of ours that is provoked is some seconds long.
const PATIENCE: Duration = Duration::from_mins(2);

/// The calls that change something in each step, with their numbers among those of their operation.
pub(crate) fn writes(world: &World) -> Vec<(Scenario, Operation, usize)> {
    let mut trial = Trial::new(world, "count");
    let mut all: Vec<(Scenario, Operation, usize)> = Vec::new();
    for scenario in Scenario::ALL {
        trial.declare(scenario.next(trial.version));
        trial.proxy.faults.set(Vec::new());
        let run = trial.run(&scenario.arguments());
        assert_eq!(run.status, 0, "{scenario:?}: {}{}", run.stdout, run.stderr);
        for call in trial.proxy.faults.calls().into_iter().filter(|call| !call.operation.reads()) {
            let same = |one: &&(Scenario, Operation, usize)| {
                (one.0, &one.1) == (scenario, &call.operation)
            };
            let number = all.iter().filter(same).count() + 1;
            all.push((scenario, call.operation, number));
        }
    }
    all
}

/// Carries out all jobs.
pub(crate) fn run(world: &World, jobs: Vec<Job>) -> Vec<Report> {
    let (jobs, reports) = (Mutex::new(jobs), Mutex::default());
    thread::scope(|scope| {
        for number in 0..LANES {
            let (jobs, reports) = (&jobs, &reports);
            scope.spawn(move || Lane::new(world, number).run(jobs, reports));
        }
    });
    let mut reports: Vec<Report> = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    reports.sort_by(|a, b| (a.job.scenario, &a.job.what).cmp(&(b.job.scenario, &b.job.what)));
    reports
}

/// What is wrong with any of them, to be shown at once.
pub(crate) fn complaints(reports: &[Report]) -> String {
    let wrong = reports.iter().filter_map(|report| {
        let message = report.result.as_ref().err()?;
        Some(format!("{:?}, {}: {message}\n", report.job.scenario, report.job.what))
    });
    wrong.collect()
}

/// One stack after the other, one step after the other.
struct Lane<'w> {
    world: &'w World,
    number: usize,
    stacks: usize,
    trial: Trial<'w>,
    root: Aws,
    runtime: Runtime,
}

impl<'w> Lane<'w> {
    fn new(world: &'w World, number: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let root = runtime.block_on(world.root());
        let trial = Trial::new(world, &format!("lane{number}-0"));
        Self { world, number, stacks: 1, trial, root, runtime }
    }

    fn run(mut self, jobs: &Mutex<Vec<Job>>, reports: &Mutex<Vec<Report>>) {
        use Scenario::{Create, Destroy, Replace, ReplaceApi, Update};
        let take = |scenarios: &[Scenario]| {
            let mut jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
            let found = jobs.iter().position(|job| scenarios.contains(&job.scenario))?;
            Some(jobs.remove(found))
        };
        let report = |report: Option<Report>| {
            reports.lock().unwrap_or_else(PoisonError::into_inner).extend(report);
        };
        while !jobs.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            report(self.step(Create, take(&[Create])));
            for _ in 0..BETWEEN {
                let Some(job) = take(&[Update, Replace, ReplaceApi]) else { break };
                report(self.step(job.scenario, Some(job)));
            }
            report(self.step(Destroy, take(&[Destroy])));
        }
    }

    /// One step, in trouble or not. A stack that does not come out of it well is left as it is, and
    /// the next one takes its place.
    fn step(&mut self, scenario: Scenario, job: Option<Job>) -> Option<Report> {
        self.trial.declare(scenario.next(self.trial.version));
        self.trial.proxy.faults.set(Vec::new());
        let Some(job) = job else {
            let done = self.settle(scenario).and_then(|()| self.check(scenario));
            done.unwrap_or_else(|message| panic!("{scenario:?} without trouble: {message}"));
            return None;
        };
        let survived = self.disturb(&job);
        let calls = self.trial.proxy.faults.calls();
        // An API that an earlier step of this lane has deleted is looked for by its tags once more.
        let by_chance = |operation: &Operation| {
            scenario == Scenario::Destroy && operation.to_string() == "apigateway.GetApis"
        };
        let hit = calls.iter().filter(|call| call.fault.is_some() && !by_chance(&call.operation));
        let hits = hit.count();
        self.trial.proxy.faults.set(Vec::new());
        let result = survived.and_then(|survived| {
            if hits == 0 {
                return Err("no call has met the fault".to_owned());
            }
            if !survived {
                self.settle(scenario)?;
            }
            self.check(scenario).map(|()| survived)
        });
        if result.is_err() {
            self.trial = Trial::new(self.world, &format!("lane{}-{}", self.number, self.stacks));
            self.stacks += 1;
            if scenario != Scenario::Destroy {
                self.settle(Scenario::Create).expect("a stack without trouble");
            }
        }
        Some(Report { job, hits, result })
    }

    /// One run in trouble; whether it has succeeded all the same.
    fn disturb(&self, job: &Job) -> Result<bool, String> {
        let arguments = job.scenario.arguments();
        let one = |operation: &Operation, number: usize, fault: Fault| {
            vec![Rule::on(&operation.to_string(), Which::Nth(number), fault)]
        };
        let faults = &self.trial.proxy.faults;
        match &job.trouble {
            Trouble::Killed(moment, operation, number) => {
                faults.set(one(operation, *number, Fault::Hold(*moment)));
                self.kill(&arguments).map(|()| false)
            }
            Trouble::Lost(operation, number) => {
                faults.set(one(operation, *number, Fault::LoseAnswer));
                let run = self.trial.run(&arguments);
                if ![0, 1].contains(&run.status) {
                    return Err(told("it ended in no proper way", &run));
                }
                Ok(run.status == 0)
            }
            Trouble::Refused => {
                let refusal = Fault::Answer(Failure::AccessDenied);
                faults.set(vec![Rule::on_each_write(Which::First(1), refusal)]);
                self.insist(&arguments).map(|()| true)
            }
            Trouble::Passing(rules) => {
                faults.set(rules.clone());
                let begin = Instant::now();
                let run = self.trial.run(&arguments);
                if run.status != 0 {
                    return Err(told("it failed", &run));
                }
                if begin.elapsed() > PATIENCE {
                    return Err(format!("it took {:?}", begin.elapsed()));
                }
                Ok(true)
            }
        }
    }

    /// Runs the binary again and again until nothing is refused any more; each run that fails must say
    /// what was refused.
    fn insist(&self, arguments: &[&str]) -> Result<(), String> {
        let mut seen = 0;
        loop {
            let run = self.trial.run(arguments);
            let calls = self.trial.proxy.faults.calls().split_off(seen);
            seen += calls.len();
            let refused: Vec<_> = calls.iter().filter(|call| call.fault.is_some()).collect();
            if refused.is_empty() {
                return if run.status == 0 { Ok(()) } else { Err(told("it failed", &run)) };
            }
            for call in refused {
                explains(&run, &call.operation)?;
            }
        }
    }

    /// Runs the binary until a call is held, and kills it there.
    fn kill(&self, arguments: &[&str]) -> Result<(), String> {
        let held = &self.trial.proxy.held;
        while held.try_recv().is_ok() {}
        let mut process = self.trial.spawn(arguments);
        let deadline = Instant::now() + PATIENCE;
        let outcome = loop {
            if held.recv_timeout(Duration::from_millis(10)).is_ok() {
                break Ok(());
            }
            if let Some(status) = process.try_wait().expect("a status") {
                break Err(format!("it ended before it could be killed: {status}"));
            }
            if Instant::now() > deadline {
                break Err("it never came to that call".to_owned());
            }
        };
        // SIGKILL; a process that has ended is no error.
        process.kill().expect("a process to kill");
        process.wait().expect("a dead process");
        outcome
    }

    /// The run that must bring everything to what it should be.
    fn settle(&self, scenario: Scenario) -> Result<(), String> {
        let run = self.trial.run(&scenario.arguments());
        if run.status == 0 { Ok(()) } else { Err(told("another run does not mend it", &run)) }
    }

    /// Nothing is missing, nothing is there twice, nothing is left over, nothing is left to do.
    fn check(&self, scenario: Scenario) -> Result<(), String> {
        let trial = &self.trial;
        let there = self.runtime.block_on(inventory::of(&self.root, &trial.name));
        let should = match scenario {
            Scenario::Destroy => Vec::new(),
            _ => inventory::expected(&trial.name, trial.version),
        };
        if there != should {
            return Err(format!("there is {there:#?} instead of {should:#?}"));
        }
        let strangers = trial.proxy.faults.strangers();
        if !strangers.is_empty() {
            return Err(format!("calls of unknown operations: {strangers:?}"));
        }
        if scenario == Scenario::Destroy {
            let left = trial.remembered();
            return if left == 0 { Ok(()) } else { Err(format!("the state holds {left} entries")) };
        }
        let plan = trial.run(&["plan", "--detailed-exitcode"]);
        if plan.status == 0 { Ok(()) } else { Err(told("the next plan is not empty", &plan)) }
    }
}

fn told(what: &str, run: &Run) -> String {
    format!("{what} (status {}):\n{}{}", run.status, run.stdout, run.stderr)
}
