//! `Node`: takes inputs apart and hands them to the parts of the node. Decisions are made in the parts.
//!
//! Each part has private fields and takes a [`Context`] (time, identity, settings, outbox):
//!
//! | part | what it does |
//! |---|---|
//! | [`Discovery`] | announcements, roster, trust set |
//! | [`Relay`] | duplicate suppression, flooding |
//! | [`Ledger`] | log, pool of proposals, backups |
//! | [`Consensus`] | SCP, quorum closure, statements that wait |
//! | [`Resend`] | repetition of statements |
//! | [`CatchUp`] | learning missed decisions |

use super::catch_up::{CatchUp, CatchUpStep, CatchUpView};
use super::config::{JoinMode, NodeConfig};
use super::consensus::{Consensus, timer_kind};
use super::context::{Context, Lifecycle};
use super::contract::{Input, Output, Recipient, TimerKind};
use super::discovery::Discovery;
use super::event::{MessageRefusal, NodeEvent};
use super::ledger::{Ledger, check_content, refuse_proposal};
use super::message::{Announcement, Body, Bundle, Message};
use super::outbox::TrafficClass;
use super::persisted::Persisted;
use super::pool::Certification;
use super::proposal::{Content, Proposal};
use super::quorum_closure::LearnOutcome;
use super::relay::{Freshness, Relay};
use super::resend::Resend;
use crate::scp::{
    Effect, Envelope, NodeId, QuorumSet, ScpEvent, ScpTimer, SlotIndex, Statement, Value,
};
use crate::time::Time;
use std::sync::Arc;

/// Statements about slots farther ahead are refused; catching up brings their decisions.
const SLOTS_AHEAD_MAX: u64 = 64;

/// One participant of a network. The same inputs at the same times give the same outputs.
#[derive(Clone, Debug)]
pub struct Node {
    cx: Context,
    /// Whether the node ran before and has to catch up.
    is_restarted: bool,
    discovery: Discovery,
    relay: Relay,
    ledger: Ledger,
    consensus: Consensus,
    resend: Resend,
    catch_up: CatchUp,
}

impl Node {
    /// A node that has not started. It ignores all inputs before [`Input::Start`].
    #[must_use]
    pub fn new(config: Arc<NodeConfig>) -> Node {
        let cx = Context::new(config);
        Node {
            is_restarted: false,
            discovery: Discovery::new(&cx),
            relay: Relay::new(cx.settings()),
            ledger: Ledger::new(&cx),
            consensus: Consensus::new(&cx),
            resend: Resend::default(),
            catch_up: CatchUp::default(),
            cx,
        }
    }

