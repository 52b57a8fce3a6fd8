//! Test harness: a node with directory and key as in a process, but with text inputs and virtual time.

use crate::statements::may_follow;
use quorumscope::live::identity::{Identity, SignaturePurpose};
use quorumscope::live::node_directory::NodeDirectory;
use quorumscope::live::process_settings;
use quorumscope::live::wire::{
    Datagram, Signed, VERSION, VerifiedMessage, WireAnnouncement, WireMessage,
};
use quorumscope::node::{
    Announcement, Body, Content, Input, JoinMode, Message, Node, NodeConfig, NodeEvent, NodeKey,
    Output, Peer, Recipient, Threshold, TimerKind, TrustPolicy,
};
use quorumscope::scp::{NodeId, Statement};
use quorumscope::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The network name of all nodes.
pub(crate) const NETWORK: &str = "fuzz";
/// Number of key pairs.
const KEYS: u8 = 8;

/// The key pair number `nth`.
pub(crate) fn identity(nth: u8) -> Identity {
    Identity::new([nth + 1; 32])
}

/// The key pair with this public key, or that of an unknown node if no key pair has it.
pub(crate) fn owner(key: &str) -> Identity {
    let mut all = (0..KEYS).map(identity);
    all.find(|identity| identity.key().to_string() == key)
        .unwrap_or_else(|| identity(KEYS))
}

/// An output of a node.
pub(crate) enum Sent {
    /// A broadcast datagram.
    Datagram(Signed),
    /// A message to one node, or to all others.
    Message(Option<NodeKey>, Signed),
}

/// A node with its directory, key and timers.
pub(crate) struct NodeHarness {
    identity: Identity,
    node: Node,
    directory: NodeDirectory,
    timers: BTreeMap<TimerKind, Time>,
    now: Time,
    name: String,
    sent: Vec<Sent>,
    statements: BTreeMap<(u64, bool), Statement>,
    /// Number of proposals in each decided slot.
    pub(crate) log: Vec<usize>,
    /// Whether the node is ready to vote.
    pub(crate) is_ready: bool,
}

impl NodeHarness {
    /// Starts node `nth`. Node 1 is the beacon.
    pub(crate) fn new(nth: u8) -> NodeHarness {
        let identity = identity(nth);
        let name = format!("n{nth}");
        let config = NodeConfig {
            peer: Peer {
                id: NodeId(0),
                name: name.as_str().into(),
                key: identity.key().to_string().into(),
            },
            trust: TrustPolicy::Found,
            threshold: Threshold::TwoThirds,
            is_beacon: nth == 1,
            address_book: Arc::new([]),
            initial_value: None,
            held_files: Vec::new(),
            join_mode: JoinMode::Unknown,
            settings: Arc::new(process_settings()),
        };
        let mut node = NodeHarness {
            directory: NodeDirectory::new(identity.key()),
            identity,
            node: Node::new(Arc::new(config)),
            timers: BTreeMap::new(),
            now: Time::ZERO,
            name,
            sent: Vec::new(),
            statements: BTreeMap::new(),
            log: Vec::new(),
            is_ready: false,
        };
        node.step(Input::Start(None));
        node
    }

    pub(crate) fn key(&self) -> NodeKey {
        self.identity.key()
    }

    /// Takes the outputs since the last call.
    pub(crate) fn take_sent(&mut self) -> Vec<Sent> {
        std::mem::take(&mut self.sent)
    }

