//! `Queue`: everything that is under way, and the order in which things happen.
//!
//! Absent here: what becomes of it, and the timers of nodes (their hosts keep those).

use crate::node::{Announcement, Bundle, Input, Message, MessageKind, Persisted};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::FlightId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A causal step within an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogicalTime {
    pub(super) at: Time,
    pub(super) generation: u32,
}

impl LogicalTime {
    /// The first step of an instant.
    pub(super) const fn start_of(at: Time) -> LogicalTime {
        LogicalTime { at, generation: 0 }
    }

    /// Before the first step of the next instant.
    pub(super) const fn end_of(at: Time) -> LogicalTime {
        LogicalTime::start_of(Time(at.0.saturating_add(1)))
    }

    /// The next step of the same instant.
    pub(super) const fn next(self) -> LogicalTime {
        LogicalTime {
            at: self.at,
            generation: self.generation.saturating_add(1),
        }
    }

    /// When something happens that takes `span` from here: at once is a step later.
    pub(super) fn after(self, span: Span) -> LogicalTime {
        if span == Span::ZERO {
            self.next()
        } else {
            LogicalTime::start_of(self.at + span)
        }
    }
}

/// The order of all that happens. No two things have the same key.
///
/// What comes from a node itself has it as sender too: `nth` is then below [`EventKey::TIMERS`] for what the engine
/// hands it, above for its timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventKey {
    pub(super) moment: LogicalTime,
    pub(super) receiver: NodeId,
    pub(super) sender: NodeId,
    pub(super) nth: u64,
}

impl EventKey {
    /// Where the numbers of timers start.
    pub(super) const TIMERS: u64 = 1 << 63;
}

/// What is known about a transmission from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlightInfo {
    pub(super) flight: FlightId,
    pub(super) kind: MessageKind,
    pub(super) is_housekeeping: bool,
}

/// Names one attempt to get one chunk: a late answer to an earlier attempt is told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkAttempt {
    pub(super) transfer: u64,
    pub(super) nth: u32,
}

/// What is under way.
#[derive(Clone, Debug)]
pub(super) enum EventPayload {
    /// A message.
    Message(FlightInfo, Arc<Message>),
    /// What a node passes on.
    Bundle(FlightInfo, Arc<Bundle>),
    /// A broadcast of discovery.
    Announcement(FlightInfo, Arc<Announcement>),
    /// A request for a chunk, on its way to the holder.
    ChunkRequest(FlightInfo, ChunkAttempt),
    /// A chunk, on its way to who fetches it.
    Chunk(FlightInfo, ChunkAttempt),
    /// By now the chunk should have come.
    ChunkTimeout(ChunkAttempt),
    /// A fetch has failed; the node learns it now.
    FetchFailed(u64),
    /// A node starts; `incarnation` tells this start from those called off by a crash.
    Start {
        incarnation: u32,
        persisted: Option<Arc<Persisted>>,
    },
    /// A node is asked to do something, now.
    Local(Box<Input>),
}

impl EventPayload {
    /// The transmission, if it is one.
    pub(super) fn tag(&self) -> Option<FlightInfo> {
        match self {
            EventPayload::Message(tag, _)
            | EventPayload::Bundle(tag, _)
            | EventPayload::Announcement(tag, _)
            | EventPayload::ChunkRequest(tag, _)
            | EventPayload::Chunk(tag, _) => Some(*tag),
            EventPayload::ChunkTimeout(_)
            | EventPayload::FetchFailed(_)
            | EventPayload::Start { .. }
            | EventPayload::Local(_) => None,
        }
    }

    pub(super) fn is_housekeeping(&self) -> bool {
        self.tag().is_some_and(|tag| tag.is_housekeeping)
    }
}

/// Something under way, and when it arrives where.
#[derive(Clone, Debug)]
pub(super) struct ScheduledEvent {
    pub(super) key: EventKey,
    pub(super) payload: EventPayload,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Descending by key if sorted, so that the first comes off the end.
    events: Vec<ScheduledEvent>,
    is_sorted: bool,
}

impl Bucket {
    fn sort(&mut self) {
        if !self.is_sorted {
            self.events
                .sort_unstable_by_key(|event| std::cmp::Reverse(event.key));
            self.is_sorted = true;
        }
    }
}

/// Parcels in buckets of time, each sorted once when it is opened.
///
/// A bucket is as wide as the shortest delay, so what is sent while a bucket is worked off lands in later ones.
#[derive(Debug)]
pub(super) struct Queue {
    width: u64,
    buckets: BTreeMap<u64, Bucket>,
    /// How many events are not housekeeping.
    progress: usize,
}

