//! The printed policies are enough for what they are for, and hold nothing that is not needed.
//!
//! Somebody begins with a policy that allows nothing. Whatever AWS refuses is granted, as the printed
//! policy has it, and the same is run again: at the end all of that was granted, and each action
//! because something had failed without it. The stack's function is never run here.

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use deployer::aws::Aws;
use deployer::ca;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::deployed;
use crate::cli::at;
use crate::support::{Run, World, write_program};

/// What the local AWS lets pass without being allowed: handing a role to Lambda; the tags in the
/// answer of `GetFunction`; and what API Gateway has besides the actions named after HTTP's methods.
/// It takes the removal of a function's concurrency for its setting. That the printed policy holds
/// these, and on what, is tested beside the code that prints it.
const NEVER_REFUSED: [&str; 5] = [
    "apigateway:TagResource",
    "apigateway:UntagResource",
    "iam:PassRole",
    "lambda:DeleteFunctionConcurrency",
    "lambda:ListTags",
];

/// The local AWS wants this one allowed on everything; AWS takes the function's ARN.
const NOT_BY_ARN: &str = "lambda:CreateFunction";

/// More runs than there are actions mean that one is refused although it was granted.
const MOST_RUNS: usize = 60;

/// Somebody whose policy is the printed one, as far as it was granted.
struct Somebody<'w> {
    world: &'w World,
    root: Aws,
    name: &'static str,
    keys: Credentials,
    printed: Value,
    granted: BTreeSet<String>,
}

impl<'w> Somebody<'w> {
    /// A new user who may do nothing yet.
    async fn new(world: &'w World, name: &'static str, errand: &str) -> Self {
        let root = world.root().await;
        root.iam.create_user().user_name(name).send().await.expect("a user");
        let made = root.iam.create_access_key().user_name(name).send().await.expect("a key");
        let key = made.access_key.expect("a key");
        let keys = Credentials::new(key.access_key_id, key.secret_access_key, None, None, name);
        let printed = printed(world, &["policy", "--for", errand]);
        Self { world, root, name, keys, printed, granted: BTreeSet::new() }
    }

    /// Allows all that is printed.
    async fn trust(&mut self) {
        self.granted = actions(&self.printed);
        self.put().await;
    }

    /// Gives the user the printed policy with the granted actions only.
    async fn put(&self) {
        let mut policy = self.printed.clone();
        let statements = policy["Statement"].as_array_mut().expect("statements");
        for statement in statements.iter_mut() {
            let actions = statement["Action"].as_array_mut().expect("actions");
            actions.retain(|action| self.granted.contains(action.as_str().expect("an action")));
        }
        statements.retain(|statement| statement["Action"] != Value::Array(Vec::new()));
        if self.granted.contains(NOT_BY_ARN) {
            statements.push(json!({"Effect": "Allow", "Action": NOT_BY_ARN, "Resource": "*"}));
        }
        let user = self.root.iam.put_user_policy().user_name(self.name).policy_name("least");
        user.policy_document(policy.to_string()).send().await.expect("a policy");
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut at(self.world, &self.world.instance().endpoint, &self.keys, arguments))
    }

    /// Runs until nothing is refused any more, granting what was; how the last run ended.
    async fn grow(&mut self, arguments: &[&str]) -> Run {
        for _ in 0..MOST_RUNS {
            let run = self.run(arguments);
            let refused = refused(&run.stderr);
            if refused.is_empty() {
                return run;
            }
            assert_eq!(run.status, 1, "{arguments:?}: {run:?}");
            let printed = actions(&self.printed);
            assert!(refused.is_subset(&printed), "not printed: {refused:?} of {}", run.stderr);
            assert!(refused.is_disjoint(&self.granted), "in vain: {refused:?} of {}", run.stderr);
            self.granted.extend(refused);
            self.put().await;
        }
        panic!("{arguments:?} is refused for ever");
    }

    async fn succeed(&mut self, arguments: &[&str]) {
        let run = self.grow(arguments).await;
        assert_eq!(run.status, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
    }

    /// What was printed and never needed.
    fn unneeded(&self) -> Vec<String> {
        actions(&self.printed).difference(&self.granted).cloned().collect()
    }
}

/// The policy that the binary prints, in this world's place.
fn printed(world: &World, arguments: &[&str]) -> Value {
    let place = ["--account", "000000000000", "--region", "us-east-1"];
    let run = world.succeed(&[arguments, &place[..]].concat());
    serde_json::from_str(&run.stdout).expect("a policy")
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().expect("statements").iter();
    let actions = statements.flat_map(|one| one["Action"].as_array().expect("actions"));
    actions.map(|action| action.as_str().expect("an action").to_owned()).collect()
}

/// The actions that AWS says somebody may not use.
fn refused(text: &str) -> BTreeSet<String> {
    let after = text.split("is not authorized to perform: ").skip(1);
    let word = |rest: &str| rest.split_whitespace().next().unwrap_or_default().to_owned();
    after.map(word).collect()
}

/// The default stack in a world with a running local AWS.
fn world() -> World {
    let world = World::empty();
    for folder in ["ca", "other-ca"] {
        ca::init(&world.path(folder), OffsetDateTime::now_utc()).expect("a demo CA");
    }
    write_program(&world, "program", 62);
    write_program(&world, "changed", 62);
    let stack = deployer::stack::DEFAULT;
    let built = stack.lines().find(|line| line.trim().starts_with("cargo: signer"));
    let built = built.expect("the default stack builds the signer");
    world.write("stack.yaml", &stack.replace(built, "      bootstrap: program"));
    world.succeed(&["local", "start"]);
    world
}

