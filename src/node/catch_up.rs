//! `CatchUp`: state transfer. A node learns the decisions that it missed while it was away or behind.
//!
//! A node adopts a decision if a v-blocking set of its quorum set reports the same value: if any quorum slice of the
//! node is well-behaved, a v-blocking set contains a well-behaved member. Reports are answers to the node's question
//! and, before it votes, EXTERNALIZE statements that it has received. Catching up ends when a v-blocking set has
//! answered that it knows no more decisions, or after a number of attempts: voting with a gap is slow but never unsafe.
//! A new decision restarts the count of attempts. The limit is higher while a v-blocking set is ahead of the node.
//!
//! The size of an answer is bounded. A node that receives a full answer asks again.
//!
//! A voting node also asks if it receives statements about later slots and has made no progress when its timer expires.

use super::consensus::Consensus;
use super::context::{Context, Lifecycle};
use super::contract::TimerKind;
use super::discovery::Discovery;
use super::limits::is_full_answer;
use super::message::Body;
use super::outbox::TrafficClass;
use crate::scp::{NodeId, NodeSet, QuorumSet, SlotIndex, Value};
use crate::time::Span;
use std::collections::BTreeMap;

/// Reports are stored for this many slots from the next one on.
const SLOTS_CLAIMED: u64 = 512;
/// The maximum number of attempts before a node votes without an answer.
const ATTEMPTS_MAX: u32 = 5;
/// The maximum number of attempts while a v-blocking set is ahead of the node. It then votes anyway: nodes of
/// this set may be Byzantine, and the other nodes may need its vote.
const ATTEMPTS_BEHIND_MAX: u32 = 60;
/// How long a node waits for answers if re-sending is switched off.
const ANSWER_TIMEOUT: Span = Span::from_ms(1000);

/// The next step of the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatchUpStep {
    Wait,
    /// Catching up is over: the node votes.
    Done,
}

/// The other parts of the node that a step of catching up reads.
#[derive(Clone, Copy)]
pub(super) struct CatchUpView<'a> {
    /// The first slot without a decision.
    pub(super) next: SlotIndex,
    pub(super) consensus: &'a Consensus,
    pub(super) discovery: &'a Discovery,
}

impl CatchUpView<'_> {
    fn is_v_blocking(&self, nodes: &NodeSet) -> bool {
        let set = self.consensus.quorum_set();
        set.is_some_and(|set| set.is_v_blocking(nodes))
    }

    /// The neighbours in the quorum set if they are v-blocking, otherwise all its members.
    fn peers_to_ask(&self, cx: &Context) -> Vec<NodeId> {
        let Some(set) = self.consensus.quorum_set() else {
            return Vec::new();
        };
        let all: Vec<NodeId> = set
            .nodes()
            .iter()
            .filter(|&node| node != cx.me() && !self.discovery.has_left(node))
            .collect();
        let roster = self.discovery.roster();
        let neighbours: NodeSet = all
            .iter()
            .copied()
            .filter(|&node| roster.is_neighbour(node))
            .collect();
        if set.is_v_blocking(&neighbours) {
            neighbours.iter().collect()
        } else {
            all
        }
    }
}

/// The decisions that peers report, and how far they are ahead.
#[derive(Clone, Debug, Default)]
pub(super) struct CatchUp {
    /// Unsuccessful attempts since the last decision that was learned.
    attempts: u32,
    /// The next slot at the time when the timer was started; `None` if the timer does not run.
    armed_at: Option<SlotIndex>,
    /// By trusted node, the highest slot of its statements that were ahead of this node on arrival.
    ahead: BTreeMap<NodeId, SlotIndex>,
    /// Reported decisions, by slot and reporting node.
    claims: BTreeMap<SlotIndex, BTreeMap<NodeId, Value>>,
    /// By answering node, the first slot whose decision it may not know.
    known_until: BTreeMap<NodeId, SlotIndex>,
}

impl CatchUp {
    /// Asks for missing decisions, before the node votes.
    pub(super) fn begin(&mut self, cx: &mut Context, view: CatchUpView<'_>) -> CatchUpStep {
        if view.peers_to_ask(cx).is_empty() {
            return CatchUpStep::Done;
        }
        ask(cx, view, TrafficClass::Progress);
        self.arm(cx, view.next);
        CatchUpStep::Wait
    }

    fn arm(&mut self, cx: &mut Context, next: SlotIndex) {
        self.armed_at = Some(next);
        let resend = cx.settings().resend;
        let span = if resend > Span::ZERO {
            resend
        } else {
            ANSWER_TIMEOUT
        };
        cx.out.timer(TimerKind::CatchUp, span);
    }

    /// The timer expired without enough answers.
    pub(super) fn timer_expired(&mut self, cx: &mut Context, view: CatchUpView<'_>) -> CatchUpStep {
        let armed_at = self.armed_at.take();
        match cx.lifecycle {
            Lifecycle::CatchingUp => {
                self.attempts = self.attempts.saturating_add(1);
                let is_behind = view.is_v_blocking(&self.nodes_ahead(view.next));
                let attempts_max = match is_behind {
                    true => ATTEMPTS_BEHIND_MAX,
                    false => ATTEMPTS_MAX,
                };
                if self.attempts >= attempts_max {
                    return CatchUpStep::Done;
                }
                ask(cx, view, TrafficClass::Housekeeping);
                self.arm(cx, view.next);
            }
            Lifecycle::Ready if self.ahead.values().any(|ahead| *ahead > view.next) => {
                if armed_at == Some(view.next) {
                    ask(cx, view, TrafficClass::Housekeeping);
                }
                self.arm(cx, view.next);
            }
            _ => {}
        }
        CatchUpStep::Wait
    }

