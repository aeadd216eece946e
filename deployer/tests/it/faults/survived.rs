//! Faults that AWS is known for: one run survives each of them, and leaves nothing to do.

use std::collections::BTreeMap;
use std::time::Duration;

use expect_test::expect;

use super::envelope::Failure;
use super::ground::{complaints, run, writes};
use super::job::{Job, Report, Scenario, Trouble};
use super::rules::{Fault, Rule, Which};
use super::trial::Trial;
use crate::support::World;

/// An answer that AWS gives for a while where all is well.
struct Row {
    scenario: Scenario,
    /// The call that gets it, twice.
    on: &'static str,
    /// From when on.
    after: Option<&'static str>,
    answer: Failure,
}

const fn row(scenario: Scenario, on: &'static str, answer: Failure) -> Row {
    Row { scenario, on, after: None, answer }
}

/// What was made is not known everywhere at once.
const fn unseen(scenario: Scenario, on: &'static str, after: &'static str) -> Row {
    Row { scenario, on, after: Some(after), answer: Failure::NotFound }
}

const NO_ROLE: Failure = Failure::Typed(
    400,
    "InvalidParameterValueException",
    "The role defined for the function cannot be assumed by Lambda.",
);
const NO_PERMISSION: Failure = Failure::Typed(
    400,
    "InvalidParameterValueException",
    "The provided execution role does not have permissions to call CreateNetworkInterface on EC2",
);
const BUSY: Failure = Failure::Typed(
    409,
    "ResourceConflictException",
    "The operation cannot be performed at this time. An update is in progress for resource: arn:aws:lambda:us-east-1:000000000000:function:fn",
);
const STALE: Failure = Failure::Typed(
    412,
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
);
const CONFLICT: &str =
    "Unable to complete operation due to concurrent modification. Please try again later.";
const API_BUSY: Failure = Failure::Typed(409, "ConflictException", CONFLICT);
const API_BUSY_UNTYPED: Failure = Failure::Untyped(409, CONFLICT);
const API_BUSY_TEXT: Failure = Failure::PlainText(409, CONFLICT);
const DELETED: Failure = Failure::Typed(
    400,
    "InvalidRequestException",
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
);
const ABORTED: Failure = Failure::Typed(
    400,
    "OperationAbortedException",
    "A conflicting operation is currently in progress against this resource. Please try again.",
);
const CONCURRENT: Failure = Failure::Typed(
    409,
    "ConcurrentModification",
    "Request was aborted due to a concurrent modification. Please try again.",
);
const ATTACHED: Failure =
    Failure::Typed(409, "DeleteConflict", "Cannot delete entity, must delete policies first.");
const NO_PRINCIPAL: Failure = Failure::Typed(
    400,
    "MalformedPolicyDocument",
    "Invalid principal in policy: \"SERVICE\":\"lambda.amazonaws.com\"",
);

use Scenario::{Create, Destroy, Replace, ReplaceApi, Update};

const ROWS: &[Row] = &[
    row(Create, "lambda.CreateFunction", NO_ROLE),
    row(Create, "lambda.CreateFunction", NO_PERMISSION),
    row(Create, "secretsmanager.CreateSecret", DELETED),
    row(Create, "iam.PutRolePolicy", CONCURRENT),
    unseen(Create, "iam.PutRolePolicy", "iam.CreateRole"),
    unseen(Create, "lambda.GetFunctionConfiguration", "lambda.CreateFunction"),
    row(Create, "apigateway.CreateStage", API_BUSY),
    row(Create, "apigateway.CreateIntegration", API_BUSY),
    row(Create, "apigateway.CreateRoute", API_BUSY),
    unseen(Create, "secretsmanager.PutSecretValue", "secretsmanager.CreateSecret"),
    row(Create, "logs.PutRetentionPolicy", ABORTED),
    unseen(Create, "logs.PutRetentionPolicy", "logs.CreateLogGroup"),
    row(Create, "lambda.PutFunctionConcurrency", BUSY),
    row(Create, "lambda.AddPermission", BUSY),
    row(Create, "lambda.AddPermission", STALE),
    unseen(Create, "lambda.AddPermission", "lambda.CreateFunction"),
    row(Create, "apigateway.CreateRoute", API_BUSY_TEXT),
    row(Create, "apigateway.CreateRoute", API_BUSY_UNTYPED),
    row(Create, "iam.CreateRole", NO_PRINCIPAL),
    row(Update, "apigateway.UpdateApi", API_BUSY),
    row(Update, "apigateway.UpdateRoute", API_BUSY),
    row(Update, "lambda.UpdateFunctionConfiguration", BUSY),
    row(Update, "lambda.UpdateFunctionConfiguration", NO_ROLE),
    row(Update, "lambda.UpdateFunctionCode", BUSY),
    row(Update, "iam.PutRolePolicy", CONCURRENT),
    row(Update, "apigateway.UpdateRoute", API_BUSY_TEXT),
    row(Update, "apigateway.UpdateRoute", API_BUSY_UNTYPED),
    row(Update, "apigateway.TagResource", API_BUSY),
    row(Update, "apigateway.UntagResource", API_BUSY),
    row(Update, "iam.UpdateAssumeRolePolicy", NO_PRINCIPAL),
    row(Update, "iam.UpdateAssumeRolePolicy", CONCURRENT),
    row(Update, "lambda.RemovePermission", BUSY),
    row(Update, "lambda.TagResource", BUSY),
    row(Replace, "apigateway.UpdateIntegration", API_BUSY),
    row(Replace, "lambda.CreateFunction", NO_ROLE),
    row(Replace, "logs.DeleteLogGroup", ABORTED),
    row(ReplaceApi, "apigateway.DeleteRoute", API_BUSY),
    row(ReplaceApi, "apigateway.CreateRoute", API_BUSY),
    row(ReplaceApi, "apigateway.DeleteIntegration", API_BUSY),
    row(Destroy, "apigateway.DeleteApi", API_BUSY),
    row(Destroy, "logs.DeleteLogGroup", ABORTED),
    row(Destroy, "iam.DeleteRole", CONCURRENT),
    row(Destroy, "iam.DeleteRole", ATTACHED),
    row(Destroy, "iam.DeleteRolePolicy", CONCURRENT),
    row(Destroy, "lambda.DeleteFunction", BUSY),
];