const APPLY: [&str; 3] = ["apply", "--yes", "--no-verify"];
const DESTROY: [&str; 2] = ["destroy", "--yes"];

/// Every kind of change that an entry of the default stack can go through.
fn change_everything(world: &World) {
    for (from, to) in [
        ("# tags: { team: platform }", "tags: { team: platform }"),
        ("description: The issuing CA", "description: Another issuing CA"),
        ("value_file: ca/", "value_file: other-ca/"),
        ("    protect: true  ", "    protect: false  "),
        ("    retention_days: 30\n", ""),
        ("description: What the signer", "description: What another signer"),
        ("trust: lambda.amazonaws.com", "trust: edgelambda.amazonaws.com"),
        ("memory_mb: 256", "memory_mb: 512\n    reserved_concurrency: 1"),
        ("bootstrap: program", "bootstrap: changed"),
        ("description: Issues certificates to", "description: Gives certificates to"),
        ("route: POST /issue-cert", "route: POST /other"),
    ] {
        world.edit(from, to);
    }
}

/// Takes away again what can be had or not.
fn change_back(world: &World) {
    for (from, to) in [
        ("tags: { team: platform }", "# tags: { team: platform }"),
        ("value_file: other-ca/", "value_file: ca/"),
        ("\n    reserved_concurrency: 1", ""),
    ] {
        world.edit(from, to);
    }
}

#[tokio::test]
async fn everything_printed_is_enough_and_nothing_printed_is_too_much() {
    let world = world();
    let mut planner = Somebody::new(&world, "planner", "plan").await;
    planner.succeed(&["plan"]).await;
    let mut deployer = Somebody::new(&world, "least", "apply").await;
    deployer.succeed(&["plan"]).await;
    deployer.succeed(&APPLY).await;
    planner.succeed(&["plan"]).await;
    planning_is_no_more_than_looking(&planner);

    change_everything(&world);
    deployer.succeed(&APPLY).await;
    change_back(&world);
    deployer.succeed(&APPLY).await;
    what_others_hang_on_a_role_is_told(&mut deployer).await;
    deployer.succeed(&DESTROY).await;
    deployer.succeed(&APPLY).await;
    assert_eq!(deployer.unneeded(), NEVER_REFUSED);

    let mut remover = Somebody::new(&world, "remover", "destroy").await;
    remover.trust().await;
    let run = remover.run(&DESTROY);
    assert_eq!(run.status, 0, "{}", run.stderr);
}

/// Whoever may plan may neither apply nor half of it.
fn planning_is_no_more_than_looking(planner: &Somebody<'_>) {
    assert_eq!(planner.unneeded(), ["lambda:ListTags"]);
    let before = planner.run(&["plan", "--json"]).stdout;
    planner.world.edit("retention_days: 30", "retention_days: 7");
    let run = planner.run(&APPLY);
    planner.world.edit("retention_days: 7", "retention_days: 30");
    assert_eq!(run.status, 1, "{run:?}");
    for told in [
        "log_group.signer could not be changed",
        "is not authorized to perform: logs:PutRetentionPolicy",
        "the caller lacks this permission",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
    assert_eq!(planner.run(&["plan", "--json"]).stdout, before, "nothing was changed");
}

/// A role with somebody else's policy cannot be deleted; to tell why takes permissions, too.
async fn what_others_hang_on_a_role_is_told(deployer: &mut Somebody<'_>) {
    let (iam, role) = (deployer.root.iam.clone(), "cert-issuer-signer");
    let put = iam.put_role_policy().role_name(role).policy_name("theirs");
    put.policy_document(deployer.printed.to_string()).send().await.expect("a policy");
    let run = deployer.grow(&DESTROY).await;
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("hung on it: the inline policy theirs"), "{}", run.stderr);
    let delete = iam.delete_role_policy().role_name(role).policy_name("theirs");
    delete.send().await.expect("no policy");
}

/// Once the API is there, its very route is named, and no other.
#[tokio::test]
async fn callers_and_auditors_may_do_the_one_thing_that_is_printed() {
    let world = deployed();
    let output = |name| world.succeed(&["--local", "output", name]).stdout.trim().to_owned();
    let (url, route) = (output("url"), output("invoke_arn"));
    let issue = ["issue", "--dns", "a.internal.example", "--url", &url];

    let mut auditor = Somebody::new(&world, "reader", "audit").await;
    auditor.trust().await;
    let mut caller = Somebody::new(&world, "caller", "issue").await;
    caller.printed = printed(&world, &["--local", "policy", "--for", "issue"]);
    assert_eq!(caller.printed["Statement"][0]["Resource"], json!([route]));
    let early = caller.run(&issue);
    assert!(early.stderr.contains("not authorized"), "{}", early.stderr);
    caller.trust().await;

    let run = caller.run(&issue);
    assert_eq!(run.status, 0, "{}", run.stderr);
    let run = auditor.run(&["audit"]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(run.stdout.contains("a.internal.example"), "{}", run.stdout);
    for run in [caller.run(&["audit"]), auditor.run(&issue), caller.run(&["plan"])] {
        assert_eq!(run.status, 1, "{run:?}");
    }
}
