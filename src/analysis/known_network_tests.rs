//! Tests with configurations from the literature whose results are known. Figures are those of the whitepaper (2015).

use super::{Fbas, IntersectionResult, intersection, quorum_components, stop_after, top_tier};
use crate::scp::{NodeId, QuorumSet};
use std::sync::Arc;

/// `threshold` of these nodes and inner sets.
fn set(threshold: u32, validators: &[u32], inner: &[QuorumSet]) -> QuorumSet {
    QuorumSet {
        threshold,
        validators: validators.iter().copied().map(NodeId).collect(),
        inner: inner.to_vec(),
    }
}

fn of(threshold: u32, validators: &[u32]) -> QuorumSet {
    set(threshold, validators, &[])
}

/// The node itself and `threshold` of the others.
fn with_self(node: u32, threshold: u32, others: &[u32]) -> QuorumSet {
    set(2, &[node], &[of(threshold, others)])
}

fn fbas(sets: Vec<QuorumSet>) -> Fbas {
    Fbas::new(sets.into_iter().map(|set| Some(Arc::new(set))).collect())
}

fn verdict(fbas: &Fbas) -> IntersectionResult {
    intersection(fbas, &|| false)
}

fn nodes(numbers: &[u32]) -> Vec<NodeId> {
    numbers.iter().copied().map(NodeId).collect()
}

fn numbers(nodes: &[NodeId]) -> Vec<u32> {
    nodes.iter().map(|node| node.0).collect()
}

/// The two disjoint quorums, the one with the lowest node first.
fn disjoint(fbas: &Fbas) -> (Vec<u32>, Vec<u32>) {
    match verdict(fbas) {
        IntersectionResult::Disjoint(a, b) => {
            let (a, b) = (numbers(&a), numbers(&b));
            if a < b { (a, b) } else { (b, a) }
        }
        other => panic!("expected two disjoint quorums, found {other:?}"),
    }
}

#[test]
fn figure_2_has_one_minimal_quorum() {
    let w1 = fbas(vec![
        of(3, &[0, 1, 2]),
        of(3, &[1, 2, 3]),
        of(3, &[1, 2, 3]),
        of(3, &[1, 2, 3]),
    ]);
    assert_eq!(verdict(&w1), IntersectionResult::Intersecting);
    assert_eq!(numbers(&top_tier(&w1)), [1, 2, 3]);
    assert_eq!(numbers(&w1.greatest_quorum()), [0, 1, 2, 3]);
}

#[test]
fn figure_3_depends_on_its_top_tier() {
    let mut sets = vec![of(3, &[0, 1, 2, 3]); 4];
    sets.extend((4..8).map(|node| with_self(node, 2, &[0, 1, 2, 3])));
    sets.extend((8..10).map(|node| with_self(node, 2, &[4, 5, 6, 7])));
    let w2 = fbas(sets);
    assert_eq!(verdict(&w2), IntersectionResult::Intersecting);
    assert_eq!(numbers(&top_tier(&w2)), [0, 1, 2, 3]);
}

#[test]
fn figure_4_is_one_cycle() {
    let w3 = fbas((0..6).map(|node| of(2, &[node, (node + 1) % 6])).collect());
    assert_eq!(verdict(&w3), IntersectionResult::Intersecting);
    assert_eq!(top_tier(&w3).len(), 6);
}

#[test]
fn figure_6_has_disjoint_quorums_and_figure_7_depends_on_one_node() {
    let mut sets = vec![of(3, &[0, 1, 2]); 3];
    sets.extend(vec![of(3, &[3, 4, 5]); 3]);
    assert_eq!(disjoint(&fbas(sets)), (vec![0, 1, 2], vec![3, 4, 5]));
    let mut sets = vec![of(4, &[0, 1, 2, 6]); 3];
    sets.extend(vec![of(4, &[3, 4, 5, 6]); 3]);
    sets.push(of(1, &[6]));
    let w5 = fbas(sets);
    assert_eq!(verdict(&w5), IntersectionResult::Intersecting);
    assert_eq!(numbers(&top_tier(&w5)), [6]);
}

#[test]
fn small_groups_intersect_if_every_quorum_has_a_majority() {
    let all_alike = |count: u32, threshold: u32| {
        let all: Vec<u32> = (0..count).collect();
        fbas(vec![of(threshold, &all); count as usize])
    };
    let (a, b) = disjoint(&all_alike(5, 2));
    assert_eq!((a.len(), b.len()), (2, 2));
    assert_eq!(verdict(&all_alike(5, 4)), IntersectionResult::Intersecting);
    assert_eq!(verdict(&all_alike(5, 3)), IntersectionResult::Intersecting);
    assert_eq!(verdict(&all_alike(4, 3)), IntersectionResult::Intersecting);
    let others = |node: u32| -> Vec<u32> { (0..5).filter(|&other| other != node).collect() };
    let s3 = fbas(
        (0..5)
            .map(|node| with_self(node, 2, &others(node)))
            .collect(),
    );
    assert_eq!(verdict(&s3), IntersectionResult::Intersecting);
}

