//! Mistakes in a stack file stand at the right line and column, whatever the file looks like.

use expect_test::expect;

use super::world_of;

/// Every mistake of a stack file as `line:column message`; the mark of each stands in its column.
fn places(stack: &str) -> String {
    let run = world_of(stack).fail(&["plan"]);
    assert_eq!(run.stdout, "");
    let lines: Vec<_> = run.stderr.lines().collect();
    let mut found = Vec::new();
    for block in lines.windows(3) {
        let Some((_, place)) = block[0].split_once("--> stack.yaml:") else { continue };
        let (_, column) = place.split_once(':').expect("a line and a column");
        let (bar, _) = block[1].split_once("| ").expect("the line of the file");
        let mark = block[2].chars().position(|c| c == '^').expect("a mark");
        let column: usize = column.parse().expect("a column");
        assert_eq!(mark, bar.len() + "| ".len() + column - 1, "{}", run.stderr);
        let (_, message) = block[2].split_once("^ ").expect("a message");
        found.push(format!("{place} {message}\n"));
    }
    assert!(!found.is_empty(), "{}", run.stderr);
    found.concat()
}

/// A stack with one log group in flow style.
fn log_group(fields: &str) -> String {
    format!("stack: a\nresources:\n  log_group.a: {fields}\n")
}