/// Lists in pages.
const PAGES: &str = "in pages";

/// What the network and AWS do to any call, reads included.
fn weather() -> [(&'static str, Rule); 6] {
    let once = |fault| Rule::on_each(Which::First(1), fault);
    [
        ("throttled", once(Fault::Answer(Failure::Throttled))),
        ("status 500", once(Fault::Answer(Failure::Internal))),
        ("status 503", once(Fault::Answer(Failure::Unavailable))),
        ("disconnected", once(Fault::Disconnect)),
        ("a second late", once(Fault::Delay(Duration::from_secs(1)))),
        (PAGES, Rule::on_each(Which::Every, Fault::Pages)),
    ]
}

fn job(row: &Row) -> Job {
    let rule = |fault| Rule::on(row.on, Which::First(2), fault);
    let rule = match row.after {
        Some(operation) => rule(Fault::Unseen).after(operation),
        None => rule(Fault::Answer(row.answer.clone())),
    };
    let what = match &row.answer {
        Failure::Typed(_, code, _) => (*code).to_owned(),
        Failure::Untyped(..) => "no code".to_owned(),
        Failure::PlainText(..) => "plain text".to_owned(),
        answer => format!("{answer:?}"),
    };
    let what = format!("{} of {}", what, row.on);
    Job { scenario: row.scenario, what, trouble: Trouble::Passing(vec![rule]) }
}

/// A world with nothing but a local AWS.
pub(crate) fn world() -> World {
    let world = World::empty();
    world.succeed(&["local", "start"]);
    world
}

/// How many calls have met each kind of fault in each step.
fn table(reports: &[Report]) -> String {
    let mut rows: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    // How many pages there are depends on what is going on beside.
    for report in reports.iter().filter(|report| report.job.what != PAGES) {
        let column = Scenario::ALL.iter().position(|one| *one == report.job.scenario);
        let row = rows.entry(report.job.what.as_str()).or_default();
        row[column.expect("a scenario")] += report.hits;
    }
    let line = |(what, hits): (&&str, &[usize; 5])| {
        let hits: Vec<_> = hits.iter().map(|hits| format!("{hits:>3}")).collect();
        format!("{what:16} {}\n", hits.join(" "))
    };
    rows.iter().map(line).collect()
}

#[test]
fn every_call_survives_bad_weather() {
    let world = world();
    let jobs = Scenario::ALL.iter().flat_map(|scenario| {
        weather().map(|(what, rule)| Job {
            scenario: *scenario,
            what: what.to_owned(),
            trouble: Trouble::Passing(vec![rule]),
        })
    });
    let reports = run(&world, jobs.collect());
    assert_eq!(complaints(&reports), "");
    // Calls that met the fault in create, update, replace, replace of the API, destroy.
    expect![[r#"
        a second late     27  39  33  26  20
        disconnected      28  39  33  26  20
        status 500        28  39  33  26  20
        status 503        28  39  33  26  20
        throttled         28  39  33  26  20
    "#]]
    .assert_eq(&table(&reports));
}

#[test]
fn what_aws_says_for_a_while_is_waited_for() {
    let world = world();
    let reports = run(&world, ROWS.iter().map(job).collect());
    assert_eq!(complaints(&reports), "");
    assert!(reports.iter().all(|report| report.hits == 2), "{reports:?}");
}

#[test]
fn a_refused_write_is_told_with_its_cause_and_the_way_on_and_made_up_for_by_the_next_run() {
    let world = world();
    let jobs = Scenario::ALL.map(|scenario| Job {
        scenario,
        what: "refused".to_owned(),
        trouble: Trouble::Refused,
    });
    let reports = run(&world, jobs.into());
    assert_eq!(complaints(&reports), "");
    let refused: Vec<_> = reports.iter().map(|report| report.hits).collect();
    let all = writes(&world);
    let writes = Scenario::ALL.map(|one| all.iter().filter(|(other, ..)| *other == one).count());
    // A run that takes up another one makes some calls that a straight one does not, and does without
    // some: the permission goes with its function.
    let most = refused.iter().zip(writes).all(|(refused, all)| refused + 1 >= all);
    assert!(most, "each write was refused once: {refused:?} of {writes:?}");
}

#[test]
fn a_stack_whose_state_is_lost_is_found_on_whatever_page_it_is() {
    let world = world();
    let trial = Trial::new(&world, "lost");
    assert_eq!(trial.run(&["apply", "--yes"]).status, 0);
    std::fs::remove_file(trial.state_file()).expect("a state to lose");
    trial.proxy.faults.set(vec![Rule::on_each(Which::Every, Fault::Pages)]);
    let plan = trial.run(&["plan", "--detailed-exitcode"]);
    assert_eq!(plan.status, 0, "{}{}", plan.stdout, plan.stderr);
    let lists = ["apigateway.GetApis", "apigateway.GetRoutes", "logs.DescribeLogGroups"];
    for list in lists {
        let calls = trial.proxy.faults.calls();
        let pages = calls.iter().filter(|call| call.operation.to_string() == list).count();
        assert!(pages > 1, "{list} was asked for {pages} pages");
    }
}
