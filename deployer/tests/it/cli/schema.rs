//! The schema that editors check a stack file against: it takes what the binary takes, and refuses
//! the mistakes that are made while typing.

use deployer::stack::DEFAULT;
use deployer::yaml;
use expect_test::expect_file;
use jsonschema::Validator;
use serde_json::Value;

use super::SMALL;
use crate::support::{World, workspace};

fn validator() -> Validator {
    let schema = serde_json::from_str(&deployer::stack::schema()).expect("JSON");
    jsonschema::draft7::new(&schema).expect("a JSON Schema")
}

/// What the schema finds wrong with a stack file: where, and what.
fn faults(schema: &Validator, stack: &str) -> Vec<String> {
    let stack: Value = yaml::parse(stack).expect("valid YAML").to_json();
    let faults = schema.iter_errors(&stack);
    faults.map(|fault| format!("{} {fault}", fault.instance_path())).collect()
}

#[test]
fn the_schema_beside_the_stack_file_is_current() {
    let run = World::empty().succeed(&["schema"]);
    assert_eq!(run.stderr, "");
    expect_file![workspace().join("stack.schema.json")].assert_eq(&run.stdout);
    let stack = DEFAULT;
    assert!(stack.starts_with("# yaml-language-server: $schema=stack.schema.json\n"), "{stack}");
}

/// What stack files can hold beside what the default one does.
const ENTRIES: &str = "\
stack: a
account: \"123456789012\"
region: eu-west-1
tags: { team: platform }
outputs:
variables:
  bare: { default: a }
  days: { type: number, default: 7, description: How long }
  names: { type: list, default: [a] }
  on: { type: bool, default: true }
