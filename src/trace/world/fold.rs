//! Folds records into a [`World`].

use super::World;
use crate::net::Position;
use crate::node::view::NodeView;
use crate::node::{Input, JoinMode, NodeConfig, NodeEvent, Output, Peer, Threshold, TrustPolicy};
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::record::{FlightId, Record};
use crate::trace::world_parts::{
    Broadcast, EventLogEntry, Flight, LOST_SHOWN, NodeStatus, WorldNode,
};
use std::collections::VecDeque;
use std::sync::Arc;

/// Most entries of the event log.
const EVENT_LOG_MAX: usize = 2_000;
/// Number of newest broadcasts that are always kept. Relaying makes the number of broadcasts quadratic in the number of
/// nodes.
const BROADCASTS_MAX: usize = 1_000;

impl World {
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
            } => self.add_node(*at, config, *position, organization.clone()),
            Record::NodeReferenced { at, peer, position } => {
                self.reference_node(*at, peer, *position);
            }
            Record::Acted { action, .. } => self.act(action),
            Record::Stepped {
                at,
                node,
                input,
                outputs,
                ..
            } => self.step(*at, *node, input, outputs),
            Record::Sent { .. } | Record::Lost { .. } => {
                if let Some((id, flight)) = flight_of(record) {
                    self.transmit(id, flight);
                }
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
            node.status = NodeStatus::Referenced;
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
        if self.node(id).is_none() {
            return;
        }
        self.take_input(at, id, input);
        for output in outputs {
            self.take_output(at, id, output);
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

    fn take_input(&mut self, at: Time, id: NodeId, input: &Input) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
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
    }

    fn take_output(&mut self, at: Time, id: NodeId, output: &Output) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        let announced = match output {
            Output::SetTimer(kind, span) => return node.view.set_timer(at, *kind, *span),
            Output::CancelTimer(kind) => return node.view.clear_timer(*kind),
            Output::Event(event) => return self.take_event(at, id, event),
            Output::Announce(announcement) => Some(announcement),
            // A bundle is one transmission and spreads as one broadcast, whatever it contains.
            Output::Relay { bundle, .. } => bundle.announcements.first(),
            Output::Send { .. } | Output::Persist(_) | Output::Fetch { .. } => None,
        };
        if let Some(announcement) = announced {
            let spreads = self.scenario.medium.latency.max;
            let ring = Broadcast::new(id, node.position, announcement, at, spreads);
            self.broadcasts.push(ring);
        }
    }

    fn take_event(&mut self, at: Time, id: NodeId, event: &NodeEvent) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        node.view.apply(at, event);
        self.tables.note(at, id, event);
        match event {
            NodeEvent::TrustChanged { .. } | NodeEvent::QuorumSetChanged { .. } => {
                self.trust_version += 1;
            }
            NodeEvent::Left => {
                node.status = NodeStatus::Left;
                self.trust_version += 1;
            }
            _ => {}
        }
        if EventLogEntry::is_notable(event) {
            let (node, event) = (id, event.clone());
            insert_entry(&mut self.log, EventLogEntry { at, node, event });
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

    /// Adds a transmission, or the loss of one.
    fn transmit(&mut self, id: FlightId, flight: Flight) {
        if flight.lost.is_some() {
            self.lose(id, flight);
        } else {
            self.counters.sent += 1;
            self.tables.sent(flight.kind, flight.housekeeping);
            self.fly(id, flight);
        }
    }

    fn fly(&mut self, id: FlightId, flight: Flight) {
        self.endings.insert((flight.arrives_at, id));
        self.flights.insert(id, flight);
    }

    /// Records a loss when the transmission is sent, or on arrival, when its flight is already known.
    fn lose(&mut self, id: FlightId, mut lost: Flight) {
        self.counters.lost += 1;
        match self.flights.get(&id) {
            Some(known) => {
                self.endings.remove(&(known.arrives_at, id));
                lost.sent_at = known.sent_at;
            }
            None => self.counters.sent += 1,
        }
        self.fly(id, lost);
    }
}

/// The transmission that a record describes.
fn flight_of(record: &Record) -> Option<(FlightId, Flight)> {
    match *record {
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
            let (sent_at, lost) = (at, None);
            let sent = Flight {
                from,
                to,
                sent_at,
                arrives_at,
                kind,
                housekeeping,
                lost,
            };
            Some((flight, sent))
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
            let (sent_at, arrives_at, lost) = (at, at + LOST_SHOWN, Some(why));
            let lost = Flight {
                from,
                to,
                sent_at,
                arrives_at,
                kind,
                housekeeping,
                lost,
            };
            Some((flight, lost))
        }
        _ => None,
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
