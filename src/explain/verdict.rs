//! Verdict: agreement, and which nodes are intact, befouled or ill-behaved, by a checker outside the nodes.
//!
//! The definitions are those of the whitepaper (Mazieres, "The Stellar Consensus Protocol", 2015), section 4. A set B of
//! nodes is *dispensable* if the other nodes keep quorum intersection despite B and quorum availability despite B. A
//! node is intact if a dispensable set contains all ill-behaved nodes, but not this node. Crashed and silent nodes are
//! ill-behaved. Without quorum intersection the notion is undefined.

use crate::analysis::{Fbas, IntersectionResult, intersection};
use crate::node::view::TrustPolicy;
use crate::scp::{NodeId, NodeSet, QuorumSet, SlotIndex, Value};
use crate::trace::{NodeStatus, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most dispensable sets that are examined.
const SETS_MAX: usize = 64;

/// Whether nodes have decided alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// No two nodes have decided differently, and no quorums allow it.
    Holds,
    /// Nodes have decided differently.
    Broken {
        /// The first such slot.
        slot: SlotIndex,
        /// Its nodes by decision.
        nodes_by_value: BTreeMap<Value, Vec<NodeId>>,
    },
    /// No two nodes have decided differently so far, but two quorums without a common node exist.
    Undefined,
}

/// Which well-behaved nodes depend on ill-behaved ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intactness {
    /// The notion is defined.
    Known {
        /// Nodes whose safety and liveness do not depend on ill-behaved nodes, ascending.
        intact: Vec<NodeId>,
        /// Other well-behaved nodes, ascending.
        befouled: Vec<NodeId>,
    },
    /// Two quorums without a common node exist.
    NoIntersection,
    /// The analysis was stopped, or quorums depend on nodes whose quorum sets are unknown.
    Unknown,
}

/// The verdict at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether nodes have decided alike.
    pub agreement: Agreement,
    /// Which nodes are intact.
    pub intactness: Intactness,
    /// Nodes that do not follow the protocol, crashed and silent ones included, ascending.
    pub ill_behaved: Vec<NodeId>,
}

impl Verdict {
    /// The verdict on `world`. Once `stop` returns true, what is not known yet remains unknown.
    #[must_use]
    pub fn of(world: &World, stop: &dyn Fn() -> bool) -> Verdict {
        let members = members(world);
        let is_ill = |id: &NodeId| {
            let node = world.node(*id);
            node.is_some_and(|node| matches!(node.status, NodeStatus::Crashed | NodeStatus::Silent))
        };
        let ill_behaved: Vec<NodeId> = members.iter().filter(is_ill).collect();
        let intactness = match world.depends_on_referenced() {
            true => Intactness::Unknown,
            false => intactness(&world.quorum_sets(), &members, &ill_behaved, stop),
        };
        let agreement = match world.fork() {
            Some((slot, nodes_by_value)) => Agreement::Broken {
                slot,
                nodes_by_value,
            },
            None if intactness == Intactness::NoIntersection => Agreement::Undefined,
            None => Agreement::Holds,
        };
        Verdict {
            agreement,
            intactness,
            ill_behaved,
        }
    }
}

/// The nodes that trust other nodes and have not left.
fn members(world: &World) -> NodeSet {
    let sets = world.quorum_sets();
    let has_set = |id: &NodeId| {
        let is_listener = world
            .node(*id)
            .is_some_and(|node| node.config.trust == TrustPolicy::None);
        !is_listener && sets.get(id.index()).is_some_and(Option::is_some)
    };
    (0..world.nodes.len() as u32)
        .map(NodeId)
        .filter(has_set)
        .collect()
}

