//! Order in a graph whose edges point to what is needed. Pure.

pub mod layout;

use std::collections::{BTreeMap, BTreeSet};

/// Every node behind all that it depends on; ties in the nodes' own order.
///
/// # Errors
/// A cycle, as the nodes along it, the first one repeated at the end. Edges to nodes that are not
/// in the graph are passed over.
pub fn order<N: Ord + Clone>(graph: &BTreeMap<N, BTreeSet<N>>) -> Result<Vec<N>, Vec<N>> {
    let mut waiting: BTreeMap<&N, usize> = BTreeMap::new();
    let mut dependents: BTreeMap<&N, Vec<&N>> = BTreeMap::new();
    for (node, needs) in graph {
        let present = needs.iter().filter(|need| graph.contains_key(*need));
        let mut count = 0;
        for need in present {
            dependents.entry(need).or_default().push(node);
            count += 1;
        }
        waiting.insert(node, count);
    }
    let mut ready: BTreeSet<&N> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(node, _)| *node).collect();
    let mut ordered = Vec::with_capacity(graph.len());
    while let Some(node) = ready.pop_first() {
        ordered.push(node.clone());
        waiting.remove(node);
        for dependent in dependents.remove(node).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(dependent) {
                *count -= 1;
                if *count == 0 {
                    ready.insert(dependent);
                }
            }
        }
    }
    if waiting.is_empty() { Ok(ordered) } else { Err(cycle(graph, &waiting)) }
}

/// A node, all that it needs, and what that needs in turn; `needs` tells what each needs itself.
pub fn closure<'n, N: Ord>(
    node: &'n N,
    needs: impl Fn(&'n N) -> Option<&'n BTreeSet<N>>,
) -> BTreeSet<&'n N> {
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        if found.insert(node) {
            open.extend(needs(node).into_iter().flatten());
        }
    }
    found
}

/// Walks along edges within the nodes that could not be ordered until one comes round again. Each
/// of them waits for another of them, so the walk never ends elsewhere.
fn cycle<N: Ord + Clone>(
    graph: &BTreeMap<N, BTreeSet<N>>,
    waiting: &BTreeMap<&N, usize>,
) -> Vec<N> {
    let mut path: Vec<N> = Vec::new();
    let mut next = waiting.keys().next().copied();
    while let Some(node) = next {
        if let Some(start) = path.iter().position(|seen| seen == node) {
            let mut cycle = path.split_off(start);
            cycle.push(node.clone());
            return cycle;
        }
        path.push(node.clone());
        next = graph[node].iter().find(|need| waiting.contains_key(need));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(
        edges: &[(&'static str, &[&'static str])],
    ) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        edges.iter().map(|(node, needs)| (*node, needs.iter().copied().collect())).collect()
    }

    #[test]
    fn what_is_needed_comes_first_and_ties_go_by_name() {
        let graph = graph(&[
            ("route", &["api", "function"]),
            ("function", &["role"]),
            ("api", &[]),
            ("role", &[]),
        ]);
        assert_eq!(order(&graph), Ok(vec!["api", "role", "function", "route"]));
    }

    #[test]
    fn a_cycle_is_named_from_its_start_to_its_start() {
        let graph = graph(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])]);
        assert_eq!(order(&graph), Err(vec!["b", "c", "b"]));
    }

    #[test]
    fn a_node_that_needs_itself_is_a_cycle() {
        assert_eq!(order(&graph(&[("a", &["a"])])), Err(vec!["a", "a"]));
    }

    #[test]
    fn edges_to_strangers_do_not_hold_anything_back() {
        assert_eq!(order(&graph(&[("a", &["gone"])])), Ok(vec!["a"]));
    }
}
