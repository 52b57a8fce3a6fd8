//! `Resend`: periodic re-sending of the latest statements, so that message loss only delays decisions.
//!
//! A node repeats its statements about the running slot until the slot is decided, and its EXTERNALIZE of the last two
//! slots until all nodes of the quorum closure have externalized or left. Repetitions back off: after 1, 2, 4 and 8
//! ticks, then every 8 ticks. They are housekeeping, and they have new numbers, so that relays do not drop them as
//! duplicates.

use super::consensus::Consensus;
use super::context::{Context, Lifecycle};
use super::contract::TimerKind;
use super::discovery::Discovery;
use super::node_map::NodeMap;
use super::outbox::TrafficClass;
use super::resend_backoff::is_resend_tick;
use crate::scp::{Envelope, NodeId, SlotIndex, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of requests that wait for the next tick.
const REQUESTED_MAX: usize = 8;
/// The number of decided slots whose EXTERNALIZE is repeated without a request.
const DECIDED_REPEATED: u64 = 2;
/// The slots with statements to repeat, and the progress of other nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct Resend {
    /// Whether the timer runs.
    is_armed: bool,
    /// Ticks per slot since the node's latest statement about it.
    ticks: BTreeMap<SlotIndex, u32>,
    /// Slots whose decision a peer has requested.
    requested: BTreeSet<SlotIndex>,
    /// Decided slots whose EXTERNALIZE is still repeated.
    repeated: BTreeSet<SlotIndex>,
    /// The last decided slot of each node, according to its statements.
    decided_by: NodeMap<SlotIndex>,
}

impl Resend {
    /// Reads the progress of a sender from its statement.
    pub(super) fn note_statement(&mut self, envelope: &Envelope) {
        let decided = match envelope.statement {
            Statement::Externalize { .. } => envelope.slot,
            _ => SlotIndex(envelope.slot.0.saturating_sub(1)),
        };
        self.note_decided(envelope.from, decided);
    }

    /// `node` has decided all slots up to `slot`.
    pub(super) fn note_decided(&mut self, node: NodeId, slot: SlotIndex) {
        if let Some(entry) = self.decided_by.entry(node) {
            *entry = Some(slot).max(*entry);
        }
    }

    /// The node has made a new statement about `slot`: its backoff starts again.
    pub(super) fn restart_backoff(&mut self, slot: SlotIndex) {
        self.ticks.insert(slot, 0);
    }

    /// Repeats the decision of `slot` at the next tick, because a peer lacks it. Only the highest few slots are stored.
    pub(super) fn request(&mut self, slot: SlotIndex) {
        self.requested.insert(slot);
        while self.requested.len() > REQUESTED_MAX {
            self.requested.pop_first();
        }
    }

    /// The node has decided `slot`.
    pub(super) fn note_recorded(&mut self, slot: SlotIndex) {
        self.repeated.insert(slot);
        let first = SlotIndex(slot.next().0.saturating_sub(DECIDED_REPEATED));
        self.repeated = self.repeated.split_off(&first);
        self.ticks = self.ticks.split_off(&first);
    }

    /// The re-send timer expired: repeats decisions and the statements about the slot `next`.
    pub(super) fn timer_expired(
        &mut self,
        cx: &mut Context,
        next: SlotIndex,
        consensus: &Consensus,
        discovery: &Discovery,
    ) {
        self.is_armed = false;
        for slot in std::mem::take(&mut self.requested) {
            if let Some(body) = consensus.own_decision(slot) {
                cx.out.broadcast(TrafficClass::Housekeeping, body);
            }
        }
        for slot in self.repeated.clone() {
            match consensus.own_decision(slot) {
                Some(body) if !self.is_known_to_all(cx, slot, consensus, discovery) => {
                    if self.tick(slot) {
                        cx.out.broadcast(TrafficClass::Housekeeping, body);
                    }
                }
                _ => {
                    self.repeated.remove(&slot);
                }
            }
        }
        if cx.lifecycle == Lifecycle::Ready && consensus.has_joined(next) && self.tick(next) {
            for body in consensus.own_statement_bodies(next) {
                cx.out.broadcast(TrafficClass::Housekeeping, body);
            }
        }
    }

    /// Starts the timer if the node has statements or other items (`has_other_work`) to re-send.
    pub(super) fn arm(
        &mut self,
        cx: &mut Context,
        next: SlotIndex,
        consensus: &Consensus,
        has_other_work: bool,
    ) {
        if self.is_armed || cx.lifecycle == Lifecycle::Left {
            return;
        }
        let is_needed = has_other_work
            || !self.requested.is_empty()
            || !self.repeated.is_empty()
            || cx.lifecycle == Lifecycle::Ready && consensus.has_joined(next);
        if is_needed {
            self.is_armed = true;
            cx.out.timer(TimerKind::Resend, cx.settings().resend);
        }
    }

    fn has_decided(&self, node: NodeId, slot: SlotIndex) -> bool {
        self.decided_by.get(node).is_some_and(|&at| at >= slot)
    }

    /// Counts a tick of `slot`. Returns true if the statements are repeated at this tick.
    fn tick(&mut self, slot: SlotIndex) -> bool {
        let ticks = self.ticks.entry(slot).or_default();
        *ticks = ticks.saturating_add(1);
        is_resend_tick(*ticks)
    }

    /// Whether all nodes of the closure have decided `slot` or left.
    fn is_known_to_all(
        &self,
        cx: &Context,
        slot: SlotIndex,
        consensus: &Consensus,
        discovery: &Discovery,
    ) -> bool {
        let closure = consensus.closure().iter();
        let mut others = closure.filter(|&node| node != cx.me());
        others.all(|node| self.has_decided(node, slot) || discovery.has_left(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_progress_of_a_node_never_goes_back() {
        let mut resend = Resend::default();
        resend.note_decided(NodeId(1), SlotIndex(3));
        resend.note_decided(NodeId(1), SlotIndex(2));
        assert!(resend.has_decided(NodeId(1), SlotIndex(3)));
        assert!(!resend.has_decided(NodeId(1), SlotIndex(4)));
        assert!(!resend.has_decided(NodeId(2), SlotIndex(0)));
    }

    #[test]
    fn requests_are_bounded_and_a_new_statement_restarts_the_backoff() {
        let mut resend = Resend::default();
        (0..100).for_each(|slot| resend.request(SlotIndex(slot)));
        assert_eq!(resend.requested.len(), REQUESTED_MAX);
        let slot = SlotIndex(5);
        let ticks = |resend: &mut Resend| (0..4).filter(|_| resend.tick(slot)).count();
        assert_eq!(ticks(&mut resend), 3);
        assert_eq!(ticks(&mut resend), 1);
        resend.restart_backoff(slot);
        assert_eq!(ticks(&mut resend), 3);
    }
}
