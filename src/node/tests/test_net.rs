//! `Net`: a small network for tests of the node alone: a queue of messages and timers in the order of their due times.
//!
//! It checks what must hold in every step: what a node says is durable before it is sent, it never contradicts what it
//! has said before, and the invariants of SCP hold.

use crate::node::{
    Announcement, Application, Body, Bundle, Content, FetchError, FileInfo, Input, JoinMode,
    Message, Node, NodeConfig, NodeEvent, NodeSettings, Output, Peer, Persisted, Recipient,
    Relaying, Threshold, TimerKind, TrustPolicy, proposals_in,
};
use crate::scp::{Envelope, NodeId, QuorumSet, SlotIndex, Value};
use crate::time::{Span, Time};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What arrives at a node.
enum Scheduled {
    Input(Input),
    Timer(TimerKind, u64),
}

/// Says whether (number of the transmission, sender, receiver) gets through.
pub(super) type ReachFn = Box<dyn Fn(u64, NodeId, NodeId) -> bool>;

/// Says how long a message takes at least.
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
    /// Shortest transit time from one node to another.
    pub(super) latency: LatencyFn,
    pub(super) events: Vec<(Time, NodeId, NodeEvent)>,
    pub(super) statements: BTreeMap<(NodeId, SlotIndex), Vec<Arc<Envelope>>>,
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

/// A node that finds its peers; number 0 is the beacon.
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

/// A node with a fixed quorum set that knows everybody in it.
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
            events: Vec::new(),
            statements: BTreeMap::new(),
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

    pub(super) fn crash(&mut self, id: u32) {
        self.nodes[id as usize] = None;
        self.timers.retain(|(node, _), _| node.0 != id);
    }

    pub(super) fn restart(&mut self, id: u32) {
        let config = Arc::new(self.configs[id as usize].clone());
        self.nodes[id as usize] = Some(Node::new(config));
        let persisted = self.persisted[id as usize].clone().unwrap_or_default();
        self.give(NodeId(id), Input::Start(Some(persisted)));
    }

    pub(super) fn propose(&mut self, id: u32, content: Content) {
        self.give(NodeId(id), Input::Propose(content));
    }

    /// Lets an input arrive now, before anything else.
    pub(super) fn give(&mut self, id: NodeId, input: Input) {
        let Some(node) = self.nodes[id.index()].as_mut() else {
            return;
        };
        let outputs = node.step(self.now, input);
        node.consensus.check_invariants().unwrap();
        self.check(id, &outputs);
        for output in outputs {
            self.carry_out(id, output);
        }
    }

    fn check(&mut self, id: NodeId, outputs: &[Output]) {
        let persists = outputs
            .iter()
            .position(|output| matches!(output, Output::Persist(_)));
        assert!(persists.is_none_or(|at| at == 0), "persisting comes first");
        for output in outputs {
            let Output::Send { message, .. } = output else {
                continue;
            };
            if message.id.sender != id {
                continue;
            }
            if let Body::Scp { envelope, .. } = &message.body {
                let said = self.statements.entry((id, envelope.slot)).or_default();
                if !said.contains(envelope) {
                    assert_eq!(persists, Some(0), "{id:?} says what is not durable");
                    assert_contradiction_free(said, envelope);
                    said.push(Arc::clone(envelope));
                }
            }
        }
    }

    fn carry_out(&mut self, id: NodeId, output: Output) {
        match output {
            Output::Send { to, message } => self.send(id, to, &message),
            Output::Relay { to, bundle } => self.relay(id, to, &bundle),
            Output::Announce(announcement) => self.announce(id, &announcement),
            Output::SetTimer(kind, span) => {
                let number =
                    self.schedule(id, self.now + span, |number| Scheduled::Timer(kind, number));
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

    fn schedule(&mut self, to: NodeId, at: Time, arrival: impl FnOnce(u64) -> Scheduled) -> u64 {
        self.numbers += 1;
        let number = self.numbers;
        self.queue.insert((at, number), (to, arrival(number)));
        number
    }

    fn transmit(&mut self, from: NodeId, to: NodeId, input: Input) {
        self.sent += 1;
        if (self.reach)(self.sent, from, to) {
            // Up to 39 ms more, so that messages overtake each other.
            let more = Span::from_ms(self.sent.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 40);
            let latency = (self.latency)(from, to) + more;
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
            self.transmit(from, receiver, Input::Heard { from, announcement });
        }
    }

    /// The first holder that runs delivers, if it has the file at all.
    fn fetch(&mut self, id: NodeId, file: &FileInfo, holders: &[NodeId]) {
        let running = |&&node: &&NodeId| {
            let holder = self.nodes.get(node.index()).and_then(Option::as_ref);
            holder.is_some_and(|holder| holder.backup.holds(&file.sha256))
        };
        let result = holders
            .iter()
            .find(running)
            .copied()
            .ok_or(FetchError::Unreachable);
        let sha256 = file.sha256.clone();
        let at = self.now + Span::from_ms(100);
        self.schedule(id, at, |_| {
            Scheduled::Input(Input::Fetched { sha256, result })
        });
    }

    fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// Lets everything happen up to `ms` milliseconds after the start.
    pub(super) fn run_until(&mut self, ms: u64) {
        let until = Time::from_ms(ms);
        while let Some(entry) = self.queue.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, _), (id, arrival)) = entry.remove_entry();
            self.now = at;
            match arrival {
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

    pub(super) fn node(&self, id: u32) -> &Node {
        self.nodes[id as usize].as_ref().unwrap()
    }

    /// The decisions of a node, by slot.
    pub(super) fn log(&self, id: u32) -> Vec<Value> {
        let decided = self.node(id).log.decided();
        decided.iter().map(|(_, value)| value.clone()).collect()
    }

    /// The texts of all notes and files in the log of a node, in order.
    pub(super) fn texts(&self, id: u32) -> Vec<String> {
        let log = self.log(id);
        let proposals = log.iter().flat_map(|value| proposals_in(value).unwrap());
        proposals
            .map(|(_, proposal)| proposal.content.to_string())
            .collect()
    }

    /// What a node told, in order.
    pub(super) fn events_of(&self, id: u32) -> impl Iterator<Item = &NodeEvent> {
        self.events
            .iter()
            .filter(move |(_, node, _)| node.0 == id)
            .map(|(_, _, event)| event)
    }

    /// How often a node told something that fulfils `condition`.
    pub(super) fn count(&self, id: u32, condition: impl Fn(&NodeEvent) -> bool) -> usize {
        self.events_of(id).filter(|event| condition(event)).count()
    }
}

/// A well-behaved node takes nothing back, not even over a crash: nominations grow, and of two decisions both are alike.
fn assert_contradiction_free(said: &[Arc<Envelope>], new: &Envelope) {
    use crate::scp::Statement;
    for old in said {
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
