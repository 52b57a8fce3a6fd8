//! `Host`: the thread on which the node lives. It feeds the node with what happens, and does what the node wants.
//!
//! A turn of the loop takes what has come meanwhile, lets the node do a step for each, stores everything that must
//! survive a crash in one transaction, and only then lets anything leave: messages, answers, acknowledgements. If storing
//! fails, nothing leaves; it is tried again until it works, and calls are turned away meanwhile.
//!
//! Absent here: protocol (that is `node`), sockets (`http`, `udp`, `clients`).

mod counters;
mod effects;
mod inbound;
mod node_events;
mod queries;

use super::clock::Clock;
use super::command::{HostCommand, ProposalOutcome, ProposeError, ReplySender};
use super::config::LiveConfig;
use super::fetch::{FetchEvent, Fetcher};
use super::file_store::FileStore;
use super::log_hash::LogHash;
use super::node_directory::NodeDirectory;
use super::peer_client::{PeerClients, PeerContext};
use super::recorder::Recorder;
use super::store::{Store, WriteBatch};
use super::udp::Udp;
use super::wire::{LogHead, Receipts, VerifiedMessage, WireError};
use crate::node::view::NodeView;
use crate::node::{Content, Input, Node, NodeEvent, Output, Persisted, ProposalId};
use crate::scp::{NodeId, SlotIndex};
use crate::time::{Span, Time};
use counters::MetricCounters;
use crossbeam_channel::Receiver;
use effects::HostEffect;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many commands are taken in one turn: they are stored together.
const COMMANDS_PER_TURN: usize = 256;
/// How often what came from others is offered to others.
const OFFER_INTERVAL: Span = Span::from_ms(250);
/// How long it takes until storing is tried again.
const STORING_RETRY: Span = Span::from_ms(500);

/// What is known about how another node can be reached.
#[derive(Clone, Debug, Default)]
struct PeerState {
    why: String,
    is_reachable: Option<bool>,
    heard_at: Option<Time>,
    log: Option<LogHead>,
    /// Why it did not take the last call, if it did not.
    refusal: Option<String>,
    /// It has said that its log, as long as this one's, is another.
    has_other_log: bool,
}

/// Whether the loop goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LoopState {
    Running,
    Ending,
}

/// What a host is made of.
pub(super) struct HostParts {
    /// What the process was told.
    pub config: Arc<LiveConfig>,
    /// Real time.
    pub clock: Clock,
    /// The node, not started.
    pub node: Node,
    /// Who has which number.
    pub directory: NodeDirectory,
    /// What survives.
    pub store: Store,
    /// What the node calls.
    pub context: Arc<PeerContext>,
    /// Discovery.
    pub udp: Udp,
    /// What happens is recorded.
    pub recorder: Recorder,
    /// The files that are here.
    pub(super) files: FileStore,
    /// Files come from others.
    pub fetcher: Fetcher,
    /// What the fetcher says.
    pub(super) fetched: Receiver<FetchEvent>,
    /// Commands come in here.
    pub commands: Receiver<HostCommand>,
}

/// The thread on which the node lives.
pub(super) struct Host {
    config: Arc<LiveConfig>,
    clock: Clock,
    node: Node,
    view: NodeView,
    timers: super::timers::Timers,
    directory: NodeDirectory,
    store: Store,
    clients: PeerClients,
    context: Arc<PeerContext>,
    udp: Udp,
    recorder: Recorder,
    files: FileStore,
    fetcher: Fetcher,
    fetched: Receiver<FetchEvent>,
    /// Whom the fetches under way ask.
    holders: BTreeMap<String, Vec<NodeId>>,
    commands: Receiver<HostCommand>,
    log_hash: LogHash,
    counters: MetricCounters,
    contacts: BTreeMap<NodeId, PeerState>,
    awaiting: BTreeMap<ProposalId, Vec<ReplySender<ProposalOutcome>>>,
    /// In which slot what is in the log was agreed on.
    agreed: BTreeMap<ProposalId, SlotIndex>,
    /// Messages with proposed files whose origin is being asked.
    file_checks: BTreeMap<ProposalId, Vec<VerifiedMessage>>,
    received_bytes: BTreeMap<String, u64>,
    batch: WriteBatch,
    effects: Vec<HostEffect>,
    flights: u64,
    mark_us: u64,
    offered_at: Time,
    /// Why nothing can be stored.
    storage_error: Option<String>,
    /// Before this it is not tried again.
    retry_at: Time,
    life: LoopState,
}

