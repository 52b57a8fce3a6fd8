//! `Node`: one participant. Takes inputs apart and hands them to the files beside it; nothing is decided here.
//!
//! The parts: `membership` (discovery and trust), `proposing` (certification and the pool), `statements` and `consensus`
//! (SCP), `resend`, `catch_up`, `recording` (the log and backups).

use super::backup::Backup;
use super::catch_up::CatchUp;
use super::config::NodeConfig;
use super::consensus::Consensus;
use super::contract::{Input, Output, TimerKind};
use super::decoding::Decoder;
use super::discovery::Roster;
use super::key::NodeKey;
use super::log::Log;
use super::outbox::Outbox;
use super::pending_statements::PendingStatements;
use super::pool::Pool;
use super::quorum_closure::QuorumClosure;
use super::relay::Relay;
use super::resend::Resend;
use super::trust::TrustSet;
use crate::scp::{NodeId, ScpTimer};
use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far a node has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// Not started.
    New,
    /// Looking for others; statements wait.
    Discovering,
    /// Asking for what was decided before it votes; statements wait.
    CatchingUp,
    /// Votes.
    Ready,
    /// Has said goodbye: nothing happens any more.
    Left,
}

/// One participant of a network. The same inputs at the same times give the same outputs.
#[derive(Clone, Debug)]
pub struct Node {
    pub(super) config: Arc<NodeConfig>,
    pub(super) me: NodeId,
    pub(super) key: NodeKey,
    pub(super) now: Time,
    pub(super) lifecycle: Lifecycle,
    /// Whether it ran before and has to ask what it missed.
    pub(super) is_restarted: bool,
    pub(super) out: Outbox,
    pub(super) roster: Roster,
    /// When each node was last heard of; kept only under the policy that forgets silent nodes.
    pub(super) alive: BTreeMap<NodeId, Time>,
    pub(super) trust: TrustSet,
    pub(super) relay: Relay,
    pub(super) pool: Pool,
    /// How many proposals it has made.
    pub(super) proposals: u32,
    pub(super) log: Log,
    pub(super) backup: Backup,
    pub(super) decoder: Decoder,
    pub(super) sets: QuorumClosure,
    pub(super) pending: PendingStatements,
    pub(super) consensus: Consensus,
    pub(super) resend: Resend,
    pub(super) catch_up: CatchUp,
}

impl Node {
    /// A node that has not started. Nothing happens before [`Input::Start`].
    #[must_use]
    pub fn new(config: Arc<NodeConfig>) -> Node {
        let me = config.peer.id;
        Node {
            me,
            key: NodeKey::of(&config.peer.key),
            now: Time::ZERO,
            lifecycle: Lifecycle::New,
            is_restarted: false,
            out: Outbox::new(me),
            roster: Roster::new(config.peer.clone()),
            alive: BTreeMap::new(),
            trust: TrustSet::new(
                me,
                config.trust.clone(),
                config.threshold,
                config.settings.min_nodes,
            ),
            relay: Relay::new(&config.settings),
            pool: Pool::default(),
            proposals: 0,
            log: Log::default(),
            backup: Backup::new(&config.held_files),
            decoder: Decoder::default(),
            sets: QuorumClosure::default(),
            pending: PendingStatements::default(),
            consensus: Consensus::new(me, config.initial_value.clone()),
            resend: Resend::default(),
            catch_up: CatchUp::default(),
            config,
        }
    }

    /// Something happens at `now`: what the node wants done about it, in order.
    ///
    /// It cannot fail. A bad message becomes an event and changes nothing; an input that makes no sense in the node's
    /// present state (a second start, anything after it has left) is ignored.
    #[must_use]
    pub fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        self.now = now;
        match (self.lifecycle, input) {
            (Lifecycle::New, Input::Start(persisted)) => self.start(persisted.as_deref()),
            (Lifecycle::New | Lifecycle::Left, _) | (_, Input::Start(_)) => return Vec::new(),
            (_, input) => self.dispatch(input),
        }
        self.relay_waiting();
        if !self.relay.is_collecting() {
            self.deliver_statements();
        }
        self.advance();
        self.out.take()
    }

    fn dispatch(&mut self, input: Input) {
        if !matches!(input, Input::Receive { .. } | Input::Relayed { .. }) {
            // Nothing is decided in ignorance of what has been heard.
            self.deliver_statements();
        }
        match input {
            Input::Start(_) => {}
            Input::Receive { from, message } => self.receive(from, &message),
            Input::Relayed { from, bundle } => self.receive_bundle(from, &bundle),
            Input::Heard { from, announcement } => self.hear(from, &announcement),
            Input::Timer(kind) => self.timer(kind),
            Input::Propose(content) => self.propose(content),
            Input::SetTrust(policy) => self.set_trust(policy),
            Input::Fetched { sha256, result } => self.fetched(&sha256, result),
            Input::Leave => self.leave(),
        }
    }

    fn timer(&mut self, kind: TimerKind) {
        match kind {
            TimerKind::Nomination(slot) => self.slot_timer(slot, ScpTimer::Nomination),
            TimerKind::Ballot(slot) => self.slot_timer(slot, ScpTimer::Ballot),
            TimerKind::Announce => self.repeat_beacon(),
            TimerKind::Settle => self.settled(),
            TimerKind::Refresh => self.refresh(),
            TimerKind::Resend => self.send_again(),
            TimerKind::Expire => self.expire_proposals(),
            TimerKind::CatchUp => self.catch_up_timer(),
            TimerKind::Relay | TimerKind::RelayRepeats => self.relay_timer(kind),
        }
    }
}
