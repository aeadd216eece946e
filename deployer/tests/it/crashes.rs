//! Crash safety, for every point: the real binary is killed before and after each call that changes
//! something, or does not get the answer to it. Another run converges: nothing is missing, nothing is
//! there twice, nothing is left over, and the next plan is empty.

mod full_disk;

use std::fmt::Write as _;

use expect_test::expect;

use crate::faults::{
    Job, Moment, Operation, Report, Scenario, Trouble, complaints, run, world, writes,
};

/// What happens at a point, and how it is called.
const MODES: [&str; 3] = ["killed before", "killed after", "answer lost"];

fn trouble(mode: &str, operation: Operation, number: usize) -> Trouble {
    match mode {
        "killed before" => Trouble::Killed(Moment::Before, operation, number),
        "killed after" => Trouble::Killed(Moment::After, operation, number),
        _ => Trouble::Lost(operation, number),
    }
}

/// Each point in each way.
fn points(writes: &[(Scenario, Operation, usize)]) -> Vec<Job> {
    let jobs = MODES.into_iter().flat_map(|mode| {
        writes.iter().map(move |(scenario, operation, number)| Job {
            scenario: *scenario,
            what: format!("{mode}: {operation} {number}"),
            trouble: trouble(mode, operation.clone(), *number),
        })
    });
    jobs.collect()
}

#[test]
fn a_run_that_is_cut_off_at_any_write_is_taken_up_by_the_next() {
    let world = world();
    let writes = writes(&world);
    let reports = run(&world, points(&writes));
    let table = table(&writes, &reports);
    assert_eq!(complaints(&reports), "", "{table}");
    expect![[r#"
                      killed before   killed after    answer lost   without another run
        Create             13 of 13       13 of 13       13 of 13                    13
        Update             23 of 23       23 of 23       23 of 23                    23
        Replace            16 of 16       16 of 16       16 of 16                    16
        ReplaceApi           9 of 9         9 of 9         9 of 9                     9
        Destroy              6 of 6         6 of 6         6 of 6                     6
    "#]]
    .assert_eq(&table);
}

/// How many of the points of each step were survived.
fn table(writes: &[(Scenario, Operation, usize)], reports: &[Report]) -> String {
    let mut table = format!("{:12}", "");
    for mode in MODES {
        let _ = write!(table, " {mode:>14}");
    }
    table.push_str("   without another run\n");
    for scenario in Scenario::ALL {
        let all = writes.iter().filter(|(one, ..)| *one == scenario).count();
        let _ = write!(table, "{:12}", format!("{scenario:?}"));
        for mode in MODES {
            let of = |report: &&Report| {
                report.job.scenario == scenario && report.job.what.starts_with(mode)
            };
            let survived = reports.iter().filter(of).filter(|report| report.result.is_ok()).count();
            let _ = write!(table, " {:>14}", format!("{survived} of {all}"));
        }
        let alone =
            |report: &&Report| report.job.scenario == scenario && matches!(report.result, Ok(true));
        let _ = writeln!(table, " {:>21}", reports.iter().filter(alone).count());
    }
    table
}
