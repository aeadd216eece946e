use std::sync::Arc;

use expect_test::expect;

use crate::stack::{Assignment, Given, Giver, Source, Stack, check};
use crate::yaml::Content;

const STACK: &str = "\
stack: demo
variables:
  days: { type: number, default: 7 }
  name: { default: web, description: What it is about }
  keep: { type: bool, default: false }
  actions: { type: list, default: [s3:GetObject] }
tags: { team: \"${var.name}\" }
resources:
  log_group.a: { name: \"/${var.name}/${var.days}\", retention_days: \"${var.days}\", protect: \"${var.keep}\" }
  iam_role.a:
    name: a
    trust: lambda.amazonaws.com
    allow: [{ actions: \"${var.actions}\", on: \"${log_group.a.arn}:${var.name}\" }]
";

fn given(variables: &[(Giver, &str, &str)], environment: Option<&str>) -> Given {
    let assignment = |(by, name, text): &(Giver, &str, &str)| Assignment {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
        by: *by,
    };
    Given {
        environment: environment.map(|it| it.parse().expect("the name of an environment")),
        variables: variables.iter().map(assignment).collect(),
    }
}

fn parse(stack: &str, overlay: Option<&str>, given: &Given) -> Result<Stack, String> {
    let source =
        |file: &str, text: &str| Arc::new(Source { file: file.to_owned(), text: text.to_owned() });
    let overlay = overlay.map(|text| source("stack.prod.yaml", text));
    let stack = check::check(&source("stack.yaml", stack), overlay.as_ref(), given, ".".into());
    stack.map_err(|mistakes| {
        let shown = mistakes
            .iter()
            .map(|it| format!("{}:{}:{} {}\n", it.file, it.line, it.column, it.message));
        shown.collect()
    })
}

/// What the log group of the stack is.
fn log_group(overlay: Option<&str>, variables: &[(Giver, &str, &str)]) -> String {
    let stack = parse(STACK, overlay, &given(variables, None)).expect("a stack");
    let entry = &stack.resources[&"log_group.a".parse().expect("an address")];
    let declared = &entry.declared;
    format!(
        "{} {} {} {}",
        declared["name"], declared["retention_days"], declared["tags"]["team"], entry.protected
    )
}

#[test]
fn a_value_takes_the_place_of_a_variable() {
    assert_eq!(log_group(None, &[]), r#""/web/7" 7 "web" false"#);
    let stack = parse(STACK, None, &Given::default()).expect("a stack");
    let role = &stack.resources[&"iam_role.a".parse().expect("an address")].declared;
    let allowed = role["allow"].to_string();
    assert!(
        allowed.contains("s3:GetObject") && allowed.contains("${log_group.a.arn}:web"),
        "{allowed}"
    );
}

#[test]
fn the_command_line_goes_before_the_process_before_the_file_before_the_default() {
    let prod = Some("variables: { days: 30, name: a, keep: true }");
    assert_eq!(log_group(prod, &[]), r#""/a/30" 30 "a" true"#);
    let process = (Giver::EnvironmentVariable, "days", "60");
    assert_eq!(log_group(prod, &[process]), r#""/a/60" 60 "a" true"#);
    let line = [process, (Giver::CommandLine, "days", "90"), (Giver::CommandLine, "name", "7")];
    assert_eq!(log_group(prod, &line), r#""/7/90" 90 "7" true"#);
}

#[test]
fn the_file_of_an_environment_says_where_and_adds_tags() {
    let base = "stack: a\naccount: \"111111111111\"\nregion: eu-west-1\ntags: { a: x, b: x }\nresources:\n  log_group.a: { name: /a }\n";
    let over = "account: \"222222222222\"\nregion: us-east-1\ntags: { b: y }\n";
    let prod = parse(base, Some(over), &given(&[], Some("prod"))).expect("a stack");
    assert_eq!((prod.name.as_str(), prod.region.as_deref()), ("a.prod", Some("us-east-1")));
    let error = prod.check_account("111111111111").expect_err("another account");
    assert_eq!(error.diagnostics[0].file, "stack.prod.yaml");
    let tags = &prod.resources[&"log_group.a".parse().expect("an address")].declared["tags"];
    assert_eq!((&tags["a"], &tags["b"]), (&"x".into(), &"y".into()));
    assert_eq!(tags["deployer:stack"], "a.prod");
    let same =
        parse(base, Some("# nothing differs\n"), &given(&[], Some("prod"))).expect("a stack");
    assert_eq!(same.region.as_deref(), Some("eu-west-1"));
}

#[test]
fn what_is_wrong_with_variables_is_found_in_one_go_and_once() {
    let stack = "\
stack: demo
variables:
  days: { type: number, default: seven }
  Name:
  size: { type: nmber, defualt: 1 }
  open: { description: 7 }
  list: { type: list, default: [1] }
  keep: { type: bool, default: \"true\" }
  text: { default: 12 }
tags: { team: \"${var.none}\", of: \"${var.open}\" }
resources:
  log_group.a: { name: \"${var.nam}\", retention_days: \"${var.days}\" }
  log_group.b: { name: \"/${var.list}\", retention: 7 }
  log_group.c: { name: \"/${var.open\" }
";
    let over = "variables: { days: [1], opn: a }\nresources: {}\nregion: nowhere\n";
    let given = given(
        &[(Giver::CommandLine, "sizes", "1"), (Giver::CommandLine, "days", "x")],
        Some("prod"),
    );
    let mistakes = parse(stack, Some(over), &given).expect_err("mistakes");
    expect![[r#"
        stack.yaml:2:1 --var sizes is given: unknown variable `sizes`; did you mean `size`?
        stack.yaml:3:3 --var days says `x`: expected a number
        stack.yaml:3:34 expected a number
        stack.yaml:4:3 expected a name in lower-case letters, digits and `_`
        stack.yaml:5:17 unknown type; did you mean `number`?
        stack.yaml:5:24 unknown field `defualt`; did you mean `default`?
        stack.yaml:6:3 `open` has no value: give it with --var open=…, DEPLOYER_VAR_open or the file of prod
        stack.yaml:6:24 expected a text
        stack.yaml:7:32 expected a list of texts, such as `[a, "1"]`
        stack.yaml:8:32 expected `true` or `false`
        stack.yaml:9:20 expected a text: put it in quotes
        stack.yaml:10:15 unknown variable `none`, expected one of `days`, `keep`, `list`, `open`, `size`, `text`
        stack.yaml:12:24 unknown variable `nam`, expected one of `days`, `keep`, `list`, `open`, `size`, `text`
        stack.yaml:13:40 unknown field `retention`; did you mean `retention_days`?
        stack.yaml:14:24 `}` is missing after the name of a variable
        stack.prod.yaml:1:20 expected a number
        stack.prod.yaml:1:25 unknown variable `opn`; did you mean `open`?
        stack.prod.yaml:2:1 unknown key `resources`, expected one of `account`, `region`, `tags`, `variables`
        stack.prod.yaml:3:9 expected an AWS region such as `eu-west-1`
    "#]].assert_eq(&mistakes);
}

#[test]
fn a_value_that_does_not_fit_tells_where_it_comes_from() {
    let wrong = [(Giver::EnvironmentVariable, "days", "8"), (Giver::CommandLine, "name", "a b")];
    let mistakes = parse(STACK, None, &given(&wrong, None)).expect_err("mistakes");
    expect![[r#"
        stack.yaml:9:24 must be 1 to 512 letters, digits and _ - / . #; `name` is `a b` by --var name, `days` is `8` by DEPLOYER_VAR_days
        stack.yaml:9:68 AWS offers 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days; `days` is `8` by DEPLOYER_VAR_days
    "#]].assert_eq(&mistakes);
}

#[test]
fn the_process_may_be_meant_for_other_stacks() {
    let other =
        [(Giver::EnvironmentVariable, "other", "8"), (Giver::EnvironmentVariable, "days", "14")];
    let stack = parse(STACK, None, &given(&other, None)).expect("a stack");
    let kept: Vec<_> = stack.given.variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(kept, ["days"], "a saved plan keeps what concerns its stack, and nothing else");
}

#[test]
fn a_list_is_a_value_as_a_whole_only() {
    let text = given(&[(Giver::CommandLine, "actions", "[s3:Get*, \"a:b\"]")], None);
    assert!(parse(STACK, None, &text).is_ok());
    let content = super::Type::List.read("a, b");
    assert!(matches!(content, Err(expected) if expected.contains("list")));
    assert!(matches!(super::Type::Text.read("[a]"), Ok(Content::Text(text)) if text == "[a]"));
}