    /// Goes on although catching up is over, because the node stays silent in the slot `next`.
    pub(super) fn keep_going(&mut self, cx: &mut Context, view: CatchUpView<'_>) {
        self.attempts = 0;
        ask(cx, view, TrafficClass::Housekeeping);
        self.arm(cx, view.next);
    }

    /// A statement about `slot`, after the slot `next`, has arrived.
    pub(super) fn note_ahead(
        &mut self,
        cx: &mut Context,
        next: SlotIndex,
        sender: NodeId,
        slot: SlotIndex,
    ) {
        if slot <= next {
            return;
        }
        let ahead = self.ahead.entry(sender).or_insert(slot);
        *ahead = slot.max(*ahead);
        if cx.lifecycle == Lifecycle::Ready && self.armed_at.is_none() {
            self.arm(cx, next);
        }
    }

    /// Stores the answer of a trusted node.
    pub(super) fn add_answer(
        &mut self,
        next: SlotIndex,
        sender: NodeId,
        decided: &[(SlotIndex, Value)],
    ) {
        let stored = next..SlotIndex(next.0.saturating_add(SLOTS_CLAIMED));
        for (slot, value) in decided.iter().filter(|(slot, _)| stored.contains(slot)) {
            let claims = self.claims.entry(*slot).or_default();
            claims.insert(sender, value.clone());
        }
        let known_until = match decided.last() {
            Some((last, _)) if is_full_answer(decided) => last.next().next(),
            Some((last, _)) => last.next(),
            None => SlotIndex(1),
        };
        self.known_until.insert(sender, known_until);
    }

    /// Continues after an answer. `has_learned`: the node has adopted decisions from it.
    pub(super) fn answered(
        &mut self,
        cx: &mut Context,
        view: CatchUpView<'_>,
        has_learned: bool,
    ) -> CatchUpStep {
        if has_learned {
            self.attempts = 0;
        }
        match cx.lifecycle {
            Lifecycle::CatchingUp if self.is_complete(view) => {
                cx.out.cancel(TimerKind::CatchUp);
                self.armed_at = None;
                return CatchUpStep::Done;
            }
            Lifecycle::CatchingUp if has_learned => ask(cx, view, TrafficClass::Progress),
            Lifecycle::Ready if has_learned && self.is_more_known(view.next) => {
                ask(cx, view, TrafficClass::Progress);
            }
            _ => {}
        }
        CatchUpStep::Wait
    }

    /// Whether a node may know the decision of the slot `next`, according to its last answer.
    fn is_more_known(&self, next: SlotIndex) -> bool {
        self.known_until.values().any(|until| *until > next)
    }

    /// Whether a v-blocking set has reported that it knows no more decisions than this node.
    fn is_complete(&self, view: CatchUpView<'_>) -> bool {
        let answers = self.known_until.iter();
        let level: NodeSet = answers
            .filter(|(_, until)| **until <= view.next)
            .map(|(node, _)| *node)
            .collect();
        view.is_v_blocking(&level)
    }

    /// The nodes with statements about slots after `next`, or with reported decisions that are not adopted.
    fn nodes_ahead(&self, next: SlotIndex) -> NodeSet {
        let senders = self.ahead.iter().filter(|(_, at)| **at > next);
        let reporters = self.claims.values().flat_map(BTreeMap::keys);
        senders
            .map(|(node, _)| node)
            .chain(reporters)
            .copied()
            .collect()
    }

    /// The decision of the slot `next` that a v-blocking set of `quorum_set` reports, with the reporting nodes.
    /// `statements` are further reports.
    pub(super) fn adoptable<'a>(
        &'a self,
        next: SlotIndex,
        quorum_set: Option<&QuorumSet>,
        statements: impl Iterator<Item = (NodeId, &'a Value)>,
    ) -> Option<(Value, Vec<NodeId>)> {
        let set = quorum_set?;
        let mut by_value: BTreeMap<&Value, NodeSet> = BTreeMap::new();
        for (node, value) in self.claims.get(&next).into_iter().flatten() {
            by_value.entry(value).or_default().insert(*node);
        }
        for (node, value) in statements {
            by_value.entry(value).or_default().insert(node);
        }
        by_value
            .into_iter()
            .find(|(_, reporters)| set.is_v_blocking(reporters))
            .map(|(value, reporters)| (value.clone(), reporters.iter().collect()))
    }

    /// Drops reports about slots before `next`. Their decisions are recorded.
    pub(super) fn forget_before(&mut self, next: SlotIndex) {
        self.claims = self.claims.split_off(&next);
    }
}

fn ask(cx: &mut Context, view: CatchUpView<'_>, class: TrafficClass) {
    let from_slot = view.next;
    for node in view.peers_to_ask(cx) {
        let via = view.discovery.route_to(cx, node, cx.me());
        let body = Body::CatchUpQuestion { from_slot };
        cx.out.send_to(node, via, class, body);
    }
}
