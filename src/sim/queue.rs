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
pub(super) struct Moment {
    pub(super) at: Time,
    pub(super) generation: u32,
}

impl Moment {
    /// The first step of an instant.
    pub(super) const fn start_of(at: Time) -> Moment {
        Moment { at, generation: 0 }
    }

    /// Before the first step of the next instant.
    pub(super) const fn end_of(at: Time) -> Moment {
        Moment::start_of(Time(at.0.saturating_add(1)))
    }

    /// The next step of the same instant.
    pub(super) const fn next(self) -> Moment {
        Moment {
            at: self.at,
            generation: self.generation.saturating_add(1),
        }
    }

    /// When something happens that takes `span` from here: at once is a step later.
    pub(super) fn after(self, span: Span) -> Moment {
        if span == Span::ZERO {
            self.next()
        } else {
            Moment::start_of(self.at + span)
        }
    }
}

/// The order of all that happens. No two things have the same key.
///
/// What comes from a node itself has it as sender too: `nth` is then below [`Key::TIMERS`] for what the engine
/// hands it, above for its timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) moment: Moment,
    pub(super) receiver: NodeId,
    pub(super) sender: NodeId,
    pub(super) nth: u64,
}

impl Key {
    /// Where the numbers of timers start.
    pub(super) const TIMERS: u64 = 1 << 63;
}

/// What is known about a transmission from outside.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    pub(super) flight: FlightId,
    pub(super) kind: MessageKind,
    pub(super) is_housekeeping: bool,
}

/// Names one attempt to get one chunk: a late answer to an earlier attempt is told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) transfer: u64,
    pub(super) nth: u32,
}

/// What is under way.
#[derive(Clone, Debug)]
pub(super) enum Cargo {
    /// A message.
    Message(Tag, Arc<Message>),
    /// What a node passes on.
    Bundle(Tag, Arc<Bundle>),
    /// A broadcast of discovery.
    Announcement(Tag, Arc<Announcement>),
    /// A request for a chunk, on its way to the holder.
    Ask(Tag, Attempt),
    /// A chunk, on its way to who fetches it.
    Chunk(Tag, Attempt),
    /// By now the chunk should have come.
    Overdue(Attempt),
    /// A fetch has failed; the node learns it now.
    FetchFailed(u64),
    /// A node starts; `life` tells this start from those called off by a crash.
    Start {
        life: u32,
        persisted: Option<Arc<Persisted>>,
    },
    /// A node is asked to do something, now.
    Order(Box<Input>),
}

impl Cargo {
    /// The transmission, if it is one.
    pub(super) fn tag(&self) -> Option<Tag> {
        match self {
            Cargo::Message(tag, _)
            | Cargo::Bundle(tag, _)
            | Cargo::Announcement(tag, _)
            | Cargo::Ask(tag, _)
            | Cargo::Chunk(tag, _) => Some(*tag),
            Cargo::Overdue(_) | Cargo::FetchFailed(_) | Cargo::Start { .. } | Cargo::Order(_) => {
                None
            }
        }
    }

    pub(super) fn is_housekeeping(&self) -> bool {
        self.tag().is_some_and(|tag| tag.is_housekeeping)
    }
}

/// Something under way, and when it arrives where.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) key: Key,
    pub(super) cargo: Cargo,
}

#[derive(Debug, Default)]
struct Bucket {
    /// Descending by key if sorted, so that the first comes off the end.
    parcels: Vec<Parcel>,
    is_sorted: bool,
}

