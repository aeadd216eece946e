//! The page of what goes wrong most: every mistake on it is made here, and what the page shows is what
//! the binary says.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use aws_credential_types::Credentials;
use deployer::ca;
use deployer::state::Store;
use expect_test::expect_file;
use time::OffsetDateTime;

use super::{ada, at, between, filtered, nowhere};
use crate::faults::{Failure, Fault, Proxy, Rule, Which};
use crate::support::{Run, World, signer, workspace};

const BEGINNING: &str = "\
# When something goes wrong

What goes wrong most, as the deployer tells it. Every message says what was being done, to what, why it
failed, and what to do next; nothing that it names as undone has been changed. A test makes each of these
mistakes, and compares this page with what it gets.
";

/// The page as it grows.
struct Page {
    parts: Vec<String>,
    /// How many mistakes are on it.
    mistakes: usize,
}

impl Page {
    fn section(&mut self, title: &str) {
        self.parts.push(format!("\n## {title}\n"));
    }

    /// A mistake: what it is, and what the binary says to it.
    fn mistake(&mut self, title: &str, world: &World, command: &mut Command) {
        let run = Run::of(command);
        assert_eq!((run.status, run.stdout.lines().count() > 99), (1, false), "{title}: {run:?}");
        assert!(
            run.stderr.contains("error: ") && run.stderr.contains("hint: "),
            "{title}: {run:?}"
        );
        let arguments: Vec<_> = command.get_args().map(|it| it.to_string_lossy()).collect();
        // What a run is doing until it fails is not what this is about.
        let error = &run.stderr[run.stderr.find("error: ").unwrap_or_default()..];
        let shown = format!("$ deployer {}\n{error}", arguments.join(" "));
        let shown = placeholders(&filtered(world, &shown));
        self.parts.push(format!("\n### {title}\n\n```text\n{shown}```\n"));
        self.mistakes += 1;
    }

    /// Shows something else in the latest mistake, which differs from run to run.
    fn show_instead(&mut self, text: &str, other: &str) {
        let latest = self.parts.last_mut().expect("a mistake");
        *latest = latest.replace(text, other);
    }
}

/// What differs from run to run beside folders and times.
fn placeholders(text: &str) -> String {
    let text = text.replace("[port]", "4566");
    let text = between(&text, "cert-issuer/ca-", "a1b2c3", "");
    let mut pieces = text.split("request id ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_hexdigit() || c == '-');
        format!("{text}request id …{rest}")
    })
}

