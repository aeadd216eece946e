//! The line that is pointed at.

use super::*;

const STACK: &str = r#"
stack: demo
resources:
  iam_role.a:
    name: a
    allow:
      - actions: s3:GetObject
        on: "*"
      - { actions: [s3:GetObject, s3:PutObject], on: ["arn:aws:s3:::b", "*"] }
  iam_role.b:
    name: b
    trust:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: { Service: lambda.amazonaws.com }
          Action: sts:AssumeRole
        - Effect: Allow
          Principal: { AWS: "arn:aws:iam::222222222222:root" }
          Action: sts:AssumeRole
"#;

#[test]
fn texts_are_found_where_all_of_them_stand_together() {
    let stack = Stack::parse(STACK, "stack.yaml", ".".into()).expect("a stack");
    for (address, field, texts, line, column) in [
        ("iam_role.a", "allow", &["*", "s3:GetObject"][..], 8, 13),
        ("iam_role.a", "allow", &["*", "S3:putobject"], 9, 73),
        ("iam_role.a", "allow", &["s3:PutObject"], 9, 35),
        ("iam_role.a", "allow", &["s3:DeleteObject"], 6, 5),
        ("iam_role.a", "allow", &["*", "s3:DeleteObject"], 6, 5),
        ("iam_role.a", "trust", &["*"], 4, 3),
        ("iam_role.b", "trust", &["222222222222", "sts:AssumeRole"], 19, 29),
    ] {
        let found = stack.locate(&address.parse().expect("an address"), field, texts);
        assert_eq!((found.line, found.column), (line, column), "{address} {field} {texts:?}");
    }
}
