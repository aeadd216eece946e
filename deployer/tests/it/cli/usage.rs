//! Help, version, and mistakes on the command line.

use expect_test::expect;

use super::shown;
use crate::support::World;

#[test]
fn help_shows_every_command_and_option() {
    let world = World::empty();
    expect![[r#"
        status 0
        --- stdout
        Deploys a certificate issuer to AWS from a stack.yaml, and keeps it so

        Usage: deployer [OPTIONS] <COMMAND>

        Commands:
          init         Write a stack file to begin with
          plan         Show what would change in AWS, and why; changes nothing
          apply        Bring AWS to what the stack file declares
          destroy      Remove everything that belongs to the stack
          drift        Show what has changed in AWS since the last apply: exit with 0 for nothing, 2 for
                       drift
          explain      Show all about one entry of the stack file: what it is, what it needs, how it is
                       managed
          graph        Draw which entries of the stack file need which
          issue        Request a certificate from a deployed issuer, and verify it
          audit        Show who got which certificates, and who was refused, from the log of the signer
          logs         Show what a function has logged
          output       Show the outputs of the last apply
          show         Show what is deployed where, as far as is remembered
          adopt        Make a stack file and a state from those of Terraform; AWS is not called
          state        Look at what is remembered of the stack, and mend it
          policy       Print the IAM policy that an errand takes, or ask the issuing policy of the stack
                       file
          ca           Make, replace and show certificate authorities
          local        Run the local AWS
          demo         Show everything at work on the local AWS: deploy, issue a certificate, verify it
          schema       Print the JSON Schema of stack files, for editors
          completions  Print the completions of commands and options, for a shell
          man          Print the manual page, or write one for each command

        Options:
          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version

        Global options:
              --stack <FILE>
                  The file that declares the stack

                  [default: stack.yaml]

              --env <NAME>
                  The environment: what `stack.NAME.yaml` beside the stack file says goes before it, and
                  state and objects are apart from those of the others

              --var <NAME=VALUE>
                  The value of a variable of the stack file; may be repeated

              --state <DIR>
                  The folder that keeps the state; without it, `state` beside the stack file

              --local
                  Work against the local AWS, which is installed and started when needed

              --color <WHEN>
                  When to use colour; `NO_COLOR` is respected too

                  Possible values:
                  - auto:   On a terminal
                  - always: In any case
                  - never:  In no case

                  [default: auto]

              --error-format <FORMAT>
                  How to print the error that ends a run; one on the command line is always text

                  Possible values:
                  - text: For people
                  - json: One line of JSON on standard error: message, causes, hints and diagnostics

                  [default: text]

          -v, --verbose
                  Show every call to AWS
    "#]]
    .assert_eq(&shown(&world, &world.run(&["--help"])));
}

#[test]
fn help_of_plan_explains_its_exit_statuses() {
    let world = World::empty();
    expect![[r#"
        status 0
        --- stdout
        Show what would change in AWS, and why; changes nothing

        Usage: deployer plan [OPTIONS]

        Options:
              --json
                  Print the plan as JSON

              --detailed-exitcode
                  Exit with 0 if there is nothing to do, 2 if there is, 1 on errors

              --destroy
                  Plan to remove everything that belongs to the stack

              --out <FILE>
                  Save the plan, so that `deployer apply FILE` carries out exactly this

              --adopt <ADDRESS>
                  Make this object the stack's, although its tags say otherwise; may be repeated

              --allow-widening
                  Let the saved plan be carried out even if it widens what is allowed

          -h, --help
                  Print help (see a summary with '-h')

        Global options:
              --stack <FILE>
                  The file that declares the stack

                  [default: stack.yaml]

              --env <NAME>
                  The environment: what `stack.NAME.yaml` beside the stack file says goes before it, and
                  state and objects are apart from those of the others

              --var <NAME=VALUE>
                  The value of a variable of the stack file; may be repeated

              --state <DIR>
                  The folder that keeps the state; without it, `state` beside the stack file

              --local
                  Work against the local AWS, which is installed and started when needed

              --color <WHEN>
                  When to use colour; `NO_COLOR` is respected too

                  Possible values:
                  - auto:   On a terminal
                  - always: In any case
                  - never:  In no case

                  [default: auto]

              --error-format <FORMAT>
                  How to print the error that ends a run; one on the command line is always text

                  Possible values:
                  - text: For people
                  - json: One line of JSON on standard error: message, causes, hints and diagnostics

                  [default: text]

          -v, --verbose
                  Show every call to AWS
    "#]]
    .assert_eq(&shown(&world, &world.run(&["plan", "--help"])));
}

#[test]
fn help_of_issue_names_the_defaults() {
    let world = World::empty();
    expect![[r#"
        status 0
        --- stdout
        Request a certificate from a deployed issuer, and verify it

        Usage: deployer issue [OPTIONS]

        Options:
              --dns <NAME>
                  A DNS name; may be repeated

              --ip <ADDRESS>
                  An IP address; may be repeated

              --uri <URI>
                  A URI, such as a SPIFFE id; may be repeated

              --cn <NAME>
                  The subject's common name: one of the names

              --usage <USAGE>
                  What the certificate is to be used for: client or server; may be repeated; all that the
                  policy grants if left out

              --key-type <TYPE>
                  The kind of key to make: p256, p384, rsa2048, rsa4096 or ed25519; p256 if left out

              --ttl-hours <HOURS>
                  How long the certificate is to be valid; the policy's default if left out

              --csr <FILE>
                  Send this certificate request instead of making a key and a request

              --root <FILE>
                  The root certificate that the issued one must lead to; without it, `ca/root.pem` beside
                  the stack file

              --out <DIR>
                  The folder for cert.pem, chain.pem, fullchain.pem and key.pem

                  [default: certs]

              --url <URL>
                  The issuer's URL; the stack's output `url` if left out

              --renew
                  Do nothing unless two thirds of the present certificate's lifetime have passed (or up to a
                  tenth less, at random), or it is not as asked for; usages, kind of key and, where none are
                  given, names stay as they are

              --watch
                  Keep running, and renew whenever it is time; implies --renew

              --exec <COMMAND>
                  A shell command to run when new files are in place; it finds them in `DEPLOYER_CERT`,
                  `DEPLOYER_CHAIN`, `DEPLOYER_FULLCHAIN` and `DEPLOYER_KEY`, and the end in
                  `DEPLOYER_NOT_AFTER`

              --json
                  Describe the certificate as JSON

          -h, --help
                  Print help (see a summary with '-h')

        Global options:
              --stack <FILE>
                  The file that declares the stack

                  [default: stack.yaml]

              --env <NAME>
                  The environment: what `stack.NAME.yaml` beside the stack file says goes before it, and
                  state and objects are apart from those of the others

              --var <NAME=VALUE>
                  The value of a variable of the stack file; may be repeated

              --state <DIR>
                  The folder that keeps the state; without it, `state` beside the stack file

              --local
                  Work against the local AWS, which is installed and started when needed

              --color <WHEN>
                  When to use colour; `NO_COLOR` is respected too

                  Possible values:
                  - auto:   On a terminal
                  - always: In any case
                  - never:  In no case

                  [default: auto]

              --error-format <FORMAT>
                  How to print the error that ends a run; one on the command line is always text

                  Possible values:
                  - text: For people
                  - json: One line of JSON on standard error: message, causes, hints and diagnostics

                  [default: text]

          -v, --verbose
                  Show every call to AWS
    "#]]
    .assert_eq(&shown(&world, &world.run(&["issue", "--help"])));
}

#[test]
fn help_of_audit_tells_what_can_be_asked() {
    let world = World::empty();
    expect![[r#"
        status 0
        --- stdout
        Show who got which certificates, and who was refused, from the log of the signer

        Usage: deployer audit [OPTIONS]

        Options:
              --since <TIME>      From when on: how long ago, such as 90m, 12h or 2d, or a time such as
                                  2026-05-08T05:39:10Z [default: 24h]
              --until <TIME>      Until when, in the same way; now if left out
              --issued            Only what was issued
              --refused           Only what was refused
              --caller <PATTERN>  Only requests of these: a part of the ARN, or the whole of it with `*` for
                                  anything
              --name <PATTERN>    Only requests for such a name: a part of it, or the whole of it with `*`
                                  for anything
              --code <CODE>       Only what was refused for this reason, such as `name_not_allowed`
              --serial <SERIAL>   Only the certificate with this serial number, hexadecimal
              --limit <NUMBER>    Only the newest of these, that many
              --format <FORMAT>   How to print them [default: table] [possible values: table, csv, json]
              --log-group <NAME>  The log group; if left out, the only one that the stack file declares
          -h, --help              Print help (see more with '--help')

        Global options:
              --stack <FILE>           The file that declares the stack [default: stack.yaml]
              --env <NAME>             The environment: what `stack.NAME.yaml` beside the stack file says
                                       goes before it, and state and objects are apart from those of the
                                       others
              --var <NAME=VALUE>       The value of a variable of the stack file; may be repeated
              --state <DIR>            The folder that keeps the state; without it, `state` beside the stack
                                       file
              --local                  Work against the local AWS, which is installed and started when
                                       needed
              --color <WHEN>           When to use colour; `NO_COLOR` is respected too [default: auto]
                                       [possible values: auto, always, never]
              --error-format <FORMAT>  How to print the error that ends a run; one on the command line is
                                       always text [default: text] [possible values: text, json]
          -v, --verbose                Show every call to AWS
    "#]].assert_eq(&shown(&world, &world.run(&["audit", "-h"])));
}

#[test]
fn help_of_ca_rotate_tells_what_constraints_mean() {
    let world = World::empty();
    expect![[r#"
        status 0
        --- stdout
        Replace the issuing CA by a new one below the same root; the present one is kept beside it

        Usage: deployer ca rotate [OPTIONS]

        Options:
              --dir <DIR>        The folder of the CA [default: ca]
              --root-key <FILE>  The root's key, if it is not root-key.pem in that folder
              --days <DAYS>      How long the new issuing CA is valid; never longer than the root [default:
                                 365]
          -h, --help             Print help (see more with '--help')

        Name constraints:
              --permit-dns <NAME>   Permit a host name and those below it. Where any kind is permitted, the
                                    DNS names, IP addresses and URIs that are not permitted are forbidden
              --permit-ip <CIDR>    Permit a range of addresses, such as `10.0.0.0/8`
              --permit-uri <HOST>   Permit URIs at a host (a SPIFFE trust domain), or with a dot before it
                                    at those below. OpenSSL checks this; rustls refuses every URI then
              --exclude-dns <NAME>  Forbid a host name and those below it
              --exclude-ip <CIDR>   Forbid a range of addresses
              --exclude-uri <HOST>  Forbid URIs at a host; rustls then refuses every URI
              --unconstrained       Take no name constraints over; without this and others, the present ones
                                    stay

        Global options:
              --stack <FILE>           The file that declares the stack [default: stack.yaml]
              --env <NAME>             The environment: what `stack.NAME.yaml` beside the stack file says
                                       goes before it, and state and objects are apart from those of the
                                       others
              --var <NAME=VALUE>       The value of a variable of the stack file; may be repeated
              --state <DIR>            The folder that keeps the state; without it, `state` beside the stack
                                       file
              --local                  Work against the local AWS, which is installed and started when
                                       needed
              --color <WHEN>           When to use colour; `NO_COLOR` is respected too [default: auto]
                                       [possible values: auto, always, never]
              --error-format <FORMAT>  How to print the error that ends a run; one on the command line is
                                       always text [default: text] [possible values: text, json]
          -v, --verbose                Show every call to AWS
    "#]].assert_eq(&shown(&world, &world.run(&["ca", "rotate", "-h"])));
}

#[test]
fn the_version_is_data() {
    let run = World::empty().succeed(&["--version"]);
    assert_eq!(run.stdout, format!("deployer {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(run.stderr, "");
}

#[test]
fn mistakes_on_the_command_line_are_errors_and_not_something_to_do() {
    let world = World::empty();
    let lines: [&[&str]; 6] = [
        &["aply"],
        &["plan", "--jsn"],
        &["--color", "blue", "plan"],
        &["issue", "--ip", "10.0.0"],
        &["issue", "--csr", "a.pem", "--dns", "a.example"],
        &["local", "start", "--port", "70000"],
    ];
    let all: Vec<_> = lines.iter().map(|line| shown(&world, &world.run(line))).collect();
    expect![[r#"
        status 1
        --- stderr
        error: unrecognized subcommand 'aply'

          tip: some similar subcommands exist: 'policy', 'apply'

        Usage: deployer [OPTIONS] <COMMAND>

        For more information, try '--help'.

        status 1
        --- stderr
        error: unexpected argument '--jsn' found

          tip: a similar argument exists: '--json'

        Usage: deployer plan --json

        For more information, try '--help'.

        status 1
        --- stderr
        error: invalid value 'blue' for '--color <WHEN>'
          [possible values: auto, always, never]

        For more information, try '--help'.

        status 1
        --- stderr
        error: invalid value '10.0.0' for '--ip <ADDRESS>': invalid IP address syntax

        For more information, try '--help'.

        status 1
        --- stderr
        error: the argument '--csr <FILE>' cannot be used with '--dns <NAME>'

        Usage: deployer issue --csr <FILE>

        For more information, try '--help'.

        status 1
        --- stderr
        error: invalid value '70000' for '--port <PORT>': 70000 is not in 0..=65535

        For more information, try '--help'.
    "#]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn a_command_is_needed() {
    let world = World::empty();
    let run = world.run(&[]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("Usage: deployer"), "{}", run.stderr);
}
