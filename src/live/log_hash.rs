//! `LogHash`: one number that stands for a whole log: equal logs have equal hashes, and logs that differ anywhere do not.

use crate::scp::{SlotIndex, Value};
use sha2::{Digest, Sha256};

/// The hash of a log, slot by slot.
#[derive(Clone, Debug, Default)]
pub(super) struct LogHash {
    index: u64,
    hash: [u8; 32],
}

impl LogHash {
    /// Takes in the decision of the next slot: the hash is SHA-256 over the hash so far, the slot and the value.
    pub(super) fn append(&mut self, slot: SlotIndex, value: &Value) {
        let mut hasher = Sha256::new();
        hasher.update(self.hash);
        hasher.update(slot.0.to_be_bytes());
        hasher.update(value.as_bytes());
        self.hash = hasher.finalize().into();
        self.index = slot.0;
    }

    /// The last slot that is in it; 0 if there is none.
    #[must_use]
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    /// The hash as 64 hexadecimal digits; all zeros of an empty log.
    #[must_use]
    pub(super) fn hex(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_difference_shows() {
        let hash = |values: &[&str]| {
            let mut chain = LogHash::default();
            for (slot, value) in (1..).zip(values) {
                chain.append(SlotIndex(slot), &Value::from(*value));
            }
            chain.hex()
        };
        assert_eq!(hash(&[]), "0".repeat(64));
        assert_eq!(hash(&["a", "b"]), hash(&["a", "b"]));
        for other in [&["b", "a"][..], &["a"], &["ab"], &["a", "b", ""]] {
            assert_ne!(hash(&["a", "b"]), hash(other));
        }
    }
}
