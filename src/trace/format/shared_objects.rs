//! Objects that a trace defines once and refers to by number: messages, envelopes, quorum sets and others.

use crate::node::{Announcement, Bundle, Message, MessageId, Peer};
use crate::scp::{Envelope, NodeId, QuorumSet, SlotIndex};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Most keys of each kind that a writer remembers. An object that recurs after that many others is defined again.
const KEYS_MAX: usize = 65_536;
/// Entries of the cache in front of the table. Consecutive records mostly refer to the same few messages.
const RECENT: usize = 256;

/// An object that has a definition line.
pub(super) trait Shareable: PartialEq {
    /// Lookup key. Equal objects have equal keys; different objects may have equal keys, too.
    type Key: Ord + Clone;
    /// The JSON key of its definition line.
    const KIND: &'static str;

    fn key(&self) -> Self::Key;
    fn table(tables: &mut SharedTables) -> &mut SharedTable<Self>;
    fn defined(definitions: &Definitions) -> &Vec<Arc<Self>>;
}

/// The numbers of objects that have been written. Objects are compared by content, so that numbers do not depend on how
/// memory is shared. (Byzantine nodes reuse message ids for different contents.)
pub(super) struct SharedTable<T: Shareable + ?Sized> {
    count: u64,
    by_key: BTreeMap<T::Key, KeyEntry<T>>,
    oldest_first: VecDeque<T::Key>,
    keys_added: u64,
    keys_evicted: u64,
    /// Direct-mapped cache by address. It saves work and changes no result: an entry keeps its object alive, so an equal
    /// address is the same object, and an entry whose key was evicted is ignored.
    recent: Vec<Option<Found<T>>>,
}

/// The objects with one key.
struct KeyEntry<T: ?Sized> {
    /// How many keys had been added before.
    nth_key: u64,
    numbers: Vec<(Arc<T>, u64)>,
}

struct Found<T: ?Sized> {
    object: Arc<T>,
    number: u64,
    nth_key: u64,
}

impl<T: Shareable + ?Sized> Default for SharedTable<T> {
    fn default() -> SharedTable<T> {
        SharedTable {
            count: 0,
            by_key: BTreeMap::new(),
            oldest_first: VecDeque::new(),
            keys_added: 0,
            keys_evicted: 0,
            recent: (0..RECENT).map(|_| None).collect(),
        }
    }
}

impl<T: Shareable + ?Sized> SharedTable<T> {
    pub(super) fn find(&mut self, object: &Arc<T>) -> Option<u64> {
        if let Some(Some(found)) = self.recent.get(recent_index(object))
            && Arc::ptr_eq(&found.object, object)
            && found.nth_key >= self.keys_evicted
        {
            return Some(found.number);
        }
        let (number, nth_key) = self.find_in_table(object)?;
        self.remember(object, number, nth_key);
        Some(number)
    }

    fn find_in_table(&self, object: &Arc<T>) -> Option<(u64, u64)> {
        let entry = self.by_key.get(&object.key())?;
        let same = |known: &&(Arc<T>, u64)| Arc::ptr_eq(&known.0, object);
        let equal = |known: &&(Arc<T>, u64)| known.0 == *object;
        let found = entry.numbers.iter().rev().find(same);
        let found = found.or_else(|| entry.numbers.iter().find(equal));
        found.map(|(_, number)| (*number, entry.nth_key))
    }

    pub(super) fn insert(&mut self, object: &Arc<T>) -> u64 {
        let number = self.count;
        self.count += 1;
        let key = object.key();
        let entry = self.by_key.entry(key.clone()).or_insert(KeyEntry {
            nth_key: self.keys_added,
            numbers: Vec::new(),
        });
        let nth_key = entry.nth_key;
        entry.numbers.push((Arc::clone(object), number));
        if entry.numbers.len() == 1 {
            self.keys_added += 1;
            self.oldest_first.push_back(key);
        }
        if self.oldest_first.len() > KEYS_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_key.remove(&oldest);
            self.keys_evicted += 1;
        }
        self.remember(object, number, nth_key);
        number
    }

    fn remember(&mut self, object: &Arc<T>, number: u64, nth_key: u64) {
        if let Some(entry) = self.recent.get_mut(recent_index(object)) {
            let object = Arc::clone(object);
            *entry = Some(Found {
                object,
                number,
                nth_key,
            });
        }
    }
}

