//! Which change may begin when. It is told what has happened and says what follows from that; each
//! event costs no more than there are changes that it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use crate::address::Address;
use crate::plan::{Action, Change};

/// The changes of a plan, and how far each is.
pub(super) struct Schedule<'p> {
    steps: Vec<Step<'p>>,
    places: BTreeMap<&'p Address, usize>,
    /// Those that may begin, in the order of the plan.
    ready: BTreeSet<usize>,
}

struct Step<'p> {
    change: &'p Change,
    /// Those that come after it.
    followers: Vec<usize>,
    /// How many of those before it keep it from beginning.
    held: usize,
    /// How many of those before it are not closed.
    open: usize,
    stage: Stage,
    /// Whether others know all that they need of it to be made.
    announced: bool,
    /// Whether something that it was begun on has failed since.
    tainted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    HeldBack,
    Begun,
    Ended,
    /// Ended, and so is all that it was begun on: only now may others build on it that are in use.
    Closed,
}

impl<'p> Schedule<'p> {
    /// The changes in an order in which they could be done one by one.
    pub(super) fn new(changes: impl Iterator<Item = &'p Change>) -> Self {
        let changes: Vec<_> = changes.collect();
        let places = changes.iter().enumerate().map(|(n, change)| (&change.address, n)).collect();
        let mut schedule = Self { steps: Vec::new(), places, ready: BTreeSet::new() };
        for (n, change) in changes.into_iter().enumerate() {
            let needs = change.after.iter().filter_map(|need| schedule.places.get(need));
            let needs: Vec<usize> = needs.copied().collect();
            schedule.steps.push(Step::new(change, needs.len()));
            for &need in &needs {
                schedule.steps[need].followers.push(n);
            }
            if needs.is_empty() {
                schedule.ready.insert(n);
            }
        }
        schedule
    }

    /// Begins the first change that may begin.
    pub(super) fn begin(&mut self) -> Option<&'p Change> {
        let step = &mut self.steps[self.ready.pop_first()?];
        step.stage = Stage::Begun;
        Some(step.change)
    }

    /// Something is not complete, but has all that others need to be made. It does for what nobody uses
    /// yet; what is in use must not lead to what is half made.
    pub(super) fn announce(&mut self, address: &Address) {
        let n = self.places[address];
        if mem::replace(&mut self.steps[n].announced, true) {
            return;
        }
        for k in 0..self.steps[n].followers.len() {
            let follower = self.steps[n].followers[k];
            if self.steps[follower].is_made() {
                self.release(follower);
            }
        }
    }

    /// A change has ended. What must not begin any more, each with what it must not build on.
    pub(super) fn end(
        &mut self,
        address: &Address,
        succeeded: bool,
    ) -> Vec<(&'p Change, &'p Address)> {
        let n = self.places[address];
        self.steps[n].stage = Stage::Ended;
        let mut held_back = if succeeded { Vec::new() } else { self.spoil(n) };
        self.close(n, &mut held_back);
        held_back.sort_unstable();
        let change = |n: usize| self.steps[n].change;
        held_back.into_iter().map(|(n, cause)| (change(n), &change(cause).address)).collect()
    }

    /// The changes that are still to begin.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &'p Change> {
        self.steps.iter().filter(|step| step.stage == Stage::Waiting).map(|step| step.change)
    }

    fn release(&mut self, n: usize) {
        let step = &mut self.steps[n];
        step.held -= 1;
        if step.held == 0 && step.stage == Stage::Waiting {
            self.ready.insert(n);
        }
    }

    /// Closes a change and whatever that lets be closed.
    fn close(&mut self, n: usize, held_back: &mut Vec<(usize, usize)>) {
        let mut candidates = vec![n];
        while let Some(n) = candidates.pop() {
            if self.steps[n].stage != Stage::Ended || self.steps[n].open > 0 {
                continue;
            }
            self.steps[n].stage = Stage::Closed;
            if self.steps[n].tainted {
                held_back.extend(self.spoil(n));
            }
            for follower in mem::take(&mut self.steps[n].followers) {
                self.steps[follower].open -= 1;
                if !(self.steps[n].announced && self.steps[follower].is_made()) {
                    self.release(follower);
                }
                candidates.push(follower);
            }
        }
    }

    /// Nothing may build on a change any more: what waits for it is held back, and what was begun on it
    /// will be nothing to build on either. What is held back, each with its cause.
    fn spoil(&mut self, n: usize) -> Vec<(usize, usize)> {
        let mut held_back = Vec::new();
        let mut spoiled = vec![n];
        while let Some(n) = spoiled.pop() {
            for k in 0..self.steps[n].followers.len() {
                let follower = self.steps[n].followers[k];
                let step = &mut self.steps[follower];
                step.tainted = true;
                if step.stage == Stage::Waiting {
                    step.stage = Stage::HeldBack;
                    self.ready.remove(&follower);
                    held_back.push((follower, n));
                    spoiled.push(follower);
                }
            }
        }
        held_back
    }
}