/// Divides `members` by the smallest dispensable set that contains `ill_behaved`.
///
/// With quorum intersection the intersection of two dispensable sets is dispensable (whitepaper, theorem 3), so there is
/// a smallest one.
pub fn intactness(
    sets: &[Option<Arc<QuorumSet>>],
    members: &NodeSet,
    ill_behaved: &[NodeId],
    stop: &dyn Fn() -> bool,
) -> Intactness {
    match intersection(&without(sets, members, &NodeSet::new()), stop) {
        IntersectionResult::Intersecting | IntersectionResult::NoQuorum => {}
        IntersectionResult::Disjoint(..) => return Intactness::NoIntersection,
        IntersectionResult::Unknown => return Intactness::Unknown,
    }
    let ill: NodeSet = ill_behaved.iter().copied().collect();
    let mut open = vec![ill.clone()];
    let mut smallest = members.clone();
    let mut examined = 0;
    while let Some(candidate) = open.pop() {
        let candidate = closed(sets, members, &candidate);
        examined += 1;
        if candidate.len() >= smallest.len() {
            continue;
        }
        if examined > SETS_MAX {
            return Intactness::Unknown;
        }
        match intersection(&without(sets, members, &candidate), stop) {
            IntersectionResult::Intersecting => smallest = candidate,
            // The remaining nodes are a quorum, so one exists.
            IntersectionResult::NoQuorum => {}
            IntersectionResult::Unknown => return Intactness::Unknown,
            IntersectionResult::Disjoint(one, other) => {
                // A dispensable set contains one of two disjoint quorums.
                for quorum in [one, other] {
                    let mut larger = candidate.clone();
                    larger.extend(quorum);
                    open.push(larger);
                }
            }
        }
    }
    let befouled = smallest.difference(&ill).collect();
    Intactness::Known {
        intact: members.difference(&smallest).collect(),
        befouled,
    }
}

/// The smallest superset of `removed` whose complement is a quorum or empty.
fn closed(sets: &[Option<Arc<QuorumSet>>], members: &NodeSet, removed: &NodeSet) -> NodeSet {
    let mut rest: NodeSet = members.difference(removed).collect();
    loop {
        let is_unsatisfied = |node: &NodeId| {
            let set = sets.get(node.index()).and_then(Option::as_ref);
            !set.is_some_and(|set| set.is_slice(&rest))
        };
        let leaving: Vec<NodeId> = rest.iter().filter(is_unsatisfied).collect();
        if leaving.is_empty() {
            return members.difference(&rest).collect();
        }
        for node in leaving {
            rest.remove(node);
        }
    }
}

/// The configuration after the deletion of `deleted` (whitepaper, section 4.2): they disappear from the nodes and from
/// every slice.
fn without(sets: &[Option<Arc<QuorumSet>>], members: &NodeSet, deleted: &NodeSet) -> Fbas {
    let rest = |(node, set): (NodeId, &Option<Arc<QuorumSet>>)| {
        let set = set.as_ref().filter(|_| members.contains(node))?;
        if deleted.contains(node) {
            return None;
        }
        Some(match shortened(set, deleted) {
            Shortened::Set(set) => Arc::new(set),
            // Each slice of a node contains the node itself.
            Shortened::Satisfied => Arc::new(QuorumSet::flat(1, [node])),
        })
    };
    Fbas::new((0..).map(NodeId).zip(sets).map(rest).collect())
}

enum Shortened {
    Set(QuorumSet),
    /// The deleted nodes alone satisfied it.
    Satisfied,
}