#[test]
fn unknown_keys_are_marked_themselves_and_wrong_values_where_they_begin() {
    expect![[r#"
        3:24 must be 1 to 512 letters, digits and _ - / . #
        3:29 unknown field `retention`; did you mean `retention_days`?
        3:51 names that begin with `aws:` or `deployer:` are reserved
        3:66 this is the number `5`, expected a text
        3:72 tags may hold letters, digits, spaces and _ . : / = + - @
    "#]]
    .assert_eq(&places(&log_group(
        "{ name: x y, retention: 7, tags: { 'aws:x': y, n: 5, o: '!' } }",
    )));
}

#[test]
fn near_misses_are_told_from_words_that_mean_something_else() {
    let stack = "\
stack: a
regoin: eu-west-1
resources:
  log_groups.a: { name: /a }
  queue.a: { name: /a }
  log_group.b: { nmae: /b, colour: red }
  iam_role.a:
    name: ${log_group.c.arn}
    description: ${log_group.b.arm} ${log_group.b.colour} ${log_group.other.arn}
    trust: { Statment: { Effect: Allow, Action: x } }
    allow: { Statement: { Effect: Allow, Acton: x } }
";
    expect![[r#"
        2:1 unknown key `regoin`; did you mean `region`?
        4:3 unknown resource type `log_groups`; did you mean `log_group`?
        5:3 unknown resource type `queue`, expected one of `http_api`, `http_route`, `iam_role`, `lambda_function`, `log_group`, `secret`
        6:3 missing field `name`
        6:18 unknown field `nmae`; did you mean `name`?
        6:28 unknown field `colour`, expected one of `name`, `retention_days`, `tags`
        8:11 `log_group.c` is referred to, but not declared; did you mean `log_group.b`?
        8:11 must be 1 to 64 letters, digits and _ + = , . @ -
        9:18 `log_group.b` has no `arm`; did you mean `arn`?
        9:18 `log_group.b` has no `colour`, it offers `arn`, `name`
        9:18 `log_group.other` is referred to, but not declared
        10:5 unknown element `Statment`; did you mean `Statement`?
        11:5 statement 1: unknown element `Acton`; did you mean `Action`?
    "#]].assert_eq(&places(stack));
}

#[test]
fn items_of_lists_are_marked_each() {
    let stack = "stack: a\nresources:\n  iam_role.a:\n    name: a\n    trust: lambda.amazonaws.com\n    allow:\n      - { actions: [s3:Get, nothing], on: '*' }\n      -\n        on: [arn:a, b]\n        actions: s3:Get\n      - on: '*'\n      - actions: 7\n        on: '*'\n";
    expect![[r#"
        7:29 `nothing` is not an action such as secretsmanager:GetSecretValue
        9:21 `b` is not an ARN; name the resource by its ARN, by a reference such as ${secret.ca.arn}, or by "*"
        11:9 missing field `actions`
        12:18 this is the number `7`, expected a text or a list of texts
    "#]].assert_eq(&places(stack));
}

#[test]
fn tabs_and_other_scripts_count_as_one_character() {
    expect![[r#"
        3:53 tags may hold letters, digits, spaces and _ . : / = + - @
    "#]]
    .assert_eq(&places(&log_group("{ name:\t/a,\ttags: {größe: 'ж',\tключ: \"本!\"} }")));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_move_nothing() {
    let stack = "stack: a\nresources:\n  log_group.a:\n    nam: /a\n    name: /a b\n";
    let plain = places(stack);
    assert_eq!(places(&stack.replace('\n', "\r\n")), plain);
    assert_eq!(places(&format!("\u{feff}{stack}")), plain);
    expect![[r#"
        4:5 unknown field `nam`; did you mean `name`?
        5:11 must be 1 to 512 letters, digits and _ - / . #
    "#]]
    .assert_eq(&plain);
}

#[test]
fn what_an_alias_repeats_is_marked_where_it_is_written() {
    let stack = "stack: a\nresources:\n  log_group.a: &one\n    name: /a\n    retention_days: 31\n  log_group.b: *one\n";
    expect![[r#"
        5:21 AWS offers 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days
        6:3 `log_group.b` and `log_group.a` are the same object in AWS
    "#]].assert_eq(&places(stack));
}

#[test]
fn broken_syntax_is_marked_where_the_reader_stumbles() {
    let texts = [
        "stack: [a\n",
        "stack: 'a\n",
        "stack: a\n b: c\n",
        "stack: a\nresources:\n\tlog_group.a: {}\n",
        "stack: a\nresources: { log_group.a: *none }\n",
        "stack: a\nresources: { log_group.a: !odd { name: b } }\n",
        "stack: a\nresources: { log_group.a: { ? [a] : b } }\n",
        "stack: a\nresources: { log_group.a: { name: b, retention_days: 99999999999999999999 } }\n",
        "stack: a\nresources: { log_group.a: { name: b, retention_days: .inf } }\n",
        "stack: a\n---\nstack: b\n",
        "stack: a\nresources: { log_group.a: &x { name: a, tags: *x } }\n",
    ];
    let all: Vec<_> = texts.iter().map(|text| places(text)).collect();
    expect![[r#"
        2:1 did not find expected ',' or ']'
        2:1 the file ends within a text in quotes
        2:3 mapping values are not allowed in this context
        3:1 a tab or another character that YAML does not take here: indent with spaces, put texts in quotes
        2:27 unknown anchor
        2:27 a tag such as `!name` means nothing here
        2:27 a key must be a plain word
        2:54 no number may be this large
        2:54 expected a finite number
        2:1 a second YAML document begins here: give each a file of its own
        2:27 this is nested too deep
    "#]].assert_eq(&all.concat());
}

#[test]
fn what_is_no_stack_at_all_is_told_so() {
    let texts = [
        "",
        "# nothing\n",
        "null\n",
        "[1]\n",
        "hello\n",
        "a: 1\n",
        "stack: 1\nresources: [a]\ntags: 3\nregion: 7\noutputs: x\n",
    ];
    let all: Vec<_> = texts.iter().map(|text| places(text)).collect();
    expect![[r#"
        1:1 the stack file is empty: it needs `stack:` and `resources:`
        2:1 the stack file is empty: it needs `stack:` and `resources:`
        1:1 the stack file is empty: it needs `stack:` and `resources:`
        1:1 the stack file must be a mapping of keys to values
        1:1 the stack file must be a mapping of keys to values
        1:1 `resources:` is missing: there is nothing to deploy
        1:1 `stack:` is missing: give the stack a name
        1:1 unknown key `a`, expected one of `stack`, `account`, `region`, `tags`, `variables`, `resources`, `outputs`
        1:8 the stack's name must be 1 to 40 lower-case letters, digits and `-`, a letter first
        2:12 `resources:` must be a mapping of keys to values
        3:7 `tags:` must be a mapping of keys to values
        4:9 expected an AWS region such as `eu-west-1`
        5:10 `outputs:` must be a mapping of keys to values
    "#]]
    .assert_eq(&all.concat());
}
