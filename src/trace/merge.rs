//! Several processes' traces become one, as if somebody had watched them all.
//!
//! Nodes are told apart by their keys and numbered in the order in which they appear. Times count from the earliest of
//! all starts. What a node tells about itself counts; what others say of it counts only until then.
//!
//! Absent here: files.

use super::file::{MergeSource, Provenance};
use super::record::{FlightId, Record};
use super::renumber::Renumber;
use crate::net::Position;
use crate::node::{NodeConfig, NodeEvent, Output, Peer};
use crate::scenario::{Action, Placement, Scenario, circle};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Size of the area in which the nodes are drawn, in metres.
const AREA_M: (f64, f64) = (1000.0, 800.0);
/// A process whose trace ends this long before the last one's has stopped before the others.
const STOPPED_BEFORE: Span = Span::from_ms(1_000);

/// What one process told, from its start to its end.
#[derive(Clone, Debug)]
pub struct ProcessTrace {
    /// Where it comes from, for people.
    pub name: String,
    /// What it says is run.
    pub scenario: Arc<Scenario>,
    /// Its zero, in microseconds since 1970.
    pub epoch_unix_us: u64,
    /// In the process's own numbers and time.
    pub records: Vec<Record>,
}

/// All of it together.
#[derive(Clone, Debug)]
pub struct MergedTrace {
    /// What was run, as far as that can be said.
    pub scenario: Scenario,
    /// What it was merged from.
    pub provenance: Provenance,
    /// Ascending by time.
    pub records: Vec<Record>,
}

/// Why recordings do not fit together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There are none.
    #[error("there is nothing to merge")]
    NoTraces,
    /// Not exactly one node tells of itself in it.
    #[error(
        "{name}: {nodes} nodes tell of themselves in it; expected the trace of one process, not of a simulation or of a merger"
    )]
    NotOneProcess {
        /// Which recording.
        name: String,
        /// How many.
        nodes: usize,
    },
    /// Somebody is introduced out of turn.
    #[error("{name}, record {record}: it introduces node number {} where number {expected} is due; expected numbers in order, from 0", .node.0)]
    Misnumbered {
        /// Which recording.
        name: String,
        /// Which record, from 1.
        record: usize,
        /// The number.
        node: NodeId,
        /// The number that is due.
        expected: usize,
    },
    /// A record speaks of somebody who was never introduced.
    #[error("{name}, record {record}: it speaks of node number {}, who was never introduced; expected a `node_met` before the end of the trace", .node.0)]
    UnknownNode {
        /// Which recording.
        name: String,
        /// Which record, from 1.
        record: usize,
        /// The number.
        node: NodeId,
    },
    /// Two recordings tell of the same node at the same time.
    #[error(
        "{one} and {other} both tell what node {node} did at the same time; expected one trace per life of a node. Was the same file given twice?"
    )]
    Overlap {
        /// A recording.
        one: String,
        /// Another.
        other: String,
        /// The node's name.
        node: Arc<str>,
    },
}

/// Merges recordings.
///
/// # Errors
/// If they do not fit together.
pub fn merge(recordings: Vec<ProcessTrace>) -> Result<MergedTrace, MergeError> {
    let first = recordings.iter().map(|recording| recording.epoch_unix_us);
    let epoch_unix_us = first.min().ok_or(MergeError::NoTraces)?;
    let lives: Result<Vec<Incarnation>, MergeError> = recordings
        .iter()
        .map(|recording| Incarnation::of(recording, epoch_unix_us))
        .collect();
    let mut lives = lives?;
    lives.sort_by(|one, other| (one.zero_at, &one.peer.key).cmp(&(other.zero_at, &other.peer.key)));
    check_apart(&lives)?;
    let line = MergeOrder::of(lives);
    let places = circle(line.numbers.len(), AREA_M);
    let records = MergeWriter::new(&line, &places).tell()?;
    let sources = line.lives.iter().map(|life| MergeSource {
        key: Arc::clone(&life.peer.key),
        zero_at: life.zero_at,
        numbers: line.numbers_of(life),
    });
    Ok(MergedTrace {
        provenance: Provenance {
            epoch_unix_us: Some(epoch_unix_us),
            sources: sources.collect(),
        },
        scenario: scenario(&line),
        records,
    })
}

