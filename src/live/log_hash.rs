//! SHA-256 hash chain over a log: equal logs have equal hashes, and different logs have different hashes.

use crate::scp::{SlotIndex, Value};
use sha2::{Digest, Sha256};

/// Index and hash of a log that grows slot by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct LogHash {
    index: u64,
    hash: [u8; 32],
}

impl LogHash {
    /// Appends the decision of the next slot. The new hash is SHA-256 over the old hash, the slot (8 bytes, big endian)
    /// and the value.
    pub(super) fn append(&mut self, slot: SlotIndex, value: &Value) {
        let mut hasher = Sha256::new();
        hasher.update(self.hash);
        hasher.update(slot.0.to_be_bytes());
        hasher.update(value.as_bytes());
        self.hash = hasher.finalize().into();
        self.index = slot.0;
    }

    /// The last slot of the log; 0 if the log is empty.
    #[must_use]
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    /// The hash as 64 lower-case hexadecimal digits. An empty log has only zeros.
    #[must_use]
    pub(super) fn hex(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_logs_have_different_hashes() {
        let hash = |values: &[&str]| {
            let mut log_hash = LogHash::default();
            for (slot, value) in (1..).zip(values) {
                log_hash.append(SlotIndex(slot), &Value::from(*value));
            }
            log_hash.hex()
        };
        assert_eq!(hash(&[]), "0".repeat(64));
        assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
        for other in [&["b", "a"][..], &["a"], &["ab"], &["a", "b", ""]] {
            assert_ne!(hash(&["a", "b"]), hash(other));
        }
    }
}
