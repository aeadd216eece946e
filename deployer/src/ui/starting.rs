//! What to do with a stack file that was just written.

use std::path::Path;

use super::style::{BOLD, DIM, paint};

/// The steps, in order, and what each is for.
const STEPS: [(&str, &str); 4] = [
    ("deployer ca init", "a demo CA, unless you have your own issuing CA"),
    ("deployer plan", "what would be in AWS; add --local for a local AWS"),
    ("deployer apply", "make it so"),
    ("deployer issue --dns web.internal.example", "get a certificate"),
];

pub(super) fn render(stack: &Path, schema: &Path) -> String {
    let is_default = stack == Path::new("stack.yaml");
    let option = if is_default { String::new() } else { format!(" --stack {}", stack.display()) };
    let width = STEPS.iter().map(|(command, _)| command.len()).max().unwrap_or(0) + option.len();
    let steps = STEPS.iter().map(|(command, what)| {
        let reads_stack = !command.starts_with("deployer ca");
        let command = format!("{command}{}", if reads_stack { option.as_str() } else { "" });
        format!("  {}  {}\n", paint(BOLD, &format!("{command:width$}")), paint(DIM, what))
    });
    format!(
        "wrote {}, and for editors {}\n\nSay in it who may get which names, and where the function's code comes from. Then:\n\n{}",
        stack.display(),
        schema.display(),
        steps.collect::<String>(),
    )
}
