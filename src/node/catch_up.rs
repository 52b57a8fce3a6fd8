//! Catching up: learning what was decided while the node was away or behind.
//!
//! The rule: a decision is taken on the word of others if a v-blocking set of the node's own quorum set says the same;
//! such a set has a well-behaved member as long as the node can be helped at all. The word is an answer to the node's
//! question, or (before it votes) an EXTERNALIZE it has heard. It is done when a v-blocking set has answered that it knows
//! no more, or after a few attempts: voting with a gap is slow, never unsafe. Attempts are counted from the last decision
//! that was learned, and a node that knows itself behind has many more of them.
//!
//! An answer is bounded in bytes. Who gets a full one asks on until it gets one that is not.
//!
//! A node that votes and hears others in later slots, and still is where it was when the timer runs out, asks too.

use super::contract::TimerKind;
use super::event::NodeEvent;
use super::limits::is_full_answer;
use super::message::{Body, Message};
use super::node::{Lifecycle, Node};
use super::outbox::TrafficClass;
use crate::scp::{NodeId, NodeSet, SlotIndex, Value};
use crate::time::Span;
use std::collections::BTreeMap;

/// For how many slots ahead the words of others are kept.
const SLOTS_CLAIMED: u64 = 512;
/// How often a node asks before it votes without having been answered.
const ATTEMPTS_MAX: u32 = 5;
/// How often it asks if so many are ahead of it that one of them must be right. Even then it votes one day: with some of
/// those ahead lying, the others may need its vote.
const ATTEMPTS_BEHIND_MAX: u32 = 60;
/// How long an answer is waited for where re-sending is switched off.
const ANSWER_TIMEOUT: Span = Span::from_ms(1000);

/// What others say was decided.
#[derive(Clone, Debug, Default)]
pub(super) struct CatchUp {
    /// How often it was asked in vain since something was learned.
    attempts: u32,
    /// The slot to decide when the timer was set; `None`: it does not run.
    armed_at: Option<SlotIndex>,
    /// Highest slot, beyond that to decide at the time, that each trusted node was heard in.
    ahead: BTreeMap<NodeId, SlotIndex>,
    claims: BTreeMap<SlotIndex, BTreeMap<NodeId, Value>>,
    /// First slot that each answerer may know no decision of.
    known_until: BTreeMap<NodeId, SlotIndex>,
}

impl CatchUp {
    /// Slots before `slot` are recorded.
    pub(super) fn forget_before(&mut self, slot: SlotIndex) {
        self.claims = self.claims.split_off(&slot);
    }

    /// Who was heard in slots after `slot`, or has told decisions that are not taken yet.
    fn peers_ahead(&self, slot: SlotIndex) -> NodeSet {
        let heard = self.ahead.iter().filter(|(_, at)| **at > slot);
        let told = self.claims.values().flat_map(BTreeMap::keys);
        heard.map(|(node, _)| node).chain(told).copied().collect()
    }

    fn claim(&mut self, node: NodeId, slot: SlotIndex, value: &Value) {
        let claims = self.claims.entry(slot).or_default();
        claims.insert(node, value.clone());
    }
}

impl Node {
    /// Asks for what was decided, before voting.
    pub(super) fn begin_catch_up(&mut self) {
        self.lifecycle = Lifecycle::CatchingUp;
        let from_slot = self.log.next_slot();
        self.out.event(NodeEvent::CatchingUp { from_slot });
        self.adopt_claims();
        if self.peers_to_ask().is_empty() {
            return self.become_ready();
        }
        self.ask_for_decisions(TrafficClass::Progress);
        self.arm_catch_up();
    }

    fn arm_catch_up(&mut self) {
        self.catch_up.armed_at = Some(self.log.next_slot());
        let resend = self.config.settings.resend;
        let span = if resend > Span::ZERO {
            resend
        } else {
            ANSWER_TIMEOUT
        };
        self.out.timer(TimerKind::CatchUp, span);
    }

    pub(super) fn catch_up_timer(&mut self) {
        let armed_at = self.catch_up.armed_at.take();
        match self.lifecycle {
            Lifecycle::CatchingUp => {
                self.catch_up.attempts += 1;
                let attempts_max = match self.is_behind() {
                    true => ATTEMPTS_BEHIND_MAX,
                    false => ATTEMPTS_MAX,
                };
                if self.catch_up.attempts >= attempts_max {
                    return self.become_ready();
                }
                self.ask_for_decisions(TrafficClass::Housekeeping);
                self.arm_catch_up();
            }
            Lifecycle::Ready => {
                let next = self.log.next_slot();
                if self.catch_up.ahead.values().any(|ahead| *ahead > next) {
                    if armed_at == Some(next) {
                        self.ask_for_decisions(TrafficClass::Housekeeping);
                    }
                    self.arm_catch_up();
                }
            }
            Lifecycle::New | Lifecycle::Discovering | Lifecycle::Left => {}
        }
    }

    /// A statement about a slot that has not come here has arrived.
    pub(super) fn note_ahead(&mut self, sender: NodeId, slot: SlotIndex) {
        if slot <= self.log.next_slot() || !self.trust.trusts(sender) {
            return;
        }
        let ahead = self.catch_up.ahead.entry(sender).or_insert(slot);
        *ahead = slot.max(*ahead);
        if self.lifecycle == Lifecycle::Ready && self.catch_up.armed_at.is_none() {
            self.arm_catch_up();
        }
    }

