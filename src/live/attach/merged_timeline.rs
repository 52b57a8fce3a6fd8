//! Merged timeline: the records of several processes as one run, with one numbering of nodes and one clock.
//!
//! Every process numbers nodes independently, has its own clock, and sends as fast as its connection allows. Records
//! are buffered for [`REORDER_DELAY`], so that records of other processes for the same moment can arrive. Records that
//! arrive later are released immediately. The present time is an argument.

use super::feed::{FeedEvent, Hello};
use crate::net::Position;
use crate::node::{NodeEvent, Output};
use crate::scenario::{Action, circle};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::{FlightId, NodeRegistry, Record};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Jitter buffer: every record is delayed by this much, so that the records of all processes are in order.
pub(super) const REORDER_DELAY: Span = Span::from_ms(300);
/// Shortest flight of a message in the picture. Messages on one machine would be too fast to see.
pub(super) const FLIGHT_MIN: Span = Span::from_ms(400);
/// Size of the area in which the nodes are drawn, in metres.
pub(super) const AREA_M: (f64, f64) = (1000.0, 800.0);
/// Size of the range of flight numbers of one stream.
const FLIGHTS_PER_STREAM: u64 = 1 << 40;

/// State of one feed.
#[derive(Debug, Default)]
struct FeedState {
    /// Its node; `None` before its first event.
    node: Option<NodeId>,
    /// Start of the process on the common clock, in microseconds; negative if it started earlier.
    zero_us: i64,
    /// Number of its stream, unique over all feeds.
    stream: u64,
    /// Whether the node has left.
    has_left: bool,
    /// Whether the process cannot be reached.
    is_disconnected: bool,
}

/// Whether a feed is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeedUse {
    /// It delivers records.
    Needed,
    /// Another feed delivers the records of the same node, so this one can stop.
    Redundant,
}

/// The merged run.
#[derive(Debug)]
pub(super) struct MergedTimeline {
    /// Zero of the common clock: Unix time in microseconds.
    zero_unix_us: u64,
    registry: Arc<Mutex<NodeRegistry>>,
    /// Number of nodes of the registry that have been announced.
    nodes: usize,
    feeds: BTreeMap<usize, FeedState>,
    streams: u64,
    /// Buffered records by time and order of arrival, each with the node that sent it.
    waiting: BTreeMap<(Time, u64), (NodeId, Record)>,
    received_count: u64,
    released: Vec<Record>,
    /// Time of the latest released record.
    now: Time,
    /// Whether nodes were added since positions were last assigned.
    needs_layout: bool,
}

impl MergedTimeline {
    /// An empty timeline whose clock starts at `zero_unix_us`. Feeds number their nodes with `registry`.
    pub(super) fn new(zero_unix_us: u64, registry: Arc<Mutex<NodeRegistry>>) -> MergedTimeline {
        MergedTimeline {
            zero_unix_us,
            registry,
            nodes: 0,
            feeds: BTreeMap::new(),
            streams: 0,
            waiting: BTreeMap::new(),
            received_count: 0,
            released: Vec::new(),
            now: Time::ZERO,
            needs_layout: false,
        }
    }

    /// Converts a Unix time in microseconds to the common clock.
    pub(super) fn time_at(&self, unix_us: u64) -> Time {
        Time(unix_us.saturating_sub(self.zero_unix_us))
    }

    /// The time up to which records are released.
    pub(super) fn now(&self) -> Time {
        self.now
    }

    /// Time of the next buffered record.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// The feed of a node whose process can be reached.
    pub(super) fn feed_of(&self, node: NodeId) -> Option<usize> {
        let mut feeds = self.feeds.iter();
        feeds
            .find(|(_, feed_state)| feed_state.node == Some(node) && !feed_state.is_disconnected)
            .map(|(feed, _)| *feed)
    }

    /// Handles an event of a feed that arrived at `unix_us`.
    pub(super) fn handle(&mut self, feed: usize, event: FeedEvent, unix_us: u64) -> FeedUse {
        self.announce_nodes();
        match event {
            FeedEvent::Hello(hello) => return self.restart(feed, &hello),
            FeedEvent::Record(record) => self.record(feed, *record),
            FeedEvent::Disconnected(_) => self.disconnected(feed, unix_us),
        }
        FeedUse::Needed
    }

    /// Releases buffered records up to `until`.
    pub(super) fn release(&mut self, until: Time, records_max: usize) {
        while self.released.len() < records_max
            && let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= until
        {
            let (_, record) = entry.remove();
            self.now = self.now.max(record.at());
            self.needs_layout |= matches!(record, Record::NodeAdded { .. });
            self.released.push(record);
        }
        self.layout();
    }

