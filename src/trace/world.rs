//! `World`: the state of everything, folded from records. Pictures, summaries and verdicts read it and nothing else.

use super::parts::{Broadcast, EventLogEntry, Flight, NodeStatus, RunCounters, WorldNode};
use super::record::{FlightId, Record};
use super::tables::{ProposalRow, RowKey, SlotSummary, Tables};
use crate::net::Position;
use crate::node::view::{NodeView, Readiness};
use crate::node::{
    Input, JoinMode, NodeConfig, NodeEvent, NodeKey, Output, Peer, Proposal, Threshold, TrustPolicy,
};
use crate::scenario::{Action, Scenario};
use crate::scp::{NodeId, QuorumSet, SlotIndex, Value};
use crate::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// How many lines the event log keeps.
const EVENT_LOG_MAX: usize = 2_000;
/// How many spreading broadcasts are kept, the newest; relaying makes their number grow with the square of the nodes'.
const BROADCASTS_MAX: usize = 1_000;
/// How long a lost message is remembered so that a picture can let it fall.
const FALL: Span = Span::from_ms(400);

/// Everything that is known, at `now`.
#[derive(Clone, Debug)]
pub struct World {
    /// What is being run.
    pub scenario: Arc<Scenario>,
    /// Everything up to here is folded in.
    pub now: Time,
    /// All nodes that ever were, by number.
    pub nodes: Vec<WorldNode>,
    /// Messages under way and falling.
    pub flights: BTreeMap<FlightId, Flight>,
    /// Broadcasts that are spreading, the oldest first, bounded.
    pub broadcasts: Vec<Broadcast>,
    /// The groups of the current cut; empty = none.
    pub partition: Vec<Vec<NodeId>>,
    /// Transmission counts.
    pub counters: RunCounters,
    /// Notable events, the oldest first, bounded.
    pub log: VecDeque<EventLogEntry>,
    /// Who changed: nodes whose view, status or place changed count up here, for caches.
    pub version: u64,
    /// Counts up when an edge of trust may have changed, for caches.
    pub trust_version: u64,
    /// Counts up when a node has come or stands somewhere else.
    pub places_version: u64,
    tables: Tables,
    endings: BTreeSet<(Time, FlightId)>,
}

impl World {
    /// Nothing has happened yet.
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

    /// The name of a node, or its number if it is not known.
    #[must_use]
    pub fn name(&self, id: NodeId) -> Arc<str> {
        self.node(id).map_or_else(
            || format!("#{}", id.0).into(),
            |node| Arc::clone(&node.config.peer.name),
        )
    }

    /// Was the proposal made at this node?
    #[must_use]
    pub fn is_origin(&self, node: NodeId, proposal: &Proposal) -> bool {
        self.node(node)
            .is_some_and(|node| NodeKey::of(&node.config.peer.key) == proposal.id.origin)
    }

    /// What happened in each slot.
    #[must_use]
    pub fn slots(&self) -> &BTreeMap<SlotIndex, SlotSummary> {
        &self.tables.slots
    }

    /// What was proposed and what became of it, in the order of appearance.
    #[must_use]
    pub fn proposals(&self) -> Vec<(RowKey, &ProposalRow)> {
        self.tables.proposals()
    }

    /// Whether something proposed waits for its first decision: a proposal that nobody has decided or given up, a value
    /// in a slot that nobody has decided.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        self.tables.awaits_decision()
    }

    /// The first slot for which two values were externalized, with the camps.
    #[must_use]
    pub fn fork(&self) -> Option<(SlotIndex, BTreeMap<Value, Vec<NodeId>>)> {
        self.tables
            .slots
            .iter()
            .map(|(slot, summary)| (*slot, summary.camps()))
            .find(|(_, camps)| camps.len() > 1)
    }

    /// Forgets what became of all slots but the `last` ones, in the logs of nodes too.
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

    /// Lets time pass to `now` without anything happening: messages arrive, rings fade.
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
        // They spread equally long, so the first to set out is the first to end.
        if self
            .broadcasts
            .first()
            .is_some_and(|ring| ring.until <= now)
        {
            self.broadcasts.retain(|ring| ring.until > now);
        }
    }

    /// Takes in one record.
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
                    arrives_at: *at + FALL,
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
                    // One transmission is one ring, whatever is in it.
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
                        write_down(&mut self.log, line);
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

    /// What nobody can decide any more is outvoted; who joins a slot late, decides it or leaves may change that.
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

    /// A transmission is lost: at once, or (its flight is known then) at the end of its way.
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

    /// The newest quorum set of every node, by number; `None` for nodes that have left or have no usable one.
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

    /// Whether what quorums there are hangs on nodes whose own quorum sets nobody here knows.
    #[must_use]
    pub fn depends_on_unseen(&self) -> bool {
        let names_unseen = |set: Arc<QuorumSet>| {
            set.nodes()
                .iter()
                .any(|id| self.node(id).is_some_and(WorldNode::is_unseen))
        };
        self.quorum_sets().into_iter().flatten().any(names_unseen)
    }

    /// Nodes that count for verdicts: running, voting or trying to.
    pub fn participants(&self) -> impl Iterator<Item = (NodeId, &WorldNode)> {
        (0..).map(NodeId).zip(&self.nodes).filter(|(_, node)| {
            node.status == NodeStatus::Running && node.view.readiness != Readiness::Left
        })
    }
}

/// Lines are in order of time, also if somebody's past is told late.
fn write_down(log: &mut VecDeque<EventLogEntry>, line: EventLogEntry) {
    if log.back().is_none_or(|last| last.at <= line.at) {
        log.push_back(line);
    } else {
        let place = log.partition_point(|earlier| earlier.at <= line.at);
        log.insert(place, line);
    }
}

/// Whether a node goes on working, heard or not.
fn runs(nodes: &[WorldNode]) -> impl Fn(NodeId) -> bool + '_ {
    |id| {
        nodes
            .get(id.index())
            .is_some_and(|node| matches!(node.status, NodeStatus::Running | NodeStatus::Silent))
    }
}
