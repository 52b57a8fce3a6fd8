//! Quorum search: the greatest quorum among some nodes, provided that it satisfies the local quorum set.
//!
//! The local node need not be a member itself (NOTES 16).

use super::latest_statements::SenderSet;
use super::no_quorum_cache::NoQuorumCache;
use super::node_set::NodeSet;
use super::pruning::{LocalSet, Pruning};
use super::quorum_view::QuorumView;
use std::borrow::Cow;

/// Up to this many distinct quorum sets are tested again in each pass. With more sets, counting is faster.
const FEW_SETS: usize = 4;

/// The greatest quorum among `nodes` that satisfies the local quorum set; `None` if there is none.
///
/// Nodes whose own set is not satisfied by the remaining nodes are removed until nothing changes. A removed node can be
/// in no quorum, so the order of removal does not matter.
pub(super) fn greatest_quorum<'n>(
    view: QuorumView<'_>,
    cache: &mut NoQuorumCache,
    nodes: &'n NodeSet,
) -> Option<Cow<'n, NodeSet>> {
    if !view.is_local_slice(nodes) {
        return None;
    }
    if view.latest.uniform().cover(view.local, nodes) {
        return Some(Cow::Borrowed(nodes));
    }
    if cache.rules_out(view, nodes) {
        return None;
    }
    let found = match view.sets.len() {
        0..=FEW_SETS => prune_in_passes(view, nodes),
        _ => prune_by_counting(view, nodes),
    };
    if found.is_none() {
        cache.insert_failure(view, nodes);
    }
    found.map(Cow::Owned)
}

fn prune_by_counting(view: QuorumView<'_>, nodes: &NodeSet) -> Option<NodeSet> {
    let (mut pruning, mut removed) = Pruning::new(view, view.local?, nodes);
    let (local_set, _) = pruning.propagate(&mut removed, &NodeSet::new());
    let quorum = pruning.into_nodes();
    (local_set == LocalSet::Satisfied && view.is_local_slice(&quorum)).then_some(quorum)
}

fn prune_in_passes(view: QuorumView<'_>, nodes: &NodeSet) -> Option<NodeSet> {
    let mut quorum = nodes.clone();
    let mut satisfied = [None; FEW_SETS];
    while remove_unsatisfied(view, &mut quorum, &mut satisfied) {
        if !view.is_local_slice(&quorum) {
            return None;
        }
    }
    Some(quorum)
}

/// One pass. Returns true if a node was removed. `satisfied` caches the results by class. An unsatisfied set remains
/// unsatisfied, because the quorum only shrinks.
fn remove_unsatisfied(
    view: QuorumView<'_>,
    quorum: &mut NodeSet,
    satisfied: &mut [Option<bool>; FEW_SETS],
) -> bool {
    for entry in satisfied.iter_mut() {
        entry.take_if(|is_satisfied| *is_satisfied);
    }
    let mut has_shrunk = false;
    let members = quorum.clone();
    for node in members.iter() {
        let stays = match view.set_of(node) {
            Some(SenderSet::Known(class)) => {
                let is_slice = || view.sets.compiled(class).is_slice(quorum);
                match satisfied.get_mut(class.index()) {
                    Some(known) => *known.get_or_insert_with(is_slice),
                    None => is_slice(),
                }
            }
            Some(SenderSet::Singleton) => true,
            Some(SenderSet::Unknown) | None => false,
        };
        if !stays {
            quorum.remove(node);
            has_shrunk = true;
        }
    }
    has_shrunk
}

#[cfg(test)]
mod tests {
    use super::super::latest_statements::{LatestStatement, LatestStatements};
    use super::super::registry::{SetClass, SetRegistry};
    use super::super::witness::{minimal_by_removal, minimal_quorum};
    use super::*;
    use crate::scp::id::{NodeId, QuorumSetId, SlotIndex};
    use crate::scp::quorum_set::QuorumSet;
    use crate::scp::statement::{Envelope, Statement};
    use crate::scp::stub_driver::StubDriver;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Node i has the i-th set.
    struct Sets(Vec<QuorumSet>);

    impl StubDriver for Sets {
        fn quorum_set_of(&self, owner: NodeId) -> Option<Arc<QuorumSet>> {
            self.0.get(owner.index()).cloned().map(Arc::new)
        }
    }

    const NODES: u32 = 7;
    const LOCAL: QuorumSetId = QuorumSetId {
        owner: NodeId(NODES),
        nth: 1,
    };

    fn flat() -> impl Strategy<Value = QuorumSet> {
        (0..5_u32, proptest::collection::vec(0..NODES, 0..6))
            .prop_map(|(t, nodes)| QuorumSet::flat(t, nodes.into_iter().map(NodeId)))
    }

    fn nested() -> impl Strategy<Value = QuorumSet> {
        (flat(), proptest::collection::vec(flat(), 0..3))
            .prop_map(|(set, inner)| QuorumSet { inner, ..set })
    }

