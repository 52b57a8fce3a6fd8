//! `Trust`: whom the node trusts, by its policy, and the quorum set that follows from it.
//!
//! Here trust follows discovery at once. When it begins to count (at the node's next slot, never inside one) is decided
//! in `consensus`.

use super::config::{Threshold, TrustPolicy};
use super::discovery::Roster;
use super::event::{NodeEvent, TrustCause};
use crate::scp::{NodeId, NodeSet, QuorumSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Up to this size every change of a trust set is told at once; larger ones when they have grown by an eighth.
const REPORT_ALWAYS_MAX: u32 = 64;

/// Whom a node trusts.
#[derive(Clone, Debug)]
pub(super) struct TrustSet {
    me: NodeId,
    policy: TrustPolicy,
    threshold: Threshold,
    /// The fewest nodes of which a network is made.
    min_nodes: u32,
    members: NodeSet,
    forgotten: NodeSet,
    reported_size: Option<u32>,
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
            reported_size: None,
            unreported: None,
        }
    }

    /// Does it use a given quorum set, whatever is found?
    pub(super) fn is_fixed(&self) -> bool {
        matches!(self.policy, TrustPolicy::Fixed(_))
    }

    /// Does it trust nobody, so that it can never vote?
    pub(super) fn never_votes(&self) -> bool {
        matches!(self.policy, TrustPolicy::None)
    }

    pub(super) fn trusts(&self, node: NodeId) -> bool {
        self.members.contains(node)
    }

    /// Everyone trusted, ascending, the node itself included.
    pub(super) fn members(&self) -> &NodeSet {
        &self.members
    }

    /// Takes up the policy that it was told before a crash.
    pub(super) fn restore(&mut self, policy: TrustPolicy) {
        self.policy = policy;
    }

    /// Another policy.
    pub(super) fn set_policy(&mut self, policy: TrustPolicy, roster: &Roster) {
        self.policy = policy;
        self.recompute(roster, TrustCause::Ordered);
        self.unreported = Some(TrustCause::Ordered);
    }

    /// Looks at one node again: what is known of it has changed.
    pub(super) fn reconsider(&mut self, node: NodeId, roster: &Roster, cause: TrustCause) {
        if self.is_fixed() || node == self.me {
            return;
        }
        let has_changed = match self.wants(node, roster) {
            true => self.members.insert(node),
            false => self.members.remove(node),
        };
        if has_changed {
            self.unreported = Some(cause);
        }
    }

    /// Looks at everybody.
    pub(super) fn recompute(&mut self, roster: &Roster, cause: TrustCause) {
        let mut members = match &self.policy {
            TrustPolicy::None => NodeSet::new(),
            TrustPolicy::Fixed(set) => set.nodes(),
            TrustPolicy::Found | TrustPolicy::InRange => roster
                .present()
                .map(|peer| peer.id)
                .filter(|&node| self.wants(node, roster))
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

    fn wants(&self, node: NodeId, roster: &Roster) -> bool {
        let by_policy = match self.policy {
            TrustPolicy::Found => true,
            TrustPolicy::InRange => roster.is_heard(node),
            TrustPolicy::Fixed(_) | TrustPolicy::None => false,
        };
        by_policy && roster.is_present(node) && !self.forgotten.contains(node)
    }

    /// The unsafe policy: these have been silent for too long, the others have not.
    pub(super) fn set_forgotten(&mut self, forgotten: NodeSet, roster: &Roster) {
        if forgotten != self.forgotten {
            self.forgotten = forgotten;
            self.recompute(roster, TrustCause::Forgotten);
        }
    }

    /// A node that was silent for too long has been heard again.
    pub(super) fn remember(&mut self, node: NodeId, roster: &Roster) {
        if self.forgotten.remove(node) {
            self.reconsider(node, roster, TrustCause::Refreshed);
        }
    }

    /// The event that tells the trust set, if it has changed enough to be worth it.
    pub(super) fn take_growth_event(&mut self) -> Option<NodeEvent> {
        let (now, told) = (self.members.len(), self.reported_size.unwrap_or(0));
        if now <= REPORT_ALWAYS_MAX || now < told || now - told > told / 8 {
            self.take_event()
        } else {
            None
        }
    }

    /// The event that tells the trust set, if it has changed at all.
    pub(super) fn take_event(&mut self) -> Option<NodeEvent> {
        let cause = self.unreported.take()?;
        self.reported_size = Some(self.members.len());
        let trusted: Arc<BTreeSet<NodeId>> = Arc::new(self.members.iter().collect());
        Some(NodeEvent::TrustChanged { trusted, cause })
    }

    /// The quorum set that follows; `None` if the node trusts nobody, or if those left are too few.
    ///
    /// A network that is found may shrink as nodes say goodbye, but a slice stays as large as in the smallest network
    /// that the node would have begun with: otherwise the last to leave would decide alone, and those who come back
    /// together would decide something else.
    ///
    /// SCP takes no set of more than [`QuorumSet::NODES_MAX`] nodes: of a larger trust set, the node itself and those
    /// with the lowest numbers count, so that everybody's choice is nearly the same.
    pub(super) fn quorum_set(&self) -> Option<QuorumSet> {
        match &self.policy {
            TrustPolicy::None => None,
            TrustPolicy::Fixed(set) => Some(set.as_ref().clone()),
            TrustPolicy::Found | TrustPolicy::InRange => {
                let others = self.members.iter().filter(|&node| node != self.me);
                let mut nodes: Vec<NodeId> = others.take(QuorumSet::NODES_MAX - 1).collect();
                let own_place = nodes.partition_point(|&node| node < self.me);
                nodes.insert(own_place, self.me);
                let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
                let threshold = self.slice_size(count);
                (threshold <= count).then(|| QuorumSet::flat(threshold, nodes))
            }
        }
    }

    /// How many of `count` nodes make a slice; more than there are if they are too few.
    fn slice_size(&self, count: u32) -> u32 {
        match (&self.policy, self.threshold) {
            // Who wanders off goes on with those in range, be they few.
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

    fn roster(known: std::ops::Range<u32>) -> Roster {
        let peer = |id| Peer {
            id: NodeId(id),
            name: "".into(),
            key: "".into(),
        };
        let mut roster = Roster::new(peer(0));
        for id in known {
            roster.learn(&peer(id));
        }
        roster
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
    fn found_trusts_the_roster_and_in_range_those_heard() {
        let mut roster = roster(1..5);
        roster.note_heard(NodeId(2));
        let mut trust = TrustSet::new(NodeId(0), TrustPolicy::InRange, Threshold::TwoThirds, 1);
        trust.recompute(&roster, TrustCause::Discovered);
        assert_eq!(
            trusted(trust.take_event()),
            Some((vec![0, 2], TrustCause::Discovered))
        );
        assert_eq!(trust.take_event(), None);
        trust.set_policy(TrustPolicy::Found, &roster);
        assert_eq!(
            trusted(trust.take_event()),
            Some((vec![0, 1, 2, 3, 4], TrustCause::Ordered))
        );
        let set = trust.quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (4, 5));
    }

    #[test]
    fn who_is_left_over_does_not_decide_alone() {
        let threshold_of = |count: u32, threshold, policy: &TrustPolicy, min_nodes| {
            let mut trust = TrustSet::new(NodeId(0), policy.clone(), threshold, min_nodes);
            let mut roster = roster(1..count);
            for id in 1..count {
                roster.note_heard(NodeId(id));
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
    fn the_unsafe_policy_forgets_and_remembers() {
        let roster = roster(1..4);
        let mut trust = TrustSet::new(NodeId(0), TrustPolicy::Found, Threshold::Majority, 1);
        trust.recompute(&roster, TrustCause::Discovered);
        trust.set_forgotten([NodeId(3)].into_iter().collect(), &roster);
        assert_eq!(
            trusted(trust.take_event()),
            Some((vec![0, 1, 2], TrustCause::Forgotten))
        );
        trust.remember(NodeId(3), &roster);
        assert_eq!(
            trusted(trust.take_event()),
            Some((vec![0, 1, 2, 3], TrustCause::Refreshed))
        );
    }

    #[test]
    fn a_fixed_set_is_used_as_it_is_and_a_huge_one_is_cut() {
        let set = Arc::new(QuorumSet::flat(1, [NodeId(7)]));
        let fixed = TrustPolicy::Fixed(Arc::clone(&set));
        let mut trust = TrustSet::new(NodeId(0), fixed, Threshold::Majority, 1);
        trust.recompute(&roster(1..3), TrustCause::Configured);
        assert_eq!(
            trusted(trust.take_event()),
            Some((vec![0, 7], TrustCause::Configured))
        );
        assert_eq!(trust.quorum_set().as_ref(), Some(set.as_ref()));

        let mut trust = TrustSet::new(NodeId(0), TrustPolicy::Found, Threshold::TwoThirds, 1);
        trust.recompute(&roster(1..3000), TrustCause::Discovered);
        let set = trust.quorum_set().unwrap();
        assert_eq!(set.check_sane(), Ok(()));
        assert_eq!(set.threshold, 667);
    }

    #[test]
    fn large_trust_sets_are_told_now_and_then() {
        let mut roster = roster(1..1);
        let mut trust = TrustSet::new(NodeId(0), TrustPolicy::Found, Threshold::TwoThirds, 1);
        trust.recompute(&roster, TrustCause::Configured);
        let mut told = 0;
        for id in 1..1000 {
            roster.learn(&Peer {
                id: NodeId(id),
                name: "".into(),
                key: "".into(),
            });
            trust.reconsider(NodeId(id), &roster, TrustCause::Discovered);
            told += u32::from(trust.take_growth_event().is_some());
        }
        assert!((64..100).contains(&told), "{told}");
        trust.take_event();
        assert_eq!(trust.take_event(), None);
    }
}
