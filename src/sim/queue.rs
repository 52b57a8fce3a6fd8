//! `Queue`: the future event list, a calendar queue whose order is that of [`EventKey`]s.
//!
//! Timers of nodes are not in the queue: each `SimulatedNode` keeps its own.

use crate::node::{Announcement, Bundle, Input, Message, MessageKind, Persisted};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::FlightId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Superdense time: virtual time and a generation, which orders effects after their causes at the same instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogicalTime {
    pub(super) time: Time,
    pub(super) generation: u32,
}

impl LogicalTime {
    /// The first generation of an instant.
    pub(super) const fn start_of(time: Time) -> LogicalTime {
        LogicalTime {
            time,
            generation: 0,
        }
    }

    /// The end of an instant: before the first generation of the next one.
    pub(super) const fn end_of(time: Time) -> LogicalTime {
        LogicalTime::start_of(Time(time.0.saturating_add(1)))
    }

    /// The next generation of the same instant.
    pub(super) const fn next(self) -> LogicalTime {
        LogicalTime {
            time: self.time,
            generation: self.generation.saturating_add(1),
        }
    }

    /// The logical time `span` later. A span of zero gives the next generation: an effect always follows its cause.
    pub(super) fn after(self, span: Span) -> LogicalTime {
        if span == Span::ZERO {
            self.next()
        } else {
            LogicalTime::start_of(self.time + span)
        }
    }
}

/// The total order of all events. No two events have the same key.
///
/// An event that a node causes for itself has the node as sender, too. Its `nth` is at least [`EventKey::TIMERS`] for a
/// timer, and below it for an event that the engine schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventKey {
    pub(super) at: LogicalTime,
    pub(super) receiver: NodeId,
    pub(super) sender: NodeId,
    pub(super) nth: u64,
}

impl EventKey {
    /// The number of the first timer.
    pub(super) const TIMERS: u64 = 1 << 63;
}

/// A transmission as an observer of the network sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct FlightInfo {
    pub(super) flight: FlightId,
    pub(super) kind: MessageKind,
    pub(super) is_housekeeping: bool,
}

/// Identifies one request for a chunk, so that a late answer to an earlier request is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkAttempt {
    pub(super) transfer: u64,
    pub(super) nth: u32,
}

/// The state with which a node starts.
#[derive(Clone, Debug)]
pub(super) struct StartState {
    /// Counts restarts: the start of an earlier incarnation is void.
    pub(super) incarnation: u32,
    pub(super) persisted: Option<Arc<Persisted>>,
}

/// The content of an event.
#[derive(Clone, Debug)]
pub(super) enum EventPayload {
    Message(FlightInfo, Arc<Message>),
    /// Messages and announcements that a node relays.
    Bundle(FlightInfo, Arc<Bundle>),
    /// A discovery broadcast.
    Announcement(FlightInfo, Arc<Announcement>),
    /// A request for a chunk, sent to a holder.
    ChunkRequest(FlightInfo, ChunkAttempt),
    /// A chunk, sent to the fetching node.
    Chunk(FlightInfo, ChunkAttempt),
    /// The timeout of a chunk has passed.
    ChunkTimeout(ChunkAttempt),
    /// The fetch with this number has failed.
    FetchFailed(u64),
    /// The node starts. The event is void if the node crashes before it.
    Start(StartState),
    /// An input of the node that does not come from another node.
    Local(Box<Input>),
}

impl EventPayload {
    /// The transmission, if the event is one.
    pub(super) fn flight(&self) -> Option<FlightInfo> {
        match self {
            EventPayload::Message(info, _)
            | EventPayload::Bundle(info, _)
            | EventPayload::Announcement(info, _)
            | EventPayload::ChunkRequest(info, _)
            | EventPayload::Chunk(info, _) => Some(*info),
            EventPayload::ChunkTimeout(_)
            | EventPayload::FetchFailed(_)
            | EventPayload::Start(_)
            | EventPayload::Local(_) => None,
        }
    }

    fn is_housekeeping(&self) -> bool {
        self.flight().is_some_and(|info| info.is_housekeeping)
    }
}

/// An event with its key.
#[derive(Clone, Debug)]
pub(super) struct ScheduledEvent {
    pub(super) key: EventKey,
    pub(super) payload: EventPayload,
}

#[derive(Debug, Default)]
struct Bucket {
    /// In descending order of keys if sorted, so that the first event is popped off the end.
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

/// A calendar queue: events in buckets of time, each sorted once when it is opened.
///
/// A bucket is as wide as the shortest delay, so events sent from the open bucket land in later ones.
#[derive(Debug)]
pub(super) struct Queue {
    width: u64,
    buckets: BTreeMap<u64, Bucket>,
    /// How many events are not housekeeping.
    progress: usize,
}

impl Queue {
    pub(super) fn new(latency_min: Span) -> Queue {
        Queue {
            width: latency_min.0.max(1),
            buckets: BTreeMap::new(),
            progress: 0,
        }
    }

    pub(super) fn push(&mut self, event: ScheduledEvent) {
        self.progress += usize::from(!event.payload.is_housekeeping());
        let number = event.key.at.time.0 / self.width;
        let bucket = self.buckets.entry(number).or_default();
        bucket.is_sorted = false;
        bucket.events.push(event);
    }

    /// When the next event happens.
    pub(super) fn first(&self) -> Option<LogicalTime> {
        let (_, bucket) = self.buckets.first_key_value()?;
        let first = if bucket.is_sorted {
            bucket.events.last()
        } else {
            bucket.events.iter().min_by_key(|event| event.key)
        };
        first.map(|event| event.key.at)
    }

    /// Takes events before `limit`, in order. Stops after `count_max` events, but takes all events of a logical time
    /// together. Returns the limit before which all events were taken.
    pub(super) fn take_before(
        &mut self,
        limit: LogicalTime,
        count_max: usize,
        out: &mut Vec<ScheduledEvent>,
    ) -> LogicalTime {
        while let Some(mut entry) = self.buckets.first_entry() {
            let bucket = entry.get_mut();
            bucket.sort();
            while let Some(next) = bucket.events.last().map(|event| event.key.at) {
                let is_split = out.last().is_some_and(|last| last.key.at == next);
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

    /// Whether all events are housekeeping.
    pub(super) fn is_idle(&self) -> bool {
        self.progress == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(at: u64, generation: u32, receiver: u32, nth: u64) -> ScheduledEvent {
        let at = LogicalTime {
            time: Time(at),
            generation,
        };
        let (receiver, sender) = (NodeId(receiver), NodeId(0));
        ScheduledEvent {
            key: EventKey {
                at,
                receiver,
                sender,
                nth,
            },
            payload: EventPayload::FetchFailed(nth),
        }
    }

    proptest! {
        /// Every event is popped once, in order, and not before its time, for any portions.
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
            prop_assert_eq!(queue.first(), expected.first().map(|key| key.at));
            let (mut taken, mut from) = (Vec::new(), 0);
            for (length, count_max) in limits {
                let mut portion = Vec::new();
                let asked = LogicalTime::start_of(Time(from + length));
                let limit = queue.take_before(asked, count_max, &mut portion);
                prop_assert!(limit <= asked);
                taken.extend(portion.into_iter().map(|event| event.key));
                let expected: Vec<EventKey> = expected.iter().copied().take_while(|key| key.at < limit).collect();
                prop_assert_eq!(&taken, &expected);
                from = limit.time.0;
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
