//! Quorums: is there one among the nodes that satisfy something, which one, and the smallest that still is one.
//!
//! The local node need not be in it: the question is whether what remains satisfies the local quorum set (NOTES 16).
//! Absent here: what spares the search (`no_quorum_cache`), and how a quorum is made small (`minimal_quorum`).

use super::compiled_set::CompiledSet;
use super::latest::{LatestStatements, SenderSet};
use super::node_set::NodeSet;
use super::pruning::{LocalSet, Pruning};
use super::registry::{SetClass, SetRegistry};
use std::borrow::Cow;

/// Up to this many different quorum sets are looked at again and again; of more it is counted who is there.
const FEW_SETS: usize = 4;

/// What a quorum test looks at besides the nodes in question.
#[derive(Clone, Copy)]
pub(in crate::scp) struct QuorumChecker<'a> {
    /// The quorum set of the local node; none if the application does not know it, then nothing is ever satisfied.
    pub(in crate::scp) local: Option<&'a CompiledSet>,
    /// Its class.
    pub(in crate::scp) local_class: Option<SetClass>,
    /// The quorum sets of everybody.
    pub(in crate::scp) sets: &'a SetRegistry,
    /// Who has which of them.
    pub(in crate::scp) latest: &'a LatestStatements,
}

impl QuorumChecker<'_> {
    /// The largest quorum among `nodes`, provided that it satisfies the local quorum set.
    ///
    /// Nodes whose own set is not satisfied by the rest are taken out until nothing changes. What is taken out could
    /// be in no quorum, so the order does not matter.
    pub(in crate::scp) fn greatest_quorum(self, nodes: &NodeSet) -> Option<Cow<'_, NodeSet>> {
        let local = self.local?;
        if !local.is_slice(nodes) {
            return None;
        }
        if self.latest.uniform().cover(self.local_class, nodes) {
            return Some(Cow::Borrowed(nodes));
        }
        if self.is_known_without_quorum(nodes) {
            return None;
        }
        if let Some(class) = self.local_class
            && self.sets.len() > FEW_SETS
        {
            let (mut pruning, mut removed) = Pruning::new(self, class, nodes);
            let (local_set, _) = pruning.propagate(&mut removed, &NodeSet::new());
            if local_set == LocalSet::Satisfied && local.is_slice(&pruning.nodes) {
                return Some(Cow::Owned(pruning.nodes));
            }
            self.remember_no_quorum(nodes);
            return None;
        }
        let mut quorum = nodes.clone();
        // With few sets nothing here needs memory of its own.
        let mut few = [None; FEW_SETS];
        let mut many = Vec::new();
        let verdicts = match few.get_mut(..self.sets.len()) {
            Some(few) => few,
            None => {
                many.resize(self.sets.len(), None);
                many.as_mut_slice()
            }
        };
        while self.prune(&mut quorum, verdicts) {
            if !local.is_slice(&quorum) {
                self.remember_no_quorum(nodes);
                return None;
            }
        }
        Some(Cow::Owned(quorum))
    }

    /// One pass; true if somebody had to go. What was once not satisfied stays so, because the quorum only shrinks.
    fn prune(self, quorum: &mut NodeSet, verdicts: &mut [Option<bool>]) -> bool {
        for verdict in verdicts.iter_mut() {
            verdict.take_if(|is_satisfied| *is_satisfied);
        }
        let mut has_shrunk = false;
        let members = quorum.clone();
        for node in members.iter() {
            let set = self.latest.get(node).map(|recorded| recorded.set);
            let stays = match set {
                Some(SenderSet::Known(class)) => *verdicts[class.index()]
                    .get_or_insert_with(|| self.sets.compiled(class).is_slice(quorum)),
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

    /// Do `nodes` block the local node?
    pub(in crate::scp) fn is_v_blocking(self, nodes: &NodeSet) -> bool {
        self.local.is_some_and(|local| local.is_v_blocking(nodes))
    }

    /// Drops members of a blocking set until no further one can go.
    pub(in crate::scp) fn minimal_blocking(self, mut nodes: NodeSet) -> NodeSet {
        let members: Vec<_> = nodes.iter().collect();
        for &node in members.iter().rev() {
            nodes.remove(node);
            if !self.is_v_blocking(&nodes) {
                nodes.insert(node);
            }
        }
        nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::id::{NodeId, QuorumSetId, SlotIndex};
    use crate::scp::quorum::latest::LatestStatement;
    use crate::scp::quorum_set::QuorumSet;
    use crate::scp::statement::{Envelope, Statement};
    use crate::scp::stub_driver::StubDriver;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Knows the set of every node, and nothing else.
    struct Sets(Vec<QuorumSet>);

    impl StubDriver for Sets {
        fn quorum_set_of(&self, owner: NodeId) -> Option<Arc<QuorumSet>> {
            self.0.get(owner.index()).cloned().map(Arc::new)
        }
    }

    const NODES: u32 = 7;

    fn flat() -> impl Strategy<Value = QuorumSet> {
        (0..5_u32, proptest::collection::vec(0..NODES, 0..6))
            .prop_map(|(t, nodes)| QuorumSet::flat(t, nodes.into_iter().map(NodeId)))
    }

    fn nested() -> impl Strategy<Value = QuorumSet> {
        (flat(), proptest::collection::vec(flat(), 0..3))
            .prop_map(|(set, inner)| QuorumSet { inner, ..set })
    }

    /// A set whose thresholds can all be reached, and are not 0.
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

    /// Counts entry by entry.
    fn satisfied(set: &QuorumSet, bits: u32) -> bool {
        let direct = set.validators.iter().filter(|n| bits >> n.0 & 1 == 1);
        let inner = set.inner.iter().filter(|inner| satisfied(inner, bits));
        set.threshold > 0 && direct.count() + inner.count() >= set.threshold as usize
    }

    proptest! {
        /// The fixpoint against all subsets: quorums found, their size, and what can be spared.
        #[test]
        fn quorums_are_found_if_and_only_if_they_exist(
            sets in proptest::collection::vec(nested(), NODES as usize),
            local in nested(),
            speakers in 0..1_u32 << NODES,
        ) {
            let driver = Sets(sets);
            let mut registry = SetRegistry::default();
            let mut latest = LatestStatements::default();
            for from in members(speakers) {
                let quorum_set = QuorumSetId { owner: from, nth: 1 };
                let statement = Statement::Nominate { voted: vec![], accepted: vec![] };
                let envelope = Envelope { from, slot: SlotIndex(1), quorum_set, statement };
                let class = registry.resolve(&driver, quorum_set).unwrap();
                let set = SenderSet::Known(class);
                latest.record(LatestStatement { envelope: Arc::new(envelope), set });
            }
            let driver = Sets(driver.0.iter().cloned().chain([local.clone()]).collect());
            let local_id = QuorumSetId { owner: NodeId(NODES), nth: 1 };
            let local_class = registry.resolve(&driver, local_id);
            let compiled = CompiledSet::new(&Arc::new(local.clone()));
            let checker = QuorumChecker { local: Some(&compiled), local_class, sets: &registry, latest: &latest };
            let is_quorum = |bits: u32| {
                satisfied(&local, bits) && members(bits).all(|n| satisfied(&driver.0[n.index()], bits))
            };
            let within = |outer: u32| (1..1_u32 << NODES).filter(move |bits| bits & !outer == 0);
            let union = within(speakers).filter(|&bits| is_quorum(bits)).fold(0, |all, q| all | q);
            let speaking: NodeSet = members(speakers).collect();
            let found = checker.greatest_quorum(&speaking);
            prop_assert_eq!(found.is_some(), union != 0);
            if let Some(quorum) = found {
                let bits = |set: &NodeSet| set.iter().fold(0, |bits, n| bits | 1 << n.0);
                prop_assert!(is_quorum(bits(&quorum)) && union & !bits(&quorum) == 0);
                let minimal = bits(&checker.minimal_quorum(&quorum));
                prop_assert!(is_quorum(minimal));
                prop_assert!(within(minimal).all(|smaller| smaller == minimal || !is_quorum(smaller)));
            }
        }

        /// Where all trust alike, the short way to a small quorum ends where the long one does.
        #[test]
        fn among_equals_the_lowest_stay(
            set in flat(),
            speakers in 0..1_u32 << NODES,
            deciders in 0..1_u32 << NODES,
            stranger in prop::option::of((0..NODES, flat())),
        ) {
            let mut sets = vec![set.clone(); NODES as usize];
            if let Some((node, set)) = stranger {
                sets[node as usize] = set;
            }
            let local_id = QuorumSetId { owner: NodeId(NODES), nth: 1 };
            sets.push(set);
            let driver = Sets(sets);
            let mut registry = SetRegistry::default();
            let mut latest = LatestStatements::default();
            let local_class = registry.resolve(&driver, local_id);
            for from in members(speakers) {
                let quorum_set = QuorumSetId { owner: from, nth: 1 };
                let statement = Statement::Nominate { voted: vec![], accepted: vec![] };
                let envelope = Envelope { from, slot: SlotIndex(1), quorum_set, statement };
                let class = registry.resolve(&driver, quorum_set).unwrap();
                let set = match deciders >> from.0 & 1 {
                    0 => SenderSet::Known(class),
                    _ => SenderSet::Singleton,
                };
                latest.record(LatestStatement { envelope: Arc::new(envelope), set });
            }
            let local = local_class.map(|class| registry.compiled(class));
            let checker = QuorumChecker { local, local_class, sets: &registry, latest: &latest };
            let speaking: NodeSet = members(speakers).collect();
            if let Some(quorum) = checker.greatest_quorum(&speaking) {
                let expected = checker.minimal_by_dropping(local_class.unwrap(), &quorum);
                prop_assert_eq!(checker.minimal_quorum(&quorum), expected);
            }
        }

        /// Blocking against its definition: no slice is without a member.
        #[test]
        fn v_blocking_sets_leave_no_slice(set in reachable(), nodes in 0..1_u32 << NODES) {
            prop_assume!(set.entries() > 0);
            let others = !nodes & ((1 << NODES) - 1);
            let members: NodeSet = members(nodes).collect();
            prop_assert_eq!(set.is_v_blocking(&members), !satisfied(&set, others));
        }
    }
}