    /// Processes an input that arrives at `now` and returns the outputs in order.
    ///
    /// It never fails. An invalid message becomes an event and changes nothing else. An input that does not fit the
    /// node's stage (a second start, anything after it has left) is ignored.
    #[must_use]
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        self.cx.now = now;
        match (self.cx.lifecycle, input) {
            (Lifecycle::New, Input::Start(persisted)) => self.start(persisted.as_deref()),
            (Lifecycle::New | Lifecycle::Left, _) | (_, Input::Start(_)) => return Vec::new(),
            (_, input) => self.dispatch(input),
        }
        self.relay.flush(&mut self.cx);
        if !self.relay.is_collecting() {
            self.deliver_statements();
        }
        self.advance();
        self.cx.out.take()
    }

    fn dispatch(&mut self, input: Input) {
        if !matches!(input, Input::Receive { .. } | Input::Relayed { .. }) {
            // Statements that arrived earlier are processed before any other input.
            self.deliver_statements();
        }
        match input {
            Input::Start(_) => {}
            Input::Receive { from, message } => self.receive(from, &message),
            Input::Relayed { from, bundle } => self.receive_bundle(from, &bundle),
            Input::Heard { from, announcement } => self.receive_announcement(from, &announcement),
            Input::Timer(kind) => self.timer_expired(kind),
            Input::Propose(content) => self.propose(content),
            Input::SetTrust(policy) => self.discovery.set_policy(&mut self.cx, policy),
            Input::Fetched { sha256, result } => {
                self.ledger.fetched(&mut self.cx, &sha256, result);
            }
            Input::Leave => self.leave(),
        }
    }

    fn timer_expired(&mut self, kind: TimerKind) {
        match kind {
            TimerKind::Nomination(slot) => self.slot_timer_expired(slot, ScpTimer::Nomination),
            TimerKind::Ballot(slot) => self.slot_timer_expired(slot, ScpTimer::Ballot),
            TimerKind::Announce => self.discovery.repeat_beacon(&mut self.cx),
            TimerKind::Settle => self.settle(),
            TimerKind::Refresh => self.discovery.refresh(&mut self.cx),
            TimerKind::Resend => self.resend(),
            TimerKind::Expire => self.expire_proposals(),
            TimerKind::CatchUp => {
                let view = view(&self.ledger, &self.consensus, &self.discovery);
                let step = self.catch_up.timer_expired(&mut self.cx, view);
                self.continue_catch_up(step);
            }
            TimerKind::Relay | TimerKind::RelayRepeats => self.relay.timer_expired(kind),
        }
    }

    // The stages of the node's life.

    fn start(&mut self, persisted: Option<&Persisted>) {
        self.cx.lifecycle = Lifecycle::Discovering;
        let application = self.cx.settings().application;
        self.cx.out.event(NodeEvent::Started { application });
        if let Some(persisted) = persisted {
            self.is_restarted = true;
            self.restore(persisted);
        }
        self.discovery.start(&mut self.cx, self.is_restarted);
    }

    /// Restores the state from before a crash. Decisions are not reported again.
    fn restore(&mut self, persisted: &Persisted) {
        self.cx.out.restore(persisted.messages);
        self.discovery
            .restore(persisted.announcements, persisted.trust.as_ref());
        self.ledger.restore(&self.cx, &self.discovery, persisted);
        self.restore_slot(
            persisted.quorum_sets,
            persisted.quorum_set.as_ref(),
            &persisted.statements,
        );
        self.ledger.restore_pool(&mut self.cx, &persisted.pool);
        self.ledger.start_fetches(&mut self.cx, &self.discovery);
    }

    /// Restores the node's statements about the running slot, which goes on with the quorum set that it had.
    fn restore_slot(&mut self, nth: u32, set: Option<&Arc<QuorumSet>>, own: &[Arc<Envelope>]) {
        self.consensus.restore_quorum_set(&self.cx, nth, set);
        let slot = self.ledger.next_slot();
        for envelope in own.iter().filter(|envelope| envelope.slot == slot) {
            let effects = self.consensus.restore_statement(
                &mut self.cx,
                &self.ledger,
                &self.discovery,
                slot,
                envelope,
            );
            self.apply_effects(slot, effects);
        }
    }

    /// The settle timer expired: the node votes, or catches up first.
    fn settle(&mut self) {
        if !self.discovery.is_settled(&mut self.cx) {
            return;
        }
        let next = self.ledger.next_slot();
        self.consensus
            .adopt_quorum_set(&mut self.cx, next, &mut self.discovery);
        if self.cx.config().join_mode == JoinMode::Founder && !self.is_restarted {
            return self.become_ready();
        }
        self.cx.lifecycle = Lifecycle::CatchingUp;
        let from_slot = next;
        self.cx.out.event(NodeEvent::CatchingUp { from_slot });
        self.adopt_decisions();
        let view = view(&self.ledger, &self.consensus, &self.discovery);
        let step = self.catch_up.begin(&mut self.cx, view);
        self.continue_catch_up(step);
    }

    fn continue_catch_up(&mut self, step: CatchUpStep) {
        if step == CatchUpStep::Done {
            self.become_ready();
        }
    }

    fn become_ready(&mut self) {
        self.cx.lifecycle = Lifecycle::Ready;
        let known = self.discovery.roster().len();
        self.cx.out.event(NodeEvent::Ready { known });
        if self.ledger.certify_deferred(&mut self.cx, &self.discovery) {
            self.consensus.pool_grew();
        }
    }

    fn leave(&mut self) {
        self.relay.flush_all(&mut self.cx);
        self.discovery.leave(&mut self.cx);
        for kind in TimerKind::all(self.ledger.next_slot()) {
            self.cx.out.cancel(kind);
        }
        self.cx.lifecycle = Lifecycle::Left;
        self.cx.out.event(NodeEvent::Left);
    }

    // Messages.

    fn receive_announcement(&mut self, from: NodeId, announcement: &Arc<Announcement>) {
        let discovery = &mut self.discovery;
        if discovery.receive_announcement(&mut self.cx, from, announcement) {
            self.relay.queue_announcement(from, announcement);
        }
    }

    fn receive_bundle(&mut self, from: NodeId, bundle: &Bundle) {
        for announcement in &bundle.announcements {
            self.receive_announcement(from, announcement);
        }
        let mut has_noted_neighbour = false;
        for message in &bundle.messages {
            // Most messages are duplicates; only the first one has to be looked at, because it shows who transmitted it.
            if !has_noted_neighbour || self.relay.look_up(message.id) == Freshness::New {
                self.receive(from, message);
                has_noted_neighbour = true;
            }
        }
    }

    /// A message arrives; `from` transmitted it and may only relay it.
    fn receive(&mut self, from: NodeId, message: &Arc<Message>) {
        let sender = message.id.sender;
        if from == self.cx.me() || sender == self.cx.me() {
            return;
        }
        if from.0 >= NodeId::LIMIT {
            return self.cx.refuse(sender, MessageRefusal::Malformed);
        }
        self.discovery.note_neighbour(&mut self.cx, from);
        if self.relay.look_up(message.id) == Freshness::Seen {
            return;
        }
        if !message.is_well_formed() {
            return self.cx.refuse(sender, MessageRefusal::Malformed);
        }
        self.relay.note(message.id);
        self.discovery.note_alive(&mut self.cx, sender);
        if message.to.is_some_and(|to| to != self.cx.me()) {
            return self.relay.queue_message(self.cx.me(), from, message);
        }
        match &message.body {
            Body::Scp {
                envelope,
                quorum_set,
            } => self.receive_statement(from, message, envelope, quorum_set),
            Body::Proposal(proposal) => self.receive_proposal(from, message, proposal),
            Body::PeersQuestion => {
                let class = TrafficClass::of(message);
                self.discovery.send_peers(&mut self.cx, sender, from, class);
            }
            Body::Peers { known, .. } => self.discovery.receive_peers(&mut self.cx, from, known),
            Body::CatchUpQuestion { from_slot } => {
                let decided = SlotIndex(from_slot.0.saturating_sub(1));
                self.resend.note_decided(sender, decided);
                self.send_decisions(sender, from, *from_slot, TrafficClass::of(message));
            }
            Body::CatchUpAnswer { decided } => self.receive_decisions(sender, decided),
        }
    }

    fn receive_statement(
        &mut self,
        from: NodeId,
        message: &Arc<Message>,
        envelope: &Arc<Envelope>,
        quorum_set: &Arc<QuorumSet>,
    ) {
        let (sender, slot, set_id) = (envelope.from, envelope.slot, envelope.quorum_set);
        let learned = self.consensus.learn_quorum_set(set_id, quorum_set);
        if learned == LearnOutcome::Equivocation {
            return self.cx.refuse(sender, MessageRefusal::Malformed);
        }
        self.relay.queue_message(self.cx.me(), from, message);
        self.resend.note_statement(envelope);
        if self.discovery.trust().never_votes() {
            return;
        }
        let next = self.ledger.next_slot();
        if slot == next {
            self.consensus.note_named(set_id);
        }
        if slot < next {
            self.answer_laggard(from, message, envelope);
        } else if slot.0 > next.0.saturating_add(SLOTS_AHEAD_MAX) {
            self.note_ahead(sender, slot);
            self.cx.refuse(sender, MessageRefusal::FarFuture);
        } else if slot > next || self.cx.lifecycle != Lifecycle::Ready {
            self.note_ahead(sender, slot);
            self.consensus.defer_statement(envelope);
        } else {
            self.receive_current_statement(message, envelope);
        }
    }

    /// A statement about the running slot arrives, and the node votes.
    fn receive_current_statement(&mut self, message: &Message, envelope: &Arc<Envelope>) {
        if envelope.statement.is_nominate() {
            // A NOMINATE of any sender starts the slot: a node that trusts itself alone would not notice it otherwise.
            self.join_slot();
        }
        if self.ledger.next_slot() > envelope.slot {
            return;
        }
        if !self.consensus.queue_statement(envelope) && !message.housekeeping {
            let why = MessageRefusal::OutsideClosure;
            self.cx.refuse(envelope.from, why);
        }
    }

    fn note_ahead(&mut self, sender: NodeId, slot: SlotIndex) {
        if self.discovery.trust().contains(sender) {
            let next = self.ledger.next_slot();
            self.catch_up.note_ahead(&mut self.cx, next, sender, slot);
        }
    }

    /// A statement about a decided slot arrives. A sender that repeats one is behind and gets the decision: directly if
    /// it is in reach, otherwise with the next re-sending, which serves any number of nodes.
    fn answer_laggard(&mut self, from: NodeId, message: &Message, envelope: &Envelope) {
        let is_behind =
            message.housekeeping && !matches!(envelope.statement, Statement::Externalize { .. });
        if !is_behind {
            return;
        }
        let (slot, sender) = (envelope.slot, envelope.from);
        let Recipient::Node(_) = self.discovery.route_to(&self.cx, sender, from) else {
            return self.resend.request(slot);
        };
        let class = TrafficClass::Housekeeping;
        match self.consensus.own_decision(slot) {
            Some(body) => {
                let via = Recipient::Node(sender);
                self.cx.out.send_to(sender, via, class, body);
            }
            None => self.send_decisions(sender, from, slot, class),
        }
    }

    // Proposals.

    fn propose(&mut self, content: Content) {
        if let Some(why) = check_content(&self.cx, &self.discovery, &content) {
            let me = self.cx.me();
            return refuse_proposal(&mut self.cx, None, me, why);
        }
        match content {
            Content::Choice(value) => self.consensus.set_choice(value),
            content => {
                if self.ledger.propose(&mut self.cx, content) {
                    self.consensus.pool_grew();
                }
            }
        }
    }

    fn receive_proposal(&mut self, from: NodeId, message: &Arc<Message>, proposal: &Arc<Proposal>) {
        let (cx, discovery) = (&mut self.cx, &self.discovery);
        let (result, is_relayed) = self
            .ledger
            .receive_proposal(cx, discovery, from, message, proposal);
        if result == Certification::Pooled {
            self.consensus.pool_grew();
        }
        if is_relayed {
            self.relay.queue_message(self.cx.me(), from, message);
        }
    }

    fn expire_proposals(&mut self) {
        let next = self.ledger.next_slot();
        let consensus = &self.consensus;
        self.ledger
            .expire_proposals(&mut self.cx, &self.discovery, || consensus.statements(next));
    }

    // Slots.

    /// Does what has become possible: adopts a quorum set, starts the next slot, processes statements that have waited.
    fn advance(&mut self) {
        while self.cx.lifecycle == Lifecycle::Ready {
            let next = self.ledger.next_slot();
            self.consensus
                .adopt_quorum_set(&mut self.cx, next, &mut self.discovery);
            if self.consensus.is_slot_due(&self.cx, &self.ledger) {
                self.join_slot();
                continue;
            }
            let has_pending = self.consensus.queue_pending(next);
            self.deliver_statements();
            if !has_pending {
                break;
            }
        }
        let next = self.ledger.next_slot();
        if self.cx.lifecycle == Lifecycle::Ready {
            let effects = self
                .consensus
                .renominate(&self.cx, &self.ledger, &self.discovery);
            self.apply_effects(next, effects);
        }
        let (next, has_work) = (self.ledger.next_slot(), self.ledger.has_work_to_resend());
        self.resend
            .arm(&mut self.cx, next, &self.consensus, has_work);
    }

    fn join_slot(&mut self) {
        let slot = self.ledger.next_slot();
        let effects = self
            .consensus
            .join(&mut self.cx, &self.ledger, &mut self.discovery);
        self.apply_effects(slot, effects);
    }

    /// SCP processes the queued statements, all at once.
    fn deliver_statements(&mut self) {
        let mut statements = self.consensus.take_inbox();
        if statements.is_empty() {
            return;
        }
        self.join_slot();
        let slot = self.ledger.next_slot();
        statements.retain(|envelope| envelope.slot == slot);
        for envelope in &statements {
            self.ledger.reject_backups(&mut self.cx, envelope);
        }
        let (cx, ledger, discovery) = (&mut self.cx, &self.ledger, &self.discovery);
        let effects = self
            .consensus
            .receive(cx, ledger, discovery, slot, &statements);
        self.apply_effects(slot, effects);
    }

    fn slot_timer_expired(&mut self, slot: SlotIndex, timer: ScpTimer) {
        if self.cx.lifecycle != Lifecycle::Ready || slot != self.ledger.next_slot() {
            return;
        }
        let (cx, ledger, discovery) = (&self.cx, &self.ledger, &self.discovery);
        let effects = self
            .consensus
            .timer_expired(cx, ledger, discovery, slot, timer);
        self.apply_effects(slot, effects);
    }

    fn apply_effects(&mut self, slot: SlotIndex, effects: Vec<Effect>) {
        let has_changed = !effects.is_empty();
        for effect in effects {
            match effect {
                Effect::Emit(envelope) => {
                    self.resend.restart_backoff(envelope.slot);
                    self.consensus.emit(&mut self.cx, &envelope);
                }
                Effect::SetTimer { slot, timer, span } => {
                    self.cx.out.timer(timer_kind(slot, timer), span);
                }
                Effect::StopTimer { slot, timer } => self.cx.out.cancel(timer_kind(slot, timer)),
                Effect::Externalized { value, .. } => self.record(value, &[]),
                Effect::Event(event) => self.report_transition(event),
            }
        }
        if has_changed {
            self.consensus.report_slot(&mut self.cx, slot);
        }
    }

    fn report_transition(&mut self, event: ScpEvent) {
        let voted = match &event {
            // A refused statement of another node is reported as a refusal of this node.
            ScpEvent::Refused { from, .. } if *from != self.cx.me() => return,
            ScpEvent::VotedNominate { value, .. } => Some(value.clone()),
            _ => None,
        };
        self.cx.out.event(NodeEvent::Scp(event));
        if let Some(value) = voted {
            self.ledger.accept_backups(&mut self.cx, &value);
        }
    }

    /// Appends the decision of the next slot to the log. `claimants` are the peers whose answers it was adopted from;
    /// there are none if SCP decided it here.
    fn record(&mut self, value: Value, claimants: &[NodeId]) {
        let slot = self.ledger.next_slot();
        let deciders = self.consensus.externalized_by(&self.cx, slot);
        let (cx, discovery) = (&mut self.cx, &self.discovery);
        self.ledger
            .record(cx, discovery, value, claimants, &deciders);
        let next = self.ledger.next_slot();
        self.resend.note_recorded(slot);
        self.catch_up.forget_before(next);
        self.consensus.slot_decided(&self.cx, next);
    }

    fn resend(&mut self) {
        let next = self.ledger.next_slot();
        self.resend
            .timer_expired(&mut self.cx, next, &self.consensus, &self.discovery);
        self.ledger.resend(&mut self.cx, &self.discovery);
    }

    // Catching up.

    /// Sends `node` the decisions from a slot on. `from` transmitted the message that is answered.
    fn send_decisions(
        &mut self,
        node: NodeId,
        from: NodeId,
        from_slot: SlotIndex,
        class: TrafficClass,
    ) {
        let decided = self.ledger.log().since(from_slot).into();
        let via = self.discovery.route_to(&self.cx, node, from);
        self.cx
            .out
            .send_to(node, via, class, Body::CatchUpAnswer { decided });
    }

    fn receive_decisions(&mut self, sender: NodeId, decided: &[(SlotIndex, Value)]) {
        if !self.discovery.trust().contains(sender) {
            return;
        }
        let next = self.ledger.next_slot();
        self.catch_up.add_answer(next, sender, decided);
        self.adopt_decisions();
        let has_learned = self.ledger.next_slot() > next;
        let view = view(&self.ledger, &self.consensus, &self.discovery);
        let step = self.catch_up.answered(&mut self.cx, view, has_learned);
        self.continue_catch_up(step);
    }

    /// Records the decisions that a v-blocking set reports, slot after slot.
    fn adopt_decisions(&mut self) {
        loop {
            let next = self.ledger.next_slot();
            let is_voting = self.cx.lifecycle == Lifecycle::Ready;
            // SCP itself processes the statements of a voting node.
            let statements = (!is_voting)
                .then(|| self.consensus.pending_decisions(next))
                .into_iter()
                .flatten();
            let set = self.consensus.quorum_set().map(Arc::as_ref);
            let Some((value, claimants)) = self.catch_up.adoptable(next, set, statements) else {
                return;
            };
            self.record(value, &claimants);
        }
    }
}

fn view<'a>(
    ledger: &Ledger,
    consensus: &'a Consensus,
    discovery: &'a Discovery,
) -> CatchUpView<'a> {
    CatchUpView {
        next: ledger.next_slot(),
        consensus,
        discovery,
    }
}

/// Insights for tests.
#[cfg(test)]
impl Node {
    pub(super) fn config(&self) -> &Arc<NodeConfig> {
        self.cx.config()
    }

    pub(super) fn quorum_set(&self) -> Option<&Arc<QuorumSet>> {
        self.consensus.quorum_set()
    }

    pub(super) fn decided(&self) -> &[(SlotIndex, Value)] {
        self.ledger.log().decided()
    }

    pub(super) fn holds(&self, sha256: &str) -> bool {
        self.ledger.backup().holds(sha256)
    }

    pub(super) fn check_invariants(&self) -> Result<(), String> {
        self.consensus.check_invariants()
    }
}