    /// A set whose thresholds can all be reached and are not 0.
    fn reachable() -> impl Strategy<Value = QuorumSet> {
        fn fix(set: &mut QuorumSet) {
            set.inner.iter_mut().for_each(fix);
            set.inner.retain(|inner| inner.entries() > 0);
            set.threshold = 1 + set.threshold % set.entries().max(1) as u32;
        }
        nested().prop_map(|mut set| {
            fix(&mut set);
            set
        })
    }

    fn members(bits: u32) -> impl Iterator<Item = NodeId> {
        (0..NODES).filter(move |n| bits >> n & 1 == 1).map(NodeId)
    }

    /// Whether the nodes in `bits` satisfy `set`, counted entry by entry.
    fn satisfied(set: &QuorumSet, bits: u32) -> bool {
        let direct = set.validators.iter().filter(|n| bits >> n.0 & 1 == 1);
        let inner = set.inner.iter().filter(|inner| satisfied(inner, bits));
        set.threshold > 0 && direct.count() + inner.count() >= set.threshold as usize
    }

    /// The statements of the nodes in `senders`. The nodes in `deciders` have decided. The local node has the last
    /// set.
    fn network(
        sets: &Sets,
        senders: u32,
        deciders: u32,
    ) -> (SetRegistry, LatestStatements, Option<SetClass>) {
        let mut registry = SetRegistry::default();
        let mut latest = LatestStatements::default();
        for from in members(senders) {
            let quorum_set = QuorumSetId {
                owner: from,
                nth: 1,
            };
            let class = registry.resolve(sets, quorum_set).unwrap();
            let envelope = Arc::new(Envelope {
                from,
                slot: SlotIndex(1),
                quorum_set,
                statement: Statement::Nominate {
                    voted: vec![],
                    accepted: vec![],
                },
            });
            let set = match deciders >> from.0 & 1 {
                0 => SenderSet::Known(class),
                _ => SenderSet::Singleton,
            };
            latest.record(LatestStatement { envelope, set });
        }
        let local = registry.resolve(sets, LOCAL);
        (registry, latest, local)
    }

    proptest! {
        /// Compares the search with all subsets: existence of a quorum, the greatest quorum, and a minimal quorum.
        #[test]
        fn quorums_are_found_if_and_only_if_they_exist(
            sets in proptest::collection::vec(nested(), NODES as usize + 1),
            senders in 0..1_u32 << NODES,
        ) {
            let sets = Sets(sets);
            let (registry, latest, local) = network(&sets, senders, 0);
            let view = QuorumView { local, sets: &registry, latest: &latest };
            let is_quorum = |bits: u32| {
                satisfied(&sets.0[NODES as usize], bits)
                    && members(bits).all(|n| satisfied(&sets.0[n.index()], bits))
            };
            let within = |outer: u32| (1..1_u32 << NODES).filter(move |bits| bits & !outer == 0);
            let union = within(senders).filter(|&bits| is_quorum(bits)).fold(0, |all, q| all | q);
            let sending: NodeSet = members(senders).collect();
            let found = greatest_quorum(view, &mut NoQuorumCache::default(), &sending);
            prop_assert_eq!(found.is_some(), union != 0);
            if let Some(quorum) = found {
                let bits = |set: &NodeSet| set.iter().fold(0, |bits, n| bits | 1 << n.0);
                prop_assert!(is_quorum(bits(&quorum)) && union & !bits(&quorum) == 0);
                let minimal = bits(&minimal_quorum(view, &quorum));
                prop_assert!(is_quorum(minimal));
                prop_assert!(within(minimal).all(|smaller| smaller == minimal || !is_quorum(smaller)));
            }
        }

        /// The shortcut for nodes with equal quorum sets gives the same minimal quorum as the general algorithm.
        #[test]
        fn the_shortcut_for_equal_sets_gives_the_same_minimal_quorum(
            set in flat(),
            senders in 0..1_u32 << NODES,
            deciders in 0..1_u32 << NODES,
            other in prop::option::of((0..NODES, flat())),
        ) {
            let mut sets = vec![set; NODES as usize + 1];
            if let Some((node, set)) = other {
                sets[node as usize] = set;
            }
            let (registry, latest, local) = network(&Sets(sets), senders, deciders);
            let view = QuorumView { local, sets: &registry, latest: &latest };
            let sending: NodeSet = members(senders).collect();
            if let Some(quorum) = greatest_quorum(view, &mut NoQuorumCache::default(), &sending) {
                let expected = minimal_by_removal(view, local.unwrap(), &quorum);
                prop_assert_eq!(minimal_quorum(view, &quorum), expected);
            }
        }

        /// A v-blocking set has a member in every slice, by definition.
        #[test]
        fn v_blocking_sets_hit_every_slice(set in reachable(), nodes in 0..1_u32 << NODES) {
            prop_assume!(set.entries() > 0);
            let others = !nodes & ((1 << NODES) - 1);
            let members: NodeSet = members(nodes).collect();
            prop_assert_eq!(set.is_v_blocking(&members), !satisfied(&set, others));
        }
    }
}
