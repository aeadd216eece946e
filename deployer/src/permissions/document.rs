//! The IAM policy document that allows an errand, and nothing beyond it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Errand, Need, PASS, Prospect};
use crate::address::Address;

/// How long a managed policy may be, in characters that are no white space.
pub const QUOTA: usize = 6144;

/// A policy document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: String,
    effect: &'static str,
    action: BTreeSet<&'static str>,
    resource: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>>,
}

/// What an errand takes on all resources of a prospect.
pub fn document(errand: Errand, prospect: &Prospect<'_>) -> Document {
    let beside = |address: &Address| {
        errand.action().filter(|(kind, _)| address.kind == *kind).map(|(_, action)| action)
    };
    let needs = prospect.documents.keys().flat_map(|address| {
        let needs = prospect.needs(address, errand.purposes());
        let more = beside(address).and_then(|action| prospect.need(address, action));
        needs.into_iter().chain(more)
    });
    let needs: Vec<Need> = needs.collect();
    let implied = |need: &&Need| needs.iter().any(|other| implies(other, need));
    let mut statements: BTreeMap<(BTreeSet<String>, bool), Vec<&Need>> = BTreeMap::new();
    for need in needs.iter().filter(|need| !implied(need)) {
        let key = (essential(&need.resources), need.action == PASS);
        statements.entry(key).or_default().push(need);
    }
    let mut named = BTreeSet::new();
    let mut statement: Vec<_> = statements
        .into_iter()
        .map(|((resource, passes), needs)| {
            let sid = unique(&mut named, &sid(&resource, passes, &needs, prospect));
            let action = needs.iter().map(|need| need.action).collect();
            // Handing a role to Lambda, and to nothing else.
            let service = BTreeMap::from([("iam:PassedToService", "lambda.amazonaws.com")]);
            let condition = passes.then(|| BTreeMap::from([("StringEquals", service)]));
            Statement { sid, effect: "Allow", action, resource, condition }
        })
        .collect();
    statement.sort_by(|one, other| one.sid.cmp(&other.sid));
    Document { version: "2012-10-17", statement }
}

/// Whether whoever is allowed the one is allowed the other as well.
fn implies(wide: &Need, narrow: &Need) -> bool {
    let covered = |one: &String| wide.resources.iter().any(|all| all == one || covers(all, one));
    wide.action == narrow.action
        && essential(&wide.resources) != essential(&narrow.resources)
        && narrow.resources.iter().all(covered)
}

/// The patterns without those that match nothing which another one does not match as well.
fn essential(patterns: &[String]) -> BTreeSet<String> {
    let needed = |narrow: &&String| !patterns.iter().any(|wide| covers(wide, narrow));
    patterns.iter().filter(needed).cloned().collect()
}

/// Whether a pattern matches all that another one does.
fn covers(wide: &str, narrow: &str) -> bool {
    wide != narrow && wide.strip_suffix('*').is_some_and(|start| narrow.starts_with(start))
}

/// A name for a statement: that of the resource whose ARN it is about, or else of one that needs it.
fn sid(
    resources: &BTreeSet<String>,
    passes: bool,
    needs: &[&Need],
    prospect: &Prospect<'_>,
) -> String {
    let owns =
        |address: &&Address| prospect.arn(address).is_some_and(|arn| resources.contains(&arn));
    let owner = prospect.documents.keys().find(owns);
    let Some(address) = owner.or_else(|| needs.first().map(|need| &need.address)) else {
        return String::new();
    };
    let words = address.kind.split('_').chain(address.name.split('_'));
    let name: String = words.map(capitalised).collect();
    match (passes, resources.contains("*")) {
        (true, _) => format!("Pass{name}"),
        (_, true) => format!("Find{name}"),
        _ => name,
    }
}

/// AWS refuses a document in which two statements have the same name.
fn unique(named: &mut BTreeSet<String>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    let mut count = 1;
    while !named.insert(name.clone()) {
        count += 1;
        name = format!("{wanted}{count}");
    }
    name
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