impl<'p> Step<'p> {
    fn new(change: &'p Change, needs: usize) -> Self {
        Self {
            change,
            followers: Vec::new(),
            held: needs,
            open: needs,
            stage: Stage::Waiting,
            announced: false,
            tainted: false,
        }
    }

    /// Whether the change makes something, which nobody uses yet.
    fn is_made(&self) -> bool {
        self.change.action == Action::Create
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::fake::FakeCloud;
    use crate::plan::Plan;

    const STACK: &str = r#"
stack: demo
resources:
  log_group.a: { name: /a }
  log_group.b: { name: /b }
  iam_role.r: { name: r, allow: [{ actions: "a:B", on: "${log_group.a.arn}" }] }
  lambda_function.f: { name: f, role: "${iam_role.r.arn}", code: { cargo: signer }, log_group: "${log_group.b.name}" }
"#;

    fn plan(text: &str) -> Plan {
        FakeCloud::new().plan(text).expect("a plan")
    }

    fn begun(schedule: &mut Schedule<'_>) -> Vec<String> {
        std::iter::from_fn(|| schedule.begin()).map(|change| change.address.to_string()).collect()
    }

    fn end(schedule: &mut Schedule<'_>, address: &str, succeeded: bool) -> Vec<String> {
        let held_back = schedule.end(&address.parse().expect("an address"), succeeded);
        held_back
            .into_iter()
            .map(|(change, cause)| format!("{} by {cause}", change.address))
            .collect()
    }

    fn announce(schedule: &mut Schedule<'_>, address: &str) {
        schedule.announce(&address.parse().expect("an address"));
    }

    #[test]
    fn each_begins_when_the_last_of_what_it_needs_is_there() {
        let plan = plan(STACK);
        let mut schedule = Schedule::new(plan.actions());
        assert_eq!(begun(&mut schedule), ["log_group.a", "log_group.b"]);
        assert!(end(&mut schedule, "log_group.a", true).is_empty());
        assert_eq!(begun(&mut schedule), ["iam_role.r"]);
        announce(&mut schedule, "iam_role.r");
        assert!(begun(&mut schedule).is_empty(), "the other group is not there yet");
        announce(&mut schedule, "log_group.b");
        announce(&mut schedule, "log_group.b");
        assert_eq!(begun(&mut schedule), ["lambda_function.f"]);
        for ended in ["lambda_function.f", "log_group.b", "iam_role.r"] {
            assert!(end(&mut schedule, ended, true).is_empty());
        }
        assert_eq!(schedule.waiting().count(), 0);
    }

    #[test]
    fn what_fails_holds_back_all_that_waits_for_it_and_nothing_else() {
        let plan = plan(STACK);
        let mut schedule = Schedule::new(plan.actions());
        begun(&mut schedule);
        assert_eq!(
            end(&mut schedule, "log_group.a", false),
            ["iam_role.r by log_group.a", "lambda_function.f by iam_role.r"]
        );
        assert!(end(&mut schedule, "log_group.b", true).is_empty());
        assert!(begun(&mut schedule).is_empty());
    }

    #[test]
    fn what_was_begun_on_something_that_fails_later_is_nothing_to_build_on() {
        let last = "  http_route.x: { api: \"${http_api.i.id}\", route: GET /, function: \"${lambda_function.f.arn}\" }\n  http_api.i: { name: i }\n";
        let plan = plan(&format!("{STACK}{last}"));
        let mut schedule = Schedule::new(plan.actions());
        begun(&mut schedule);
        announce(&mut schedule, "log_group.a");
        assert_eq!(begun(&mut schedule), ["iam_role.r"]);
        for ended in ["iam_role.r", "http_api.i", "log_group.b"] {
            assert!(end(&mut schedule, ended, true).is_empty());
        }
        assert!(begun(&mut schedule).is_empty(), "the role is not closed");
        assert_eq!(
            end(&mut schedule, "log_group.a", false),
            ["lambda_function.f by iam_role.r", "http_route.x by lambda_function.f"]
        );
    }
}