impl Host {
    /// A host that has not started.
    #[must_use]
    pub(super) fn new(parts: HostParts) -> Host {
        Host {
            config: parts.config,
            clock: parts.clock,
            node: parts.node,
            view: NodeView::default(),
            timers: super::timers::Timers::default(),
            directory: parts.directory,
            store: parts.store,
            clients: PeerClients::new(Arc::clone(&parts.context)),
            context: parts.context,
            udp: parts.udp,
            recorder: parts.recorder,
            files: parts.files,
            fetcher: parts.fetcher,
            fetched: parts.fetched,
            holders: BTreeMap::new(),
            commands: parts.commands,
            log_hash: LogHash::default(),
            counters: MetricCounters::default(),
            contacts: BTreeMap::new(),
            awaiting: BTreeMap::new(),
            agreed: BTreeMap::new(),
            file_checks: BTreeMap::new(),
            received_bytes: BTreeMap::new(),
            batch: WriteBatch::default(),
            effects: Vec::new(),
            flights: 0,
            mark_us: 0,
            offered_at: Time::ZERO,
            storage_error: None,
            retry_at: Time::ZERO,
            life: LoopState::Running,
        }
    }

    /// Runs until the process is asked to end.
    pub(super) fn run(mut self, persisted: Option<Persisted>) {
        self.restore(persisted.as_ref());
        self.step(Input::Start(persisted.map(Arc::new)));
        self.commit();
        while self.life == LoopState::Running {
            self.wait();
            for _ in 1..COMMANDS_PER_TURN {
                match self.commands.try_recv() {
                    Ok(command) => self.take(command),
                    Err(_) => break,
                }
            }
            if self.storage_error.is_none() {
                self.ring();
                self.offer();
            }
            self.commit();
            self.recorder.tend(self.clock.now());
        }
        self.recorder.finish();
        tracing::info!(slot = self.log_hash.index(), "stopped");
    }

    /// How long nothing will happen by itself.
    fn poll_timeout(&self) -> Duration {
        let longest = Duration::from_millis(OFFER_INTERVAL.0 / 1000);
        let timers = self.timers.next_due().map(|due| self.clock.until(due));
        let wait = timers.map_or(longest, |wait| wait.min(longest));
        match self.storage_error {
            // Timers that are due wait, too.
            Some(_) => self.clock.until(self.retry_at),
            None => wait,
        }
    }

    /// Takes what comes first: a command, word of a fetch, or the end of patience.
    fn wait(&mut self) {
        let commands = self.commands.clone();
        let fetched = match self.storage_error {
            None => self.fetched.clone(),
            // What has been fetched could not be stored either.
            Some(_) => crossbeam_channel::never(),
        };
        // The other ends of both are held by this process as long as it lives.
        crossbeam_channel::select! {
            recv(commands) -> command => command.into_iter().for_each(|command| self.take(command)),
            recv(fetched) -> event => event.into_iter().for_each(|event| self.take_fetched(event)),
            default(self.poll_timeout()) => {}
        }
    }

    /// Lets the timers run out that are due.
    fn ring(&mut self) {
        while let Some(kind) = self.timers.take_due(self.clock.now()) {
            self.view.clear_timer(kind);
            self.step(Input::Timer(kind));
        }
    }

    /// Lets the node do a step. Its outputs are carried out when what must survive has been stored.
    fn step(&mut self, input: Input) -> Arc<[Output]> {
        let at = self.clock.now();
        self.meet(at);
        let outputs: Arc<[Output]> = self.node.step(at, input.clone()).into();
        self.counters.steps += 1;
        for output in outputs.iter() {
            match output {
                Output::SetTimer(kind, span) => {
                    self.timers.set(*kind, at + *span);
                    self.view.set_timer(at, *kind, *span);
                }
                Output::CancelTimer(kind) => {
                    self.timers.cancel(*kind);
                    self.view.clear_timer(*kind);
                }
                Output::Persist(changes) => self.batch.changes.extend(changes.iter().cloned()),
                Output::Event(event) => self.note(at, event),
                Output::Send { to, message } => self
                    .effects
                    .push(HostEffect::Send(*to, Arc::clone(message))),
                Output::Announce(said) => self.effects.push(HostEffect::Announce(Arc::clone(said))),
                Output::Fetch { file, holders } => {
                    self.effects
                        .push(HostEffect::Fetch(file.clone(), holders.clone()));
                }
                // The transport passes on by itself: nodes of this kind relay directly.
                Output::Relay { .. } => {}
            }
        }
        self.recorder.stepped(at, input, &outputs);
        outputs
    }