    /// The expiry time of the next timer.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.timers.values().min().copied()
    }

    /// Advances time to the next timer and fires it.
    pub(crate) fn tick(&mut self) {
        let next = self.timers.iter().min_by_key(|(_, due)| **due);
        if let Some((&kind, &due)) = next {
            self.timers.remove(&kind);
            self.now = self.now.max(due);
            self.step(Input::Timer(kind));
        }
    }

    /// Proposes a note.
    pub(crate) fn propose(&mut self, note: &str) {
        self.step(Input::Propose(Content::Note(note.to_owned())));
    }

    /// Receives a datagram.
    pub(crate) fn receive_datagram(&mut self, packet: &[u8]) {
        let Ok((announcement, signed)) = Datagram::read(packet, NETWORK) else {
            return;
        };
        let Ok(id) = self.directory.assign(announcement.key) else {
            return;
        };
        if id == NodeId(0) || !self.directory.accept(id, announcement.recency()) {
            return;
        }
        self.directory.update(&announcement, &signed).unwrap();
        let peer = self.directory.peer(id).unwrap();
        assert_eq!(*peer.key, announcement.key.to_string());
        let announcement = Arc::new(announcement.to_local(peer));
        self.step(Input::ReceiveAnnouncement {
            from: id,
            announcement,
        });
    }

    /// Receives a message directly from its author.
    pub(crate) fn receive(&mut self, signed: Signed) {
        let Ok(opened) = VerifiedMessage::open(signed, NETWORK) else {
            return;
        };
        if opened.message.sender == self.key()
            || opened.message.to.is_some_and(|to| to != self.key())
        {
            return;
        }
        let Ok(message) = opened.to_local(&mut self.directory) else {
            return;
        };
        self.step(Input::Receive {
            from: message.id.sender,
            message: Arc::new(message),
        });
    }

    fn step(&mut self, input: Input) {
        for output in self.node.step(self.now, input) {
            match output {
                Output::SetTimer(kind, span) => drop(self.timers.insert(kind, self.now + span)),
                Output::CancelTimer(kind) => drop(self.timers.remove(&kind)),
                Output::Send { to, message } => self.send(to, &message),
                Output::Announce(announcement) => self.announce(&announcement),
                Output::Event(event) => self.note(&event),
                Output::Persist(_) | Output::Fetch { .. } | Output::Relay { .. } => {}
            }
        }
    }

    fn note(&mut self, event: &NodeEvent) {
        match event {
            NodeEvent::Ready { .. } => self.is_ready = true,
            NodeEvent::Recorded {
                slot, proposals, ..
            } => {
                self.log.push(proposals.len());
                assert_eq!(
                    slot.0,
                    self.log.len() as u64,
                    "a log has no gaps and no repetitions"
                );
            }
            _ => {}
        }
    }

    /// Checks that receivers decode a message unchanged, and sends it.
    fn send(&mut self, to: Recipient, message: &Message) {
        let wire = WireMessage::new(message, &self.directory);
        let signed = wire.sign(&self.identity, NETWORK).unwrap();
        let opened = VerifiedMessage::open(signed.clone(), NETWORK).unwrap();
        let read = opened.to_local(&mut self.directory).unwrap();
        match (&read.body, &message.body) {
            // The signed message lists only nodes whose announcements are stored.
            (Body::Peers(read), Body::Peers(sent)) => {
                assert!(read.known.iter().all(|peer| sent.known.contains(peer)));
            }
            _ => assert_eq!(&read, message),
        }
        if let Body::Scp { envelope, .. } = &message.body {
            let kind = (envelope.slot.0, envelope.statement.is_nominate());
            if let Some(last) = self.statements.insert(kind, envelope.statement.clone()) {
                assert!(
                    may_follow(&last, &envelope.statement),
                    "{:?} after {last:?}",
                    envelope.statement
                );
            }
        }
        let to = match to {
            Recipient::Node(node) => Some(self.directory.key_of(node)),
            Recipient::Neighbours | Recipient::NeighboursExcept(_) => None,
        };
        self.sent.push(Sent::Message(to, signed));
    }

    fn announce(&mut self, announcement: &Announcement) {
        let own = WireAnnouncement {
            version: VERSION,
            network: NETWORK.to_owned(),
            key: self.key(),
            name: self.name.clone(),
            http: ([127, 0, 0, 1], 8000).into(),
            kind: announcement.kind,
            nth: announcement.nth,
            epoch: 1,
            messages: 256,
            mark_us: self.now.0 + 1,
        };
        let signed = own.sign(&self.identity).unwrap();
        self.directory.update(&own, &signed).unwrap();
        self.sent.push(Sent::Datagram(signed));
    }
}

/// Signs `json` with the key in its field `author`.
pub(crate) fn signed(json: &str, author: &str, purpose: SignaturePurpose) -> Option<Signed> {
    let content: Box<serde_json::value::RawValue> = serde_json::from_str(json).ok()?;
    let fields: serde_json::Value = serde_json::from_str(json).ok()?;
    let author = owner(fields.get(author)?.as_str()?);
    Signed::new(&author, NETWORK, purpose, &content).ok()
}
