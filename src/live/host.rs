//! Node host: the single thread (`qs-node`) that owns the node, feeds it inputs and carries out its outputs.
//!
//! One turn of the loop takes the waiting commands, runs a step of the node for each, and commits. [`Outbox`] is a
//! transactional outbox: it stores everything that must survive a crash in one transaction. Effects (messages,
//! announcements, replies, records) leave the host only afterwards. If the store fails, the effects stay queued, the
//! commit is retried with the same batch, and calls that would change something are refused.
//!
//! The host only distributes work. Each handler has its own state, and gets [`HostContext`] to run steps of the node.
//!
//! | module | contents |
//! |---|---|
//! | `context`, `runtime` | the node, and the parts that its steps change; its timers, its view and the hash of its log |
//! | `transactional_outbox`, `effects`, `network` | the batch not yet stored, and the effects that wait for it; how they run; the network |
//! | `announcements`, `candidates`, `admission` | nodes that announce themselves; those that have not proved their addresses; the choice of what reaches the node |
//! | `messages`, `file_checks`, `key_budget`, `latest_messages` | messages of other nodes; proposed files; limits of new keys; what is returned to a restarted node |
//! | `own_key`, `recovery` | uses of the own key by others; whether the node accepts proposals |
//! | `proposals`, `decision_waiters`, `trust_edits` | calls of clients and operators |
//! | `peer_table`, `fetches`, `key_publisher`, `counters` | other nodes; files; the known keys, for the checks of incoming calls; counters |
//! | `queries` | answers to queries, computed from the other parts |
//!
//! `node` implements the protocol; `http`, `udp` and `peer_client` own the sockets.

mod admission;
mod announcements;
mod candidates;
mod context;
mod counters;
mod decision_waiters;
mod effects;
mod fetches;
mod file_checks;
mod key_budget;
mod key_publisher;
mod latest_messages;
mod messages;
mod network;
mod own_key;
mod peer_table;
mod proposals;
mod queries;
mod recovery;
mod runtime;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod transactional_outbox;
mod trust_edits;

pub(super) use network::{HostNetwork, ProcessNetwork};
pub(super) use transactional_outbox::DurableStore;

use super::clock::Clock;
use super::command::{HostCommand, ReplySender};
use super::config::LiveConfig;
use super::fetch::FetchEvent;
use super::file_store::HeldFiles;
use super::node_directory::NodeDirectory;
use super::peer_client::PeerContext;
use super::recorder::Recorder;
use super::status::PeersView;
use super::wire::{ReceiptCode, Signed, VerifiedMessage, WireBody};
use crate::node::{Input, Node, Persisted};
use crate::time::{Span, Time};
use announcements::Announcements;
use context::HostContext;
use counters::MetricCounters;
use crossbeam_channel::Receiver;
use decision_waiters::DecisionWaiters;
use effects::{EffectContext, EffectRunner, sign};
use fetches::Fetches;
use key_publisher::KeyPublisher;
use messages::Messages;
use peer_table::PeerTable;
use queries::HostView;
use recovery::Recovery;
use runtime::NodeRuntime;
use std::sync::Arc;
use std::time::Duration;
use transactional_outbox::{HostEffect, Outbox};
use trust_edits::edit_trust;

/// Most commands per turn of the loop. One transaction stores their changes.
const COMMANDS_PER_TURN: usize = 256;
/// Interval between two offers of relayed messages, and the longest time that the loop sleeps.
const OFFER_INTERVAL: Span = Span::from_ms(250);

/// Whether the loop continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoopState {
    Running,
    Ending,
}

/// The parts from which a host is built.
pub(super) struct HostParts {
    /// The settings of the process.
    pub config: Arc<LiveConfig>,
    /// Monotonic time since the start, and the system clock.
    pub clock: Clock,
    /// How often the node has started, this time included.
    pub epoch: u64,
    /// The node, not started.
    pub node: Node,
    /// Node numbers and announcements, as stored.
    pub directory: NodeDirectory,
    /// The store, which makes batches durable.
    pub store: Box<dyn DurableStore>,
    /// The network, through which everything leaves the process.
    pub network: Box<dyn HostNetwork>,
    /// Identity, network name and message cache, shared with the peer clients.
    pub context: Arc<PeerContext>,
    /// The trace file and the subscribers of `GET /events`.
    pub recorder: Recorder,
    /// The files of this node.
    pub files: Box<dyn HeldFiles>,
    /// Progress and ends of fetches.
    pub fetched: Receiver<FetchEvent>,
    /// Commands of the HTTP server, the UDP listener and the peer clients.
    pub commands: Receiver<HostCommand>,
}

/// The state of the thread. See the documentation of the module for its parts.
pub(super) struct Host {
    context: HostContext,
    commands: Receiver<HostCommand>,
    fetched: Receiver<FetchEvent>,
    announcements: Announcements,
    messages: Messages,
    effects: EffectRunner,
    files: Box<dyn HeldFiles>,
    keys: KeyPublisher,
    offered_at: Time,
    loop_state: LoopState,
}

