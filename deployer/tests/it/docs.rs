//! The pages keep what they promise: every command that they show is run, page by page and in order,
//! and what it prints is compared with what the page shows.
//!
//! A command is a line after `$ ` in a block marked `console`. Each page has a folder and a local AWS
//! of its own, and one shell, which goes through it from top to bottom.

mod commands;
mod likeness;
mod page;
mod pictures;
mod place;
mod replacements;
mod shell;
mod stack_file;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::support::{Run, workspace};
use likeness::difference;
use page::Step;
use place::{Given, Place, Who};
use shell::Said;

/// A page with commands, and what it takes for granted.
struct Page {
    /// Its path in the repository.
    path: &'static str,
    /// What is there at its beginning.
    given: Given,
    /// On which AWS, and as whom.
    who: Who,
    /// Programs without which it is left out.
    needs: &'static [&'static str],
    /// What is not run, by its beginning, and why.
    not_run: &'static [(&'static str, &'static str)],
    /// What others do, as the account's root, before the command that begins like this.
    meanwhile: &'static [(&'static str, &'static str)],
}

/// Most pages need nothing of it.
const PAGE: Page = Page {
    path: "",
    given: Given::Deployed,
    who: Who::Account,
    needs: &[],
    not_run: &[],
    meanwhile: &[],
};

/// Every page that has a command.
const PAGES: [Page; 10] = [
    Page {
        path: "README.md",
        given: Given::Stack,
        who: Who::Local,
        not_run: &[("cargo test", "it is what runs this")],
        ..PAGE
    },
    Page { path: "docs/guide/first-deployment.md", given: Given::Stack, ..PAGE },
    Page {
        path: "docs/guide/daily-use.md",
        meanwhile: &[("deployer drift", include_str!("docs/drift.sh"))],
        ..PAGE
    },
    Page {
        path: "docs/guide/certificates.md",
        who: Who::Local,
        needs: &["jq", "curl"],
        not_run: &[("deployer --local issue --watch", "it runs until it is told to stop")],
        ..PAGE
    },
    Page { path: "docs/guide/ci.md", ..PAGE },
    Page { path: "docs/guide/environments.md", who: Who::Administrator, ..PAGE },
    Page {
        path: "docs/guide/rotation.md",
        needs: &["jq"],
        meanwhile: &[("jq -n --rawfile", include_str!("docs/own-ca.sh"))],
        ..PAGE
    },
    Page {
        path: "docs/guide/incident.md",
        who: Who::Administrator,
        meanwhile: &[("cat > deny.json", include_str!("docs/role-web.sh"))],
        ..PAGE
    },
    Page { path: "docs/guide/from-terraform.md", given: Given::Terraform, who: Who::Local, ..PAGE },
    Page { path: "docs/reference/issuing-policy.md", given: Given::Stack, who: Who::Local, ..PAGE },
];

/// What ends with status 2 in order to say something: a part of the command, and of what it prints.
const SAYS_SO_BY_2: [(&str, &str); 3] = [
    ("deployer drift", " drifted"),
    ("deployer policy check", "would be refused"),
    ("--detailed-exitcode", "to change"),
];

#[test]
fn every_command_does_what_its_page_shows() {
    let failures: Vec<_> = thread::scope(|scope| {
        let runs: Vec<_> = PAGES.iter().map(|page| scope.spawn(|| follow(page))).collect();
        runs.into_iter().flat_map(|run| run.join().expect("a page to follow")).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_page_with_a_command_is_followed() {
    let known: Vec<_> = PAGES.iter().map(|page| page.path).collect();
    let mut found = found_pages();
    found.retain(|page| !steps_of(page).is_empty());
    for page in &found {
        assert!(known.contains(&page.as_str()), "{page} has commands that no test runs");
    }
    for page in known {
        assert!(found.iter().any(|found| found == page), "{page} has no commands");
    }
}

#[test]
fn every_exception_is_about_a_command() {
    for page in &PAGES {
        for (start, _) in page.not_run.iter().chain(page.meanwhile) {
            let found = steps_of(page.path).iter().any(|step| step.command.starts_with(start));
            assert!(found, "{} has no command that begins with {start}", page.path);
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in found_pages() {
        let text = read(&page);
        let folder = workspace().join(&page).parent().expect("a folder").to_owned();
        for link in page::links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { workspace().join(&page) } else { folder.join(file) };
            assert!(target.exists(), "{page} links to {link}, which is not there");
            let there = heading.is_empty() || page::headings(&target).contains(&heading.to_owned());
            assert!(there, "{page} links to {link}, and there is no such heading");
        }
    }
}

/// Goes through a page; what differs from what it shows.
fn follow(page: &Page) -> Vec<String> {
    if !page.needs.iter().all(|program| is_installed(program)) {
        return Vec::new();
    }
    let place = Place::new(page.given, page.who);
    let mut steps = steps_of(page.path);
    steps.retain(|step| !page.not_run.iter().any(|(start, _)| step.command.starts_with(start)));
    let said = shell::run(&place, &steps, page.meanwhile);
    let judged = steps.iter().zip(&said).filter_map(|(step, said)| judge(page, step, said));
    let mut failures: Vec<_> = judged.collect();
    if said.len() < steps.len() {
        failures.push(format!("{} ends at\n$ {}\n", page.path, steps[said.len()].command));
    }
    failures
}

/// What is wrong with a step, if anything is.
fn judge(page: &Page, step: &Step, said: &Said) -> Option<String> {
    let expected = expected_status(step, said);
    let place = format!("{}:{}\n$ {}\n", page.path, step.line, step.command);
    if said.status != expected {
        let Said { status, text } = said;
        return Some(format!("{place}ended with {status} instead of {expected}:\n{text}"));
    }
    let difference = difference(step.shown.as_deref()?, &said.text)?;
    Some(format!("{place}{difference}"))
}

/// A command succeeds, unless the page shows its error, or it tells something by its status.
fn expected_status(step: &Step, said: &Said) -> i32 {
    let shown = step.shown.as_deref().unwrap_or_default();
    let tells =
        |(command, text): &(&str, &str)| step.command.contains(command) && said.text.contains(text);
    if shown.lines().any(|line| line.starts_with("error:")) {
        1
    } else if SAYS_SO_BY_2.iter().any(tells) {
        2
    } else {
        0
    }
}

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn steps_of(page: &str) -> Vec<Step> {
    page::steps(&read(page))
}

fn read(page: &str) -> String {
    fs::read_to_string(workspace().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The pages beside the README, and all below `docs`, by their paths in the repository.
fn found_pages() -> Vec<String> {
    let mut found = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(workspace().join(&folder)).expect("a folder of pages") {
            let entry = entry.expect("an entry");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.extension() == Some("md".as_ref()) {
                found.push(path.display().to_string());
            }
        }
    }
    assert!(found.len() > 10, "the pages were found");
    found
}

/// Runs something that prepares a place; it must succeed.
fn prepare(command: &mut Command) -> String {
    let run = Run::of(command);
    assert_eq!(run.status, 0, "{command:?} failed:\n{}{}", run.stdout, run.stderr);
    run.stdout
}

/// A file of the tests of pages.
fn own_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/docs").join(name)
}
