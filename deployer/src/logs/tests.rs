use super::*;

fn event(id: &str, time: i64) -> Event {
    Event { id: id.to_owned(), time, message: String::new() }
}

fn ids(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

#[test]
fn each_event_is_new_once_and_the_newest_is_last() {
    let mut tail = Tail::new(1_000);
    assert_eq!(ids(&tail.news(vec![event("b", 3_000), event("a", 2_000)])), ["a", "b"]);
    let again = vec![event("a", 2_000), event("b", 3_000), event("c", 3_000)];
    assert_eq!(ids(&tail.news(again)), ["c"]);
    assert_eq!(ids(&tail.news(Vec::new())), Vec::<&str>::new());
}

#[test]
fn what_arrives_late_is_found_and_what_is_old_is_not_asked_for_again() {
    let mut tail = Tail::new(1_000);
    assert_eq!(tail.start(), 1_000);
    tail.news(vec![event("a", 500_000)]);
    assert_eq!(tail.start(), 440_000);
    assert_eq!(ids(&tail.news(vec![event("a", 500_000), event("late", 450_000)])), ["late"]);
    assert_eq!(tail.start(), 440_000, "what is late does not turn back the time");
    tail.news(vec![event("b", 600_000)]);
    assert_eq!(tail.seen.keys().collect::<Vec<_>>(), ["b"], "no more is remembered than needed");
}

const TWO: &str = "\
stack: two
resources:
  log_group.a: { name: /two/a }
  lambda_function.a: { name: a, role: r, log_group: '${log_group.a.name}', code: { bootstrap: b } }
  lambda_function.b: { name: b, role: r, log_group: /other, code: { bootstrap: b } }
";

#[test]
fn the_log_group_is_that_of_the_function() {
    let stack = Stack::parse(TWO, "stack.yaml", ".".into()).expect("a stack");
    let of = |address: &str| group(&stack, Some(&address.parse().expect("an address")));
    assert_eq!(of("lambda_function.a").expect("a name"), "/two/a");
    assert_eq!(of("lambda_function.b").expect("a name"), "/other");
    let none = of("log_group.a").expect_err("no function");
    assert_eq!(none.causes, ["it has no log group: only a function has"]);
    let which = group(&stack, None).expect_err("two functions");
    assert_eq!(which.causes, ["stack.yaml declares lambda_function.a, lambda_function.b"]);
    assert_eq!(which.hints, ["name it: --function ADDRESS"]);
}
