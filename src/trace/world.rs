//! `World`: the state of the whole run, folded from its records. Pictures, summaries and checkers read nothing else.

use super::parts::{
    Broadcast, EventLogEntry, Flight, LOST_SHOWN, NodeStatus, RunCounters, WorldNode,
};
use super::record::{FlightId, Record};
use super::tables::{ProposalRow, RowKey, SlotSummary, Tables};
use crate::net::Position;
use crate::node::view::{NodeView, Readiness};
use crate::node::{
    Input, JoinMode, NodeConfig, NodeEvent, NodeKey, Output, Peer, Proposal, Threshold, TrustPolicy,
};
use crate::scenario::{Action, Scenario};
use crate::scp::{NodeId, QuorumSet, SlotIndex, Value};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Most entries of the event log.
const EVENT_LOG_MAX: usize = 2_000;
/// Number of newest broadcasts that are always kept. Relaying makes the number of broadcasts quadratic in the number of
/// nodes.
const BROADCASTS_MAX: usize = 1_000;

/// The state at `now`.
#[derive(Clone, Debug)]
pub struct World {
    /// The scenario of the run.
    pub scenario: Arc<Scenario>,
    /// Time up to which all records are applied.
    pub now: Time,
    /// All nodes by number, including those that have left.
    pub nodes: Vec<WorldNode>,
    /// Transmissions in flight, and recently lost ones.
    pub flights: BTreeMap<FlightId, Flight>,
    /// Spreading broadcasts, the oldest first; bounded.
    pub broadcasts: Vec<Broadcast>,
    /// The groups of the current network partition; empty if there is none.
    pub partition: Vec<Vec<NodeId>>,
    /// Counts since the start.
    pub counters: RunCounters,
    /// Notable events, the oldest first; bounded.
    pub log: VecDeque<EventLogEntry>,
    /// Increases when the view, status or position of a node changes. For caches.
    pub version: u64,
    /// Increases when a trust edge may have changed. For caches.
    pub trust_version: u64,
    /// Increases when a node is added or moves. For caches.
    pub places_version: u64,
    tables: Tables,
    endings: BTreeSet<(Time, FlightId)>,
}

