//! Quorum intersection: whether any two quorums have a common node. If two quorums have none, they can decide
//! differently without any faulty node.
//!
//! This module does not analyse intersection despite faulty nodes.

use super::circuit::{Circuit, GATES_PER_STOP, GreatestQuorum};
use super::components::quorum_components;
use super::counting::Overlaps;
use super::fbas::Fbas;
use super::sat_encoding::{SatResult, two_disjoint_quorums};
use crate::scp::NodeId;
use std::cell::Cell;

/// The result of [`intersection`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntersectionResult {
    /// The configuration has quorums, and any two of them have a node in common.
    Intersecting,
    /// The configuration has no quorum, so its nodes can decide nothing.
    NoQuorum,
    /// Two quorums without a common node, each ascending. Each is minimal, unless the computation was stopped earlier.
    Disjoint(Vec<NodeId>, Vec<NodeId>),
    /// The computation was stopped, or the configuration is too large to be encoded.
    Unknown,
}

impl IntersectionResult {
    /// Whether all quorums intersect; `None` if unknown. Trivially true without any quorum.
    #[must_use]
    pub fn intersecting(&self) -> Option<bool> {
        match self {
            IntersectionResult::Intersecting | IntersectionResult::NoQuorum => Some(true),
            IntersectionResult::Disjoint(..) => Some(false),
            IntersectionResult::Unknown => None,
        }
    }
}

/// A `stop` closure that returns true from call `limit + 1` on. Unlike a clock it gives the same result on every
/// machine. The solver calls it about once every 32 decisions, more often if the configuration is large.
pub fn stop_after(limit: u64) -> impl Fn() -> bool {
    let asked = Cell::new(0);
    move || asked.replace(asked.get() + 1) >= limit
}

/// Decides whether all quorums of `fbas` intersect. Once `stop` returns true the result is
/// [`IntersectionResult::Unknown`], unless it is known already. Deterministic while `stop` returns false.
#[must_use]
pub fn intersection(fbas: &Fbas, stop: &dyn Fn() -> bool) -> IntersectionResult {
    if stop() {
        return IntersectionResult::Unknown;
    }
    let components = quorum_components(fbas);
    match components.as_slice() {
        [] => IntersectionResult::NoQuorum,
        [only] => within_component(fbas, only, stop),
        [first, second, ..] => IntersectionResult::Disjoint(
            minimal_quorum_in(fbas, first, stop),
            minimal_quorum_in(fbas, second, stop),
        ),
    }
}

/// Decides intersection inside the only component that contains quorums. `nodes` is its greatest quorum.
fn within_component(fbas: &Fbas, nodes: &[NodeId], stop: &dyn Fn() -> bool) -> IntersectionResult {
    let circuit = Circuit::new(&fbas.restricted_to(nodes));
    let Some(overlaps) = Overlaps::find(&circuit, stop) else {
        return IntersectionResult::Unknown;
    };
    if overlaps.all_whole_sets {
        return IntersectionResult::Intersecting;
    }
    match two_disjoint_quorums(&circuit, &overlaps.incompatible, stop) {
        SatResult::NoneExist => IntersectionResult::Intersecting,
        SatResult::Unknown => IntersectionResult::Unknown,
        SatResult::Disjoint(left, right) => {
            let [left, right] = [left, right].map(|side| {
                let marked = nodes.iter().zip(side).filter(|(_, on_side)| *on_side);
                let quorum: Vec<NodeId> = marked.map(|(node, _)| *node).collect();
                minimal_quorum_in(fbas, &quorum, stop)
            });
            IntersectionResult::Disjoint(left, right)
        }
    }
}

/// A minimal quorum inside `quorum`, found by trying to remove each node.
fn minimal_quorum_in(fbas: &Fbas, quorum: &[NodeId], stop: &dyn Fn() -> bool) -> Vec<NodeId> {
    let circuit = Circuit::new(&fbas.restricted_to(quorum));
    let mut smallest = GreatestQuorum::compute(&circuit);
    for node in 0..quorum.len() {
        if (node + 1).is_multiple_of(GATES_PER_STOP) && stop() {
            break;
        }
        if !smallest.members[node] {
            continue;
        }
        let mut without = smallest.clone();
        without.remove(node);
        if without.len() > 0 {
            smallest = without;
        }
    }
    let kept = smallest.nodes();
    kept.into_iter().map(|node| quorum[node.index()]).collect()
}
