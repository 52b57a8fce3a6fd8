//! Progress: whether the network decides, waits, or is stuck.

use super::situation::Situation;
use crate::scp::{NodeId, SlotIndex};
use crate::time::Time;
use crate::trace::outcome::{deciders, undecided};

/// What the newest slot of the run needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// No slot has begun, or all running nodes that can decide have decided the newest one.
    Idle,
    /// Each undecided node has a quorum, and statements are on their way. The time is the next arrival.
    AwaitsMessage(Time),
    /// Each undecided node has a quorum, and none of their statements are on their way: the next timer of SCP.
    AwaitsTimer {
        /// The node whose timer expires next.
        node: NodeId,
        /// When it expires.
        due_at: Time,
    },
    /// Each undecided node has a quorum, and neither a statement nor a timer is due: lost statements are sent again.
    AwaitsResend,
    /// These nodes have no quorum: [`Situation::availability`] states which nodes to bring back.
    Stuck(Vec<NodeId>),
}

impl Situation<'_> {
    /// What the newest slot needs.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let Some(slot) = self.world.slots().keys().next_back().copied() else {
            return Progress::Idle;
        };
        let waiting = undecided(self.world, slot);
        if waiting.is_empty() || deciders(self.world).is_empty() {
            return Progress::Idle;
        }
        let has_no_quorum = |node: &NodeId| !self.has_quorum(*node);
        let stuck: Vec<NodeId> = waiting.iter().copied().filter(has_no_quorum).collect();
        if !stuck.is_empty() {
            return Progress::Stuck(stuck);
        }
        if let Some(arrives_at) = self.next_arrival(slot) {
            return Progress::AwaitsMessage(arrives_at);
        }
        let timers = waiting.iter().filter_map(|node| {
            let due_at = self.timer_due_at(slot, *node)?;
            Some((due_at, *node))
        });
        match timers.min() {
            Some((due_at, node)) => Progress::AwaitsTimer { node, due_at },
            None => Progress::AwaitsResend,
        }
    }

    fn next_arrival(&self, slot: SlotIndex) -> Option<Time> {
        let arrivals = self.log.in_transit(slot).map(|copy| copy.arrives_at);
        arrivals.min()
    }
}
