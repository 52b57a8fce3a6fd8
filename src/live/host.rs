//! Node host: the single thread (`qs-node`) that owns the node, feeds it inputs and carries out its outputs.
//!
//! One turn of the loop takes the waiting commands, runs a step of the node for each, and commits. [`Outbox`] is a
//! transactional outbox: it stores everything that must survive a crash in one transaction. Effects (messages,
//! announcements, replies, records) leave the host only afterwards. If the store fails, the effects stay queued, the
//! commit is retried with the same batch, and calls that would change something are refused.
//!
//! The host only distributes work. Its state is in parts with private fields:
//!
//! | part | responsibility |
//! |---|---|
//! | [`NodeRuntime`] | the node, its timers, its view and the hash of its log |
//! | [`Outbox`] | the store, the batch not yet stored, the effects that wait for it |
//! | [`EffectRunner`] | the network; it accepts only committed effects |
//! | [`Admission`], [`Candidates`] | the choice of the announcements and messages that reach the node; nodes that have not proved their addresses |
//! | [`PeerTable`], [`DecisionWaiters`], [`FileChecks`], [`Fetches`] | other nodes; waiting callers; files |
//! | [`KeyPublisher`] | the known keys, for the checks of incoming calls |
//! | [`HostView`] | answers to queries, computed from the other parts |
//!
//! `node` implements the protocol; `http`, `udp` and `peer_client` own the sockets.

mod admission;
mod candidates;
mod counters;
mod decision_waiters;
mod effects;
mod fetches;
mod file_checks;
mod key_budget;
mod key_publisher;
mod latest_messages;
mod network;
mod peer_table;
mod queries;
mod recovery;
mod runtime;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
mod transactional_outbox;

pub(super) use network::{HostNetwork, ProcessNetwork};
pub(super) use transactional_outbox::DurableStore;

use super::clock::Clock;
use super::command::{HostCommand, NodeTrustEdit, ProposalOutcome, ProposeError, ReplySender};
use super::config::LiveConfig;
use super::fetch::FetchEvent;
use super::file_store::HeldFiles;
use super::node_directory::NodeDirectory;
use super::peer_client::PeerContext;
use super::recorder::Recorder;
use super::status::PeersView;
use super::wire::{
    OwnMessages, Receipt, ReceiptCode, Receipts, Signed, VerifiedBundle, VerifiedMessage,
    WireAnnouncement, WireBody,
};
use crate::node::{
    AnnouncementKind, Content, Input, Node, NodeEvent, NodeKey, Output, Peer, Persisted, Proposal,
    ProposalId, Remembered, TrustEdit,
};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use admission::{Admission, AnnouncementRoute, needs_file_check, receipt_of};
use candidates::{Candidates, Source, is_announceable};
use counters::MetricCounters;
use crossbeam_channel::Receiver;
use decision_waiters::DecisionWaiters;
use effects::{EffectContext, EffectRunner, sign};
use fetches::Fetches;
use file_checks::FileChecks;
use key_budget::KeyBudget;
use key_publisher::KeyPublisher;
use latest_messages::LatestMessages;
use peer_table::PeerTable;
use queries::HostView;
use recovery::Recovery;
use runtime::NodeRuntime;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use transactional_outbox::{HostEffect, Outbox};

/// Most commands per turn of the loop. One transaction stores their changes.
const COMMANDS_PER_TURN: usize = 256;
/// Interval between two offers of relayed messages, and the longest time that the loop sleeps.
const OFFER_INTERVAL: Span = Span::from_ms(250);

/// Most known nodes that are not trusted. Each of them gets messages, and a client with a thread.
const STRANGERS_MAX: usize = 128;
/// The silence after which such a node makes room for another one.
const STRANGER_SILENCE: Span = Span::from_ms(30_000);

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
    config: Arc<LiveConfig>,
    clock: Clock,
    context: Arc<PeerContext>,
    commands: Receiver<HostCommand>,
    fetched: Receiver<FetchEvent>,
    runtime: NodeRuntime,
    directory: NodeDirectory,
    outbox: Outbox,
    effects: EffectRunner,
    recorder: Recorder,
    files: Box<dyn HeldFiles>,
    peers: PeerTable,
    candidates: Candidates,
    key_budget: KeyBudget,
    latest_messages: LatestMessages,
    recovery: Recovery,
    waiters: DecisionWaiters,
    file_checks: FileChecks,
    fetches: Fetches,
    counters: MetricCounters,
    keys: KeyPublisher,
    offered_at: Time,
    loop_state: LoopState,
}

