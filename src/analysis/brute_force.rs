//! Brute-force oracle for tests of the analysis: it enumerates all subsets of a small configuration.
//!
//! It shares no code with the analysis: no interning, pruning or incremental counting.

use super::{Fbas, IntersectionResult, intersection, quorum_components, top_tier};
use crate::scp::{NodeId, QuorumSet};
use proptest::prelude::*;
use std::sync::Arc;

/// Whether the nodes in `marks` (bit i is node i) satisfy `set`.
fn satisfies(set: &QuorumSet, marks: u32) -> bool {
    let nodes = set.validators.iter();
    let met = nodes.filter(|node| node.0 < 32 && marks >> node.0 & 1 == 1);
    let inner = set.inner.iter().filter(|inner| satisfies(inner, marks));
    met.count() + inner.count() >= set.threshold as usize
}

fn occurrences(set: &QuorumSet, found: &mut Vec<u32>) -> bool {
    found.extend(set.validators.iter().map(|node| node.0));
    let entries = set.validators.len() + set.inner.len();
    (1..=entries).contains(&(set.threshold as usize))
        && set.inner.iter().all(|inner| occurrences(inner, found))
}

fn usable(set: &QuorumSet) -> bool {
    let mut found = Vec::new();
    let thresholds_fit = occurrences(set, &mut found);
    let repeated = (1..found.len()).any(|i| found[..i].contains(&found[i]));
    thresholds_fit && !repeated && !found.is_empty()
}

/// All quorums, as bit masks: bit i is node i.
fn quorums(sets: &[Option<Arc<QuorumSet>>]) -> Vec<u32> {
    let usable: Vec<Option<&QuorumSet>> = sets
        .iter()
        .map(|set| set.as_deref().filter(|set| usable(set)))
        .collect();
    let is_quorum = |marks: &u32| {
        (0..sets.len())
            .filter(|node| marks >> node & 1 == 1)
            .all(|node| usable[node].is_some_and(|set| satisfies(set, *marks)))
    };
    (1..1u32 << sets.len()).filter(is_quorum).collect()
}

fn marks(nodes: &[NodeId]) -> u32 {
    nodes.iter().fold(0, |marks, node| marks | 1 << node.0)
}

fn check(sets: Vec<Option<Arc<QuorumSet>>>) {
    let all = quorums(&sets);
    let fbas = Fbas::new(sets);
    let is_minimal =
        |quorum: u32| all.contains(&quorum) && !all.iter().any(|&q| q != quorum && q & quorum == q);
    let disjoint = |a: u32| all.iter().any(|&b| a & b == 0);
    match intersection(&fbas, &|| false) {
        IntersectionResult::NoQuorum => assert!(all.is_empty()),
        IntersectionResult::Intersecting => {
            assert!(!all.is_empty() && !all.iter().any(|&a| disjoint(a)));
        }
        IntersectionResult::Disjoint(a, b) => {
            let (a, b) = (marks(&a), marks(&b));
            assert!(is_minimal(a) && is_minimal(b) && a & b == 0, "{a:b} {b:b}");
        }
        IntersectionResult::Unknown => panic!("the analysis was not stopped"),
    }
    let union = all.iter().fold(0, |union, quorum| union | quorum);
    assert_eq!(marks(&fbas.greatest_quorum()), union);
    let components: Vec<u32> = quorum_components(&fbas).iter().map(|c| marks(c)).collect();
    for component in &components {
        assert!(all.contains(component), "{component:b}");
    }
    for &quorum in all.iter().filter(|&&quorum| is_minimal(quorum)) {
        let holders = components.iter().filter(|&&c| quorum & c == quorum);
        assert_eq!(holders.count(), 1, "{quorum:b} in {components:?}");
    }
    assert_eq!(
        marks(&top_tier(&fbas)),
        components.iter().fold(0, |u, c| u | c)
    );
}

