//! SHA-256 hash chain over a log: equal logs have equal hashes, and different logs have different hashes.

use super::wire::{LogHead, LogPoint};
use crate::scp::{SlotIndex, Value};
use sha2::{Digest, Sha256};
use std::sync::{PoisonError, RwLock};

/// The hashes of a log that grows slot by slot: one per slot, over the log up to this slot. Logs of different lengths
/// are compared at the end of the shorter one.
#[derive(Clone, Debug, Default)]
pub(super) struct LogHash {
    hashes: Vec<(u64, [u8; 32])>,
}

impl LogHash {
    /// Appends the decision of the next slot. The new hash is SHA-256 over the old hash, the slot (8 bytes, big endian)
    /// and the value.
    pub(super) fn append(&mut self, slot: SlotIndex, value: &Value) {
        let mut hasher = Sha256::new();
        hasher.update(self.last().1);
        hasher.update(slot.0.to_be_bytes());
        hasher.update(value.as_bytes());
        self.hashes.push((slot.0, hasher.finalize().into()));
    }

    fn last(&self) -> (u64, [u8; 32]) {
        self.hashes.last().copied().unwrap_or_default()
    }

    /// The last slot of the log; 0 if the log is empty.
    #[must_use]
    pub(super) fn index(&self) -> u64 {
        self.last().0
    }

    /// Length and hash of the log. The hash of an empty log has only zeros.
    #[must_use]
    pub(super) fn head(&self) -> LogHead {
        let (index, hash) = self.last();
        let hash = hex(&hash);
        LogHead {
            index,
            hash,
            common: None,
        }
    }

    /// The hash over the log up to this slot; `None` for a slot that is not in the log.
    #[must_use]
    pub(super) fn point(&self, index: u64) -> Option<LogPoint> {
        let at = self.hashes.binary_search_by_key(&index, |(slot, _)| *slot);
        let (index, hash) = self.hashes.get(at.ok()?)?;
        Some(LogPoint {
            index: *index,
            hash: hex(hash),
        })
    }

    /// Whether the log of another node, of which `other` is the head, agrees with this one as far as both go. `None` if
    /// this cannot be seen: one log is empty, or the longer log has not stated its hash at the end of the shorter one.
    #[must_use]
    pub(super) fn agrees_with(&self, other: &LogHead) -> Option<bool> {
        let common = other.common.as_deref();
        let stated = [
            Some((other.index, &other.hash)),
            common.map(|point| (point.index, &point.hash)),
        ];
        stated
            .into_iter()
            .flatten()
            .filter_map(|(index, hash)| Some(self.point(index)?.hash == *hash))
            .reduce(|one, next| one && next)
    }
}

/// A hash as 64 lower-case hexadecimal digits.
fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hashes of the slots that are on disk, for the threads of the HTTP server and of the clients to other nodes.
#[derive(Debug, Default)]
pub(super) struct CommittedLog {
    hash: RwLock<LogHash>,
}

impl CommittedLog {
    /// Adds the slots of `log` that are new. The host calls this after each commit.
    pub(super) fn publish(&self, log: &LogHash) {
        let known = self.read(|hash| hash.hashes.len());
        if known < log.hashes.len() {
            let mut hash = self.hash.write().unwrap_or_else(PoisonError::into_inner);
            let new = log.hashes.get(known..).unwrap_or_default();
            hash.hashes.extend_from_slice(new);
        }
    }

    /// The last slot of the log; 0 if the log is empty.
    #[must_use]
    pub(super) fn index(&self) -> u64 {
        self.read(LogHash::index)
    }

    /// As [`LogHash::point`].
    #[must_use]
    pub(super) fn point(&self, index: u64) -> Option<LogPoint> {
        self.read(|hash| hash.point(index))
    }

    fn read<T>(&self, look: impl FnOnce(&LogHash) -> T) -> T {
        look(&self.hash.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(values: &[&str]) -> LogHash {
        let mut log_hash = LogHash::default();
        for (slot, value) in (1..).zip(values) {
            log_hash.append(SlotIndex(slot), &Value::from(*value));
        }
        log_hash
    }

    #[test]
    fn different_logs_have_different_hashes() {
        let hash = |values: &[&str]| log(values).head().hash;
        assert_eq!(hash(&[]), "0".repeat(64));
        assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
        for other in [&["b", "a"][..], &["a"], &["ab"], &["a", "b", ""]] {
            assert_ne!(hash(&["a", "b"]), hash(other));
        }
    }

    #[test]
    fn logs_of_different_lengths_are_compared_at_the_end_of_the_shorter_one() {
        let (short, long) = (log(&["a", "b"]), log(&["a", "b", "c", "d"]));
        let (fork, long_fork) = (log(&["a", "x"]), log(&["a", "x", "c", "d", "e"]));
        // The longer log knows every hash of the shorter one.
        assert_eq!(long.agrees_with(&short.head()), Some(true));
        assert_eq!(long.agrees_with(&fork.head()), Some(false));
        assert_eq!(short.agrees_with(&fork.head()), Some(false));
        // The shorter log depends on what the longer one states.
        assert_eq!(short.agrees_with(&long.head()), None);
        let stated = |log: &LogHash, index| LogHead {
            common: log.point(index).map(Box::new),
            ..log.head()
        };
        assert_eq!(short.agrees_with(&stated(&long, 2)), Some(true));
        assert_eq!(short.agrees_with(&stated(&long_fork, 2)), Some(false));
        assert_eq!(short.agrees_with(&stated(&long_fork, 1)), Some(true));
        assert_eq!(short.agrees_with(&stated(&long_fork, 3)), None);
        assert_eq!(log(&[]).agrees_with(&stated(&long, 0)), None);
    }

    #[test]
    fn committed_slots_are_published_once() {
        let (committed, mut log) = (CommittedLog::default(), log(&["a"]));
        committed.publish(&log);
        log.append(SlotIndex(2), &Value::from("b"));
        assert_eq!(committed.index(), 1);
        committed.publish(&log);
        committed.publish(&log);
        assert_eq!(committed.index(), 2);
        assert_eq!(committed.point(1), log.point(1));
        assert_eq!(committed.point(3), None);
    }
}
