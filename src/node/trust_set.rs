//! `TrustSet`: the nodes that this node trusts by its policy, and the quorum set that follows from them.
//!
//! The set changes immediately with discovery. `consensus` decides when a new quorum set takes effect: at the next
//! slot.

use super::event::{NodeEvent, TrustCause};
use super::roster::Roster;
use super::trust_policy::{Threshold, TrustPolicy};
use crate::lists;
use crate::scp::{NodeId, NodeSet, QuorumSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Up to this size every change is reported. A larger set is reported when it has shrunk or grown by more than an
/// eighth, because each event lists all members.
const REPORT_ALWAYS_MAX: u32 = 64;

/// The trusted nodes, the node itself included.
#[derive(Clone, Debug)]
pub(super) struct TrustSet {
    me: NodeId,
    policy: TrustPolicy,
    threshold: Threshold,
    /// The size of the smallest network that votes.
    min_nodes: u32,
    members: NodeSet,
    /// Nodes that are excluded because they have been silent for too long (`forget_after`).
    forgotten: NodeSet,
    /// The nodes that count; `None` without admission: all of them.
    admitted: Option<NodeSet>,
    /// The size of the set in the last event.
    reported_size: Option<u32>,
    /// The cause of the latest change that no event has reported.
    unreported: Option<TrustCause>,
}

impl TrustSet {
    pub(super) fn new(
        me: NodeId,
        policy: TrustPolicy,
        threshold: Threshold,
        min_nodes: u32,
    ) -> TrustSet {
        TrustSet {
            me,
            policy,
            threshold,
            min_nodes: min_nodes.min(QuorumSet::NODES_MAX as u32),
            members: NodeSet::new(),
            forgotten: NodeSet::new(),
            admitted: None,
            reported_size: None,
            unreported: None,
        }
    }

    /// Whether the quorum set is configured and independent of discovery.
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.policy, TrustPolicy::Fixed(_))
    }

    /// Whether the node has no quorum set by policy and only listens.
    pub(super) fn never_votes(&self) -> bool {
        matches!(self.policy, TrustPolicy::None)
    }

    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.members.contains(node)
    }

    pub(super) fn members(&self) -> &NodeSet {
        &self.members
    }

    /// Restores the policy that was set before a crash.
    pub(super) fn restore(&mut self, policy: TrustPolicy) {
        self.policy = policy;
    }

    /// Replaces the policy.
    pub(super) fn set_policy(&mut self, policy: TrustPolicy, roster: &Roster) {
        self.policy = policy;
        self.recompute(roster, TrustCause::PolicyReplaced);
        self.unreported = Some(TrustCause::PolicyReplaced);
    }

    /// Updates the membership of one node after its roster entry has changed.
    pub(super) fn update(&mut self, node: NodeId, roster: &Roster, cause: TrustCause) {
        if self.is_fixed() || node == self.me {
            return;
        }
        let has_changed = match self.is_wanted(node, roster) {
            true => self.members.insert(node),
            false => self.members.remove(node),
        };
        if has_changed {
            self.unreported = Some(cause);
        }
    }

    /// Updates the membership of all nodes.
    pub(super) fn recompute(&mut self, roster: &Roster, cause: TrustCause) {
        let mut members = match &self.policy {
            TrustPolicy::None => NodeSet::new(),
            TrustPolicy::Fixed(set) => set.nodes(),
            TrustPolicy::Found | TrustPolicy::InRange => roster
                .present()
                .map(|peer| peer.id)
                .filter(|&node| self.is_wanted(node, roster))
                .collect(),
        };
        if !self.never_votes() {
            members.insert(self.me);
        }
        if members != self.members {
            self.members = members;
            self.unreported = Some(cause);
        }
    }

    fn is_wanted(&self, node: NodeId, roster: &Roster) -> bool {
        let by_policy = match self.policy {
            TrustPolicy::Found => true,
            TrustPolicy::InRange => roster.is_neighbour(node),
            TrustPolicy::Fixed(_) | TrustPolicy::None => false,
        };
        let is_admitted = self
            .admitted
            .as_ref()
            .is_none_or(|admitted| admitted.contains(node));
        by_policy && is_admitted && roster.is_present(node) && !self.forgotten.contains(node)
    }

    /// Replaces the set of nodes that count.
    pub(super) fn set_admitted(&mut self, admitted: NodeSet, roster: &Roster, cause: TrustCause) {
        if self.admitted.as_ref() != Some(&admitted) {
            self.admitted = Some(admitted);
            self.recompute(roster, cause);
        }
    }

    /// Replaces the set of forgotten nodes (the unsafe policy `forget_after`).
    pub(super) fn set_forgotten(&mut self, forgotten: NodeSet, roster: &Roster) {
        if forgotten != self.forgotten {
            self.forgotten = forgotten;
            self.recompute(roster, TrustCause::Forgotten);
        }
    }

    /// Ends the exclusion of a forgotten node that is alive.
    pub(super) fn remember(&mut self, node: NodeId, roster: &Roster) {
        if self.forgotten.remove(node) {
            self.update(node, roster, TrustCause::Refreshed);
        }
    }

    /// The event for an unreported change, if the set is small, has shrunk, or has grown by more than an eighth.
    pub(super) fn take_growth_event(&mut self) -> Option<NodeEvent> {
        let (now, reported) = (self.members.len(), self.reported_size.unwrap_or(0));
        if now <= REPORT_ALWAYS_MAX || now < reported || now.saturating_sub(reported) > reported / 8
        {
            self.take_event()
        } else {
            None
        }
    }

    /// The event for an unreported change.
    pub(super) fn take_event(&mut self) -> Option<NodeEvent> {
        let cause = self.unreported.take()?;
        self.reported_size = Some(self.members.len());
        let trusted: Arc<BTreeSet<NodeId>> = Arc::new(self.members.iter().collect());
        Some(NodeEvent::TrustChanged { trusted, cause })
    }

    /// The quorum set of the present members; `None` under [`TrustPolicy::None`], or if there are too few members.
    ///
    /// Under [`TrustPolicy::Found`] a slice never has fewer nodes than in a network of `min_nodes` nodes. Otherwise the
    /// last nodes of a shrinking network would form a quorum, and nodes that return together could decide differently.
    ///
    /// SCP limits a quorum set to [`QuorumSet::NODES_MAX`] nodes. From a larger trust set the node takes itself and the
    /// lowest ids, so that the quorum sets of different nodes overlap.
    pub(super) fn quorum_set(&self) -> Option<QuorumSet> {
        match &self.policy {
            TrustPolicy::None => None,
            TrustPolicy::Fixed(set) => Some(set.as_ref().clone()),
            TrustPolicy::Found | TrustPolicy::InRange => {
                let others = self.members.iter().filter(|&node| node != self.me);
                let mut nodes: Vec<NodeId> = others.take(QuorumSet::NODES_MAX - 1).collect();
                let own_place = nodes.partition_point(|&node| node < self.me);
                lists::insert(&mut nodes, own_place, self.me);
                let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                let threshold = self.slice_size(count);
                (threshold <= count).then(|| QuorumSet::flat(threshold, nodes))
            }
        }
    }

    /// The size of a slice among `count` nodes; greater than `count` if the nodes are too few for a slice.
    pub(super) fn slice_size(&self, count: u32) -> u32 {
        match (&self.policy, self.threshold) {
            // A node that moves out of range of a group continues with its few neighbours.
            (TrustPolicy::InRange, threshold) => threshold.of(count),
            (_, Threshold::Count(k)) => k.max(1),
            (_, threshold) => threshold.of(count.max(self.min_nodes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Peer;

    fn peer(id: u32) -> Peer {
        Peer {
            id: NodeId(id),
            name: "".into(),
            key: "".into(),
        }
    }

    fn roster(known: std::ops::Range<u32>) -> Roster {
        let mut roster = Roster::new(peer(0));
        for id in known {
            roster.add(&peer(id));
        }
        roster
    }

    fn trust_set(policy: TrustPolicy, threshold: Threshold, min_nodes: u32) -> TrustSet {
        TrustSet::new(NodeId(0), policy, threshold, min_nodes)
    }

    fn trusted(event: Option<NodeEvent>) -> Option<(Vec<u32>, TrustCause)> {
        match event? {
            NodeEvent::TrustChanged { trusted, cause } => {
                Some((trusted.iter().map(|node| node.0).collect(), cause))
            }
            _ => None,
        }
    }

    #[test]
    fn found_trusts_the_roster_and_in_range_trusts_neighbours() {
        let mut roster = roster(1..5);
        roster.add_neighbour(NodeId(2));
        let mut trust = trust_set(TrustPolicy::InRange, Threshold::TwoThirds, 1);
        trust.recompute(&roster, TrustCause::Discovered);
        let event = trusted(trust.take_event());
        assert_eq!(event, Some((vec![0, 2], TrustCause::Discovered)));
        assert_eq!(trust.take_event(), None);
        trust.set_policy(TrustPolicy::Found, &roster);
        let event = trusted(trust.take_event());
        assert_eq!(
            event,
            Some((vec![0, 1, 2, 3, 4], TrustCause::PolicyReplaced))
        );
        let set = trust.quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (4, 5));
    }

    #[test]
    fn a_shrunken_network_has_no_quorum_set_unless_its_policy_is_in_range() {
        let threshold_of = |count: u32, threshold, policy: &TrustPolicy, min_nodes| {
            let mut trust = trust_set(policy.clone(), threshold, min_nodes);
            let mut roster = roster(1..count);
            for id in 1..count {
                roster.add_neighbour(NodeId(id));
            }
            trust.recompute(&roster, TrustCause::Discovered);
            trust.quorum_set().map(|set| set.threshold)
        };
        let (found, in_range) = (TrustPolicy::Found, TrustPolicy::InRange);
        let two_thirds = |count| threshold_of(count, Threshold::TwoThirds, &found, 4);
        let shrinking: Vec<Option<u32>> = (1..=7).rev().map(two_thirds).collect();
        let expected = [Some(5), Some(5), Some(4), Some(3), Some(3), None, None];
        assert_eq!(shrinking, expected);
        assert_eq!(threshold_of(2, Threshold::Majority, &found, 3), Some(2));
        assert_eq!(threshold_of(1, Threshold::Majority, &found, 3), None);
        assert_eq!(threshold_of(4, Threshold::Count(5), &found, 1), None);
        assert_eq!(threshold_of(4, Threshold::Count(5), &in_range, 4), Some(4));
        assert_eq!(threshold_of(1, Threshold::TwoThirds, &in_range, 4), Some(1));
    }

    #[test]
    fn forgotten_nodes_leave_the_set_and_return_when_they_are_alive() {
        let roster = roster(1..4);
        let mut trust = trust_set(TrustPolicy::Found, Threshold::Majority, 1);
        trust.recompute(&roster, TrustCause::Discovered);
        trust.set_forgotten([NodeId(3)].into_iter().collect(), &roster);
        let event = trusted(trust.take_event());
        assert_eq!(event, Some((vec![0, 1, 2], TrustCause::Forgotten)));
        trust.remember(NodeId(3), &roster);
        let event = trusted(trust.take_event());
        assert_eq!(event, Some((vec![0, 1, 2, 3], TrustCause::Refreshed)));
    }

    #[test]
    fn a_fixed_quorum_set_is_used_unchanged_and_a_large_trust_set_is_truncated() {
        let set = Arc::new(QuorumSet::flat(1, [NodeId(7)]));
        let mut trust = trust_set(TrustPolicy::Fixed(Arc::clone(&set)), Threshold::Majority, 1);
        trust.recompute(&roster(1..3), TrustCause::Configured);
        let event = trusted(trust.take_event());
        assert_eq!(event, Some((vec![0, 7], TrustCause::Configured)));
        assert_eq!(trust.quorum_set().as_ref(), Some(set.as_ref()));

        let mut trust = trust_set(TrustPolicy::Found, Threshold::TwoThirds, 1);
        trust.recompute(&roster(1..3000), TrustCause::Discovered);
        let set = trust.quorum_set().unwrap();
        assert_eq!(set.check_sane(), Ok(()));
        assert_eq!(set.threshold, 667);
    }

    #[test]
    fn the_growth_of_a_large_trust_set_is_reported_in_steps() {
        let mut roster = roster(1..1);
        let mut trust = trust_set(TrustPolicy::Found, Threshold::TwoThirds, 1);
        trust.recompute(&roster, TrustCause::Configured);
        let mut reports = 0;
        for id in 1..1000 {
            roster.add(&peer(id));
            trust.update(NodeId(id), &roster, TrustCause::Discovered);
            reports += u32::from(trust.take_growth_event().is_some());
        }
        assert!((64..100).contains(&reports), "{reports}");
        trust.take_event();
        assert_eq!(trust.take_event(), None);
    }
}
