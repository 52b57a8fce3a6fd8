//! Key publisher: publishes which nodes this node knows and trusts, for the checks of incoming calls.

use crate::live::known_keys::{KeyClass, KnownKeys};
use crate::live::node_directory::NodeDirectory;
use crate::scp::NodeId;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Publishes the known keys when they have changed.
pub(super) struct KeyPublisher {
    known_keys: Arc<KnownKeys>,
    /// Number of the nodes that are published.
    nodes: usize,
    /// The trusted ones among them.
    trusted: Arc<BTreeSet<NodeId>>,
}

impl KeyPublisher {
    /// A publisher that has published nothing.
    #[must_use]
    pub(super) fn new(known_keys: Arc<KnownKeys>) -> KeyPublisher {
        KeyPublisher {
            known_keys,
            nodes: 0,
            trusted: Arc::default(),
        }
    }

    /// Publishes the keys of the directory, if they or the trusted nodes have changed since the last call.
    pub(super) fn publish(&mut self, directory: &NodeDirectory, trusted: &Arc<BTreeSet<NodeId>>) {
        if self.nodes == directory.len() && self.trusted == *trusted {
            return;
        }
        (self.nodes, self.trusted) = (directory.len(), Arc::clone(trusted));
        let class = |node| match node == NodeId(0) || trusted.contains(&node) {
            true => KeyClass::Trusted,
            false => KeyClass::Known,
        };
        let nodes = (0..).map(NodeId).take(directory.len());
        let classes = nodes.map(|node| (directory.key_of(node), class(node)));
        self.known_keys.publish(classes.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeKey;

    #[test]
    fn keys_are_published_with_their_standing() {
        let known = Arc::new(KnownKeys::default());
        let mut publisher = KeyPublisher::new(Arc::clone(&known));
        let [own, friend, found] = [1, 2, 3].map(|nth| NodeKey::new([nth; 32]));
        let mut directory = NodeDirectory::new(own);
        let none = Arc::default();
        publisher.publish(&directory, &none);
        assert_eq!(known.class(own), Some(KeyClass::Trusted));
        assert_eq!(known.class(friend), None);
        let id = directory.assign(friend).unwrap();
        directory.assign(found).unwrap();
        publisher.publish(&directory, &none);
        assert_eq!(known.class(friend), Some(KeyClass::Known));
        publisher.publish(&directory, &Arc::new(BTreeSet::from([id])));
        assert_eq!(known.class(friend), Some(KeyClass::Trusted));
        assert_eq!(known.class(found), Some(KeyClass::Known));
    }
}