    /// Records whom this process has given a number since the last time.
    fn meet(&mut self, at: Time) {
        let directory = &self.directory;
        self.recorder.met(at, directory);
    }

    fn take(&mut self, command: HostCommand) {
        match command {
            HostCommand::Announcement(said) => self.hear(&said.0, &said.1),
            HostCommand::DatagramDropped(error) => self.counters.datagram_dropped(&error),
            HostCommand::Messages(messages, reply) => {
                let results = messages.iter().map(|opened| self.arrive(opened)).collect();
                self.answer_receipts(results, reply);
            }
            HostCommand::Bundle(bundle, reply) => {
                let results = self.arrive_bundle(&bundle);
                self.answer_receipts(results, reply);
            }
            HostCommand::PeersQuery(question, reply) => self.answer_question(&question, reply),
            HostCommand::PeersAnswer(answer) => drop(self.arrive(&answer)),
            HostCommand::Propose(content, reply) => self.propose(content, reply),
            HostCommand::AwaitDecision(id, reply) => self.wait_for(id, reply),
            HostCommand::Status(question, reply) => {
                let status = Box::new(self.status(question));
                self.after_commit(move || drop(reply.send(status)));
            }
            HostCommand::Peers(reply) => {
                let peers = self.peers();
                self.after_commit(move || drop(reply.send(peers)));
            }
            HostCommand::Metrics(reply) => drop(reply.send(self.metrics())),
            HostCommand::Health(reply) => drop(reply.send(match &self.storage_error {
                None => Ok(()),
                Some(storage_error) => Err(storage_error.clone()),
            })),
            HostCommand::Subscribe(reply) => self.follow(reply),
            HostCommand::DeliveryReport(node, flights, delivery) => {
                self.delivery_report(node, &flights, delivery)
            }
            HostCommand::FileChecked(proposal, verdict) => self.looked(&proposal, verdict),
            HostCommand::Leave => {
                self.step(Input::Leave);
                self.life = LoopState::Ending;
            }
            HostCommand::Stop => self.life = LoopState::Ending,
        }
    }

    /// Does something after everything so far has been stored. While nothing can be stored, whoever asks is answered
    /// at once: nothing that came since has been taken in.
    fn after_commit(&mut self, work: impl FnOnce() + Send + 'static) {
        if self.storage_error.is_some() {
            return work();
        }
        self.effects.push(HostEffect::Answer(Box::new(work)));
    }

    fn answer_receipts(
        &mut self,
        results: Vec<super::wire::Receipt>,
        reply: ReplySender<Receipts>,
    ) {
        let receipts = Receipts {
            results,
            log: Some(self.log_head()),
        };
        self.after_commit(move || drop(reply.send(receipts)));
    }

    fn propose(&mut self, content: Content, reply: ReplySender<Result<ProposalId, ProposeError>>) {
        if let Some(storage_error) = &self.storage_error {
            drop(reply.send(Err(ProposeError::Storage(storage_error.clone()))));
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
        let answer = answer.unwrap_or(Err(ProposeError::Stopping));
        self.after_commit(move || drop(reply.send(answer)));
    }

    fn wait_for(&mut self, id: ProposalId, reply: ReplySender<ProposalOutcome>) {
        if self.view.pool.contains_key(&id) {
            let waiting = self.awaiting.entry(id).or_default();
            waiting.retain(|reply| !reply.is_closed());
            waiting.push(reply);
        } else if let Some(&slot) = self.agreed.get(&id) {
            drop(reply.send(ProposalOutcome::Decided(slot)));
        }
        // Otherwise nothing is known of it, and nobody answers.
    }

    /// How far the log has come.
    fn log_head(&self) -> LogHead {
        LogHead {
            index: self.log_hash.index(),
            hash: self.log_hash.hex(),
        }
    }

    fn drop_announcement(&mut self, error: &WireError) {
        self.counters.datagram_dropped(error);
    }
}
