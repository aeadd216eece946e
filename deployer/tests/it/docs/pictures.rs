//! The pictures of a terminal in the README, made from what the binary prints.
//!
//! Times, ids and places are replaced by fixed ones, so that a picture changes with what it shows only.

use std::sync::LazyLock;

use anstyle::RgbColor;
use anstyle_svg::{Palette, Term, VGA};
use expect_test::expect_file;

use super::page::Step;
use super::place::{Given, Place, Who};
use super::replacements::Replacements;
use super::shell;
use crate::support::workspace;

/// A picture: its name, what is done before, the command, and how that ends.
type Picture = (&'static str, &'static str, &'static str, i32);

/// The pictures, in the order in which they are taken.
const PICTURES: [Picture; 4] = [
    (
        "mistake",
        "sed -i 's/retention_days/retention/; s/_ARN: ${secret.ca/_ARN: ${secret.cb/' stack.yaml",
        "plan",
        1,
    ),
    (
        "plan",
        "git checkout -q stack.yaml
        sed -i 's/retention_days: 30/retention_days: 14/; s/on: ${secret.ca.arn}/on: \"*\"/' stack.yaml",
        "plan",
        0,
    ),
    (
        "apply",
        "git checkout -q stack.yaml; sed -i 's/memory_mb: 256/memory_mb: 512/' stack.yaml",
        "apply --yes",
        0,
    ),
    ("issue", "true", "issue --dns web.internal.example --ttl-hours 4", 0),
];

/// What differs from run to run, and what the pictures have instead. The order matters.
static FIXED: LazyLock<Replacements> = LazyLock::new(|| {
    Replacements::new(&[
        (r"AWS at http://127\.0\.0\.1:[0-9]+", "AWS"),
        (r"https?://[0-9a-f]{8}\.", "https://a1b2c3d4e5."),
        (r"\b[0-9a-f]{8}(\.execute-api)", "a1b2c3d4e5$1"),
        (r"(execute-api)\.localhost:[0-9]+", "$1.us-east-1.amazonaws.com"),
        (r"(:execute-api:us-east-1:0{12}:)[0-9a-f]{8}", "${1}a1b2c3d4e5"),
        ("us-east-1", "eu-west-1"),
        ("0{12}", "123456789012"),
        (
            r"[0-9-]{10}T[0-9:]{8}Z to [0-9-]{10}T[0-9:]{8}Z",
            "2026-05-08T01:38:11Z to 2026-05-08T05:39:10Z",
        ),
        (r"\b[0-9a-f]{40}\b", "785eb0fdc385cc0fedd3f926b63990d4cdfdd97a"),
        (r"\bca-[0-9a-f]{6}\b", "ca-715659"),
        (r"[0-9]+\.[0-9] s\b", "2.1 s"),
        (r"[0-9]+ calls to AWS", "17 calls to AWS"),
        // How often it is told what is waited for depends on the time that it takes.
        (r"(?m)^.* waiting for .*\n", ""),
    ])
});

/// A dark terminal with the bright half of the colours, as the other one can hardly be read on black.
fn terminal() -> Term {
    let Palette(mut colours) = VGA;
    colours.copy_within(9.., 1);
    Term::new().palette(Palette(colours)).fg_color(RgbColor(216, 216, 216).into())
}

#[test]
fn the_pictures_are_current() {
    let place = Place::new(Given::Deployed, Who::Account);
    for (name, before, command, status) in PICTURES {
        let run = format!("{before}\ndeployer --color always {command}");
        let step = Step { line: 0, command: run, shown: None };
        let said = shell::run(&place, &[step], &[]).pop().expect("a run");
        assert_eq!(said.status, status, "{command}: {}", said.text);
        let text = FIXED.apply(said.text);
        let svg = terminal().render_svg(&format!("$ deployer {command}\n{text}"));
        expect_file![workspace().join(format!("docs/images/{name}.svg"))].assert_eq(&svg);
    }
}