/// A quorum set over `nodes` nodes and one node that does not exist. Some sets are malformed.
fn quorum_set(nodes: u32) -> impl Strategy<Value = QuorumSet> {
    let validators = move || proptest::collection::btree_set(0..nodes + 1, 0..6);
    let flat = (0..5u32, validators()).prop_map(|(threshold, validators)| QuorumSet {
        threshold,
        validators: validators.into_iter().map(NodeId).collect(),
        inner: Vec::new(),
    });
    flat.prop_recursive(2, 8, 3, move |inner| {
        let inner = proptest::collection::vec(inner, 0..3);
        (1..5u32, validators(), inner).prop_map(|(threshold, validators, inner)| QuorumSet {
            threshold,
            validators: validators.into_iter().map(NodeId).collect(),
            inner,
        })
    })
}

/// Nested sets with satisfiable thresholds and without repeated nodes. Each node is in the outer set, in one of two
/// inner sets, or in none.
fn sane_set(nodes: u32) -> impl Strategy<Value = QuorumSet> {
    let places = proptest::collection::vec(0..6u8, nodes as usize);
    (places, 0.0..1.0f64, 0.0..1.0f64).prop_map(|(places, high, low)| {
        let dealt = |place: u8| -> Vec<NodeId> {
            let numbers = (0u32..).zip(&places);
            let chosen = numbers.filter(|(_, p)| **p == place);
            chosen.map(|(number, _)| NodeId(number)).collect()
        };
        let threshold = |entries: usize, share: f64| 1 + (entries as f64 * share) as u32;
        let inner: Vec<QuorumSet> = [dealt(1), dealt(2)]
            .into_iter()
            .filter(|members| !members.is_empty())
            .map(|members| QuorumSet {
                threshold: threshold(members.len(), low),
                validators: members,
                inner: Vec::new(),
            })
            .collect();
        let mut validators = dealt(0);
        if validators.is_empty() && inner.is_empty() {
            validators.push(NodeId(0));
        }
        QuorumSet {
            threshold: threshold(validators.len() + inner.len(), high),
            validators,
            inner,
        }
    })
}

fn configuration(
    set: impl Strategy<Value = QuorumSet> + Clone,
    nodes: u32,
) -> impl Strategy<Value = Vec<Option<Arc<QuorumSet>>>> {
    let slot = prop_oneof![1 => Just(None), 9 => set.prop_map(|set| Some(Arc::new(set)))];
    proptest::collection::vec(slot, nodes as usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn random_configurations_match_the_oracle(sets in configuration(quorum_set(6).boxed(), 6)) {
        check(sets);
    }

    #[test]
    fn sane_nested_configurations_match_the_oracle(sets in configuration(sane_set(8).boxed(), 8)) {
        check(sets);
    }

    /// The networks have few distinct sets, as real ones do, so that nodes share gates.
    #[test]
    fn configurations_with_few_distinct_sets_match_the_oracle(
        sets in proptest::collection::vec(sane_set(9), 1..4),
        chosen in proptest::collection::vec(0..4usize, 9),
    ) {
        let shared: Vec<Arc<QuorumSet>> = sets.into_iter().map(Arc::new).collect();
        check(chosen.into_iter().map(|nth| shared.get(nth % shared.len()).cloned()).collect());
    }
}

#[test]
fn every_flat_configuration_of_three_nodes_matches_the_oracle() {
    let flat = |members: u32, threshold: u32| {
        let named = (0..3).filter(|node| members >> node & 1 == 1);
        Some(Arc::new(QuorumSet {
            threshold,
            validators: named.map(NodeId).collect(),
            inner: Vec::new(),
        }))
    };
    let mut choices: Vec<Option<Arc<QuorumSet>>> = vec![None];
    for members in 0..8u32 {
        choices.extend((1..=members.count_ones()).map(|threshold| flat(members, threshold)));
    }
    for a in &choices {
        for b in &choices {
            for c in &choices {
                check(vec![a.clone(), b.clone(), c.clone()]);
            }
        }
    }
}