/// Ten validators of four organisations: SDF 0-2, SatoshiPay 3-5, LOBSTR 6-7, COINQVEST 8-9.
fn plausible(sdf_threshold: u32) -> Fbas {
    let sdf = set(
        sdf_threshold,
        &[0, 1, 2],
        &[of(1, &[6, 7]), of(2, &[3, 4, 5])],
    );
    let inner = [of(2, &[0, 1, 2]), of(1, &[6, 7]), of(1, &[8, 9])];
    let satoshipay = set(4, &[3, 4, 5], &inner);
    let lobstr = of(5, &[0, 1, 2, 3, 4, 5]);
    let inner = [of(2, &[0, 1, 2]), of(2, &[3, 4, 5]), of(1, &[6, 7])];
    let coinqvest = set(3, &[8, 9], &inner);
    let copies = [(sdf, 3), (satoshipay, 3), (lobstr, 2), (coinqvest, 2)];
    fbas(
        copies
            .into_iter()
            .flat_map(|(set, n)| vec![set; n])
            .collect(),
    )
}

#[test]
fn a_plausible_configuration_lacks_quorum_intersection() {
    let (a, b) = disjoint(&plausible(3));
    assert_eq!(a, [0, 1, 2]);
    assert!(
        b == [3, 4, 5, 8] || b == [3, 4, 5, 9] || b == [3, 4, 5, 8, 9],
        "{b:?}"
    );
    assert_eq!(verdict(&plausible(4)), IntersectionResult::Intersecting);
}

#[test]
fn one_wrong_threshold_breaks_intersection() {
    let network = |eno: u32| {
        fbas(vec![
            of(2, &[0, 1, 2, 3]),
            of(2, &[0, 1, 2]),
            of(2, &[0, 1, 2]),
            of(eno, &[0, 1, 2, 3]),
        ])
    };
    assert_eq!(verdict(&network(3)), IntersectionResult::Intersecting);
    assert_eq!(disjoint(&network(2)), (vec![0, 3], vec![1, 2]));
}

#[test]
fn tier_1_of_2024_intersects_at_threshold_5_and_not_at_3() {
    let organizations: Vec<QuorumSet> = (0..7)
        .map(|o| of(2, &[3 * o, 3 * o + 1, 3 * o + 2]))
        .collect();
    let tier_1 = |threshold: u32| fbas(vec![set(threshold, &[], &organizations); 21]);
    assert_eq!(verdict(&tier_1(5)), IntersectionResult::Intersecting);
    assert_eq!(top_tier(&tier_1(5)).len(), 21);
    let (a, b) = disjoint(&tier_1(3));
    assert_eq!((a.len(), b.len()), (6, 6));
}

#[test]
fn a_small_component_with_a_quorum_is_found() {
    let mut sets = vec![of(7, &[0, 1, 2, 3, 4, 5, 6, 7, 8]); 9];
    sets.extend([of(2, &[9, 10]), of(2, &[9, 10]), of(1, &[9])]);
    let network = fbas(sets);
    let components = quorum_components(&network);
    assert_eq!(components[0].len(), 9);
    assert_eq!(components[1..], [nodes(&[9, 10])]);
    let (a, b) = disjoint(&network);
    assert_eq!((a.len(), b), (7, vec![9, 10]));
}

#[test]
fn a_configuration_without_quorums_has_the_result_no_quorum() {
    assert_eq!(verdict(&Fbas::default()), IntersectionResult::NoQuorum);
    assert_eq!(
        verdict(&Fbas::new(vec![None, None])),
        IntersectionResult::NoQuorum
    );
    let needs_a_missing_node = fbas(vec![of(2, &[0, 7]), of(2, &[0, 1])]);
    assert_eq!(verdict(&needs_a_missing_node), IntersectionResult::NoQuorum);
    assert_eq!(IntersectionResult::NoQuorum.intersecting(), Some(true));
    assert_eq!(IntersectionResult::Unknown.intersecting(), None);
}

#[test]
fn a_stopped_search_gives_no_wrong_result() {
    let others =
        |node: u32| -> Vec<u32> { (0..14).filter(|other| (node + 1) % 14 != *other).collect() };
    let ring = |threshold: u32| fbas((0..14).map(|node| of(threshold, &others(node))).collect());
    for (network, truth) in [(plausible(4), Some(true)), (ring(7), Some(false))] {
        assert_eq!(verdict(&network).intersecting(), truth);
        let mut answered = 0;
        for limit in 0..200 {
            match intersection(&network, &stop_after(limit)) {
                IntersectionResult::Unknown => {}
                other => {
                    assert_eq!(other.intersecting(), truth);
                    answered += 1;
                }
            }
        }
        assert!((1..200).contains(&answered), "{answered}");
    }
}

#[test]
fn a_cycle_of_20000_nodes_does_not_overflow_the_stack() {
    let count = 20_000;
    let network = fbas(
        (0..count)
            .map(|node| of(1, &[(node + 1) % count]))
            .collect(),
    );
    assert_eq!(top_tier(&network).len(), count as usize);
    assert_eq!(verdict(&network), IntersectionResult::Intersecting);
}
