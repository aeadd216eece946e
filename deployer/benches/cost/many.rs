//! A large stack on the local AWS: hundreds of functions, each with a role of its own. Most of the time
//! is the local AWS's, which answers on one core; what is ours is the CPU time.

use std::fmt::Write as _;

use crate::own::{once, report};
use crate::support::{World, write_program};

/// How many functions, and how many roles.
const SIZES: [usize; 3] = [50, 100, 200];

/// A stack of this many functions, each with its role.
fn text(functions: usize) -> String {
    let mut text =
        "stack: many\nresources:\n  log_group.all: { name: /many, retention_days: 30 }\n"
            .to_owned();
    for n in 0..functions {
        let _ = write!(
            text,
            "  iam_role.r{n}:\n    name: many-{n}\n    trust: lambda.amazonaws.com\n    allow: [{{ actions: logs:PutLogEvents, on: \"${{log_group.all.arn}}:*\" }}]\n  lambda_function.f{n}:\n    name: many-{n}\n    role: ${{iam_role.r{n}.arn}}\n    code: {{ bootstrap: small }}\n    log_group: ${{log_group.all.name}}\n"
        );
    }
    text
}

pub(crate) fn measure() {
    println!("functions and as many roles, on the local AWS");
    for size in SIZES {
        let world = World::empty();
        write_program(&world, "small", 62);
        world.write("stack.yaml", &text(size));
        world.succeed(&["local", "start"]);
        let step = |what: &str, arguments: &[&str]| {
            let all = [&["--local"], arguments].concat();
            report(&format!("{size:>4} {what}"), &once(&mut world.command(&all)));
        };
        step("create", &["apply", "--yes", "--no-verify"]);
        step("plan without changes", &["plan"]);
        step("destroy", &["destroy", "--yes"]);
    }
}
