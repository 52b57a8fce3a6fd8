//! Objects that a trace defines once and refers to by number: messages, envelopes, quorum sets and others.

use crate::node::{Announcement, Bundle, Message, MessageId, Peer};
use crate::scp::{Envelope, NodeId, QuorumSet, SlotIndex};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Most keys of each kind that a writer remembers. An object that recurs after that many others is defined again.
const KEYS_MAX: usize = 65_536;

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
    by_key: BTreeMap<T::Key, Vec<(Arc<T>, u64)>>,
    oldest_first: VecDeque<T::Key>,
}

impl<T: Shareable + ?Sized> Default for SharedTable<T> {
    fn default() -> SharedTable<T> {
        SharedTable {
            count: 0,
            by_key: BTreeMap::new(),
            oldest_first: VecDeque::new(),
        }
    }
}

impl<T: Shareable + ?Sized> SharedTable<T> {
    pub(super) fn find(&self, object: &Arc<T>) -> Option<u64> {
        let candidates = self.by_key.get(&object.key())?;
        let same = |known: &&(Arc<T>, u64)| Arc::ptr_eq(&known.0, object);
        let equal = |known: &&(Arc<T>, u64)| known.0 == *object;
        let found = candidates.iter().rev().find(same);
        let found = found.or_else(|| candidates.iter().find(equal));
        found.map(|(_, number)| *number)
    }

    pub(super) fn insert(&mut self, object: &Arc<T>) -> u64 {
        let number = self.count;
        self.count += 1;
        let key = object.key();
        let candidates = self.by_key.entry(key.clone()).or_default();
        candidates.push((Arc::clone(object), number));
        if candidates.len() == 1 {
            self.oldest_first.push_back(key);
        }
        if self.oldest_first.len() > KEYS_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_key.remove(&oldest);
        }
        number
    }
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
