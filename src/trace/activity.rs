//! Checks whether a run is at rest: what the nodes of a [`World`] wait for, and what is still under way.

use super::world::World;
use super::world_parts::{NodeStatus, WorldNode};
use crate::node::view::{BackupAnswer, JoinMode, Readiness, TrustPolicy};

impl World {
    /// Whether a message is in flight or a broadcast spreads.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.flights.is_empty() || !self.broadcasts.is_empty()
    }

    /// Whether a message other than housekeeping is in flight.
    #[must_use]
    pub fn has_progress_in_flight(&self) -> bool {
        self.flights.values().any(|flight| !flight.housekeeping)
    }

    /// Whether nothing visible to the viewer is under way: no later event of the scenario, no open proposal, no
    /// broadcast, no lost message, and no message except housekeeping.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let mut flights = self.flights.values();
        let has_events = || {
            let last = self.scenario.events.last();
            last.is_some_and(|(at, _)| *at > self.now)
        };
        !has_events()
            && !flights.any(|flight| !flight.housekeeping || flight.lost.is_some())
            && self.broadcasts.is_empty()
            && !self.awaits_decision()
    }

    /// Whether every node does only housekeeping until it receives something from another node.
    #[must_use]
    pub fn all_nodes_wait(&self) -> bool {
        self.nodes.iter().all(WorldNode::waits_for_others)
    }

    /// Whether the first quorum sets are still being formed, so that no quorums can be computed yet.
    #[must_use]
    pub fn is_forming(&self) -> bool {
        self.nodes.is_empty() || self.nodes.iter().any(WorldNode::is_forming)
    }
}

impl WorldNode {
    fn waits_for_others(&self) -> bool {
        let is_absent = matches!(
            self.status,
            NodeStatus::Left | NodeStatus::Crashed | NodeStatus::Referenced
        );
        if is_absent {
            return true;
        }
        let view = &self.view;
        let awaits_timer = view.timers.keys().any(|timer| !timer.is_housekeeping());
        let is_starting = matches!(
            view.readiness,
            Readiness::Discovering | Readiness::CatchingUp
        );
        let mut proposals = view.log.iter().flat_map(|entry| &entry.proposals);
        let is_fetching = proposals.any(|proposal| {
            let backup = view.backup_log.get(&proposal.id);
            backup.is_some_and(|it| it.answer != BackupAnswer::NoHasIt && it.backed_up.is_none())
        });
        !awaits_timer && !is_starting && !is_fetching
    }

    /// Whether the node runs and has not yet announced the first quorum set that it forms by discovery.
    fn is_forming(&self) -> bool {
        let has_fixed_set = matches!(self.config.trust, TrustPolicy::Fixed(_) | TrustPolicy::None);
        self.status == NodeStatus::Running
            && !has_fixed_set
            && self.view.quorum_set.is_none()
            && self.config.join_mode != JoinMode::Newcomer
    }
}