impl Host {
    /// A host that has not started.
    #[must_use]
    pub(super) fn new(parts: HostParts) -> Host {
        Host {
            runtime: NodeRuntime::new(parts.node),
            directory: parts.directory,
            outbox: Outbox::new(parts.store),
            effects: EffectRunner::new(
                parts.network,
                Arc::clone(&parts.context),
                Arc::clone(&parts.config),
            ),
            recorder: parts.recorder,
            files: parts.files,
            peers: PeerTable::default(),
            candidates: Candidates::default(),
            key_budget: KeyBudget::default(),
            latest_messages: LatestMessages::default(),
            recovery: Recovery::new(parts.epoch),
            waiters: DecisionWaiters::default(),
            file_checks: FileChecks::default(),
            fetches: Fetches::default(),
            counters: MetricCounters::default(),
            keys: KeyPublisher::new(Arc::clone(&parts.context.known_keys)),
            offered_at: Time::ZERO,
            loop_state: LoopState::Running,
            config: parts.config,
            clock: parts.clock,
            context: parts.context,
            commands: parts.commands,
            fetched: parts.fetched,
        }
    }

    /// Starts the node with its persisted state and runs until [`HostCommand::Leave`] or [`HostCommand::Stop`].
    pub(super) fn run(mut self, persisted: Option<Persisted>) {
        self.start(persisted);
        while self.loop_state == LoopState::Running {
            self.turn();
        }
        self.recorder.finish();
        tracing::info!(slot = self.runtime.log_index(), "stopped");
    }

    fn start(&mut self, persisted: Option<Persisted>) {
        if let Some(persisted) = &persisted {
            self.recovery.restarted();
            self.runtime.restore(self.clock.now(), persisted);
            self.waiters.restore(&self.runtime.view().log);
        }
        self.step(Input::Start(persisted.map(Arc::new)));
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
        if !self.outbox.is_blocked() {
            self.begin_epoch();
            self.fire_timers();
            self.prove_addresses();
            self.offer();
        }
        self.commit();
        self.recorder.flush_if_due(self.clock.now());
    }

    /// How long the loop may sleep if nothing arrives.
    fn poll_timeout(&self) -> Duration {
        if let Some(retry_at) = self.outbox.retry_at() {
            // While the store fails, due timers wait, too.
            return self.clock.until(retry_at);
        }
        let longest = Duration::from_millis(OFFER_INTERVAL.0 / 1000);
        let timer = self.runtime.next_due().map(|due| self.clock.until(due));
        timer.map_or(longest, |timer| timer.min(longest))
    }

