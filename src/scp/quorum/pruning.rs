//! `Pruning`: a set of nodes on its way to a quorum: who loses a slice goes, and takes others with it.
//!
//! For networks where quorum sets are many and small: instead of looking at everybody again and again, it is counted how
//! many each quorum set has to slack, and only those are looked at who trust somebody that went. Absent here: what is
//! asked of the nodes (`quorum`, `minimal_quorum`).

use super::latest::SenderSet;
use super::node_set::NodeSet;
use super::registry::{SetClass, SetsByMember};
use super::search::QuorumChecker;
use crate::scp::id::NodeId;
use std::cell::Ref;

/// How many a quorum set has to slack if that cannot be counted: it has inner sets and is looked at each time.
const UNCOUNTED: i32 = i32::MAX;
/// End of a list of owners.
const NO_NODE: u32 = u32::MAX;

/// Nodes, and how much their quorum sets can bear.
pub(in crate::scp) struct Pruning<'a> {
    checker: QuorumChecker<'a>,
    local: SetClass,
    sets_by_member: Ref<'a, SetsByMember>,
    pub(in crate::scp) nodes: NodeSet,
    /// By class: how many more than its threshold are there; less than 0: it is not satisfied.
    slack: Vec<i32>,
    /// By class, the first of the nodes that have it; by node, the next.
    owners: Vec<u32>,
    next_owner: Vec<u32>,
}

/// Whether the local quorum set is satisfied by what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scp) enum LocalSet {
    Satisfied,
    Unsatisfied,
}

impl<'a> Pruning<'a> {
    /// Of `nodes`, for a local quorum set that they satisfy. Returns too who has to go at once; they are taken out.
    pub(in crate::scp) fn new(
        checker: QuorumChecker<'a>,
        local: SetClass,
        nodes: &NodeSet,
    ) -> (Pruning<'a>, Vec<NodeId>) {
        let sets = checker.sets;
        let size = nodes.iter().last().map_or(0, |last| last.index() + 1);
        let mut pruning = Pruning {
            checker,
            local,
            sets_by_member: sets.sets_by_member(),
            nodes: nodes.clone(),
            slack: sets.initial_slack(UNCOUNTED),
            owners: vec![NO_NODE; sets.len()],
            next_owner: vec![NO_NODE; size],
        };
        for node in nodes.iter() {
            for &class in pruning.sets_by_member.of(node) {
                let slack = &mut pruning.slack[class.index()];
                if *slack != UNCOUNTED {
                    *slack += 1;
                }
            }
        }
        let mut removed = Vec::new();
        for node in nodes.iter() {
            match checker.latest.get(node).map(|recorded| recorded.set) {
                Some(SenderSet::Known(class)) => {
                    let first = &mut pruning.owners[class.index()];
                    pruning.next_owner[node.index()] = std::mem::replace(first, node.0);
                    if !pruning.is_satisfied(class) {
                        removed.push(node);
                    }
                }
                Some(SenderSet::Singleton) => {}
                Some(SenderSet::Unknown) | None => removed.push(node),
            }
        }
        for &node in &removed {
            pruning.nodes.remove(node);
        }
        (pruning, removed)
    }

    fn is_satisfied(&self, class: SetClass) -> bool {
        match self.slack[class.index()] {
            UNCOUNTED => self.checker.sets.compiled(class).is_slice(&self.nodes),
            slack => slack >= 0,
        }
    }

    /// Somebody whom the quorum set names has removed: is it no longer satisfied because of that?
    fn becomes_unsatisfied(&mut self, class: SetClass) -> bool {
        let slack = &mut self.slack[class.index()];
        if *slack == UNCOUNTED {
            return !self.is_satisfied(class);
        }
        *slack -= 1;
        *slack == -1
    }

    /// Takes out, and adds to `removed`, who cannot stay without those in it. Ends when nobody has to go any more, when the
    /// local set is lost, or when somebody of `needed` has to go, which comes to the same. Returns too how many of `removed`
    /// were worked off.
    pub(in crate::scp) fn propagate(
        &mut self,
        removed: &mut Vec<NodeId>,
        needed: &NodeSet,
    ) -> (LocalSet, usize) {
        let mut done = 0;
        while let Some(&node) = removed.get(done) {
            done += 1;
            let mut local_set = LocalSet::Satisfied;
            for at in self.sets_by_member.range(node) {
                let class = self.sets_by_member.class(at);
                if !self.becomes_unsatisfied(class) {
                    continue;
                }
                if class == self.local {
                    local_set = LocalSet::Unsatisfied;
                }
                let mut owner = self.owners[class.index()];
                while owner != NO_NODE {
                    let lost = NodeId(owner);
                    if self.nodes.remove(lost) {
                        removed.push(lost);
                        if needed.contains(lost) {
                            local_set = LocalSet::Unsatisfied;
                        }
                    }
                    owner = self.next_owner[lost.index()];
                }
            }
            if local_set == LocalSet::Unsatisfied {
                return (LocalSet::Unsatisfied, done);
            }
        }
        (LocalSet::Satisfied, done)
    }

    /// Puts back all who are `removed`, of whom the first `done` were worked off.
    pub(in crate::scp) fn restore(&mut self, removed: &[NodeId], done: usize) {
        for &node in &removed[..done] {
            for &class in self.sets_by_member.of(node) {
                let slack = &mut self.slack[class.index()];
                if *slack != UNCOUNTED {
                    *slack += 1;
                }
            }
        }
        self.nodes.extend(removed.iter().copied());
    }
}
