//! What must hold for any stack, any live state, and a failure at any call.

use proptest::prelude::*;

use crate::cloud::fake::FakeCloud;
use crate::plan::Plan;
use crate::ui;

/// Which of two addresses of each kind are declared, and how; numbers choose names and values.
#[derive(Debug, Clone)]
struct Shape {
    secrets: [Option<u8>; 2],
    groups: [Option<(u8, u8)>; 2],
    roles: [Option<(u8, u8)>; 2],
    functions: [Option<(u8, u8, u8)>; 2],
    apis: [Option<u8>; 2],
    routes: [Option<(u8, u8, u8)>; 2],
}

impl Shape {
    /// The stack file. What refers to something that is not declared is left out.
    fn text(&self) -> String {
        let mut text = "stack: demo\nresources:\n".to_owned();
        let mut add = |line: String| text.extend(["  ", &line, "\n"]);
        for (i, name) in declared(&self.secrets) {
            add(format!("secret.s{i}: {{ name: secret/{i}{name}, value_file: ca{name}.json }}"));
        }
        for (i, (name, days)) in declared(&self.groups) {
            let days = [7, 30][usize::from(days)];
            add(format!("log_group.g{i}: {{ name: /group/{i}{name}, retention_days: {days} }}"));
        }
        for (i, (name, secret)) in declared(&self.roles) {
            let allow = match self.secrets[usize::from(secret)] {
                Some(_) => {
                    format!(", allow: [{{ actions: \"a:B\", on: \"${{secret.s{secret}.arn}}\" }}]")
                }
                None => String::new(),
            };
            add(format!("iam_role.r{i}: {{ name: role-{i}{name}{allow} }}"));
        }
        let mut functions = [false; 2];
        for (i, (name, role, group)) in declared(&self.functions) {
            functions[i] = self.roles[usize::from(role)].is_some()
                && self.groups[usize::from(group)].is_some();
            if functions[i] {
                add(format!(
                    "lambda_function.f{i}: {{ name: function-{i}{name}, code: {{ cargo: signer }}, \
                     role: \"${{iam_role.r{role}.arn}}\", log_group: \"${{log_group.g{group}.name}}\" }}"
                ));
            }
        }
        for (i, name) in declared(&self.apis) {
            add(format!("http_api.a{i}: {{ name: api-{i}{name} }}"));
        }
        for (i, (path, api, function)) in declared(&self.routes) {
            if self.apis[usize::from(api)].is_some() && functions[usize::from(function)] {
                add(format!(
                    "http_route.t{i}: {{ api: \"${{http_api.a{api}.id}}\", route: POST /{i}{path}, \
                     function: \"${{lambda_function.f{function}.arn}}\" }}"
                ));
            }
        }
        if text.ends_with("resources:\n") {
            text.truncate(text.len() - 1);
            text.push_str(" {}\n");
        }
        text
    }
}

fn declared<T: Copy>(options: &[Option<T>; 2]) -> impl Iterator<Item = (usize, T)> {
    options.iter().copied().enumerate().filter_map(|(i, option)| Some((i, option?)))
}

/// Two values to choose from.
const TWO: std::ops::Range<u8> = 0..2;

fn shape() -> impl Strategy<Value = Shape> {
    let one = || prop::array::uniform2(prop::option::weighted(0.7, TWO));
    let two = || prop::array::uniform2(prop::option::weighted(0.7, (TWO, TWO)));
    let three = || prop::array::uniform2(prop::option::weighted(0.7, (TWO, TWO, TWO)));
    (one(), two(), two(), three(), one(), three()).prop_map(
        |(secrets, groups, roles, functions, apis, routes)| Shape {
            secrets,
            groups,
            roles,
            functions,
            apis,
            routes,
        },
    )
}

/// What somebody else does to the objects that are there, counted in their order.
#[derive(Debug, Clone)]
enum Meddling {
    /// Deletes one, and with it what lives in it or needs it.
    Delete(usize),
    /// Changes a description, a retention, a memory size or an authorization.
    Change(usize),
    /// Takes all tags off.
    Untag(usize),
}

