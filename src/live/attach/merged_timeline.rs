//! What several processes tell becomes one run: one numbering, one clock, in order.
//!
//! Every process tells of itself in its own numbers and its own time, each as fast as its line allows. What it tells
//! waits for [`REORDER_DELAY`], so that what others have to say about the same moment can catch up; whatever comes later
//! still is told at once. Absent here: lines, threads and clocks; what time it is, is an argument.

use super::feed::{FeedEvent, Hello};
use crate::net::Position;
use crate::node::{NodeEvent, Output, Peer};
use crate::scenario::{Action, circle};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::{FlightId, Record, Renumber};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long what is told waits for what others tell.
pub(super) const REORDER_DELAY: Span = Span::from_ms(300);
/// Messages fly at least this long: between processes of one machine nobody could see them otherwise.
pub(super) const FLIGHT_MIN: Span = Span::from_ms(400);
/// Size of the area in which the nodes are drawn, in metres.
pub(super) const AREA_M: (f64, f64) = (1000.0, 800.0);
/// Flights of each life of a feed have numbers of their own, this many.
const FLIGHTS_PER_LIFE: u64 = 1 << 40;

/// What is known about a feed.
#[derive(Debug, Default)]
struct FeedState {
    /// Whom it tells of; `None` before its first word.
    node: Option<NodeId>,
    /// Microseconds from the zero of all to its own zero; negative for those who started earlier.
    zero_us: i64,
    /// The numbers of those whom it calls 0, 1, 2 and so on.
    numbers: Vec<NodeId>,
    /// Number of its life, over all feeds.
    life: u64,
    /// It has said goodbye.
    has_left: bool,
    /// It cannot be reached.
    is_gone: bool,
}

/// What happens to a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeedUse {
    /// It tells something.
    Something,
    /// Another feed tells of the same node: this one can end.
    Nothing,
}

/// The run.
#[derive(Debug)]
pub(super) struct MergedTimeline {
    /// Zero, in microseconds since 1970.
    zero_unix_us: u64,
    numbers: BTreeMap<Arc<str>, NodeId>,
    feeds: BTreeMap<usize, FeedState>,
    lives: u64,
    /// What waits for its time, with the node that told it.
    waiting: BTreeMap<(Time, u64), (NodeId, Record)>,
    heard: u64,
    told: Vec<Record>,
    /// The latest time of anything told.
    now: Time,
    /// Somebody has come, or tells anew, since places were last given.
    is_crowded: bool,
}

impl MergedTimeline {
    /// Nothing has been heard; time counts from `zero_unix_us`.
    pub(super) fn new(zero_unix_us: u64) -> MergedTimeline {
        MergedTimeline {
            zero_unix_us,
            numbers: BTreeMap::new(),
            feeds: BTreeMap::new(),
            lives: 0,
            waiting: BTreeMap::new(),
            heard: 0,
            told: Vec::new(),
            now: Time::ZERO,
            is_crowded: false,
        }
    }

    /// What time it is on the common clock.
    pub(super) fn time_at(&self, unix_us: u64) -> Time {
        Time(unix_us.saturating_sub(self.zero_unix_us))
    }

    /// Up to when everything has been told.
    pub(super) fn now(&self) -> Time {
        self.now
    }

    /// When the next thing that waits happened.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    /// The feed that tells of a node, if it can be reached.
    pub(super) fn feed_of(&self, node: NodeId) -> Option<usize> {
        let mut feeds = self.feeds.iter();
        feeds
            .find(|(_, feed_state)| feed_state.node == Some(node) && !feed_state.is_gone)
            .map(|(feed, _)| *feed)
    }

    /// Takes in news of a feed, heard at `unix_us`.
    pub(super) fn hear(&mut self, feed: usize, news: FeedEvent, unix_us: u64) -> FeedUse {
        match news {
            FeedEvent::Hello(hello) => return self.begin(feed, &hello),
            FeedEvent::Record(record) => self.record(feed, *record),
            FeedEvent::Gone(_) => self.lose(feed, unix_us),
        }
        FeedUse::Something
    }

    /// Tells everything up to `until`.
    pub(super) fn release(&mut self, until: Time, records_max: usize) {
        while self.told.len() < records_max
            && let Some(entry) = self.waiting.first_entry()
            && entry.key().0 <= until
        {
            let (_, record) = entry.remove();
            self.now = self.now.max(record.at());
            self.is_crowded |= matches!(record, Record::NodeAdded { .. });
            self.told.push(record);
        }
        self.make_room();
    }

    /// Nothing more is to come up to `until`.
    pub(super) fn pass(&mut self, until: Time) {
        self.now = self.now.max(until);
    }

    /// What is there to be taken.
    pub(super) fn told(&self) -> &[Record] {
        &self.told
    }