/// `set` without the deleted nodes, which count as present.
fn shortened(set: &QuorumSet, deleted: &NodeSet) -> Shortened {
    let mut threshold = set.threshold as usize;
    let mut validators = set.validators.clone();
    validators.retain(|node| !deleted.contains(*node));
    threshold = threshold.saturating_sub(set.validators.len() - validators.len());
    let mut inner = Vec::new();
    for one in &set.inner {
        match shortened(one, deleted) {
            Shortened::Set(set) => inner.push(set),
            Shortened::Satisfied => threshold = threshold.saturating_sub(1),
        }
    }
    match threshold {
        0 => Shortened::Satisfied,
        _ => Shortened::Set(QuorumSet {
            threshold: threshold as u32,
            validators,
            inner,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stop_after;
    use proptest::prelude::*;

    const NODES: u32 = 6;

    fn nodes(bits: u32) -> NodeSet {
        (0..NODES)
            .filter(|n| bits >> n & 1 == 1)
            .map(NodeId)
            .collect()
    }

    /// Slices contain their owner, as in the whitepaper.
    fn set(owner: u32) -> impl Strategy<Value = QuorumSet> {
        let parts = prop::collection::vec(0..4_u32, NODES as usize);
        (parts, 1..6_u32, 1..4_u32).prop_map(move |(parts, high, low)| {
            let part = |wanted: u32| {
                let named = (0..NODES).filter(|n| *n != owner && parts[*n as usize] == wanted);
                named.map(NodeId).collect::<Vec<_>>()
            };
            let cut = |threshold: u32, entries: usize| 1 + (threshold - 1) % entries.max(1) as u32;
            let mut others = QuorumSet::flat(1, part(0));
            let inside = part(1);
            if !inside.is_empty() {
                let threshold = cut(low, inside.len());
                others.inner.push(QuorumSet::flat(threshold, inside));
            }
            others.threshold = cut(high, others.entries());
            match others.entries() {
                0 => QuorumSet::flat(1, [NodeId(owner)]),
                _ => QuorumSet {
                    threshold: 2,
                    validators: vec![NodeId(owner)],
                    inner: vec![others],
                },
            }
        })
    }

    /// The slices of a set, as bit masks of nodes, by definition.
    fn is_slice(set: &QuorumSet, bits: u32) -> bool {
        let direct = set
            .validators
            .iter()
            .filter(|n| bits >> n.0 & 1 == 1)
            .count();
        let inner = set.inner.iter().filter(|set| is_slice(set, bits)).count();
        direct + inner >= set.threshold as usize
    }

    /// Whether `bits` are a quorum after the deletion of `deleted`: each member has a slice q with q \ deleted inside.
    fn is_quorum(sets: &[QuorumSet], bits: u32, deleted: u32) -> bool {
        let members = (0..NODES).filter(|n| bits >> n & 1 == 1);
        bits != 0
            && members
                .into_iter()
                .all(|n| is_slice(&sets[n as usize], bits | deleted))
    }

    fn is_dispensable(sets: &[QuorumSet], deleted: u32) -> bool {
        let all = (1 << NODES) - 1;
        let rest = all & !deleted;
        let within: Vec<u32> = (1..=all)
            .filter(|bits| bits & !rest == 0 && is_quorum(sets, *bits, deleted))
            .collect();
        let intersects = within.iter().all(|a| within.iter().all(|b| a & b != 0));
        intersects && (rest == 0 || is_quorum(sets, rest, 0))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        /// Compares with all sets of nodes: a node is intact if a dispensable set contains all ill-behaved nodes, but
        /// not this node.
        #[test]
        fn intact_nodes_match_the_definition(
            sets in (0..NODES).map(set).collect::<Vec<_>>(), ill in 0..1_u32 << NODES,
        ) {
            let all: u32 = (1 << NODES) - 1;
            let shared: Vec<_> = sets.iter().cloned().map(|set| Some(Arc::new(set))).collect();
            let ill_behaved: Vec<NodeId> = nodes(ill).iter().collect();
            let found = intactness(&shared, &nodes(all), &ill_behaved, &stop_after(1_000_000));
            let quorums: Vec<u32> = (1..=all).filter(|bits| is_quorum(&sets, *bits, 0)).collect();
            if quorums.iter().any(|a| quorums.iter().any(|b| a & b == 0)) {
                prop_assert_eq!(found, Intactness::NoIntersection);
                return Ok(());
            }
            let dispensable: Vec<u32> =
                (0..=all).filter(|bits| ill & !bits == 0 && is_dispensable(&sets, *bits)).collect();
            let is_intact = |n: &u32| dispensable.iter().any(|bits| bits >> n & 1 == 0);
            let of = |wanted: bool| {
                let well_behaved = (0..NODES).filter(|n| ill >> n & 1 == 0);
                well_behaved.filter(|n| is_intact(n) == wanted).map(NodeId).collect::<Vec<_>>()
            };
            let expected = Intactness::Known { intact: of(true), befouled: of(false) };
            prop_assert_eq!(found, expected);
        }
    }
}