fn meddling() -> impl Strategy<Value = Vec<Meddling>> {
    let one = prop_oneof![
        (0..12_usize).prop_map(Meddling::Delete),
        (0..12_usize).prop_map(Meddling::Change),
        (0..12_usize).prop_map(Meddling::Untag),
    ];
    prop::collection::vec(one, 0..4)
}

fn meddle(cloud: &FakeCloud, with: &[Meddling]) {
    let mut objects = cloud.objects.borrow_mut();
    for what in with {
        let (Meddling::Delete(n) | Meddling::Change(n) | Meddling::Untag(n)) = what;
        let Some(key) = objects.keys().nth(*n).cloned() else { continue };
        if matches!(what, Meddling::Delete(_)) {
            let gone = objects.remove(&key).expect("it is there");
            if key.0 == "http_api" {
                objects.retain(|_, object| object.spec["api"] != gone.outputs["id"]);
            }
            continue;
        }
        let spec = &mut objects.get_mut(&key).expect("it is there").spec;
        let fields = spec.as_object_mut().expect("a spec is a mapping");
        match (what, key.0.as_str()) {
            // A bare API cannot be found by anything but its tags.
            (Meddling::Untag(_), "http_api" | "http_route") => {}
            (Meddling::Untag(_), _) => drop(fields.insert("tags".into(), serde_json::json!({}))),
            (_, "log_group") => drop(fields.insert("retention_days".into(), 1.into())),
            (_, "http_route") => drop(fields.insert("authorization".into(), "NONE".into())),
            _ => drop(fields.insert("description".into(), "of somebody else".into())),
        }
    }
}

/// Applies or destroys; whether everything was done.
fn go(cloud: &FakeCloud, plan: &Plan) -> bool {
    cloud.carry_out(plan).failed.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn after_an_apply_the_plan_is_empty_whatever_there_was(
        before in shape(), with in meddling(), after in shape()
    ) {
        let cloud = FakeCloud::new();
        cloud.apply(&before.text());
        meddle(&cloud, &with);
        cloud.apply(&after.text());
        let left = cloud.plan(&after.text()).expect("a plan");
        prop_assert!(ui::is_empty(&left), "{}", ui::plain(&left));
    }

    #[test]
    fn a_lost_state_changes_nothing(stack in shape()) {
        let cloud = FakeCloud::new();
        cloud.apply(&stack.text());
        cloud.lose_state();
        let plan = cloud.plan(&stack.text()).expect("a plan");
        prop_assert!(ui::is_empty(&plan), "{}", ui::plain(&plan));
    }

    #[test]
    fn a_destroy_leaves_nothing_whatever_there_was(
        before in shape(), after in shape(), with in meddling()
    ) {
        let cloud = FakeCloud::new();
        cloud.apply(&before.text());
        cloud.apply(&after.text());
        meddle(&cloud, &with);
        cloud.destroy(&after.text());
        prop_assert!(cloud.objects.borrow().is_empty(), "{:?}", cloud.objects.borrow());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_failure_at_any_call_converges(
        before in shape(), after in shape(), lose_answer in any::<bool>()
    ) {
        for call in 1.. {
            let cloud = FakeCloud::new();
            cloud.apply(&before.text());
            cloud.calls.borrow_mut().clear();
            cloud.fail_at.set(Some(call));
            cloud.lose_answer.set(lose_answer);
            let done = go(&cloud, &cloud.plan(&after.text()).expect("a plan"));
            if cloud.calls.borrow().len() < call {
                prop_assert!(done);
                break;
            }
            cloud.fail_at.set(None);
            prop_assert!(go(&cloud, &cloud.plan(&after.text()).expect("a plan")), "call {call}");
            let left = cloud.plan(&after.text()).expect("a plan");
            prop_assert!(ui::is_empty(&left), "call {call}: {}", ui::plain(&left));
            cloud.destroy(&after.text());
            prop_assert!(cloud.objects.borrow().is_empty(), "call {call}: {:?}", cloud.objects.borrow());
        }
    }
}