impl Bucket {
    fn sort(&mut self) {
        if !self.is_sorted {
            self.parcels
                .sort_unstable_by_key(|parcel| std::cmp::Reverse(parcel.key));
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
    /// How many parcels are not housekeeping.
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

    pub(super) fn push(&mut self, parcel: Parcel) {
        self.progress += usize::from(!parcel.cargo.is_housekeeping());
        let number = parcel.key.moment.at.0 / self.width;
        let bucket = self.buckets.entry(number).or_default();
        bucket.is_sorted = false;
        bucket.parcels.push(parcel);
    }

    /// When the next parcel arrives.
    pub(super) fn first(&self) -> Option<Moment> {
        let (_, bucket) = self.buckets.first_key_value()?;
        let first = if bucket.is_sorted {
            bucket.parcels.last()
        } else {
            bucket.parcels.iter().min_by_key(|parcel| parcel.key)
        };
        first.map(|parcel| parcel.key.moment)
    }

    /// Takes what arrives before `limit`, in order, but not many more than `count_max`: a moment is never split.
    /// Returns before when everything was taken.
    pub(super) fn take_before(
        &mut self,
        limit: Moment,
        count_max: usize,
        out: &mut Vec<Parcel>,
    ) -> Moment {
        while let Some(mut entry) = self.buckets.first_entry() {
            let bucket = entry.get_mut();
            bucket.sort();
            while let Some(next) = bucket.parcels.last().map(|parcel| parcel.key.moment) {
                let is_split = out.last().is_some_and(|last| last.key.moment == next);
                if next >= limit {
                    return limit;
                }
                if out.len() >= count_max && !is_split {
                    return next;
                }
                if let Some(parcel) = bucket.parcels.pop() {
                    self.progress -= usize::from(!parcel.cargo.is_housekeeping());
                    out.push(parcel);
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

    fn parcel(at: u64, generation: u32, receiver: u32, nth: u64) -> Parcel {
        let moment = Moment {
            at: Time(at),
            generation,
        };
        let (receiver, sender) = (NodeId(receiver), NodeId(0));
        Parcel {
            key: Key {
                moment,
                receiver,
                sender,
                nth,
            },
            cargo: Cargo::FetchFailed(nth),
        }
    }

    proptest! {
        /// However it is cut into portions, everything comes out once, in order, and nothing before its time.
        #[test]
        fn the_order_is_that_of_the_keys(
            places in prop::collection::vec((0u64..200, 0u32..2, 0u32..5), 0..200),
            width in 0u64..50,
            limits in prop::collection::vec((1u64..60, 1usize..20), 1..30),
        ) {
            let mut queue = Queue::new(Span(width));
            let parcels = (0..).zip(&places).map(|(nth, (at, generation, receiver))| parcel(*at, *generation, *receiver, nth));
            let mut expected: Vec<Key> = parcels.clone().map(|parcel| parcel.key).collect();
            parcels.for_each(|parcel| queue.push(parcel));
            expected.sort_unstable();
            prop_assert_eq!(queue.first(), expected.first().map(|key| key.moment));
            let (mut taken, mut from) = (Vec::new(), 0);
            for (length, count_max) in limits {
                let mut portion = Vec::new();
                let asked = Moment::start_of(Time(from + length));
                let limit = queue.take_before(asked, count_max, &mut portion);
                prop_assert!(limit <= asked);
                taken.extend(portion.into_iter().map(|parcel| parcel.key));
                let expected: Vec<Key> = expected.iter().copied().take_while(|key| key.moment < limit).collect();
                prop_assert_eq!(&taken, &expected);
                from = limit.at.0;
            }
            let mut rest = Vec::new();
            queue.take_before(Moment::start_of(Time(1_000)), usize::MAX, &mut rest);
            taken.extend(rest.into_iter().map(|parcel| parcel.key));
            prop_assert_eq!(taken, expected);
            prop_assert!(queue.is_idle() && queue.first().is_none());
        }
    }

    #[test]
    fn a_moment_is_never_split() {
        let mut queue = Queue::new(Span(10));
        for nth in 0..5 {
            queue.push(parcel(3, 0, 1, nth));
        }
        queue.push(parcel(3, 1, 1, 9));
        let mut out = Vec::new();
        let limit = queue.take_before(Moment::start_of(Time(50)), 2, &mut out);
        assert_eq!((out.len(), limit), (5, Moment::start_of(Time(3)).next()));
    }
}