impl World {
    /// The world before the first record.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>) -> World {
        World {
            scenario,
            now: Time::ZERO,
            nodes: Vec::new(),
            flights: BTreeMap::new(),
            broadcasts: Vec::new(),
            partition: Vec::new(),
            counters: RunCounters::default(),
            log: VecDeque::new(),
            version: 0,
            trust_version: 0,
            places_version: 0,
            tables: Tables::default(),
            endings: BTreeSet::new(),
        }
    }

    /// The node with this number.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&WorldNode> {
        self.nodes.get(id.index())
    }

    /// The name of a node, or `#` and its number if it is unknown.
    #[must_use]
    pub fn name(&self, id: NodeId) -> Arc<str> {
        self.node(id).map_or_else(
            || format!("#{}", id.0).into(),
            |node| Arc::clone(&node.config.peer.name),
        )
    }

    /// Whether the proposal was made at this node.
    #[must_use]
    pub fn is_origin(&self, node: NodeId, proposal: &Proposal) -> bool {
        self.node(node)
            .is_some_and(|node| NodeKey::of(&node.config.peer.key) == proposal.id.origin)
    }

    /// Summaries by slot.
    #[must_use]
    pub fn slots(&self) -> &BTreeMap<SlotIndex, SlotSummary> {
        &self.tables.slots
    }

    /// Proposals and their states, in the order of appearance.
    #[must_use]
    pub fn proposals(&self) -> Vec<(RowKey, &ProposalRow)> {
        self.tables.proposals()
    }

    /// Whether a proposal, or a value in a slot, is neither decided nor expired.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        self.tables.awaits_decision()
    }

    /// The first slot with two externalized values, and the nodes by value.
    #[must_use]
    pub fn fork(&self) -> Option<(SlotIndex, BTreeMap<Value, Vec<NodeId>>)> {
        self.tables
            .slots
            .iter()
            .map(|(slot, summary)| (*slot, summary.camps()))
            .find(|(_, camps)| camps.len() > 1)
    }

    /// Drops all slots except the newest `last` ones, also from the logs of nodes.
    pub fn forget_before_last(&mut self, last: usize) {
        let Some(oldest) = self
            .tables
            .slots
            .keys()
            .rev()
            .take(last)
            .next_back()
            .copied()
        else {
            return;
        };
        self.tables.slots = self.tables.slots.split_off(&oldest);
        for node in &mut self.nodes {
            node.view.log.retain(|entry| entry.slot >= oldest);
        }
        self.version += 1;
    }

    /// Advances time to `now` without a record: transmissions arrive, broadcasts end.
    pub fn advance_to(&mut self, now: Time) {
        self.now = self.now.max(now);
        while let Some(&(at, flight)) = self.endings.first() {
            if at >= self.now {
                break;
            }
            self.endings.pop_first();
            if self
                .flights
                .remove(&flight)
                .is_some_and(|flight| flight.lost.is_none())
            {
                self.counters.delivered += 1;
            }
        }
        // All broadcasts spread for the same time, so the first one sent is the first one to end.
        if self
            .broadcasts
            .first()
            .is_some_and(|ring| ring.until <= now)
        {
            self.broadcasts.retain(|ring| ring.until > now);
        }
    }

    /// Applies a record.
    pub fn apply(&mut self, record: &Record) {
        self.advance_to(record.at());
        match record {
            Record::NodeAdded {
                at,
                config,
                position,
                organization,
            } => {
                self.add_node(*at, config, *position, organization.clone());
            }
            Record::NodeReferenced { at, peer, position } => {
                self.reference_node(*at, peer, *position)
            }
            Record::Acted { action, .. } => self.act(action),
            Record::Stepped {
                at,
                node,
                input,
                outputs,
                ..
            } => self.step(*at, *node, input, outputs),
            Record::Sent {
                at,
                arrives_at,
                flight,
                from,
                to,
                kind,
                housekeeping,
                ..
            } => {
                let (sent_at, arrives_at) = (*at, *arrives_at);
                let (from, to, kind, housekeeping) = (*from, *to, *kind, *housekeeping);
                let lost = None;
                self.counters.sent += 1;
                self.tables.sent(kind, housekeeping);
                self.fly(
                    *flight,
                    Flight {
                        from,
                        to,
                        sent_at,
                        arrives_at,
                        kind,
                        housekeeping,
                        lost,
                    },
                );
            }
            Record::Lost {
                at,
                flight,
                from,
                to,
                kind,
                housekeeping,
                why,
            } => {
                let fallen = Flight {
                    from: *from,
                    to: *to,
                    sent_at: *at,
                    arrives_at: *at + LOST_SHOWN,
                    kind: *kind,
                    housekeeping: *housekeeping,
                    lost: Some(*why),
                };
                self.lose(*flight, fallen);
            }
            Record::Chunk { .. } => {}
        }
    }

    fn add_node(
        &mut self,
        at: Time,
        config: &Arc<NodeConfig>,
        position: Position,
        organization: Option<Arc<str>>,
    ) {
        let node = WorldNode {
            config: Arc::clone(config),
            position,
            organization,
            status: NodeStatus::Running,
            added_at: at,
            view: NodeView::default(),
        };
        let known = self.nodes.get_mut(config.peer.id.index());
        match known.filter(|known| known.config.peer.key == config.peer.key) {
            Some(known) => {
                *known = node;
                self.log.retain(|line| line.node != config.peer.id);
            }
            None => self.nodes.push(node),
        }
        self.places_version += 1;
        self.version += 1;
        self.trust_version += 1;
    }

    fn reference_node(&mut self, at: Time, peer: &Peer, position: Position) {
        let config = Arc::new(NodeConfig {
            peer: peer.clone(),
            trust: TrustPolicy::Found,
            threshold: Threshold::TwoThirds,
            is_beacon: false,
            address_book: Arc::default(),
            initial_value: None,
            held_files: Vec::new(),
            join_mode: JoinMode::Unknown,
            settings: Arc::clone(&self.scenario.settings),
        });
        self.add_node(at, &config, position, None);
        if let Some(node) = self.nodes.last_mut() {
            node.status = NodeStatus::Unseen;
        }
    }

    fn act(&mut self, action: &Action) {
        self.version += 1;
        match action {
            Action::Crash { node } => self.set_status(*node, NodeStatus::Crashed),
            Action::Restart { node } | Action::Unsilence { node } => {
                self.set_status(*node, NodeStatus::Running)
            }
            Action::Silence { node } => self.set_status(*node, NodeStatus::Silent),
            Action::Move { node, to } => {
                if let Some(node) = self.nodes.get_mut(node.index()) {
                    node.position = *to;
                    self.places_version += 1;
                    self.trust_version += 1;
                }
            }
            Action::Partition { groups } => self.partition.clone_from(groups),
            Action::Heal => self.partition.clear(),
            Action::Propose { .. }
            | Action::AddNode { .. }
            | Action::Leave { .. }
            | Action::SetTrust { .. } => {}
        }
    }

    fn set_status(&mut self, id: NodeId, status: NodeStatus) {
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.status = status;
            if status == NodeStatus::Crashed {
                node.view.timers.clear();
            }
            self.trust_version += 1;
            self.tables.settle_all(runs(&self.nodes));
        }
    }

    fn step(&mut self, at: Time, id: NodeId, input: &Input, outputs: &[Output]) {
        self.counters.steps += 1;
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        let spreads = self.scenario.medium.latency.max;
        match input {
            Input::Timer(kind) => node.view.clear_timer(*kind),
            Input::Start(Some(persisted)) => {
                let logged = node.view.log.last().map(|entry| entry.slot);
                for event in persisted.restored_events(id, logged) {
                    node.view.apply(at, &event);
                    self.tables.note(at, id, &event);
                }
                self.trust_version += 1;
            }
            _ => {}
        }
        for output in outputs {
            match output {
                Output::SetTimer(kind, span) => node.view.set_timer(at, *kind, *span),
                Output::CancelTimer(kind) => node.view.clear_timer(*kind),
                Output::Announce(announcement) => {
                    let ring = Broadcast::new(id, node.position, announcement, at, spreads);
                    self.broadcasts.push(ring);
                }
                Output::Relay { bundle, .. } => {
                    // A bundle is one transmission and spreads as one broadcast, whatever it contains.
                    if let Some(first) = bundle.announcements.first() {
                        let ring = Broadcast::new(id, node.position, first, at, spreads);
                        self.broadcasts.push(ring);
                    }
                }
                Output::Event(event) => {
                    node.view.apply(at, event);
                    self.tables.note(at, id, event);
                    match event {
                        NodeEvent::TrustChanged { .. } | NodeEvent::QuorumSetChanged { .. } => {
                            self.trust_version += 1
                        }
                        NodeEvent::Left => {
                            node.status = NodeStatus::Left;
                            self.trust_version += 1;
                        }
                        _ => {}
                    }
                    if EventLogEntry::is_notable(event) {
                        let event = event.clone();
                        let line = EventLogEntry {
                            at,
                            node: id,
                            event,
                        };
                        insert_entry(&mut self.log, line);
                    }
                }
                Output::Send { .. } | Output::Persist(_) | Output::Fetch { .. } => {}
            }
        }
        self.settle(outputs);
        if self.broadcasts.len() >= 2 * BROADCASTS_MAX {
            self.broadcasts.drain(..BROADCASTS_MAX);
        }
        self.version += 1;
        while self.log.len() > EVENT_LOG_MAX {
            self.log.pop_front();
        }
    }

    /// Updates proposals that a joining, deciding or leaving node may have settled.
    fn settle(&mut self, outputs: &[Output]) {
        for output in outputs {
            match output {
                Output::Event(
                    NodeEvent::SlotStarted { slot, .. } | NodeEvent::Recorded { slot, .. },
                ) => self.tables.settle(*slot, runs(&self.nodes)),
                Output::Event(NodeEvent::Left) => self.tables.settle_all(runs(&self.nodes)),
                _ => {}
            }
        }
    }

    fn fly(&mut self, id: FlightId, flight: Flight) {
        self.endings.insert((flight.arrives_at, id));
        self.flights.insert(id, flight);
    }

    /// Records a loss when the transmission is sent, or on arrival, when its flight is already known.
    fn lose(&mut self, id: FlightId, mut fallen: Flight) {
        self.counters.lost += 1;
        match self.flights.get(&id) {
            Some(known) => {
                self.endings.remove(&(known.arrives_at, id));
                fallen.sent_at = known.sent_at;
            }
            None => self.counters.sent += 1,
        }
        self.fly(id, fallen);
    }

    /// The newest quorum set of every node, by number; `None` for nodes that have left or have no usable set.
    #[must_use]
    pub fn quorum_sets(&self) -> Vec<Option<Arc<QuorumSet>>> {
        let of = |node: &WorldNode| match (&node.view.quorum_set, &node.config.trust) {
            _ if node.status == NodeStatus::Left => None,
            (_, TrustPolicy::None) => None,
            (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => Some(Arc::clone(set)),
            (None, TrustPolicy::Found | TrustPolicy::InRange) => None,
        };
        self.nodes.iter().map(of).collect()
    }

    /// Whether quorums depend on nodes whose own quorum sets are unknown.
    #[must_use]
    pub fn depends_on_unseen(&self) -> bool {
        let names_unseen = |set: Arc<QuorumSet>| {
            set.nodes()
                .iter()
                .any(|id| self.node(id).is_some_and(WorldNode::is_unseen))
        };
        self.quorum_sets().into_iter().flatten().any(names_unseen)
    }

    /// Running nodes that have not left: the nodes that count for the outcome.
    pub fn participants(&self) -> impl Iterator<Item = (NodeId, &WorldNode)> {
        (0..).map(NodeId).zip(&self.nodes).filter(|(_, node)| {
            node.status == NodeStatus::Running && node.view.readiness != Readiness::Left
        })
    }
}

/// Inserts in order of time, because the past of a node may become known late.
fn insert_entry(log: &mut VecDeque<EventLogEntry>, line: EventLogEntry) {
    if log.back().is_none_or(|last| last.at <= line.at) {
        log.push_back(line);
    } else {
        let place = log.partition_point(|earlier| earlier.at <= line.at);
        log.insert(place, line);
    }
}

/// Whether a node runs, silenced or not.
fn runs(nodes: &[WorldNode]) -> impl Fn(NodeId) -> bool + '_ {
    |id| {
        nodes
            .get(id.index())
            .is_some_and(|node| matches!(node.status, NodeStatus::Running | NodeStatus::Silent))
    }
}
