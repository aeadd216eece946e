//! Whether what was printed is what a page shows: times, ids, accounts and the like are examples, and
//! `…` stands for what is left out.

use std::sync::LazyLock;

use regex::Regex;
use similar::TextDiff;

use super::replacements::Replacements;

/// What differs from run to run, and what stands for it. The order matters.
static EXAMPLES: LazyLock<Replacements> = LazyLock::new(|| {
    Replacements::new(&[
        (r"AWS at http://127\.0\.0\.1:[0-9]+", "AWS"),
        (r"https?://[a-z0-9]+\.execute-api\.[a-z0-9.-]+(:[0-9]+)?", "[endpoint]"),
        (r"[0-9a-f]{8}\.execute-api\.localhost:[0-9]+", "[host]"),
        (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[uuid]"),
        (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z", "[time]"),
        (r"\b[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9a-f]{8}\b", "[date and number]"),
        (r"\b[0-9]{12}\b", "[account]"),
        (r"\b[a-z]{2}-[a-z]+-[0-9]\b", "[region]"),
        (r"(:execute-api:\[region\]:\[account\]:|of the API )[a-z0-9]+", "$1[api]"),
        (r"\b[0-9a-f]{32,64}\b", "[hex]"),
        (r"\bca-[0-9a-f]{6}\b", "ca-[random]"),
        (r"[0-9]+\.[0-9] s\b", "[seconds]"),
        (r"\b[0-9]+ calls to AWS", "[number] calls to AWS"),
        // Columns are as wide as what stands in them.
        (r"(\S)  +", "$1  "),
    ])
});

/// A text without what differs from run to run.
pub(super) fn without_examples(text: &str) -> String {
    let text: String = text.trim_end().lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    EXAMPLES.apply(text)
}

/// How what was printed differs from what is shown, if it does.
pub(super) fn difference(shown: &str, printed: &str) -> Option<String> {
    let (shown, printed) = (without_examples(shown), without_examples(printed));
    let lines = shown.lines().map(|line| match line.trim() {
        "…" => r"(.*\n)*?".to_owned(),
        _ => regex::escape(line).replace('…', ".*") + r"\n",
    });
    let pattern: String = lines.collect();
    let pattern = Regex::new(&format!(r"\A{pattern}\z")).expect("a pattern");
    if pattern.is_match(&printed) {
        return None;
    }
    Some(TextDiff::from_lines(&shown, &printed).unified_diff().header("page", "run").to_string())
}

#[test]
fn examples_and_what_is_left_out_make_no_difference() {
    let printed =
        "url = http://0a1b2c3d.execute-api.localhost:4711/issue-cert\n\n✓ a (0.1 s)\n✓ b\n";
    for shown in [
        "url = https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/issue-cert\n\n✓ a (2.0 s)\n✓ b",
        "url = …\n…\n✓ b\n",
        "…\n",
    ] {
        assert_eq!(difference(shown, printed), None, "{shown}");
    }
    for shown in ["url = …\n", "…\n✓ a …\n", "url = …\n\n✓ a …\n✓ c\n"] {
        assert!(difference(shown, printed).is_some(), "{shown}");
    }
}
