//! Pruning: reduces a set of nodes to the greatest quorum inside it, by counting the slack of each quorum set.
//!
//! A node whose quorum set is no longer satisfied is removed, which may leave other sets unsatisfied. In networks with
//! many small quorum sets, one counter per set is cheaper than repeated tests of every node.

use super::latest_statements::SenderSet;
use super::node_set::NodeSet;
use super::quorum_view::QuorumView;
use super::registry::{SetClass, SetsByMember};
use crate::scp::id::NodeId;
use std::cell::Ref;

/// The slack of a set with inner sets. It cannot be counted, so the set is tested each time.
const UNCOUNTED: i32 = i32::MAX;
/// End of a linked list of nodes.
const NO_NODE: u32 = u32::MAX;

/// The remaining nodes and the slack of their quorum sets.
pub(super) struct Pruning<'a> {
    view: QuorumView<'a>,
    local: SetClass,
    sets_by_member: Ref<'a, SetsByMember>,
    nodes: NodeSet,
    /// By class, the number of remaining members minus the threshold. A set with a slack below 0 is not satisfied.
    slack: Vec<i32>,
    /// By class, the first of the nodes that have this set; by node, the next one.
    owners: Vec<u32>,
    next_owner: Vec<u32>,
}

/// Whether the remaining nodes satisfy the local quorum set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocalSet {
    Satisfied,
    Unsatisfied,
}

impl<'a> Pruning<'a> {
    /// Starts with `nodes`, which must satisfy the local set. Also returns the nodes without a slice among them. These
    /// are removed already, and [`Pruning::propagate`] computes the effect on other nodes.
    pub(super) fn new(
        view: QuorumView<'a>,
        local: SetClass,
        nodes: &NodeSet,
    ) -> (Pruning<'a>, Vec<NodeId>) {
        let sets = view.sets;
        let last = nodes.iter().last();
        let size = last.map_or(0, |last| last.index().saturating_add(1));
        let mut pruning = Pruning {
            view,
            local,
            sets_by_member: sets.sets_by_member(),
            nodes: nodes.clone(),
            slack: sets.initial_slack(UNCOUNTED),
            owners: vec![NO_NODE; sets.len()],
            next_owner: vec![NO_NODE; size],
        };
        for node in nodes.iter() {
            pruning.add_slack(node);
        }
        let mut removed = Vec::new();
        for node in nodes.iter() {
            match view.set_of(node) {
                Some(SenderSet::Known(class)) => {
                    pruning.add_owner(class, node);
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

    /// The remaining nodes.
    pub(super) fn into_nodes(self) -> NodeSet {
        self.nodes
    }

    /// Removes `node`; false if it is removed already. [`Pruning::propagate`] computes the effect on other nodes.
    pub(super) fn remove(&mut self, node: NodeId) -> bool {
        self.nodes.remove(node)
    }

    fn add_owner(&mut self, class: SetClass, node: NodeId) {
        let first = self.owners.get_mut(class.index());
        let next = self.next_owner.get_mut(node.index());
        if let (Some(first), Some(next)) = (first, next) {
            *next = std::mem::replace(first, node.0);
        }
    }

    fn add_slack(&mut self, node: NodeId) {
        for &class in self.sets_by_member.of(node) {
            if let Some(slack) = self.slack.get_mut(class.index())
                && *slack != UNCOUNTED
            {
                *slack = slack.saturating_add(1);
            }
        }
    }

    fn is_satisfied(&self, class: SetClass) -> bool {
        match self.slack.get(class.index()) {
            Some(&UNCOUNTED) | None => self.view.sets.compiled(class).is_slice(&self.nodes),
            Some(&slack) => slack >= 0,
        }
    }

    /// Counts the removal of one member of the set. True if the set is no longer satisfied as a result.
    fn becomes_unsatisfied(&mut self, class: SetClass) -> bool {
        match self.slack.get_mut(class.index()) {
            Some(&mut UNCOUNTED) | None => !self.is_satisfied(class),
            Some(slack) => {
                *slack = slack.saturating_sub(1);
                *slack == -1
            }
        }
    }

    /// Removes every node that has lost its last slice with the nodes in `removed`, and appends it to `removed`. Stops
    /// early when the local set is no longer satisfied or a node of `needed` is removed, which implies the same. Also
    /// returns the number of nodes in `removed` that were processed.
    pub(super) fn propagate(
        &mut self,
        removed: &mut Vec<NodeId>,
        needed: &NodeSet,
    ) -> (LocalSet, usize) {
        let mut done = 0;
        while let Some(&node) = removed.get(done) {
            done = done.saturating_add(1);
            let mut local_set = LocalSet::Satisfied;
            for at in self.sets_by_member.range(node) {
                let Some(class) = self.sets_by_member.class(at) else {
                    break;
                };
                if !self.becomes_unsatisfied(class) {
                    continue;
                }
                if class == self.local || self.remove_owners(class, removed, needed) {
                    local_set = LocalSet::Unsatisfied;
                }
            }
            if local_set == LocalSet::Unsatisfied {
                return (LocalSet::Unsatisfied, done);
            }
        }
        (LocalSet::Satisfied, done)
    }

    /// Removes all nodes that have the set `class`. True if one of them is `needed`.
    fn remove_owners(
        &mut self,
        class: SetClass,
        removed: &mut Vec<NodeId>,
        needed: &NodeSet,
    ) -> bool {
        let mut any_needed = false;
        let mut owner = self.owners.get(class.index()).copied();
        while let Some(number) = owner.filter(|&number| number != NO_NODE) {
            let node = NodeId(number);
            if self.nodes.remove(node) {
                removed.push(node);
                any_needed |= needed.contains(node);
            }
            owner = self.next_owner.get(node.index()).copied();
        }
        any_needed
    }

    /// Undoes [`Pruning::propagate`]: adds the nodes `removed` again, of which the first `done` were processed.
    pub(super) fn restore(&mut self, removed: &[NodeId], done: usize) {
        for &node in removed.iter().take(done) {
            self.add_slack(node);
        }
        self.nodes.extend(removed.iter().copied());
    }
}