fn scenario(line: &MergeOrder<'_>) -> Scenario {
    let first = &line.lives[0].recording.scenario;
    let (nodes, lives) = (line.own.len(), line.lives.len());
    let title = match nodes {
        1 => "One process".to_owned(),
        nodes => format!("{nodes} processes"),
    };
    let traces = match lives {
        1 => "one trace".to_owned(),
        lives => format!("{lives} traces"),
    };
    let others = match line.numbers.len() - nodes {
        0 => String::new(),
        1 => "; one other node is known by name only".to_owned(),
        others => format!("; {others} other nodes are known by name only"),
    };
    Scenario {
        name: "merged".to_owned(),
        title,
        description: format!("Merged from {traces}{others}."),
        nodes: Vec::new(),
        area_m: AREA_M,
        placement: Placement::View,
        events: Vec::new(),
        remarks: Vec::new(),
        ..Scenario::clone(first)
    }
}

/// One life of a node, from start to end.
struct Incarnation<'a> {
    recording: &'a ProcessTrace,
    peer: Peer,
    zero_at: Time,
    ends_at: Time,
    /// Whether it said goodbye.
    has_left: bool,
    /// Keys of the nodes by their numbers in this recording.
    keys: Vec<Arc<str>>,
}

impl Incarnation<'_> {
    fn of(recording: &ProcessTrace, epoch_unix_us: u64) -> Result<Incarnation<'_>, MergeError> {
        let mut keys: Vec<Arc<str>> = Vec::new();
        let mut own = Vec::new();
        let (mut last, mut has_left) = (Time::ZERO, false);
        for (nth, record) in (1..).zip(&recording.records) {
            last = last.max(record.at());
            if let Some(peer) = introduced(record) {
                if peer.id.index() != keys.len() {
                    return Err(MergeError::Misnumbered {
                        name: recording.name.clone(),
                        record: nth,
                        node: peer.id,
                        expected: keys.len(),
                    });
                }
                keys.push(Arc::clone(&peer.key));
            }
            match record {
                Record::NodeAdded { config, .. } => own.push(config),
                Record::Stepped { outputs, .. } => {
                    has_left |= outputs.contains(&Output::Event(NodeEvent::Left));
                }
                _ => {}
            }
        }
        let [config] = own.as_slice() else {
            let (name, nodes) = (recording.name.clone(), own.len());
            return Err(MergeError::NotOneProcess { name, nodes });
        };
        let zero_at = Time(recording.epoch_unix_us - epoch_unix_us);
        Ok(Incarnation {
            recording,
            peer: config.peer.clone(),
            zero_at,
            ends_at: zero_at + Span(last.0),
            has_left,
            keys,
        })
    }
}

/// Who gets a number by this record.
fn introduced(record: &Record) -> Option<&Peer> {
    match record {
        Record::NodeAdded { config, .. } => Some(&config.peer),
        Record::NodeReferenced { peer, .. } => Some(peer),
        _ => None,
    }
}

/// Nobody lives twice at once. `lives` are ascending by their zero.
fn check_apart(lives: &[Incarnation<'_>]) -> Result<(), MergeError> {
    let mut latest: BTreeMap<&str, &Incarnation<'_>> = BTreeMap::new();
    for life in lives {
        if let Some(before) = latest.insert(&life.peer.key, life)
            && before.ends_at > life.zero_at
        {
            return Err(MergeError::Overlap {
                one: before.recording.name.clone(),
                other: life.recording.name.clone(),
                node: Arc::clone(&life.peer.name),
            });
        }
    }
    Ok(())
}

/// Everything in one line.
struct MergeOrder<'a> {
    lives: Vec<Incarnation<'a>>,
    /// When, whose life, and which of its records; in order.
    order: Vec<(Time, usize, usize)>,
    /// Numbers by key, in the order of appearance.
    numbers: BTreeMap<Arc<str>, NodeId>,
    /// Keys of those who tell of themselves.
    own: BTreeSet<Arc<str>>,
    /// When the last thing happens.
    ends_at: Time,
}

