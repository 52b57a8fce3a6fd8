//! `MessageCache`: the signed messages that have come lately, by name: what is known need not come again, and what others
//! lack can be passed on as its author signed it.
//!
//! Bounded by bytes; the oldest go first. Shared between those who receive and those who pass on.

use super::wire::{MessageName, Signed, VerifiedMessage, WireBody};
use crate::scp::Statement;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many bytes of messages are kept.
const BYTES_MAX: usize = 32 << 20;
/// Of how many messages the names are kept, after their bytes have been dropped.
const NAMES_MAX: usize = 1 << 16;

#[derive(Debug, Default)]
struct CacheState {
    by_name: BTreeMap<MessageName, Option<Signed>>,
    names: VecDeque<MessageName>,
    with_bytes: VecDeque<MessageName>,
    bytes: usize,
    /// What came since the last offer.
    unoffered: Vec<(Superseding, MessageName)>,
}

/// Of messages with the same topic only the last is worth passing on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Superseding {
    /// Statements of one sender about one slot: nominations, or ballots.
    Statement(u64, bool),
    /// Anything else stands for itself.
    Own(u64),
}

/// What has come lately.
#[derive(Debug, Default)]
pub(super) struct MessageCache {
    kept: Mutex<CacheState>,
}

impl MessageCache {
    fn lock(&self) -> MutexGuard<'_, CacheState> {
        // Nothing in here can panic half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which of these have not come.
    #[must_use]
    pub(super) fn unknown(&self, names: &[MessageName]) -> Vec<MessageName> {
        let kept = self.lock();
        let unknown = names.iter().filter(|name| !kept.by_name.contains_key(name));
        unknown.copied().collect()
    }

    /// Takes note of a message. False if it has come before.
    pub(super) fn note(&self, opened: &VerifiedMessage) -> bool {
        let message = &opened.message;
        let name = MessageName {
            sender: message.sender,
            nth: message.nth,
        };
        let mut kept = self.lock();
        if kept.by_name.contains_key(&name) {
            return false;
        }
        kept.names.push_back(name);
        if message.to.is_some() {
            // Nobody else wants it.
            kept.by_name.insert(name, None);
        } else {
            kept.by_name.insert(name, Some(opened.signed.clone()));
            kept.with_bytes.push_back(name);
            kept.bytes += opened.signed.message.get().len();
            let topic = match &message.body {
                WireBody::Statement(said) => {
                    let is_nomination = matches!(said.statement, Statement::Nominate { .. });
                    Superseding::Statement(said.slot, is_nomination)
                }
                _ => Superseding::Own(message.nth),
            };
            kept.unoffered.push((topic, name));
        }
        kept.shrink();
        true
    }

    /// The messages with these names, as far as they are at hand.
    #[must_use]
    pub(super) fn get(&self, names: &[MessageName]) -> Vec<(MessageName, Signed)> {
        let kept = self.lock();
        let found = names
            .iter()
            .filter_map(|name| Some((*name, kept.by_name.get(name)?.clone()?)));
        found.collect()
    }

    /// The names of what came since the last call and is for everybody, without what its sender has replaced.
    #[must_use]
    pub(super) fn take_unoffered(&self) -> Vec<MessageName> {
        let unoffered = std::mem::take(&mut self.lock().unoffered);
        let mut newest = BTreeMap::new();
        for (topic, name) in unoffered {
            let known: &mut MessageName = newest.entry((name.sender, topic)).or_insert(name);
            known.nth = known.nth.max(name.nth);
        }
        newest.into_values().collect()
    }
}

impl CacheState {
    fn shrink(&mut self) {
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
                // Both are in the order of arrival: the oldest of all is the oldest that has its bytes.
                self.with_bytes.pop_front();
            }
        }
    }
}