    /// The members of the quorum set within reach if they can convince the node, otherwise all.
    fn peers_to_ask(&self) -> Vec<NodeId> {
        let Some(set) = self.consensus.quorum_set() else {
            return Vec::new();
        };
        let members = set.nodes();
        let others = members.iter().filter(|&node| node != self.me);
        let all: Vec<NodeId> = others
            .filter(|&node| self.roster.goodbye_of(node).is_none())
            .collect();
        let near: Vec<NodeId> = all
            .iter()
            .copied()
            .filter(|&node| self.roster.is_heard(node))
            .collect();
        let reach: NodeSet = near.iter().copied().collect();
        if set.is_v_blocking(&reach) { near } else { all }
    }

    fn ask_for_decisions(&mut self, class: TrafficClass) {
        let from_slot = self.log.next_slot();
        for node in self.peers_to_ask() {
            let via = self.route_to(node, self.me);
            self.out
                .address(node, via, class, Body::CatchUpQuestion { from_slot });
        }
    }

    /// Somebody asks what was decided.
    pub(super) fn answer_catch_up(
        &mut self,
        from: NodeId,
        question: &Message,
        from_slot: SlotIndex,
    ) {
        let asker = question.id.sender;
        let decided = SlotIndex(from_slot.0.saturating_sub(1));
        self.resend.note_decided(asker, decided);
        self.tell_decisions(asker, from, from_slot, TrafficClass::of(question));
    }

    /// Tells `node` the decisions from a slot on.
    pub(super) fn tell_decisions(
        &mut self,
        node: NodeId,
        from: NodeId,
        from_slot: SlotIndex,
        class: TrafficClass,
    ) {
        let decided = self.log.since(from_slot).into();
        let via = self.route_to(node, from);
        self.out
            .address(node, via, class, Body::CatchUpAnswer { decided });
    }

    /// An answer arrives.
    pub(super) fn hear_catch_up(&mut self, sender: NodeId, decided: &[(SlotIndex, Value)]) {
        if !self.trust.trusts(sender) {
            return;
        }
        let next = self.log.next_slot();
        let kept = next..SlotIndex(next.0.saturating_add(SLOTS_CLAIMED));
        for (slot, value) in decided.iter().filter(|(slot, _)| kept.contains(slot)) {
            self.catch_up.claim(sender, *slot, value);
        }
        let known_until = match decided.last() {
            Some((last, _)) if is_full_answer(decided) => last.next().next(),
            Some((last, _)) => last.next(),
            None => SlotIndex(1),
        };
        self.catch_up.known_until.insert(sender, known_until);
        self.adopt_claims();
        let has_learned = self.log.next_slot() > next;
        if has_learned {
            self.catch_up.attempts = 0;
        }
        match self.lifecycle {
            Lifecycle::CatchingUp if self.has_caught_up() => {
                self.out.cancel(TimerKind::CatchUp);
                self.catch_up.armed_at = None;
                self.become_ready();
            }
            Lifecycle::CatchingUp if has_learned => self.ask_for_decisions(TrafficClass::Progress),
            Lifecycle::Ready if has_learned && self.is_more_known() => {
                self.ask_for_decisions(TrafficClass::Progress);
            }
            _ => {}
        }
    }

    /// Was the last answer of somebody full, and has it been learned?
    fn is_more_known(&self) -> bool {
        let next = self.log.next_slot();
        let mut answers = self.catch_up.known_until.values();
        answers.any(|until| *until > next)
    }

    /// Are so many ahead that one of them must be right?
    fn is_behind(&self) -> bool {
        let ahead = self.catch_up.peers_ahead(self.log.next_slot());
        let set = self.consensus.quorum_set();
        set.is_some_and(|set| set.is_v_blocking(&ahead))
    }

    /// Do enough of those asked know no more than this node?
    fn has_caught_up(&self) -> bool {
        let next = self.log.next_slot();
        let answers = self.catch_up.known_until.iter();
        let level: NodeSet = answers
            .filter(|(_, until)| **until <= next)
            .map(|(node, _)| *node)
            .collect();
        self.consensus
            .quorum_set()
            .is_some_and(|set| set.is_v_blocking(&level))
    }

    /// Records decisions for which there is word enough, slot after slot.
    fn adopt_claims(&mut self) {
        while let Some((value, claimants)) = self.convincing_claim() {
            self.record(value, &claimants);
        }
    }

    fn convincing_claim(&self) -> Option<(Value, Vec<NodeId>)> {
        let set = self.consensus.quorum_set()?;
        let slot = self.log.next_slot();
        let mut by_value: BTreeMap<&Value, NodeSet> = BTreeMap::new();
        for (node, value) in self.catch_up.claims.get(&slot).into_iter().flatten() {
            by_value.entry(value).or_default().insert(*node);
        }
        if self.lifecycle != Lifecycle::Ready {
            for (node, value) in self.pending.decisions(slot) {
                by_value.entry(value).or_default().insert(node);
            }
        }
        by_value
            .into_iter()
            .find(|(_, claimants)| set.is_v_blocking(claimants))
            .map(|(value, claimants)| (value.clone(), claimants.iter().collect()))
    }
}
