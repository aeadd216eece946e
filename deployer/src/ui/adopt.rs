//! What an adoption has come to, as people read it.

use std::fmt::Write;
use std::path::Path;

use super::Ui;
use super::style::{BOLD, DIM, GREEN, YELLOW, paint};
use crate::adopt::{Adopted, Takeover};

impl Ui {
    /// What was adopted, what was not, and how to go on.
    pub fn takeover(&self, takeover: &Takeover, stack: &Path, state: &Path, local: bool) {
        self.data(&render(takeover, stack, state, local));
    }
}

fn render(takeover: &Takeover, stack: &Path, state: &Path, local: bool) -> String {
    let mut text = String::new();
    for adopted in &takeover.adopted {
        let Adopted { address, terraform, notes, .. } = adopted;
        let from = paint(DIM, &terraform.join(", "));
        let _ = writeln!(text, "{} {address}  {from}", paint(GREEN, "✓"));
        for note in notes {
            let _ = writeln!(text, "    {} {note}", paint(YELLOW, "!"));
        }
    }
    if !takeover.left.is_empty() {
        let _ = writeln!(text, "\n{}", paint(BOLD, "Left to Terraform"));
    }
    for left in &takeover.left {
        let _ = writeln!(text, "- {}: {}", left.terraform, left.reason);
    }
    let (adopted, left) = (takeover.adopted.len(), takeover.left.len());
    let resources = if adopted == 1 { "resource" } else { "resources" };
    let _ = writeln!(text, "\nSummary: {adopted} {resources} adopted, {left} left to Terraform");
    let (stack, state) = (stack.display(), state.display());
    let _ = writeln!(text, "They are in {stack} and {state}. AWS was not called.");
    text + &next(takeover, local)
}

/// How to go on. Nobody is to have two tools at work on one object.
fn next(takeover: &Takeover, local: bool) -> String {
    let local = if local { " --local" } else { "" };
    let mut text = format!("\n{}\n", paint(BOLD, "What next"));
    let _ = writeln!(text, "1. Read the stack file, and do what the notes above ask for.");
    let _ = writeln!(
        text,
        "2. `deployer plan{local}` shows what differs from AWS: at first the ownership tags at least."
    );
    let _ = writeln!(text, "3. Have Terraform forget what is adopted, so that it deletes nothing:");
    let all: Vec<_> = takeover.adopted.iter().flat_map(|adopted| &adopted.terraform).collect();
    let quoted: Vec<_> = all.into_iter().map(|address| quote(address)).collect();
    let _ = writeln!(text, "     terraform state rm \\\n       {}", quoted.join(" \\\n       "));
    let _ = writeln!(text, "   and take their blocks out of its configuration.");
    let _ = writeln!(text, "4. `deployer apply{local}`.");
    text
}

/// An index in quotes is more than a word to a shell.
fn quote(address: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if address.chars().all(plain) {
        return address.to_owned();
    }
    format!("'{}'", address.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_shell_takes_an_address_as_one_word() {
        assert_eq!(quote("aws_iam_role.a"), "aws_iam_role.a");
        assert_eq!(quote(r#"aws_iam_role.a["it's"]"#), r#"'aws_iam_role.a["it'\''s"]'"#);
    }
}