/// The cache entry of an object. Allocations are aligned, so the lowest bits of an address are always zero.
fn recent_index<T: ?Sized>(object: &Arc<T>) -> usize {
    (Arc::as_ptr(object).cast::<u8>().addr() >> 6) % RECENT
}

/// The tables of a writer.
#[derive(Default)]
pub(super) struct SharedTables {
    quorum_sets: SharedTable<QuorumSet>,
    address_books: SharedTable<[Peer]>,
    announcements: SharedTable<Announcement>,
    envelopes: SharedTable<Envelope>,
    messages: SharedTable<Message>,
    bundles: SharedTable<Bundle>,
}

/// The definitions that a reader has seen, by number.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    pub(super) quorum_sets: Vec<Arc<QuorumSet>>,
    pub(super) address_books: Vec<Arc<[Peer]>>,
    pub(super) announcements: Vec<Arc<Announcement>>,
    pub(super) envelopes: Vec<Arc<Envelope>>,
    pub(super) messages: Vec<Arc<Message>>,
    pub(super) bundles: Vec<Arc<Bundle>>,
}

macro_rules! shareable {
    ($type:ty, $kind:literal, $field:ident, $key:ty, |$object:ident| $of:expr) => {
        impl Shareable for $type {
            type Key = $key;
            const KIND: &'static str = $kind;

            fn key(&self) -> $key {
                let $object = self;
                $of
            }

            fn table(tables: &mut SharedTables) -> &mut SharedTable<$type> {
                &mut tables.$field
            }

            fn defined(definitions: &Definitions) -> &Vec<Arc<$type>> {
                &definitions.$field
            }
        }
    };
}

shareable!(
    QuorumSet,
    "quorum_set",
    quorum_sets,
    (u32, usize, Option<NodeId>, Option<NodeId>),
    |set| (
        set.threshold,
        set.validators.len(),
        set.validators.first().copied(),
        set.validators.last().copied()
    )
);
shareable!(
    [Peer],
    "address_book",
    address_books,
    (usize, Option<NodeId>),
    |book| (book.len(), book.first().map(|peer| peer.id))
);
shareable!(
    Announcement,
    "announcement",
    announcements,
    (NodeId, u64, u32),
    |it| (it.peer.id, it.nth, it.hops)
);
shareable!(
    Envelope,
    "envelope",
    envelopes,
    (SlotIndex, NodeId, u32),
    |it| (it.slot, it.from, it.statement.counter())
);
shareable!(Message, "message", messages, MessageId, |message| message
    .id);
shareable!(
    Bundle,
    "bundle",
    bundles,
    (Option<MessageId>, Option<(NodeId, u64, u32)>),
    |bundle| (
        bundle.messages.first().map(|message| message.id),
        bundle.announcements.first().map(|first| first.key())
    )
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Body, Message, MessageId};

    fn message(nth: u64) -> Arc<Message> {
        Arc::new(Message {
            id: MessageId {
                sender: NodeId(0),
                nth,
            },
            to: None,
            housekeeping: false,
            body: Body::PeersQuestion,
        })
    }

    /// The same numbers, whether the caller passes one object again or equal copies of it.
    #[test]
    fn numbers_depend_on_content_and_not_on_addresses() {
        let (mut same, mut copies) = (SharedTable::default(), SharedTable::default());
        let used: Vec<Arc<Message>> = (0..KEYS_MAX as u64 + 10).map(message).collect();
        let number = |table: &mut SharedTable<Message>, object: &Arc<Message>| {
            table.find(object).unwrap_or_else(|| table.insert(object))
        };
        for object in &used {
            let copy = message(object.id.nth);
            assert_eq!(number(&mut same, object), number(&mut copies, &copy));
            // The first object leaves the table with the others of its age, although it is used all the time.
            let first = (
                number(&mut same, &used[0]),
                number(&mut copies, &message(0)),
            );
            assert_eq!(first.0, first.1);
        }
        assert_ne!(number(&mut same, &used[0]), 0, "its key was evicted");
    }
}
