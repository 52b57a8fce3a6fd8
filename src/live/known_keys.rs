//! Known keys: the nodes that this node knows, for the threads that check calls before the host sees them.
//!
//! The host owns the [`NodeDirectory`](super::node_directory::NodeDirectory) and publishes a snapshot of its keys after
//! each change. A reader may see a snapshot that is a few milliseconds old; the host checks every message again.

use crate::node::NodeKey;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Whether this node relies on a known node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum KeyClass {
    /// It is known, and not trusted.
    Known,
    /// It is in the trust set, or it is this node.
    Trusted,
}

type KeyClasses = BTreeMap<NodeKey, KeyClass>;

/// The newest snapshot of the known keys. The host writes it; HTTP handlers and their workers read it.
#[derive(Debug, Default)]
pub(super) struct KnownKeys {
    newest: RwLock<Arc<KeyClasses>>,
}

impl KnownKeys {
    /// A first snapshot: these nodes are known. The host replaces it when it starts.
    #[must_use]
    pub(super) fn of(keys: impl Iterator<Item = NodeKey>) -> KnownKeys {
        let known = KnownKeys::default();
        known.publish(keys.map(|key| (key, KeyClass::Known)).collect());
        known
    }

    /// The class of a node; `None` for a stranger.
    #[must_use]
    pub(super) fn class(&self, key: NodeKey) -> Option<KeyClass> {
        self.snapshot().get(&key).copied()
    }

    /// Whether the node is known.
    #[must_use]
    pub(super) fn is_known(&self, key: NodeKey) -> bool {
        self.class(key).is_some()
    }

    /// Replaces the snapshot.
    pub(super) fn publish(&self, classes: KeyClasses) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        *newest = Arc::new(classes);
    }

    fn snapshot(&self) -> Arc<KeyClasses> {
        let newest = self.newest.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_replaces_the_one_before() {
        let (one, other) = (NodeKey::new([1; 32]), NodeKey::new([2; 32]));
        let known = KnownKeys::default();
        assert!(!known.is_known(one));
        known.publish(BTreeMap::from([(one, KeyClass::Trusted)]));
        assert_eq!(known.class(one), Some(KeyClass::Trusted));
        known.publish(BTreeMap::from([(other, KeyClass::Known)]));
        assert_eq!(
            (known.class(one), known.class(other)),
            (None, Some(KeyClass::Known))
        );
    }
}