impl Queue {
    pub(super) fn new(delay_min: Span) -> Queue {
        Queue {
            width: delay_min.0.max(1),
            buckets: BTreeMap::new(),
            progress: 0,
        }
    }

    pub(super) fn push(&mut self, event: ScheduledEvent) {
        self.progress += usize::from(!event.payload.is_housekeeping());
        let number = event.key.moment.at.0 / self.width;
        let bucket = self.buckets.entry(number).or_default();
        bucket.is_sorted = false;
        bucket.events.push(event);
    }

    /// When the next event arrives.
    pub(super) fn first(&self) -> Option<LogicalTime> {
        let (_, bucket) = self.buckets.first_key_value()?;
        let first = if bucket.is_sorted {
            bucket.events.last()
        } else {
            bucket.events.iter().min_by_key(|event| event.key)
        };
        first.map(|event| event.key.moment)
    }

    /// Takes what arrives before `limit`, in order, but not many more than `count_max`: a moment is never split.
    /// Returns before when everything was taken.
    pub(super) fn take_before(
        &mut self,
        limit: LogicalTime,
        count_max: usize,
        out: &mut Vec<ScheduledEvent>,
    ) -> LogicalTime {
        while let Some(mut entry) = self.buckets.first_entry() {
            let bucket = entry.get_mut();
            bucket.sort();
            while let Some(next) = bucket.events.last().map(|event| event.key.moment) {
                let is_split = out.last().is_some_and(|last| last.key.moment == next);
                if next >= limit {
                    return limit;
                }
                if out.len() >= count_max && !is_split {
                    return next;
                }
                if let Some(event) = bucket.events.pop() {
                    self.progress -= usize::from(!event.payload.is_housekeeping());
                    out.push(event);
                }
            }
            entry.remove();
        }
        limit
    }

    /// Whether nothing but housekeeping is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.progress == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(at: u64, generation: u32, receiver: u32, nth: u64) -> ScheduledEvent {
        let moment = LogicalTime {
            at: Time(at),
            generation,
        };
        let (receiver, sender) = (NodeId(receiver), NodeId(0));
        ScheduledEvent {
            key: EventKey {
                moment,
                receiver,
                sender,
                nth,
            },
            payload: EventPayload::FetchFailed(nth),
        }
    }

    proptest! {
        /// However it is cut into portions, everything comes out once, in order, and nothing before its time.
        #[test]
        fn pops_events_in_key_order(
            places in prop::collection::vec((0u64..200, 0u32..2, 0u32..5), 0..200),
            width in 0u64..50,
            limits in prop::collection::vec((1u64..60, 1usize..20), 1..30),
        ) {
            let mut queue = Queue::new(Span(width));
            let events = (0..).zip(&places).map(|(nth, (at, generation, receiver))| event(*at, *generation, *receiver, nth));
            let mut expected: Vec<EventKey> = events.clone().map(|event| event.key).collect();
            events.for_each(|event| queue.push(event));
            expected.sort_unstable();
            prop_assert_eq!(queue.first(), expected.first().map(|key| key.moment));
            let (mut taken, mut from) = (Vec::new(), 0);
            for (length, count_max) in limits {
                let mut portion = Vec::new();
                let asked = LogicalTime::start_of(Time(from + length));
                let limit = queue.take_before(asked, count_max, &mut portion);
                prop_assert!(limit <= asked);
                taken.extend(portion.into_iter().map(|event| event.key));
                let expected: Vec<EventKey> = expected.iter().copied().take_while(|key| key.moment < limit).collect();
                prop_assert_eq!(&taken, &expected);
                from = limit.at.0;
            }
            let mut rest = Vec::new();
            queue.take_before(LogicalTime::start_of(Time(1_000)), usize::MAX, &mut rest);
            taken.extend(rest.into_iter().map(|event| event.key));
            prop_assert_eq!(taken, expected);
            prop_assert!(queue.is_idle() && queue.first().is_none());
        }
    }

    #[test]
    fn never_splits_a_logical_time() {
        let mut queue = Queue::new(Span(10));
        for nth in 0..5 {
            queue.push(event(3, 0, 1, nth));
        }
        queue.push(event(3, 1, 1, 9));
        let mut out = Vec::new();
        let limit = queue.take_before(LogicalTime::start_of(Time(50)), 2, &mut out);
        assert_eq!(
            (out.len(), limit),
            (5, LogicalTime::start_of(Time(3)).next())
        );
    }
}
