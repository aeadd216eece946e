//! How many calls must wait for each other.

use super::Call;

/// The number of rounds that these calls took: a call is one round behind the last one that had been
/// answered when it was sent.
pub(crate) fn rounds(calls: &[Call]) -> usize {
    let mut rounds: Vec<usize> = Vec::new();
    for call in calls {
        let before = calls.iter().zip(&rounds);
        let answered = before.filter(|(one, _)| one.ended.is_some_and(|ended| ended <= call.began));
        rounds.push(answered.map(|(_, round)| round + 1).max().unwrap_or(1));
    }
    rounds.into_iter().max().unwrap_or_default()
}