impl<'a> MergeOrder<'a> {
    fn of(lives: Vec<Incarnation<'a>>) -> MergeOrder<'a> {
        let mut order = Vec::new();
        for (nth, life) in lives.iter().enumerate() {
            let records = life.recording.records.iter().enumerate();
            order.extend(records.map(|(at, record)| (life.zero_at + Span(record.at().0), nth, at)));
        }
        // A process knows of a transmission only once it has arrived: its records are not in order of time.
        order.sort_by_key(|(at, life, _)| (*at, *life));
        let mut numbers = BTreeMap::new();
        for (_, life, record) in &order {
            if let Some(peer) = introduced(&lives[*life].recording.records[*record]) {
                let next = NodeId(numbers.len() as u32);
                numbers.entry(Arc::clone(&peer.key)).or_insert(next);
            }
        }
        MergeOrder {
            own: lives
                .iter()
                .map(|life| Arc::clone(&life.peer.key))
                .collect(),
            ends_at: lives
                .iter()
                .map(|life| life.ends_at)
                .max()
                .unwrap_or(Time::ZERO),
            lives,
            order,
            numbers,
        }
    }

    /// The numbers of those who are 0, 1, 2 and so on in a life.
    fn numbers_of(&self, life: &Incarnation<'_>) -> Vec<NodeId> {
        life.keys.iter().map(|key| self.numbers[key]).collect()
    }

    /// Whether somebody's life ends before the others', or another one follows.
    fn stops_early(&self, nth: usize) -> bool {
        let life = &self.lives[nth];
        let mut later = self.lives[nth + 1..].iter();
        !life.has_left
            && (life.ends_at + STOPPED_BEFORE < self.ends_at
                || later.any(|later| later.peer.key == life.peer.key))
    }
}

/// Tells one record after the other.
struct MergeWriter<'a> {
    line: &'a MergeOrder<'a>,
    places: &'a [Position],
    /// Who has been introduced, and by which configuration if by itself.
    introduced: BTreeMap<NodeId, Option<Arc<NodeConfig>>>,
    left: BTreeSet<NodeId>,
    flights: BTreeMap<(usize, FlightId), FlightId>,
    /// Records of each life that are still to come.
    to_come: Vec<usize>,
    told: Vec<Record>,
}

impl<'a> MergeWriter<'a> {
    fn new(line: &'a MergeOrder<'a>, places: &'a [Position]) -> MergeWriter<'a> {
        MergeWriter {
            line,
            places,
            introduced: BTreeMap::new(),
            left: BTreeSet::new(),
            flights: BTreeMap::new(),
            to_come: line
                .lives
                .iter()
                .map(|life| life.recording.records.len())
                .collect(),
            told: Vec::with_capacity(line.order.len()),
        }
    }

    fn tell(mut self) -> Result<Vec<Record>, MergeError> {
        for (at, life, place) in &self.line.order {
            let record = self.mapped(*life, *place, *at)?;
            self.record(*at, record);
            self.to_come[*life] -= 1;
            if self.to_come[*life] == 0 && self.line.stops_early(*life) {
                let node = self.line.numbers[&self.line.lives[*life].peer.key];
                let action = Action::Crash { node };
                self.told.push(Record::Acted { at: *at, action });
            }
        }
        Ok(self.told)
    }

    /// A record in the numbers and the time of all.
    fn mapped(&mut self, life: usize, place: usize, at: Time) -> Result<Record, MergeError> {
        let of = &self.line.lives[life];
        let mut record = of.recording.records[place].clone();
        let mut stranger = None;
        record.renumber(&mut |node| match of.keys.get(node.index()) {
            Some(key) => self.line.numbers[key],
            None => {
                stranger = Some(node);
                node
            }
        });
        if let Some(node) = stranger {
            return Err(MergeError::UnknownNode {
                name: of.recording.name.clone(),
                record: place + 1,
                node,
            });
        }
        let next = FlightId(self.flights.len() as u64);
        record.renumber_flight(|flight| *self.flights.entry((life, flight)).or_insert(next));
        record.shift(i64::try_from(of.zero_at.0).unwrap_or(i64::MAX));
        debug_assert_eq!(record.at(), at);
        Ok(record)
    }

    fn record(&mut self, at: Time, mut record: Record) {
        match &mut record {
            Record::NodeAdded {
                config, position, ..
            } => {
                let id = config.peer.id;
                *position = self.places[id.index()];
                let before = self.introduced.insert(id, Some(Arc::clone(config)));
                if let Some(Some(before)) = before
                    && !self.left.remove(&id)
                {
                    let action = Action::Restart { node: id };
                    self.told.push(Record::Acted { at, action });
                    if before == *config {
                        return;
                    }
                }
            }
            Record::NodeReferenced { peer, position, .. } => {
                *position = self.places[peer.id.index()];
                if self.introduced.contains_key(&peer.id) {
                    return;
                }
                self.introduced.insert(peer.id, None);
            }
            Record::Stepped { node, outputs, .. }
                if outputs.contains(&Output::Event(NodeEvent::Left)) =>
            {
                self.left.insert(*node);
            }
            _ => {}
        }
        self.told.push(record);
    }
}
