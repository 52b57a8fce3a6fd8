//! Sending again: a node repeats its latest statements until everybody who matters has decided, so that loss only costs
//! time; fetches that failed are tried again with it. Also here: how far others have come, as far as their statements show it.
//!
//! Repetitions become rarer as long as nothing changes (after 1, 2, 4, 8 ticks, then every 8), are housekeeping, and carry
//! new numbers so that relays let them pass. Of a decided slot only EXTERNALIZE is repeated, and only for the last two.

use super::contract::TimerKind;
use super::message::Body;
use super::node::{Lifecycle, Node};
use super::node_map::NodeMap;
use super::outbox::TrafficClass;
use super::proposal::Proposal;
use crate::scp::{Envelope, NodeId, SlotIndex, Statement};
use std::collections::{BTreeMap, BTreeSet};

/// For how many decided slots EXTERNALIZE is repeated without being asked for.
const DECIDED_REPEATED: u64 = 2;
/// From this tick on only every so many are used.
const TICKS_BETWEEN: u32 = 8;

/// From this tick on a node sends again what others have proposed: its origin is the first to do so, and may be gone.
const OTHERS_FROM_TICK: u32 = 4;

/// Is something sent again at its n-th tick?
fn is_resend_tick(tick: u32) -> bool {
    tick.is_power_of_two() && tick <= TICKS_BETWEEN || tick.is_multiple_of(TICKS_BETWEEN)
}

/// What is to be sent again, and to whom it still matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Resend {
    is_armed: bool,
    ticks: BTreeMap<SlotIndex, u32>,
    wanted: BTreeSet<SlotIndex>,
    /// Decided slots of which somebody who matters may not know the decision.
    repeated: BTreeSet<SlotIndex>,
    decided_by: NodeMap<SlotIndex>,
}

impl Resend {
    /// A statement shows how far its sender has come.
    pub(super) fn note_statement(&mut self, envelope: &Envelope) {
        let decided = match envelope.statement {
            Statement::Externalize { .. } => envelope.slot,
            _ => SlotIndex(envelope.slot.0.saturating_sub(1)),
        };
        self.note_decided(envelope.from, decided);
    }

    /// `node` has decided all slots up to `slot`.
    pub(super) fn note_decided(&mut self, node: NodeId, slot: SlotIndex) {
        if let Some(known) = self.decided_by.place(node) {
            *known = Some(slot).max(*known);
        }
    }

    /// The node has said something new about `slot`.
    pub(super) fn note_own(&mut self, slot: SlotIndex) {
        self.ticks.insert(slot, 0);
    }

    /// Somebody waits for the decision of `slot`.
    pub(super) fn want(&mut self, slot: SlotIndex) {
        self.wanted.insert(slot);
        while self.wanted.len() > TICKS_BETWEEN as usize {
            self.wanted.pop_first();
        }
    }

    /// The node has decided `slot`.
    pub(super) fn note_recorded(&mut self, slot: SlotIndex) {
        self.repeated.insert(slot);
        let first = SlotIndex((slot.0 + 1).saturating_sub(DECIDED_REPEATED));
        self.repeated = self.repeated.split_off(&first);
        self.ticks = self.ticks.split_off(&first);
    }

    fn has_decided(&self, node: NodeId, slot: SlotIndex) -> bool {
        self.decided_by.get(node).is_some_and(|&at| at >= slot)
    }

    /// Counts a tick of `slot`.
    fn tick(&mut self, slot: SlotIndex) -> bool {
        let ticks = self.ticks.entry(slot).or_default();
        *ticks = ticks.saturating_add(1);
        is_resend_tick(*ticks)
    }
}

impl Node {
    /// The timer of sending again ran out.
    pub(super) fn send_again(&mut self) {
        self.resend.is_armed = false;
        let next = self.log.next_slot();
        for slot in std::mem::take(&mut self.resend.wanted) {
            if let Some(body) = self.own_decision(slot) {
                self.out.broadcast(TrafficClass::Housekeeping, body);
            }
        }
        for slot in self.resend.repeated.clone() {
            match self.own_decision(slot) {
                Some(body) if !self.is_known_to_all(slot) => {
                    if self.resend.tick(slot) {
                        self.out.broadcast(TrafficClass::Housekeeping, body);
                    }
                }
                _ => {
                    self.resend.repeated.remove(&slot);
                }
            }
        }
        if self.lifecycle == Lifecycle::Ready
            && self.consensus.has_joined(next)
            && self.resend.tick(next)
        {
            for envelope in self.consensus.own_statements(next) {
                if let Some(body) = self.statement_body(&envelope) {
                    self.out.broadcast(TrafficClass::Housekeeping, body);
                }
            }
        }
        self.start_fetches();
        let own = self.key;
        let due = |proposal: &Proposal, tick| {
            is_resend_tick(tick) && (proposal.id.origin == own || tick >= OTHERS_FROM_TICK)
        };
        for proposal in self.pool.tick(due) {
            self.out
                .broadcast(TrafficClass::Housekeeping, Body::Proposal(proposal));
        }
    }

    /// Sees to it that the timer runs as long as there is something to send again.
    pub(super) fn arm_resend(&mut self) {
        if self.resend.is_armed || self.lifecycle == Lifecycle::Left {
            return;
        }
        let is_needed = !self.pool.is_empty()
            || !self.resend.wanted.is_empty()
            || self.lifecycle == Lifecycle::Ready
                && self.consensus.has_joined(self.log.next_slot())
            || !self.resend.repeated.is_empty()
            || self.backup.is_waiting();
        if is_needed {
            self.resend.is_armed = true;
            self.out
                .timer(TimerKind::Resend, self.config.settings.resend);
        }
    }

    fn is_known_to_all(&self, slot: SlotIndex) -> bool {
        let mut others = self.sets.closure().iter().filter(|&node| node != self.me);
        others.all(|node| {
            self.resend.has_decided(node, slot) || self.roster.goodbye_of(node).is_some()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_become_rarer() {
        let due: Vec<u32> = (1..=33).filter(|&tick| is_resend_tick(tick)).collect();
        assert_eq!(due, [1, 2, 4, 8, 16, 24, 32]);
    }

    #[test]
    fn who_speaks_about_a_slot_has_decided_the_one_before() {
        let mut resend = Resend::default();
        resend.note_decided(NodeId(1), SlotIndex(3));
        resend.note_decided(NodeId(1), SlotIndex(2));
        assert!(resend.has_decided(NodeId(1), SlotIndex(3)));
        assert!(!resend.has_decided(NodeId(1), SlotIndex(4)));
        assert!(!resend.has_decided(NodeId(2), SlotIndex(0)));
    }

    #[test]
    fn what_is_wanted_is_bounded_and_news_start_anew() {
        let mut resend = Resend::default();
        (0..100).for_each(|slot| resend.want(SlotIndex(slot)));
        assert_eq!(resend.wanted.len(), 8);
        let slot = SlotIndex(5);
        let ticks = |resend: &mut Resend| (0..4).filter(|_| resend.tick(slot)).count();
        assert_eq!(ticks(&mut resend), 3);
        assert_eq!(ticks(&mut resend), 1);
        resend.note_own(slot);
        assert_eq!(ticks(&mut resend), 3);
    }
}