#[tokio::test]
async fn the_likeliest_mistakes_are_told_with_what_to_do() {
    let mut page = Page { parts: vec![BEGINNING.to_owned()], mistakes: 0 };
    before_aws(&mut page);
    access(&mut page);
    let world = World::new();
    world.succeed(&["--local", "apply", "--yes"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    refused_by_aws(&mut page, &world, &proxy);
    plans_and_state(&mut page, &world);
    certificates(&mut page, &world);
    assert!(page.mistakes >= 20, "{}", page.mistakes);
    expect_file![workspace().join("docs/guide/troubleshooting.md")].assert_eq(&page.parts.concat());
}

fn before_aws(page: &mut Page) {
    page.section("Before anything is asked of AWS");
    let empty = World::empty();
    page.mistake("There is no stack file here", &empty, &mut nowhere(&empty, &["plan"]));

    let world = World::new();
    fs::remove_dir_all(world.path("ca")).expect("a CA");
    page.mistake("The CA has not been made", &world, &mut nowhere(&world, &["plan"]));
    world.edit("retention_days: 30", "retention: 30");
    world.edit("${secret.ca.arn}\n    code", "${secret.cb.arn}\n    code");
    page.mistake("A slip in the stack file", &world, &mut nowhere(&world, &["plan"]));
    world.edit("retention: 30", "retention_days: 30");
    world.edit("${secret.cb.arn}\n    code", "${secret.ca.arn}\n    code");
    ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a CA");
    world.write("stack.prod.yaml", "");
    page.mistake(
        "There is no such environment",
        &world,
        &mut nowhere(&world, &["plan", "--env", "prd"]),
    );
    page.mistake("Nothing is deployed yet", &world, &mut nowhere(&world, &["output", "url"]));
}

fn access(page: &mut Page) {
    page.section("Access to AWS");
    let world = World::new();
    let region = ["plan"];
    page.mistake("No region", &world, &mut world.command(&region));
    let with_region = |arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("AWS_REGION", "eu-west-1");
        command
    };
    page.mistake("No credentials", &world, &mut with_region(&["plan"]));
    page.mistake("No such profile", &world, with_region(&["plan"]).env("AWS_PROFILE", "prod"));
    page.mistake("AWS cannot be reached", &world, &mut nowhere(&world, &["plan"]));

    let no_python = World::empty();
    let mut command = no_python.command(&["local", "start"]);
    command.env("PATH", no_python.path("")).env("XDG_CACHE_HOME", no_python.path("cache"));
    page.mistake("No Python for the local AWS", &no_python, &mut command);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    page.mistake(
        "The port is taken",
        &no_python,
        &mut no_python.command(&["local", "start", "--port", &port]),
    );
    page.show_instead(&port, "4566");
}

fn refused_by_aws(page: &mut Page, world: &World, proxy: &Proxy) {
    let keys = world.instance().deployer;
    let answer = |code, message| {
        let failure = Failure::Typed(403, code, message);
        vec![Rule::on("sts.GetCallerIdentity", Which::Every, Fault::Answer(failure))]
    };
    proxy
        .faults
        .set(answer("ExpiredToken", "The security token included in the request is expired"));
    let plan = || at(world, &proxy.endpoint, &keys, &["plan"]);
    page.mistake("The session has expired", world, &mut plan());
    proxy.faults.set(answer(
        "SignatureDoesNotMatch",
        "Signature expired: 20260508T053910Z is now earlier than 20260508T064210Z (20260508T064710Z - 5 min.)",
    ));
    page.mistake("The clock is wrong", world, &mut plan());
    proxy.faults.set(Vec::new());
    let client = world.instance().client;
    page.mistake(
        "A permission is missing",
        world,
        &mut at(world, &proxy.endpoint, &client, &["plan"]),
    );
    world.edit("\nresources:", "\naccount: \"123456789012\"\nresources:");
    page.mistake("The wrong account", world, &mut plan());
    world.edit("account: \"123456789012\"\n", "");
    world.edit("\nstack: cert-issuer", "\nstack: other");
    page.mistake("The names are taken by another stack", world, &mut plan());
    world.edit("\nstack: other", "\nstack: cert-issuer");
}

fn plans_and_state(page: &mut Page, world: &World) {
    page.section("Plans and state");
    let built = format!("bootstrap: {}", signer().display());
    world.edit(&built, "cargo: signer");
    page.mistake(
        "No Cargo to build the signer with",
        world,
        world.command(&["--local", "plan"]).env("PATH", world.path("")),
    );
    world.edit("cargo: signer", &built);
    world.edit("retention_days: 30", "retention_days: 14");
    page.mistake("Nobody is there to confirm", world, &mut world.command(&["--local", "apply"]));
    world.succeed(&["--local", "plan", "--out", "plan.json"]);
    world.succeed(&["--local", "apply", "--yes", "--no-verify"]);
    page.mistake(
        "The plan is stale",
        world,
        &mut world.command(&["--local", "apply", "plan.json"]),
    );
    page.mistake(
        "The CA is protected",
        world,
        &mut world.command(&["--local", "destroy", "--yes"]),
    );
    world.edit("callers: [\"*\"]", "callers: [\"111122223333\"]");
    world.edit("on: ${secret.ca.arn}", "on: \"*\"");
    page.mistake(
        "A policy becomes wider",
        world,
        &mut world.command(&["--local", "apply", "--yes"]),
    );
    world.edit("on: \"*\"", "on: ${secret.ca.arn}");
    let path = world.path("state/cert-issuer.local.json");
    let held = Store::open_locked(path, "cert-issuer", &ada("deployer apply"), "1234".into())
        .expect("a lock");
    let apply = ["--local", "apply", "--yes"];
    page.mistake("Somebody else is deploying", world, &mut world.command(&apply));
    drop(held);
    world.edit("# region: eu-west-1 ", "region: eu-west-1 # ");
    page.mistake("Another region than before", world, &mut world.command(&["--local", "plan"]));
    world.edit("region: eu-west-1 # ", "# region: eu-west-1 ");
}

fn certificates(page: &mut Page, world: &World) {
    page.section("Certificates");
    let issue = |more: &[&str]| world.command(&[&["--local", "issue"], more].concat());
    let dns = ["--dns", "web.internal.example"];
    page.mistake("A name that is not granted", world, &mut issue(&["--dns", "web.example.com"]));
    page.mistake(
        "A certificate instead of a request",
        world,
        &mut issue(&["--csr", "ca/root.pem"]),
    );
    let made = Run::of(
        Command::new("openssl")
            .args([
                "req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", "weak.key", "-out",
                "weak.csr",
            ])
            .args(["-subj", "/", "-addext", "subjectAltName=DNS:web.internal.example"])
            .current_dir(world.path("")),
    );
    assert_eq!(made.status, 0, "{made:?}");
    page.mistake("A key that is too weak", world, &mut issue(&["--csr", "weak.csr"]));
    page.mistake("A private key instead of a request", world, &mut issue(&["--csr", "weak.key"]));
    let other = World::empty();
    ca::init(&other.path("ca"), OffsetDateTime::now_utc()).expect("another CA");
    fs::copy(other.path("ca/root.pem"), world.path("other.pem")).expect("another root");
    page.mistake(
        "The root of another CA",
        world,
        &mut issue(&[&dns[..], &["--root", "other.pem"]].concat()),
    );
    // Nobody but another account may ask from now on.
    world.succeed(&["--local", "apply", "--yes", "--no-verify"]);
    page.mistake("The caller is not allowed", world, &mut issue(&dns));
    let auditor = world.instance().auditor;
    let url = world.succeed(&["--local", "output", "url"]).stdout;
    let may_not = ["issue", "--dns", "web.internal.example", "--url", url.trim()];
    page.mistake("IAM does not let the caller call", world, &mut at(world, "", &auditor, &may_not));
    let public = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/issue-cert";
    page.show_instead(url.trim(), public);
    clock_of_the_caller(page, world);
}

/// API Gateway tells a signature that is too old; the local one does not look at the time.
fn clock_of_the_caller(page: &mut Page, world: &World) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/issue-cert", listener.local_addr().expect("an address"));
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let _ = stream.read(&mut [0; 16384]).expect("a request");
        let body = r#"{"message":"Signature expired: 20260508T053910Z is now earlier than 20260508T064210Z"}"#;
        let head = format!("HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all((head + body).as_bytes()).expect("an answer");
    });
    let keys = Credentials::new("AKIANOBODY", "none", None, None, "test");
    let arguments = ["issue", "--dns", "web.internal.example", "--url", &url];
    page.mistake("The clock of the caller is wrong", world, &mut at(world, "", &keys, &arguments));
    server.join().expect("a server that has answered");
}