    /// Advances the time to `until`, because no more records are expected up to then.
    pub(super) fn advance_to(&mut self, until: Time) {
        self.now = self.now.max(until);
    }

    /// Released records that have not been taken.
    pub(super) fn released(&self) -> &[Record] {
        &self.released
    }

    /// Takes the released records.
    pub(super) fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.released)
    }

    /// Starts a stream. It begins with a snapshot, so buffered records of the same node are dropped.
    fn restart(&mut self, feed: usize, hello: &Hello) -> FeedUse {
        let node = hello.node;
        if self.feed_of(node).is_some_and(|other| other != feed) {
            return FeedUse::Redundant;
        }
        self.waiting
            .retain(|_, (feed_state, _)| *feed_state != node);
        self.streams = self.streams.saturating_add(1);
        let zero_us = i128::from(hello.epoch_unix_us)
            .saturating_sub(i128::from(self.zero_unix_us))
            .saturating_add(i128::from(hello.clock_skew_us()));
        let feed_state = FeedState {
            node: Some(node),
            zero_us: i64::try_from(zero_us).unwrap_or_default(),
            stream: self.streams,
            has_left: false,
            is_disconnected: false,
        };
        self.feeds.insert(feed, feed_state);
        FeedUse::Needed
    }

    fn record(&mut self, feed: usize, mut record: Record) {
        let Some(feed_state) = self.feeds.get_mut(&feed) else {
            return;
        };
        let (zero_us, stream, node) = (feed_state.zero_us, feed_state.stream, feed_state.node);
        // The numbers of a process are its own choice, so they may overflow.
        let first_flight = stream.wrapping_mul(FLIGHTS_PER_STREAM);
        record.map_flight(|flight| FlightId(first_flight.wrapping_add(flight.0)));
        record.shift(zero_us);
        match &mut record {
            Record::NodeReferenced { .. } => return,
            Record::NodeAdded {
                config, position, ..
            } => *position = place(config.peer.id, self.nodes),
            Record::Sent { at, arrives_at, .. } => {
                *arrives_at = (*arrives_at).max(*at + FLIGHT_MIN)
            }
            Record::Stepped { outputs, .. } => {
                feed_state.has_left |= outputs.contains(&Output::Event(NodeEvent::Left));
            }
            _ => {}
        }
        if let Some(node) = node {
            self.buffer(node, record);
        }
    }

    /// Records a crash of a node whose process cannot be reached, unless the node has left.
    fn disconnected(&mut self, feed: usize, unix_us: u64) {
        let at = self.time_at(unix_us);
        let Some(feed_state) = self.feeds.get_mut(&feed) else {
            return;
        };
        feed_state.is_disconnected = true;
        if let Some(node) = feed_state.node.filter(|_| !feed_state.has_left) {
            let action = Action::Crash { node };
            self.buffer(node, Record::Acted { at, action });
        }
    }

    fn buffer(&mut self, feed_state: NodeId, record: Record) {
        self.received_count = self.received_count.saturating_add(1);
        self.waiting
            .insert((record.at(), self.received_count), (feed_state, record));
    }

    /// Releases a `NodeReferenced` record for each node that the feeds have numbered since the last call.
    fn announce_nodes(&mut self) {
        let registry = Arc::clone(&self.registry);
        let registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        let count = registry.peers().len();
        for peer in registry.peers().iter().skip(self.nodes) {
            self.released.push(Record::NodeReferenced {
                at: self.now,
                peer: peer.clone(),
                position: place(peer.id, count),
            });
        }
        self.needs_layout |= count > self.nodes;
        self.nodes = count;
    }

    /// Places all nodes on one circle after nodes were added.
    fn layout(&mut self) {
        if !std::mem::take(&mut self.needs_layout) {
            return;
        }
        let at = self.now;
        let places = circle(self.nodes, AREA_M);
        self.released
            .extend((0..).map(NodeId).zip(places).map(|(node, to)| {
                let action = Action::Move { node, to };
                Record::Acted { at, action }
            }));
    }
}

/// The position at which one of `count` nodes is drawn.
fn place(node: NodeId, count: usize) -> Position {
    let center = Position {
        x_m: AREA_M.0 / 2.0,
        y_m: AREA_M.1 / 2.0,
    };
    let places = circle(count, AREA_M);
    places.get(node.index()).copied().unwrap_or(center)
}