resources:
  secret.ca: { name: a/ca, value_file: ca.json, recovery_window_days: 0, kms_key_id: alias/a }
  log_group.a: { name: /a, retention_days: 3653, protect: true }
  iam_role.bare: { name: bare, tags: { a: \"\" } }
  iam_role.whole:
    name: whole
    trust:
      Version: \"2012-10-17\"
      Statement:
        Effect: allow
        Principal: { Service: [lambda.amazonaws.com] }
        Action: sts:AssumeRole
        Condition: { StringEquals: { aws:SourceAccount: \"123456789012\" } }
    allow: { Statement: [{ Effect: Deny, NotAction: \"*\", Resource: \"*\" }] }
  lambda_function.a:
    name: a
    role: ${iam_role.whole.arn}
    log_group: ${log_group.a.name}
    environment: { CA: \"${secret.ca.arn}\" }
    reserved_concurrency: 0
    code: { bootstrap: a/b, files: { other.txt: [1], policy.json: { rules: [] } } }
  lambda_function.b: { name: b, role: r, log_group: g, architecture: arm64, code: { zip: a.zip } }
  http_api.a: { name: a, auto_deploy: true }
  http_route.a: { api: \"${http_api.a.id}\", route: ANY /, function: \"${lambda_function.a.arn}\" }
";

#[test]
fn what_the_binary_takes_is_valid() {
    let schema = validator();
    for stack in [DEFAULT, SMALL, ENTRIES, OF_VARIABLES, "stack: a\nresources:\n"] {
        assert_eq!(faults(&schema, stack), Vec::<String>::new(), "{stack}");
        let parsed = deployer::stack::Stack::parse(stack, "stack.yaml", ".".into());
        assert!(parsed.is_ok(), "{:#?}", parsed.map_err(|error| error.diagnostics));
    }
}

#[test]
fn examples_of_every_resource_type_are_valid() {
    let schema = validator();
    for kind in deployer::resource::RESOURCE_TYPES {
        let entry = kind.example().replace('\n', "\n    ");
        let stack = format!("stack: a\nresources:\n  {}.a:\n    {entry}\n", kind.kind());
        assert_eq!(faults(&schema, &stack), Vec::<String>::new(), "{stack}");
    }
}

/// A stack that takes whatever it can from variables.
const OF_VARIABLES: &str = "\
stack: a
region: ${var.region}
account: ${var.account}
tags: { team: \"${var.name}\" }
variables:
  name: { default: web }
  region: { default: eu-west-1 }
  account: { default: \"123456789012\" }
  architecture: { default: arm64 }
  memory: { type: number, default: 512 }
  days: { type: number, default: 7 }
  actions: { type: list, default: [s3:GetObject] }
  callers: { type: list, default: [\"123456789012\"] }
  protect: { type: bool, default: true }
resources:
  log_group.a: { name: \"/${var.name}\", retention_days: \"${var.days}\", protect: \"${var.protect}\" }
  iam_role.a:
    name: ${var.name}
    trust: lambda.amazonaws.com
    allow: [{ actions: \"${var.actions}\", on: \"arn:aws:s3:::${var.name}/*\" }]
  lambda_function.a:
    name: ${var.name}
    role: ${iam_role.a.arn}
    log_group: ${log_group.a.name}
    architecture: ${var.architecture}
    memory_mb: ${var.memory}
    code:
      bootstrap: a/b
      files:
        policy.json:
          rules:
            - name: ${var.name}
              callers: ${var.callers}
              dns: [\"*.${var.name}.example\"]
              common_name: ${var.protect}
              ttl_hours: { default: \"${var.days}\", max: 8 }
";

/// Mistakes that are made in the default stack: what is written instead of what.
const MISTAKES: [(&str, &str); 45] = [
    ("stack: cert-issuer", "stack: Cert_Issuer"),
    ("stack: cert-issuer", "stak: cert-issuer"),
    ("stack: cert-issuer", "stack: a\naccount: 12345"),
    ("stack: cert-issuer", "stack: a\nregion: nowhere"),
    ("stack: cert-issuer", "stack: a\ntags: { 'aws:team': x }"),
    ("stack: cert-issuer", "stack: a\ntags: { team: 3 }"),
    ("stack: cert-issuer", "stack: a\nvariables: { Days: { default: a } }"),
    ("stack: cert-issuer", "stack: a\nvariables: { days: 7 }"),
    ("stack: cert-issuer", "stack: a\nvariables: { days: { type: int } }"),
    ("stack: cert-issuer", "stack: a\nvariables: { days: { type: number, default: \"7\" } }"),
    ("stack: cert-issuer", "stack: a\nvariables: { days: { default: 7 } }"),
    ("  secret.ca:", "  bucket.ca:"),
    ("  secret.ca:", "  secret.CA:"),
    ("  secret.ca:", "  secret:"),
    ("name: cert-issuer/ca", "name: cert issuer"),
    ("name: cert-issuer/ca", "name: cert-issuer/ca-abcdef"),
    ("value_file: ca/issuing-ca.json", "value_file: 3"),
    ("recovery_window_days: 7", "recovery_window_days: 3"),
    ("recovery_window_days: 7", "recovery_window_days: \"7\""),
    ("protect: true", "protect: yes please"),
    ("retention_days: 30", "retention_days: 31"),
    ("retention_days: 30", "retention: 30"),
    ("trust: lambda.amazonaws.com", "trust: lambda"),
    (
        "trust: lambda.amazonaws.com",
        "trust: { Statement: { Effect: Allow, Action: a:b, Resource: x } }",
    ),
    ("actions: secretsmanager:GetSecretValue", "actions: GetSecretValue"),
    ("actions: secretsmanager:GetSecretValue", "action: secretsmanager:GetSecretValue"),
    ("on: ${secret.ca.arn}", "on: secret.ca.arn"),
    ("on: ${secret.ca.arn}", "on: []"),
    ("architecture: x86_64", "architecture: arm"),
    ("memory_mb: 256", "memory_mb: 64"),
    ("timeout_seconds: 10", "timeout_seconds: 1000"),
    ("timeout_seconds: 10", "timeout: 10"),
    ("CA_SECRET_ARN:", "AWS_REGION:"),
    ("name: services", "name: all services"),
    ("callers: [\"*\"]", "callers: []"),
    ("callers: [\"*\"]", "callers: [arn:aws:sts::111122223333:assumed-role/ci/session]"),
    ("callers: [\"*\"]", "caller: [\"*\"]"),
    ("10.0.0.0/8", "ten"),
    ("usages: [client, server]", "usages: [client, servr]"),
    ("usages: [client, server]", "key_types: [p521]"),
    ("max: 24", "max: 1000"),
    ("ttl_hours:", "ttl:"),
    ("api: ${http_api.issuer.id}", "api: a1b2c3"),
    ("route: POST /issue-cert", "route: /issue-cert"),
    ("authorization: AWS_IAM", "authorization: NONE"),
];

#[test]
fn typical_mistakes_are_refused_by_the_schema_and_the_binary() {
    let schema = validator();
    for (right, wrong) in MISTAKES {
        let stack = DEFAULT;
        assert!(stack.contains(right), "the default stack holds {right:?}");
        let stack = stack.replacen(right, wrong, 1);
        assert!(!faults(&schema, &stack).is_empty(), "{wrong} is taken by the schema");
        let parsed = deployer::stack::Stack::parse(&stack, "stack.yaml", ".".into());
        assert!(parsed.is_err(), "{wrong} is taken by the binary");
    }
}
