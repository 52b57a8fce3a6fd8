//! Message cache: duplicate suppression by message name, and the signed bytes of messages that can be relayed.
//!
//! Both are bounded and evict in the order of arrival (FIFO): [`NAMES_MAX`] names, and [`BYTES_MAX`] bytes of messages. The
//! HTTP server, the host and the peer clients share one cache.

use super::wire::{MessageName, Signed, VerifiedMessage, WireBody};
use crate::scp::Statement;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most bytes of messages in the cache.
const BYTES_MAX: usize = 32 << 20;
/// Most names in the cache. A name outlives the bytes of its message.
const NAMES_MAX: usize = 1 << 16;

#[derive(Debug, Default)]
struct CacheState {
    by_name: BTreeMap<MessageName, Option<Signed>>,
    /// All names, in the order of arrival.
    names: VecDeque<MessageName>,
    /// The names whose messages are in the cache, in the order of arrival.
    with_bytes: VecDeque<MessageName>,
    bytes: usize,
    /// Messages that arrived since the last offer.
    unoffered: Vec<(SupersedingKey, MessageName)>,
}

/// Key of messages that supersede each other: of a sender's messages with the same key, only the newest is relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SupersedingKey {
    /// Statements about one slot: nominations if true, ballots if false.
    Statement(u64, bool),
    /// Any other message, by its number. No message supersedes it.
    Other(u64),
}

/// The cache. All methods lock it for a short time.
#[derive(Debug, Default)]
pub(super) struct MessageCache {
    state: Mutex<CacheState>,
}

impl MessageCache {
    fn lock(&self) -> MutexGuard<'_, CacheState> {
        // No method panics halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names that are not in the cache.
    #[must_use]
    pub(super) fn unknown(&self, names: &[MessageName]) -> Vec<MessageName> {
        let state = self.lock();
        let unknown = names
            .iter()
            .filter(|name| !state.by_name.contains_key(name));
        unknown.copied().collect()
    }

    /// Whether a message with this name has arrived before.
    #[must_use]
    pub(super) fn contains(&self, name: MessageName) -> bool {
        self.lock().by_name.contains_key(&name)
    }

    /// Inserts a message. Returns false for a duplicate, whose name is already in the cache.
    pub(super) fn insert(&self, verified: &VerifiedMessage) -> bool {
        let message = &verified.message;
        let name = MessageName {
            sender: message.sender,
            nth: message.nth,
        };
        let mut state = self.lock();
        if state.by_name.contains_key(&name) {
            return false;
        }
        state.names.push_back(name);
        if message.to.is_some() {
            // The message is for one node, so it is never relayed.
            state.by_name.insert(name, None);
        } else {
            state.by_name.insert(name, Some(verified.signed.clone()));
            state.with_bytes.push_back(name);
            let bytes = verified.signed.message.get().len();
            state.bytes = state.bytes.saturating_add(bytes);
            let key = match &message.body {
                WireBody::Statement(statement) => {
                    let is_nomination = matches!(statement.statement, Statement::Nominate { .. });
                    SupersedingKey::Statement(statement.slot, is_nomination)
                }
                _ => SupersedingKey::Other(message.nth),
            };
            state.unoffered.push((key, name));
        }
        state.evict();
        true
    }

    /// The messages with these names whose bytes are in the cache.
    #[must_use]
    pub(super) fn get(&self, names: &[MessageName]) -> Vec<(MessageName, Signed)> {
        let state = self.lock();
        let found = names
            .iter()
            .filter_map(|name| Some((*name, state.by_name.get(name)?.clone()?)));
        found.collect()
    }

    /// The names of messages for all nodes that arrived since the last call, without superseded ones.
    #[must_use]
    pub(super) fn take_unoffered(&self) -> Vec<MessageName> {
        let unoffered = std::mem::take(&mut self.lock().unoffered);
        let mut newest = BTreeMap::new();
        for (key, name) in unoffered {
            let known: &mut MessageName = newest.entry((name.sender, key)).or_insert(name);
            known.nth = known.nth.max(name.nth);
        }
        newest.into_values().collect()
    }
}

impl CacheState {
    fn evict(&mut self) {
        while self.bytes > BYTES_MAX {
            let Some(name) = self.with_bytes.pop_front() else {
                break;
            };
            if let Some(signed) = self.by_name.get_mut(&name).and_then(Option::take) {
                self.bytes = self.bytes.saturating_sub(signed.message.get().len());
            }
        }
        while self.names.len() > NAMES_MAX {
            let Some(name) = self.names.pop_front() else {
                break;
            };
            if let Some(Some(signed)) = self.by_name.remove(&name) {
                self.bytes = self.bytes.saturating_sub(signed.message.get().len());
                // Both queues are in the order of arrival, so this name is also the oldest one with bytes.
                self.with_bytes.pop_front();
            }
        }
    }
}