impl Host {
    /// A host that has not started.
    #[must_use]
    pub(super) fn new(parts: HostParts) -> Host {
        let (peer_context, config) = (Arc::clone(&parts.context), Arc::clone(&parts.config));
        Host {
            effects: EffectRunner::new(parts.network, peer_context, config),
            files: parts.files,
            keys: KeyPublisher::new(Arc::clone(&parts.context.known_keys)),
            announcements: Announcements::default(),
            messages: Messages::default(),
            offered_at: Time::ZERO,
            loop_state: LoopState::Running,
            commands: parts.commands,
            fetched: parts.fetched,
            context: HostContext {
                runtime: NodeRuntime::new(parts.node),
                directory: parts.directory,
                outbox: Outbox::new(parts.store),
                recorder: parts.recorder,
                peers: PeerTable::default(),
                recovery: Recovery::new(parts.epoch),
                waiters: DecisionWaiters::default(),
                fetches: Fetches::default(),
                counters: MetricCounters::default(),
                config: parts.config,
                clock: parts.clock,
                peer_context: parts.context,
            },
        }
    }

    /// Starts the node with its persisted state and runs until [`HostCommand::Leave`] or [`HostCommand::Stop`].
    pub(super) fn run(mut self, persisted: Option<Persisted>) {
        self.start(persisted);
        while self.loop_state == LoopState::Running {
            self.turn();
        }
        self.context.recorder.finish();
        tracing::info!(slot = self.context.runtime.log_index(), "stopped");
    }

    fn start(&mut self, persisted: Option<Persisted>) {
        let cx = &mut self.context;
        if let Some(persisted) = &persisted {
            cx.recovery.restarted();
            cx.runtime.restore(cx.clock.now(), persisted);
            cx.waiters.restore(&cx.runtime.view().log);
        }
        cx.step(Input::Start(persisted.map(Arc::new)));
        self.commit();
    }

    /// Runs one turn: waits, handles commands and fetch events, fires timers, and commits.
    fn turn(&mut self) {
        self.turn_within(self.poll_timeout());
    }

    /// Runs one turn that waits at most for `timeout`.
    fn turn_within(&mut self, timeout: Duration) {
        self.wait(timeout);
        for _ in 1..COMMANDS_PER_TURN {
            match self.commands.try_recv() {
                Ok(command) => self.handle(command),
                Err(_) => break,
            }
        }
        if !self.context.outbox.is_blocked() {
            own_key::recover(&mut self.context);
            self.fire_timers();
            self.announcements.start_checks(&mut self.context);
            self.offer();
        }
        self.commit();
        let now = self.context.clock.now();
        self.context.recorder.flush_if_due(now);
    }

    /// How long the loop may sleep if nothing arrives.
    fn poll_timeout(&self) -> Duration {
        let clock = &self.context.clock;
        if let Some(retry_at) = self.context.outbox.retry_at() {
            // While the store fails, due timers wait, too.
            return clock.until(retry_at);
        }
        let longest = Duration::from_millis(OFFER_INTERVAL.0 / 1000);
        let timer = self.context.runtime.next_due();
        timer.map_or(longest, |due| clock.until(due).min(longest))
    }

    /// Handles the first command or fetch event, or returns after `timeout`.
    fn wait(&mut self, timeout: Duration) {
        let commands = self.commands.clone();
        let fetched = match self.context.outbox.is_blocked() {
            false => self.fetched.clone(),
            // A finished fetch must be stored, which is impossible now.
            true => crossbeam_channel::never(),
        };
        // This process holds the other ends of both channels, so they do not disconnect while the host runs.
        crossbeam_channel::select! {
            recv(commands) -> command => command.into_iter().for_each(|command| self.handle(command)),
            recv(fetched) -> event => event.into_iter().for_each(|event| self.handle_fetch(event)),
            default(timeout) => {}
        }
    }

    fn fire_timers(&mut self) {
        let cx = &mut self.context;
        while let Some(kind) = cx.runtime.take_due(cx.clock.now()) {
            cx.step(Input::Timer(kind));
        }
    }

    /// Offers the messages of other nodes that arrived since the last offer.
    fn offer(&mut self) {
        let now = self.context.clock.now();
        if now.since(self.offered_at) < OFFER_INTERVAL {
            return;
        }
        self.offered_at = now;
        let names = self.context.peer_context.message_cache.take_unoffered();
        if !names.is_empty() {
            self.context.outbox.queue(HostEffect::Offer(names));
        }
    }

