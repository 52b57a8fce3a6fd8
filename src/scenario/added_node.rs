//! Configuration of a node that joins a running network.

use super::Scenario;
use super::names::peer;
use crate::node::{JoinMode, NodeConfig, Threshold, TrustPolicy};
use crate::rng::Streams;
use crate::scp::NodeId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The configuration of node `id` in a network with nodes called `names`.
///
/// It takes the trust policy and threshold of the first node that discovers its quorum set. If all nodes have fixed
/// quorum sets, it trusts the nodes that it finds, with a threshold of two thirds. It catches up before it votes.
pub fn added_node<'a>(
    scenario: &Scenario,
    streams: Streams,
    id: NodeId,
    names: impl Iterator<Item = &'a str>,
) -> NodeConfig {
    let policy = scenario
        .nodes
        .iter()
        .map(|node| (&node.config.trust, node.config.threshold))
        .find(|(trust, _)| matches!(trust, TrustPolicy::Found | TrustPolicy::InRange));
    let (trust, threshold) = match policy {
        Some((trust, threshold)) => (trust.clone(), threshold),
        None => (TrustPolicy::Found, Threshold::TwoThirds),
    };
    NodeConfig {
        peer: peer(streams, id.index(), &free_name(names)),
        trust,
        threshold,
        is_beacon: false,
        address_book: Arc::new([]),
        initial_value: None,
        held_files: Vec::new(),
        join_mode: JoinMode::Newcomer,
        settings: Arc::clone(&scenario.settings),
    }
}

/// The name after the one with the highest number, such as `n08` after `n07`; `n01` if no name is numbered.
fn free_name<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let taken: BTreeSet<&str> = names.collect();
    let numbered = taken.iter().filter_map(|name| {
        let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
        let number: u64 = digits.parse().ok()?;
        Some((number, digits.len(), &name[..name.len() - digits.len()]))
    });
    let (last, width, stem) = numbered.max().unwrap_or((0, 2, "n"));
    let free = (last.saturating_add(1)..).map(|number| format!("{stem}{number:0width$}"));
    let mut free = free.filter(|name| !taken.contains(name.as_str()));
    free.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_continue_the_numbering() {
        let check =
            |names: &[&str], expected: &str| assert_eq!(free_name(names.iter().copied()), expected);
        check(&["n00", "n01", "n02"], "n03");
        check(&["v1", "v9", "v10"], "v11");
        check(&["n98", "n99"], "n100");
        check(&["A", "B"], "n01");
        check(&["A", "2nd"], "n01");
    }
}
