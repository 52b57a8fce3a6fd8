//! `Net`: a small network of nodes for unit tests. A queue delivers messages and timers in order of their due times.
//!
//! It checks invariants in every step: a statement is durable before it is sent, a node never contradicts an earlier
//! statement, and the invariants of SCP hold.

use crate::node::context::Context;
use crate::node::{
    Announcement, AnnouncementKind, Application, Body, Bundle, Content, FetchError, FileInfo,
    Input, JoinMode, Message, Node, NodeConfig, NodeEvent, NodeSettings, Output, Peer, Persisted,
    Recipient, Relaying, Remembered, Threshold, TimerKind, TrustPolicy, proposals_in,
};
use crate::scp::{Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Statement, Value};
use crate::time::{Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An entry of the queue.
enum Scheduled {
    Input(Input),
    /// A timer with its number. It expires only if no later timer of its kind has replaced it.
    Timer(TimerKind, u64),
}

/// Whether transmission number n from a sender reaches a receiver.
pub(super) type ReachFn = Box<dyn Fn(u64, NodeId, NodeId) -> bool>;

/// The minimum transit time from a sender to a receiver.
pub(super) type LatencyFn = Box<dyn Fn(NodeId, NodeId) -> Span>;

pub(super) struct Net {
    pub(super) now: Time,
    pub(super) configs: Vec<NodeConfig>,
    nodes: Vec<Option<Node>>,
    persisted: Vec<Option<Arc<Persisted>>>,
    queue: BTreeMap<(Time, u64), (NodeId, Scheduled)>,
    timers: BTreeMap<(NodeId, TimerKind), u64>,
    numbers: u64,
    pub(super) reach: ReachFn,
    pub(super) latency: LatencyFn,
    /// Whether every fetch fails.
    pub(super) fetches_fail: bool,
    pub(super) events: Vec<(Time, NodeId, NodeEvent)>,
    /// All statements that each node has made about each slot.
    pub(super) statements: BTreeMap<(NodeId, SlotIndex), Vec<Arc<Envelope>>>,
    /// The quorum sets that statements name.
    sets: BTreeMap<QuorumSetId, Arc<QuorumSet>>,
    /// The highest message number of each node.
    messages: BTreeMap<NodeId, u64>,
    /// The number of transmissions.
    pub(super) sent: u64,
}

pub(super) fn settings(application: Application) -> NodeSettings {
    NodeSettings {
        application,
        min_nodes: 4,
        settle: Span::from_ms(500),
        refresh: Span::from_ms(5_000),
        announce: Span::from_ms(10_000),
        resend: Span::from_ms(1_000),
        proposal_ttl: Span::from_ms(30_000),
        forget_after: None,
        admission: None,
        relaying: Relaying::Direct,
        relay_interval: Span::from_ms(20),
        choice_slots: 1,
    }
}

pub(super) fn peer(id: usize) -> Peer {
    Peer {
        id: NodeId(id as u32),
        name: format!("n{id}").into(),
        key: format!("GKEY{id}").into(),
    }
}

/// A node that discovers its peers; number 0 is the beacon.
pub(super) fn finder(id: usize, settings: &NodeSettings) -> NodeConfig {
    NodeConfig {
        peer: peer(id),
        trust: TrustPolicy::Found,
        threshold: Threshold::TwoThirds,
        is_beacon: id == 0,
        address_book: Arc::from([]),
        initial_value: None,
        held_files: vec![],
        join_mode: JoinMode::Founder,
        settings: Arc::new(settings.clone()),
    }
}

/// A node with a fixed quorum set and its members in the address book.
pub(super) fn fixed(id: usize, set: &QuorumSet, settings: &NodeSettings) -> NodeConfig {
    let known = set.nodes();
    let book: Vec<Peer> = known.iter().map(|node| peer(node.index())).collect();
    NodeConfig {
        trust: TrustPolicy::Fixed(Arc::new(set.clone())),
        is_beacon: false,
        address_book: book.into(),
        ..finder(id, settings)
    }
}

/// The context of a node that has not started, for tests of single parts.
pub(in crate::node) fn context() -> Context {
    Context::new(Arc::new(finder(0, &settings(Application::Log))))
}

pub(super) fn note(text: &str) -> Content {
    Content::Note(text.into())
}

pub(super) fn photo() -> FileInfo {
    FileInfo {
        name: "photo.jpg".into(),
        size_bytes: 1_000,
        sha256: "0123456789abcdef".repeat(4),
    }
}

impl Net {
    pub(super) fn new(configs: Vec<NodeConfig>) -> Net {
        let mut net = Net {
            now: Time::ZERO,
            configs: Vec::new(),
            nodes: Vec::new(),
            persisted: Vec::new(),
            queue: BTreeMap::new(),
            timers: BTreeMap::new(),
            numbers: 0,
            reach: Box::new(|_, _, _| true),
            latency: Box::new(|_, _| Span::from_ms(10)),
            fetches_fail: false,
            events: Vec::new(),
            statements: BTreeMap::new(),
            sets: BTreeMap::new(),
            messages: BTreeMap::new(),
            sent: 0,
        };
        for config in configs {
            net.place(config);
        }
        for id in net.ids() {
            net.give(id, Input::Start(None));
        }
        net
    }

    fn place(&mut self, config: NodeConfig) {
        assert_eq!(config.peer.id.index(), self.nodes.len());
        self.nodes.push(Some(Node::new(Arc::new(config.clone()))));
        self.configs.push(config);
        self.persisted.push(None);
    }

    pub(super) fn add(&mut self, config: NodeConfig) -> NodeId {
        let id = config.peer.id;
        self.place(config);
        self.give(id, Input::Start(None));
        id
    }

    /// Adds a node that does not run, for [`Net::announce_as`].
    pub(super) fn place_silent(&mut self, config: NodeConfig) {
        let id = config.peer.id;
        self.place(config);
        self.crash(id.0);
    }

    /// All nodes receive announcement number `nth` of a node that does not run.
    pub(super) fn announce_as(&mut self, id: u32, nth: u64) {
        let announcement = Arc::new(Announcement {
            peer: peer(id as usize),
            kind: AnnouncementKind::Here,
            nth,
            hops: 0,
        });
        self.announce(NodeId(id), &announcement);
    }

    pub(super) fn crash(&mut self, id: u32) {
        self.nodes[id as usize] = None;
        self.timers.retain(|(node, _), _| node.0 != id);
        // Running fetches end with the process.
        self.queue.retain(|_, (node, scheduled)| {
            node.0 != id || !matches!(scheduled, Scheduled::Input(Input::Fetched { .. }))
        });
    }

    pub(super) fn restart(&mut self, id: u32) {
        let config = Arc::new(self.configs[id as usize].clone());
        self.nodes[id as usize] = Some(Node::new(config));
        let persisted = self.persisted[id as usize].clone().unwrap_or_default();
        self.give(NodeId(id), Input::Start(Some(persisted)));
    }

    /// Replaces the durable state of a crashed node by an older copy.
    pub(super) fn roll_back(&mut self, id: u32, copy: Persisted) {
        self.persisted[id as usize] = Some(Arc::new(copy));
    }

    /// What the other nodes remember of a node: its highest message number and its statements about `slot`.
    pub(super) fn remembered(&self, id: u32, slot: SlotIndex) -> Remembered {
        let statements = self.statements.get(&(NodeId(id), slot));
        let with_set = |envelope: &Arc<Envelope>| {
            let set = self.sets.get(&envelope.quorum_set).unwrap();
            (Arc::clone(envelope), Arc::clone(set))
        };
        Remembered {
            messages: self.messages.get(&NodeId(id)).copied().unwrap_or(0),
            announcements: 0,
            proposals: 0,
            statements: statements.into_iter().flatten().map(with_set).collect(),
        }
    }

    pub(super) fn propose(&mut self, id: u32, content: Content) {
        self.give(NodeId(id), Input::Propose(content));
    }

    /// Gives a node an input now, before any entry of the queue. A crashed node ignores it.
    pub(super) fn give(&mut self, id: NodeId, input: Input) {
        let Some(node) = self.nodes[id.index()].as_mut() else {
            return;
        };
        let outputs = node.step(self.now, input);
        node.check_invariants().unwrap();
        self.check_statements(id, &outputs);
        for output in outputs {
            self.execute(id, output);
        }
    }

    fn check_statements(&mut self, id: NodeId, outputs: &[Output]) {
        let persists = outputs
            .iter()
            .position(|output| matches!(output, Output::Persist(_)));
        assert!(persists.is_none_or(|at| at == 0), "`Persist` comes first");
        for output in outputs {
            let Output::Send { message, .. } = output else {
                continue;
            };
            if message.id.sender != id {
                continue;
            }
            let highest = self.messages.entry(id).or_default();
            *highest = message.id.nth.max(*highest);
            if let Body::Scp {
                envelope,
                quorum_set,
            } = &message.body
            {
                let set = Arc::clone(quorum_set);
                let known = self.sets.insert(envelope.quorum_set, Arc::clone(&set));
                assert!(
                    known.is_none_or(|known| known == set),
                    "{id:?} uses the number of a quorum set twice"
                );
                let earlier = self.statements.entry((id, envelope.slot)).or_default();
                if !earlier.contains(envelope) {
                    assert_eq!(persists, Some(0), "{id:?} sends before it persists");
                    assert_consistent(earlier, envelope);
                    earlier.push(Arc::clone(envelope));
                }
            }
        }
    }

    fn execute(&mut self, id: NodeId, output: Output) {
        match output {
            Output::Send { to, message } => self.send(id, to, &message),
            Output::Relay { to, bundle } => self.relay(id, to, &bundle),
            Output::Announce(announcement) => self.announce(id, &announcement),
            Output::SetTimer(kind, span) => {
                let at = self.now + span;
                let number = self.schedule(id, at, |number| Scheduled::Timer(kind, number));
                self.timers.insert((id, kind), number);
            }
            Output::CancelTimer(kind) => {
                self.timers.remove(&(id, kind));
            }
            Output::Persist(changes) => {
                let persisted = Arc::make_mut(self.persisted[id.index()].get_or_insert_default());
                changes.iter().for_each(|change| persisted.apply(change));
            }
            Output::Fetch { file, holders } => self.fetch(id, &file, &holders),
            Output::Event(event) => self.events.push((self.now, id, event)),
        }
    }

    fn schedule(&mut self, to: NodeId, at: Time, entry: impl FnOnce(u64) -> Scheduled) -> u64 {
        self.numbers += 1;
        let number = self.numbers;
        self.queue.insert((at, number), (to, entry(number)));
        number
    }

    fn transmit(&mut self, from: NodeId, to: NodeId, input: Input) {
        self.sent += 1;
        if (self.reach)(self.sent, from, to) {
            // Up to 39 ms of jitter, so that messages overtake each other.
            let jitter = Span::from_ms(self.sent.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 40);
            let latency = (self.latency)(from, to) + jitter;
            self.schedule(to, self.now + latency, |_| Scheduled::Input(input));
        }
    }

    fn send(&mut self, from: NodeId, to: Recipient, message: &Arc<Message>) {
        for receiver in self.receivers(from, to) {
            let message = Arc::clone(message);
            self.transmit(from, receiver, Input::Receive { from, message });
        }
    }

    fn relay(&mut self, from: NodeId, to: Recipient, bundle: &Arc<Bundle>) {
        for receiver in self.receivers(from, to) {
            let bundle = Arc::clone(bundle);
            self.transmit(from, receiver, Input::Relayed { from, bundle });
        }
    }

    fn receivers(&self, from: NodeId, to: Recipient) -> impl Iterator<Item = NodeId> + use<> {
        self.ids().filter(move |&receiver| {
            receiver != from
                && match to {
                    Recipient::Node(node) => node == receiver,
                    Recipient::Neighbours => true,
                    Recipient::NeighboursExcept(node) => node != receiver,
                }
        })
    }

    fn announce(&mut self, from: NodeId, announcement: &Arc<Announcement>) {
        for receiver in self.ids().filter(|&node| node != from) {
            let announcement = Arc::clone(announcement);
            self.transmit(
                from,
                receiver,
                Input::ReceiveAnnouncement { from, announcement },
            );
        }
    }

    /// The first running holder delivers the file.
    fn fetch(&mut self, id: NodeId, file: &FileInfo, holders: &[NodeId]) {
        let holds = |&&node: &&NodeId| {
            let holder = self.nodes.get(node.index()).and_then(Option::as_ref);
            holder.is_some_and(|holder| holder.holds(&file.sha256))
        };
        let source = holders.iter().find(holds).filter(|_| !self.fetches_fail);
        let result = source.copied().ok_or(FetchError::Unreachable);
        let sha256 = file.sha256.clone();
        let at = self.now + Span::from_ms(100);
        let fetched = Input::Fetched { sha256, result };
        self.schedule(id, at, |_| Scheduled::Input(fetched));
    }

    fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// Processes the queue up to `ms` milliseconds after the start.
    pub(super) fn run_until(&mut self, ms: u64) {
        let until = Time::from_ms(ms);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, _), (id, scheduled)) = entry.remove_entry();
            self.now = at;
            match scheduled {
                Scheduled::Input(input) => self.give(id, input),
                Scheduled::Timer(kind, number) if self.timers.get(&(id, kind)) == Some(&number) => {
                    self.timers.remove(&(id, kind));
                    self.give(id, Input::Timer(kind));
                }
                Scheduled::Timer(..) => {}
            }
        }
        self.now = until;
    }

    /// A running node.
    pub(super) fn node(&self, id: u32) -> &Node {
        self.nodes[id as usize].as_ref().unwrap()
    }

    pub(super) fn is_running(&self, id: u32) -> bool {
        self.nodes[id as usize].is_some()
    }

    /// The durable state of a node.
    pub(super) fn persisted(&self, id: u32) -> &Persisted {
        self.persisted[id as usize].as_ref().unwrap()
    }

    /// The decisions of a running node, by slot.
    pub(super) fn log(&self, id: u32) -> Vec<Value> {
        let decided = self.node(id).decided();
        decided.iter().map(|(_, value)| value.clone()).collect()
    }

    /// The notes and file names in the log of a node, in order.
    pub(super) fn texts(&self, id: u32) -> Vec<String> {
        let log = self.log(id);
        let proposals = log.iter().flat_map(|value| proposals_in(value).unwrap());
        proposals
            .map(|(_, proposal)| proposal.content.to_string())
            .collect()
    }

    /// The events of a node, in order.
    pub(super) fn events_of(&self, id: u32) -> impl Iterator<Item = &NodeEvent> {
        self.events
            .iter()
            .filter(move |(_, node, _)| node.0 == id)
            .map(|(_, _, event)| event)
    }

    /// The number of events of a node that fulfil `condition`.
    pub(super) fn count(&self, id: u32, condition: impl Fn(&NodeEvent) -> bool) -> usize {
        self.events_of(id).filter(|event| condition(event)).count()
    }
}

/// Asserts that a node does not contradict its earlier statements, even after a crash: nominations grow, ballot
/// counters do not decrease except on entering CONFIRM, and a committed value does not change.
fn assert_consistent(earlier: &[Arc<Envelope>], new: &Envelope) {
    for old in earlier {
        match (&old.statement, &new.statement) {
            (
                Statement::Nominate { voted, accepted },
                Statement::Nominate {
                    voted: v,
                    accepted: a,
                },
            ) => {
                assert!(
                    voted.iter().all(|x| v.contains(x)) && accepted.iter().all(|x| a.contains(x))
                );
            }
            (Statement::Externalize { commit, .. }, newer) => {
                assert!(newer.is_nominate() || newer.ballot_value() == Some(&commit.x));
            }
            (Statement::Confirm { ballot, .. }, newer) if !newer.is_nominate() => {
                assert_eq!(newer.ballot_value(), Some(&ballot.x));
                assert!(newer.counter() >= ballot.n, "{old:?} then {new:?}");
            }
            (Statement::Prepare { ballot, .. }, newer) if !newer.is_nominate() => {
                assert!(newer.counter() >= ballot.n || matches!(newer, Statement::Confirm { .. }));
            }
            _ => {}
        }
    }
}