    /// Handles the first command or fetch event, or returns after `timeout`.
    fn wait(&mut self, timeout: Duration) {
        let commands = self.commands.clone();
        let fetched = match self.outbox.is_blocked() {
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
        while let Some(kind) = self.runtime.take_due(self.clock.now()) {
            self.step(Input::Timer(kind));
        }
    }

    /// Starts the address checks that the limits allow.
    fn prove_addresses(&mut self) {
        let now = self.clock.now();
        while let Some((key, http)) = self.candidates.start_check(now) {
            self.outbox.queue(HostEffect::ProveAddress(key, http));
        }
    }

    /// Takes an epoch beyond that of a newer run of this node, and numbers beyond those that the run has used.
    fn begin_epoch(&mut self) {
        let Some(newer) = self.recovery.begin_epoch(self.clock.now()) else {
            return;
        };
        let epoch = self.recovery.epoch();
        tracing::warn!(
            epoch,
            "others remember a newer run of this node; it begins a new epoch"
        );
        self.counters.count("epochs_raised");
        self.outbox.persist_epoch(epoch);
        self.step(Input::Remembered(Arc::new(newer.remembered())));
    }

    /// Offers the messages of other nodes that arrived since the last offer.
    fn offer(&mut self) {
        let now = self.clock.now();
        if now.since(self.offered_at) < OFFER_INTERVAL {
            return;
        }
        self.offered_at = now;
        let names = self.context.message_cache.take_unoffered();
        if !names.is_empty() {
            self.outbox.queue(HostEffect::Offer(names));
        }
    }

    /// Runs a step of the node. Its state changes go into the batch; its effects wait for the commit.
    fn step(&mut self, input: Input) -> Arc<[Output]> {
        let at = self.clock.now();
        self.recorder.new_nodes(at, &self.directory);
        let outputs = self.runtime.step(at, input.clone());
        self.counters.count("steps");
        for output in outputs.iter() {
            match output {
                Output::Persist(changes) => self.outbox.persist(changes),
                Output::Event(event) => self.handle_event(event),
                Output::Send { to, message } => {
                    self.outbox
                        .queue(HostEffect::Send(*to, Arc::clone(message)));
                }
                Output::Announce(announcement) => {
                    self.outbox
                        .queue(HostEffect::Announce(Arc::clone(announcement)));
                }
                Output::Fetch { file, holders } => {
                    self.outbox
                        .queue(HostEffect::Fetch(file.clone(), holders.clone()));
                }
                // The runtime has set the timers. Nodes as processes relay through offers, not by `Relay`.
                Output::SetTimer(..) | Output::CancelTimer(_) | Output::Relay { .. } => {}
            }
        }
        self.recorder.stepped(at, input, &outputs);
        outputs
    }

    fn handle(&mut self, command: HostCommand) {
        match command {
            HostCommand::Announcement(announcement, source) => {
                let (announcement, signed) = *announcement;
                self.receive_announcement(announcement, signed, source);
            }
            HostCommand::AddressChecked(key, http, result) => {
                self.address_checked(key, http, result)
            }
            HostCommand::LatestMessages(key, reply) => {
                let announcement = self
                    .directory
                    .find(key)
                    .and_then(|node| self.directory.signed_announcement(node).cloned());
                let messages = self.latest_messages.of(key);
                drop(reply.send((messages, announcement)));
            }
            HostCommand::EditTrust(edit, reply) => {
                let result = self.edit_trust(edit);
                self.outbox.reply(reply, result);
            }
            HostCommand::DatagramDropped(error) => self.counters.datagram_dropped(&error),
            HostCommand::Messages(messages, reply) => {
                let results = messages
                    .iter()
                    .map(|message| self.receive(message))
                    .collect();
                self.reply_receipts(results, reply);
            }
            HostCommand::Bundle(bundle, reply) => {
                let results = self.receive_bundle(&bundle);
                self.reply_receipts(results, reply);
            }
            HostCommand::PeersQuery(query, reply) => self.answer_peers_query(&query, reply),
            HostCommand::PeersAnswer(answer) => drop(self.receive(&answer)),
            HostCommand::Propose(content, reply) => self.propose(content, reply),
            HostCommand::AwaitDecision(id, reply) => self.await_decision(id, reply),
            HostCommand::Status(query, reply) => {
                let status = Box::new(self.view().status(query));
                self.outbox.reply(reply, status);
            }
            HostCommand::Peers(reply) => {
                let peers = self.view().peers();
                self.outbox.reply(reply, peers);
            }
            HostCommand::Metrics(reply) => drop(reply.send(self.view().metrics())),
            HostCommand::Health(reply) => drop(reply.send(self.view().health())),
            HostCommand::Subscribe(reply) => self.outbox.queue(HostEffect::Subscribe(reply)),
            HostCommand::DeliveryReport(node, messages, outcome) => {
                let (_, mut context) = self.effect_parts();
                context.report_delivery(node, &messages, outcome);
            }
            HostCommand::FileChecked(proposal, result) => self.file_checked(&proposal, result),
            HostCommand::Leave => {
                self.step(Input::Leave);
                self.loop_state = LoopState::Ending;
            }
            HostCommand::Stop => self.loop_state = LoopState::Ending,
        }
    }

    /// Handles the progress or the end of a fetch.
    fn handle_fetch(&mut self, event: FetchEvent) {
        if let Some(input) = self.fetches.handle(event, &self.directory) {
            self.step(input);
        }
    }

    /// Handles an event of the node: counts it, logs it and informs waiting callers.
    fn handle_event(&mut self, event: &NodeEvent) {
        self.counters.node_event(event);
        match event {
            NodeEvent::Recorded {
                slot, proposals, ..
            } => {
                tracing::info!(slot = slot.0, proposals = proposals.len(), "decided");
                for proposal in proposals {
                    let waiting = self.waiters.decided(proposal.id, *slot);
                    self.report_outcome(waiting, &ProposalOutcome::Decided(*slot));
                }
            }
            NodeEvent::ProposalExpired { id, .. } => {
                let waiting = self.waiters.expired(*id);
                self.report_outcome(waiting, &ProposalOutcome::Expired);
            }
            NodeEvent::Discovered { peer, via } => {
                self.peers.discovered(peer, *via, &self.directory)
            }
            NodeEvent::PeerLeft { node } => {
                tracing::info!(name = %self.directory.name(*node), "left");
                self.outbox.queue(HostEffect::Disconnect(*node));
            }
            NodeEvent::QuorumSetOverridden { slot } => {
                self.counters.count("quorum_sets_overridden");
                tracing::warn!(
                    slot = slot.0,
                    "OVERRIDE: an operator replaced the quorum set within the running slot. Statements that were made under the old set count under the new one: if other nodes do not change their sets alike, they can decide differently"
                );
            }
            NodeEvent::StandingChanged { node, standing } => {
                tracing::info!(name = %self.directory.name(*node), ?standing, "standing");
            }
            NodeEvent::RolledBack { messages } => {
                self.counters.count("rollbacks");
                self.recovery.rolled_back();
                tracing::error!(
                    messages,
                    "ROLLBACK: other nodes remember messages of this node that its data folder does not: the folder is an older copy. The node stops voting until it has caught up"
                );
            }
            NodeEvent::Ready { known } => {
                self.recovery.ready();
                tracing::info!(known, "ready to vote");
            }
            NodeEvent::BackedUp { file, .. } => {
                self.fetches.stored(&file.sha256);
                tracing::info!(name = %file.name, sha256 = %file.sha256, "backed up");
            }
            NodeEvent::BackupFailed { file, why } => {
                tracing::warn!(name = %file.name, ?why, "could not fetch the file; it is retried later");
            }
            _ => {}
        }
    }

    fn report_outcome(
        &mut self,
        waiting: Vec<ReplySender<ProposalOutcome>>,
        outcome: &ProposalOutcome,
    ) {
        for reply in waiting {
            self.outbox.reply_after_commit(reply, outcome.clone());
        }
    }

    fn receive_announcement(
        &mut self,
        announcement: WireAnnouncement,
        signed: Signed,
        source: IpAddr,
    ) {
        if self.outbox.is_blocked() {
            return;
        }
        self.watch_own_key(&announcement);
        match self
            .admission()
            .announcement(&announcement, &signed, source)
        {
            Err(counter) => self.counters.count(counter),
            Ok(AnnouncementRoute::Proved(peer)) => self.deliver_announcement(&announcement, peer),
            Ok(AnnouncementRoute::Unproved) => {
                let source = Source::Address(source);
                self.candidates.insert(announcement, signed, source);
            }
        }
    }

    /// Detects another process with the key of this node, or a later run of the node, by an announcement that this
    /// process has not made. A late one of an earlier run at the same address is no other process, even if the clock of
    /// that run was ahead.
    fn watch_own_key(&mut self, announcement: &WireAnnouncement) {
        if announcement.key != self.context.identity.key() {
            return;
        }
        let newest = self.directory.newest_recency(NodeId(0));
        self.recovery.note_own_key(announcement, newest);
        let own = self.config.advertise.unwrap_or(self.config.http);
        let is_other = announcement.http != own || announcement.epoch > self.recovery.epoch();
        if is_other && announcement.mark_us > self.clock.epoch_unix_us() {
            let (now, recency) = (self.clock.now(), announcement.recency());
            if self.recovery.key_in_use(announcement.http, recency, now) {
                self.counters.count("key_in_use");
                tracing::error!(http = %announcement.http, "another process uses the key of this node; stop one of the two. This node accepts no proposals meanwhile");
            }
        }
    }

    /// The check of an announced address has ended. A node that answers there becomes known.
    fn address_checked(
        &mut self,
        key: NodeKey,
        http: SocketAddr,
        result: Result<OwnMessages, String>,
    ) {
        if self.outbox.is_blocked() {
            return self.candidates.check_dropped(key);
        }
        match result {
            Ok(own) => self.remembered(&own),
            Err(why) => {
                tracing::debug!(%key, %http, %why, "does not answer at its announced address");
                self.counters.count("addresses_not_proved");
                return self.candidates.failed(key, http, self.clock.now());
            }
        }
        let Some((announcement, signed)) = self.candidates.proved(key, http) else {
            return;
        };
        if self.directory.find(key).is_none() && !self.has_room_for_stranger() {
            return self.counters.count("strangers_refused");
        }
        self.counters.count("addresses_proved");
        let stored = self.admission().proved_announcement(&announcement, &signed);
        match stored {
            Err(counter) => self.counters.count(counter),
            Ok(peer) => self.deliver_announcement(&announcement, peer),
        }
    }

    /// Another node has returned messages of this node. The node compares them with what it knows.
    fn remembered(&mut self, own: &OwnMessages) {
        if let Some(announcement) = &own.announcement {
            self.watch_own_key(announcement);
        }
        let remembered = recovery::remembered(own, &mut self.directory);
        if remembered != Remembered::default() {
            self.step(Input::Remembered(Arc::new(remembered)));
        }
    }

    /// Passes an announcement of a node that has proved its address to the node.
    fn deliver_announcement(&mut self, announcement: &WireAnnouncement, peer: Peer) {
        self.counters.count("datagrams_received");
        self.peers.received(peer.id, self.clock.now());
        self.step(Input::ReceiveAnnouncement {
            from: peer.id,
            announcement: Arc::new(announcement.to_local(peer)),
        });
    }

    /// Whether another node that is not trusted can become known. If there are too many, one that has been silent for
    /// long is forgotten.
    fn has_room_for_stranger(&mut self) -> bool {
        let view = self.runtime.view();
        let strangers = view.known.iter();
        let strangers: Vec<NodeId> = strangers
            .filter(|node| !view.trusted.contains(node))
            .collect();
        if strangers.len() < STRANGERS_MAX {
            return true;
        }
        let silent = self
            .peers
            .longest_silent(&strangers, self.clock.now(), STRANGER_SILENCE);
        let Some(node) = silent else {
            return false;
        };
        self.step(Input::Forget(node));
        true
    }

    /// An operator changes the trust set. Returns the number of trusted nodes.
    fn edit_trust(&mut self, edit: NodeTrustEdit) -> Result<usize, String> {
        if self.config.trust.is_some() {
            return Err(
                "the quorum set is fixed; change the file of --trust and restart the node"
                    .to_owned(),
            );
        }
        if let Some(error) = self.outbox.storage_error() {
            return Err(format!("the store fails: {error}"));
        }
        let (NodeTrustEdit::Add(key) | NodeTrustEdit::Remove(key)) = edit;
        if key == self.context.identity.key() {
            return Err(
                "expected the key of another node; this one always trusts itself".to_owned(),
            );
        }
        let node = self
            .directory
            .assign_configured(key)
            .map_err(|error| error.to_string())?;
        let edit = match edit {
            NodeTrustEdit::Add(_) => TrustEdit::Add(node),
            NodeTrustEdit::Remove(_) => TrustEdit::Remove(node),
        };
        tracing::warn!(?edit, %key, "an operator changes the trust set");
        self.step(Input::EditTrust(edit));
        let view = self.runtime.view();
        let set = view.quorum_set.as_ref();
        let still_counts = matches!(edit, TrustEdit::Remove(_))
            && set.is_some_and(|(_, set)| set.nodes().contains(node));
        if still_counts {
            return Err(
                "removed, but the quorum set in effect stays: a slice needs more nodes than are left, see --min-nodes; restart the node with --trust FILE"
                    .to_owned(),
            );
        }
        Ok(view.trusted.len())
    }

    /// Receives a message from its author, directly or relayed.
    fn receive(&mut self, message: &VerifiedMessage) -> Receipt {
        let receipt = self.admit(message);
        self.counters.receipt(receipt.verdict);
        receipt
    }

    fn admit(&mut self, message: &VerifiedMessage) -> Receipt {
        if let Some(error) = self.outbox.storage_error() {
            return Receipt::refused(ReceiptCode::Busy, format!("the store fails: {error}"));
        }
        if let Err(refusal) = self.admission().message(message) {
            return refusal;
        }
        if let WireBody::Proposal { proposal } = &message.message.body
            && needs_file_check(
                proposal,
                self.context.identity.key(),
                self.runtime.view(),
                &self.waiters,
            )
        {
            return self.check_file(message, proposal);
        }
        self.deliver(message)
    }

    /// Receives relayed messages. The relaying node does not certify them: each counts as sent by its author.
    fn receive_bundle(&mut self, bundle: &VerifiedBundle) -> Vec<Receipt> {
        let is_known = self.directory.find(bundle.from).is_some();
        let messages = bundle.messages.iter();
        messages
            .map(|message| match is_known {
                true => self.receive(message),
                false => Receipt::refused(
                    ReceiptCode::Outsider,
                    "the relaying node has not announced itself",
                ),
            })
            .collect()
    }

    /// Passes an admitted message to the node.
    fn deliver(&mut self, verified: &VerifiedMessage) -> Receipt {
        self.note_candidates(verified);
        if !self.has_key_budget(verified) {
            let why = "its quorum set names too many unknown nodes";
            return Receipt::refused(ReceiptCode::Outsider, why);
        }
        let message = match verified.to_local(&mut self.directory) {
            Ok(message) => Arc::new(message),
            Err(error) => return Receipt::from(&error),
        };
        let from = message.id.sender;
        self.latest_messages.note(verified);
        self.peers.received(from, self.clock.now());
        // The index is read before the step, because the message itself may decide its slot.
        let log_index = self.runtime.log_index();
        let outputs = self.step(Input::Receive {
            from,
            message: Arc::clone(&message),
        });
        receipt_of(&outputs, &message, log_index)
    }

    /// Whether the sender of a statement may name the nodes of its quorum set.
    fn has_key_budget(&mut self, message: &VerifiedMessage) -> bool {
        let WireBody::Statement(statement) = &message.message.body else {
            return true;
        };
        let Some(sender) = self.directory.find(message.message.sender) else {
            return false;
        };
        let is_trusted = self.runtime.view().trusted.contains(&sender);
        let set = &statement.quorum_set;
        self.key_budget
            .take(sender, is_trusted, set, &self.directory)
    }

    /// The nodes in a list of peers are candidates until they have proved their addresses.
    fn note_candidates(&mut self, message: &VerifiedMessage) {
        let own = self.config.advertise.unwrap_or(self.config.http);
        for (announcement, signed) in &message.announcements {
            self.watch_own_key(announcement);
            let is_wanted = announcement.key != self.context.identity.key()
                && announcement.kind != AnnouncementKind::Leaving
                && !self.directory.has_proved(announcement)
                && is_announceable(announcement.http, own.ip().is_loopback());
            if is_wanted {
                let source = Source::Peer(message.message.sender);
                self.candidates
                    .insert(announcement.clone(), signed.clone(), source);
            }
        }
    }

    /// Defers a proposed file until its origin has confirmed that the file can be read there.
    fn check_file(&mut self, message: &VerifiedMessage, proposal: &Proposal) -> Receipt {
        let origin = self.directory.find(proposal.id.origin);
        if origin
            .and_then(|origin| self.directory.http(origin))
            .is_none()
        {
            let why = "the address of its origin, where the file would be checked, is unknown";
            return Receipt::refused(ReceiptCode::Outsider, why);
        }
        match self.file_checks.defer(proposal.id, message) {
            Err(refusal) => return refusal,
            Ok(is_first) if is_first => self
                .outbox
                .queue(HostEffect::CheckFile(Arc::new(proposal.clone()))),
            Ok(_) => {}
        }
        Receipt::accepted()
    }

    /// Handles the answer of a file's origin: delivers or drops the messages that waited for it.
    fn file_checked(&mut self, proposal: &Proposal, result: Result<(), String>) {
        let waiting = self.file_checks.take(proposal.id);
        if self.outbox.is_blocked() {
            // The sender sends the proposal again.
            return;
        }
        match result {
            Ok(()) => {
                for message in waiting {
                    let receipt = self.deliver(&message);
                    self.counters.receipt(receipt.verdict);
                }
            }
            Err(why) => {
                self.counters.count("files_not_readable_at_origin");
                tracing::warn!(%why, proposal = ?proposal.id, "not certified");
            }
        }
    }

    /// Answers the peers query of another node. This node's own answer goes into the reply instead of a separate
    /// message.
    fn answer_peers_query(
        &mut self,
        query: &VerifiedMessage,
        reply: ReplySender<(PeersView, Option<Signed>)>,
    ) {
        let mut signed = None;
        let is_query = matches!(query.message.body, WireBody::PeersQuestion);
        if is_query && self.receive(query).verdict == ReceiptCode::Accepted {
            signed = self
                .directory
                .find(query.message.sender)
                .and_then(|asker| self.outbox.take_peers_answer(asker))
                .and_then(|answer| sign(&answer, &self.directory, &self.context));
        }
        let peers = self.view().peers();
        self.outbox.reply(reply, (peers, signed));
    }

    fn reply_receipts(&mut self, results: Vec<Receipt>, reply: ReplySender<Receipts>) {
        // While the store fails, the reply is sent at once, so it must not report a decision that is not durable.
        let log = match self.outbox.is_blocked() {
            true => self.runtime.durable_head(),
            false => self.runtime.log_head(),
        };
        let log = Some(log);
        self.outbox.reply(reply, Receipts { results, log });
    }

    fn propose(&mut self, content: Content, reply: ReplySender<Result<ProposalId, ProposeError>>) {
        if let Some(error) = self.outbox.storage_error() {
            drop(reply.send(Err(ProposeError::Storage(error.to_owned()))));
            return;
        }
        if let Err(error) = self.recovery.check_proposals(self.clock.now()) {
            drop(reply.send(Err(error)));
            return;
        }
        let outputs = self.step(Input::Propose(content));
        let answer = outputs.iter().find_map(|output| match output {
            Output::Event(NodeEvent::ProposalPooled { proposal, .. }) => Some(Ok(proposal.id)),
            Output::Event(NodeEvent::ProposalRefused { why, .. }) => {
                Some(Err(ProposeError::Refused(*why)))
            }
            _ => None,
        });
        self.outbox
            .reply(reply, answer.unwrap_or(Err(ProposeError::Stopping)));
    }

    /// Replies when the proposal is decided or expired. An unknown proposal gets no reply.
    fn await_decision(&mut self, id: ProposalId, reply: ReplySender<ProposalOutcome>) {
        if self.runtime.view().pool.contains_key(&id) {
            self.waiters.wait(id, reply);
        } else if let Some(slot) = self.waiters.slot_of(id) {
            // Its decision may be in the batch that is not stored yet.
            self.outbox
                .reply_after_commit(reply, ProposalOutcome::Decided(slot));
        }
    }

    /// Stores the batch, then runs the effects. Without a successful commit, no effects can run: only
    /// [`Outbox::commit`] makes `CommittedEffects`.
    fn commit(&mut self) {
        self.outbox
            .persist_directory(self.directory.take_unstored());
        self.keys
            .publish(&self.directory, &self.runtime.view().trusted);
        if let Some(committed) = self.outbox.commit(self.clock.now(), &mut self.counters) {
            self.runtime.committed();
            // Before any reply: a caller may act on the reply at once.
            self.context.log.publish(self.runtime.log_hash());
            let (runner, mut context) = self.effect_parts();
            runner.run(committed, &mut context);
        }
    }

    fn admission(&mut self) -> Admission<'_> {
        Admission {
            own_key: self.context.identity.key(),
            limits: &self.config.limits,
            clock: &self.clock,
            directory: &mut self.directory,
            message_cache: &self.context.message_cache,
        }
    }

    fn effect_parts(&mut self) -> (&mut EffectRunner, EffectContext<'_>) {
        let context = EffectContext {
            clock: &self.clock,
            epoch: self.recovery.epoch(),
            runtime: &self.runtime,
            directory: &mut self.directory,
            recorder: &mut self.recorder,
            peers: &mut self.peers,
            candidates: &mut self.candidates,
            fetches: &mut self.fetches,
            file_checks: &mut self.file_checks,
            counters: &mut self.counters,
        };
        (&mut self.effects, context)
    }

    fn view(&self) -> HostView<'_> {
        HostView {
            config: &self.config,
            now: self.clock.now(),
            directory: &self.directory,
            runtime: &self.runtime,
            peers: &self.peers,
            waiters: &self.waiters,
            fetches: &self.fetches,
            candidates: self.candidates.len(),
            files: &*self.files,
            counters: &self.counters,
            inbound_counters: &self.context.inbound_counters,
            storage_error: self.outbox.storage_error(),
            recovery: &self.recovery,
        }
    }
}
