//! A plan in terminals of two widths, and in a file.

use expect_test::expect;
use serde_json::json;

use super::*;
use crate::cloud::fake::FakeCloud;

const STACK: &str = r#"
stack: demo
resources:
  http_api.a: { name: demo, description: Issues certificates }
  log_group.a: { name: /demo/a, retention_days: 30 }
  log_group.b: { name: /demo/b }
  iam_role.a:
    name: demo
    description: What the signer may do; the runbook on how to change it safely is at https://wiki.internal.example/certificates/signer/role, section 2
    allow:
      - actions: [s3:GetObject, s3:ListBucket]
        on: ["arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*", "arn:aws:s3:::other"]
"#;

/// A plan with long and short values, a widening, drift, and what stays as it is.
fn plan() -> Plan {
    let cloud = FakeCloud::new();
    cloud.apply(STACK);
    cloud.tamper("log_group", |group| group.spec["retention_days"] = json!(90));
    let text = STACK
        .replace("section 2", "section 3")
        .replace(
            "description: Issues certificates",
            "description: Issues short-lived certificates to callers that IAM knows",
        )
        .replace("s3:ListBucket", "s3:*")
        .replace("archive/certificates/*", "archive/certificates/current/*");
    cloud.plan(&text).expect("a plan")
}

fn plain(width: Option<usize>) -> String {
    let text = render(&plan(), "(the local AWS, account 000000000000, us-east-1)", width);
    anstream::adapter::strip_str(&text).to_string()
}

fn assert_fits(text: &str, width: usize) {
    assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
}

#[test]
fn a_plan_fits_80_columns() {
    let text = plain(Some(80));
    assert_fits(&text, 80);
    expect![[r#"
        Plan for demo (the local AWS, account 000000000000, us-east-1)

        ~ http_api.a  stack.yaml changed
            description  "Issues certificates"
                       → "Issues short-lived certificates to callers that IAM knows"

        ~ iam_role.a  stack.yaml changed
            allow
              + Allow s3:*
                Allow s3:GetObject
              - Allow s3:ListBucket
              -   on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*
              +   on
                  arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/curr
                  ent/*
                  on arn:aws:s3:::other
              gains s3:* on
                  arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/curr
                  ent/*
              gains s3:* on arn:aws:s3:::other
              loses s3:GetObject on
                  arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*
              loses s3:ListBucket on
                  arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*
            description  …es/signer/role, section 2"
                       → …es/signer/role, section 3"
        !!  widens what is allowed: s3:* on
            arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/current/*
            (every action)
        !!  widens what is allowed: s3:* on arn:aws:s3:::other (every action)

        ~ log_group.a  drift: it was changed outside of deployer
            retention_days  90 → 30  (drift)

        Summary: 3 to change, 1 unchanged
        It widens what is allowed: apply needs --allow-widening.
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_plan_fits_120_columns() {
    let text = plain(Some(120));
    assert_fits(&text, 120);
    expect![[r#"
        Plan for demo (the local AWS, account 000000000000, us-east-1)

        ~ http_api.a  stack.yaml changed
            description  "Issues certificates" → "Issues short-lived certificates to callers that IAM knows"

        ~ iam_role.a  stack.yaml changed
            allow
              + Allow s3:*
                Allow s3:GetObject
              - Allow s3:ListBucket
              -   on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*
              +   on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/current/*
                  on arn:aws:s3:::other
              gains s3:* on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/current/*
              gains s3:* on arn:aws:s3:::other
              loses s3:GetObject on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*
              loses s3:ListBucket on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/*
            description  …es/signer/role, section 2"
                       → …es/signer/role, section 3"
        !!  widens what is allowed: s3:* on arn:aws:s3:::a-bucket-with-quite-a-long-name/archive/certificates/current/* (every
            action)
        !!  widens what is allowed: s3:* on arn:aws:s3:::other (every action)

        ~ log_group.a  drift: it was changed outside of deployer
            retention_days  90 → 30  (drift)

        Summary: 3 to change, 1 unchanged
        It widens what is allowed: apply needs --allow-widening.
    "#]].assert_eq(&text);
}

#[test]
fn a_plan_in_a_file_has_its_values_whole() {
    let text = plain(None);
    for section in ["role, section 2\"\n", "role, section 3\"\n"] {
        let line = text.split_inclusive('\n').find(|line| line.ends_with(section));
        assert!(line.is_some_and(|line| line.contains("What the signer may do; ")), "{text}");
    }
}

#[test]
fn nothing_but_folded_values_differs_in_a_terminal() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let (file, terminal) = (plain(None), plain(Some(400)));
    assert_eq!(words(&file), words(&terminal));
}

#[test]
fn changes_stand_by_what_they_do_and_what_takes_away_comes_last() {
    let cloud = FakeCloud::new();
    cloud.apply(
        "stack: demo\nresources:\n  log_group.a: { name: /a }\n  log_group.b: { name: /b }\n",
    );
    let text = "stack: demo\nresources:\n  log_group.b: { name: /b, retention_days: 7 }\n  log_group.c: { name: /c, retention_days: 7 }\n";
    let plan = cloud.plan(text).expect("a plan");
    expect![[r#"
        Plan for demo (here)

        ── 1 to create

        + log_group.c  new in stack.yaml
            name            "/c"
            retention_days  7

        ── 1 to change

        ~ log_group.b  stack.yaml changed
            retention_days  (none) → 7

        ── 1 to delete

        - log_group.a  not declared in stack.yaml any more

        Summary: 1 to create, 1 to change, 1 to delete
    "#]]
    .assert_eq(&anstream::adapter::strip_str(&render(&plan, "(here)", None)).to_string());
}