    /// Takes what has been told.
    pub(super) fn take(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.told)
    }

    /// A process tells from the beginning. What it told before and nobody has seen yet will come again.
    fn begin(&mut self, feed: usize, hello: &Hello) -> FeedUse {
        let node = self.number(&hello.peer);
        if self.feed_of(node).is_some_and(|other| other != feed) {
            return FeedUse::Nothing;
        }
        self.waiting
            .retain(|_, (feed_state, _)| *feed_state != node);
        self.lives += 1;
        let zero_us = i128::from(hello.epoch_unix_us) - i128::from(self.zero_unix_us)
            + i128::from(hello.clock_us());
        let feed_state = FeedState {
            node: Some(node),
            zero_us: i64::try_from(zero_us).unwrap_or_default(),
            numbers: Vec::new(),
            life: self.lives,
            has_left: false,
            is_gone: false,
        };
        self.feeds.insert(feed, feed_state);
        FeedUse::Something
    }

    fn record(&mut self, feed: usize, mut record: Record) {
        let number = match &record {
            Record::NodeAdded { config, .. } => Some(self.introduce(feed, &config.peer)),
            Record::NodeReferenced { peer, .. } => Some(self.introduce(feed, peer)),
            _ => None,
        };
        let Some(feed_state) = self.feeds.get_mut(&feed) else {
            return;
        };
        let mut is_stranger = false;
        record.renumber(&mut |node| match feed_state.numbers.get(node.index()) {
            Some(number) => *number,
            None => {
                is_stranger = true;
                node
            }
        });
        if is_stranger {
            // Who speaks of somebody without having introduced it cannot be understood.
            return;
        }
        let (zero_us, life, node) = (feed_state.zero_us, feed_state.life, feed_state.node);
        record.renumber_flight(|flight| FlightId(life * FLIGHTS_PER_LIFE + flight.0));
        record.shift(zero_us);
        match &mut record {
            Record::NodeReferenced { .. } => return,
            Record::NodeAdded { position, .. } => {
                *position = self.place(number.unwrap_or(NodeId(0)));
            }
            Record::Sent { at, arrives_at, .. } => {
                *arrives_at = (*arrives_at).max(*at + FLIGHT_MIN)
            }
            Record::Stepped { outputs, .. } => {
                feed_state.has_left |= outputs.contains(&Output::Event(NodeEvent::Left));
            }
            _ => {}
        }
        if let Some(node) = node {
            self.wait(node, record);
        }
    }

    /// Who cannot be reached has stopped, as far as one can see.
    fn lose(&mut self, feed: usize, unix_us: u64) {
        let at = self.time_at(unix_us);
        let Some(feed_state) = self.feeds.get_mut(&feed) else {
            return;
        };
        feed_state.is_gone = true;
        if let Some(node) = feed_state.node.filter(|_| !feed_state.has_left) {
            let action = Action::Crash { node };
            self.wait(node, Record::Acted { at, action });
        }
    }

    fn wait(&mut self, feed_state: NodeId, record: Record) {
        self.heard += 1;
        self.waiting
            .insert((record.at(), self.heard), (feed_state, record));
    }

    /// A feed says who its next number stands for.
    fn introduce(&mut self, feed: usize, peer: &Peer) -> NodeId {
        let number = self.number(peer);
        if let Some(feed_state) = self.feeds.get_mut(&feed)
            && peer.id.index() == feed_state.numbers.len()
        {
            feed_state.numbers.push(number);
        }
        number
    }

    /// The number of a node. Who has none yet gets the next one, and is known by name from now on.
    fn number(&mut self, peer: &Peer) -> NodeId {
        if let Some(number) = self.numbers.get(&peer.key) {
            return *number;
        }
        let id = NodeId(self.numbers.len() as u32);
        self.numbers.insert(Arc::clone(&peer.key), id);
        self.is_crowded = true;
        let position = self.place(id);
        self.told.push(Record::NodeReferenced {
            at: self.now,
            peer: Peer { id, ..peer.clone() },
            position,
        });
        id
    }

    fn place(&self, node: NodeId) -> Position {
        let places = circle(self.numbers.len(), AREA_M);
        let somewhere = Position {
            x_m: AREA_M.0 / 2.0,
            y_m: AREA_M.1 / 2.0,
        };
        places.get(node.index()).copied().unwrap_or(somewhere)
    }

    /// After somebody has come, all stand on one circle again.
    fn make_room(&mut self) {
        if !std::mem::take(&mut self.is_crowded) {
            return;
        }
        let at = self.now;
        let places = circle(self.numbers.len(), AREA_M);
        let ids: BTreeSet<NodeId> = self.numbers.values().copied().collect();
        self.told
            .extend(ids.into_iter().zip(places).map(|(node, to)| {
                let action = Action::Move { node, to };
                Record::Acted { at, action }
            }));
    }
}