    /// Handles a command.
    fn handle(&mut self, command: HostCommand) {
        let (cx, announcements) = (&mut self.context, &mut self.announcements);
        match command {
            HostCommand::Announcement(announcement, source) => {
                announcements.receive(cx, *announcement, source);
            }
            HostCommand::AddressChecked(key, http, result) => {
                announcements.address_checked(cx, (key, http), result);
            }
            HostCommand::DatagramDropped(error) => cx.counters.datagram_dropped(&error),
            HostCommand::Messages(messages, reply) => {
                let results = messages
                    .iter()
                    .map(|message| self.messages.receive(cx, announcements, message))
                    .collect();
                cx.reply_receipts(results, reply);
            }
            HostCommand::Bundle(bundle, reply) => {
                let results = self.messages.receive_bundle(cx, announcements, &bundle);
                cx.reply_receipts(results, reply);
            }
            HostCommand::PeersQuery(query, reply) => self.answer_peers_query(&query, reply),
            HostCommand::PeersAnswer(answer) => {
                self.messages.receive(cx, announcements, &answer);
            }
            HostCommand::DeliveryReport(node, messages, outcome) => {
                cx.report_delivery(node, &messages, outcome);
            }
            HostCommand::FileChecked(proposal, result) => {
                let messages = &mut self.messages;
                messages.file_checked(cx, announcements, &proposal, result);
            }
            HostCommand::Leave => {
                cx.step(Input::Leave);
                self.loop_state = LoopState::Ending;
            }
            HostCommand::Stop => self.loop_state = LoopState::Ending,
            call => self.handle_call(call),
        }
    }

    /// Handles a call of a client, an operator or a monitor.
    fn handle_call(&mut self, call: HostCommand) {
        let cx = &mut self.context;
        match call {
            HostCommand::Propose(content, reply) => proposals::propose(cx, content, reply),
            HostCommand::AwaitDecision(id, reply) => proposals::await_decision(cx, id, reply),
            HostCommand::EditTrust(edit, reply) => {
                let result = edit_trust(cx, edit);
                cx.outbox.reply(reply, result);
            }
            HostCommand::LatestMessages(key, reply) => {
                let node = cx.directory.find(key);
                let announcement = node.and_then(|node| cx.directory.signed_announcement(node));
                drop(reply.send((self.messages.latest_of(key), announcement.cloned())));
            }
            HostCommand::Status(query, reply) => {
                let status = Box::new(self.view().status(query));
                self.context.outbox.reply(reply, status);
            }
            HostCommand::Peers(reply) => {
                let peers = self.view().peers();
                self.context.outbox.reply(reply, peers);
            }
            HostCommand::Metrics(reply) => drop(reply.send(self.view().metrics())),
            HostCommand::Health(reply) => drop(reply.send(self.view().health())),
            HostCommand::Subscribe(reply) => cx.outbox.queue(HostEffect::Subscribe(reply)),
            // `handle` has handled all others.
            _ => {}
        }
    }

    /// Handles the progress or the end of a fetch.
    fn handle_fetch(&mut self, event: FetchEvent) {
        let cx = &mut self.context;
        if let Some(input) = cx.fetches.handle(event, &cx.directory) {
            cx.step(input);
        }
    }

    /// Answers the peers query of another node. This node's own answer goes into the reply instead of a separate
    /// message.
    fn answer_peers_query(
        &mut self,
        query: &VerifiedMessage,
        reply: ReplySender<(PeersView, Option<Signed>)>,
    ) {
        let cx = &mut self.context;
        let mut signed = None;
        let is_query = matches!(query.message.body, WireBody::PeersQuestion);
        if is_query {
            let receipt = self.messages.receive(cx, &mut self.announcements, query);
            if receipt.verdict == ReceiptCode::Accepted {
                signed = cx
                    .directory
                    .find(query.message.sender)
                    .and_then(|asker| cx.outbox.take_peers_answer(asker))
                    .and_then(|answer| sign(&answer, &cx.directory, &cx.peer_context));
            }
        }
        let peers = self.view().peers();
        self.context.outbox.reply(reply, (peers, signed));
    }

    /// Stores the batch, then runs the effects. Without a successful commit, no effects can run: only
    /// [`Outbox::commit`] makes `CommittedEffects`.
    fn commit(&mut self) {
        let cx = &mut self.context;
        cx.outbox.persist_directory(cx.directory.take_unstored());
        self.keys.publish(&cx.directory, &cx.runtime.view().trusted);
        if let Some(committed) = cx.outbox.commit(cx.clock.now(), &mut cx.counters) {
            cx.runtime.committed();
            // Before any reply: a caller may act on the reply at once.
            cx.peer_context.log.publish(cx.runtime.log_hash());
            let mut context = EffectContext {
                host: cx,
                announcements: &mut self.announcements,
                messages: &mut self.messages,
            };
            self.effects.run(committed, &mut context);
        }
    }

    fn view(&self) -> HostView<'_> {
        let cx = &self.context;
        HostView {
            config: &cx.config,
            now: cx.clock.now(),
            directory: &cx.directory,
            runtime: &cx.runtime,
            peers: &cx.peers,
            waiters: &cx.waiters,
            fetches: &cx.fetches,
            candidates: self.announcements.candidates(),
            files: &*self.files,
            counters: &cx.counters,
            inbound_counters: &cx.peer_context.inbound_counters,
            storage_error: cx.outbox.storage_error(),
            recovery: &cx.recovery,
        }
    }
}
