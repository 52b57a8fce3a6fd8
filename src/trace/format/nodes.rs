//! Node identity in traces: keys, the ids that abbreviate them, and node numbers.

use crate::node::{NodeKey, Peer};
use crate::scp::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Shortest id of a node in a trace, in characters of its key.
const ID_CHARS_MIN: usize = 8;
/// Nodes with numbers below this are in an array: every line of a trace names nodes.
const DENSE_NUMBERS: usize = 1 << 16;

/// Issues node numbers by key, in the order of first appearance. Traces that are read with one registry agree on them.
#[derive(Clone, Debug, Default)]
pub struct NodeRegistry {
    peers: Vec<Peer>,
    by_key: BTreeMap<Arc<str>, NodeId>,
}

impl NodeRegistry {
    /// The number of the node with this key; a new one if the key is new. A node keeps the first name that it gets.
    pub fn number(&mut self, key: &str, name: &str) -> NodeId {
        if let Some(known) = self.by_key.get(key) {
            return *known;
        }
        let id = NodeId(u32::try_from(self.peers.len()).unwrap_or(u32::MAX));
        let key: Arc<str> = key.into();
        self.by_key.insert(Arc::clone(&key), id);
        let name = name.into();
        self.peers.push(Peer { id, name, key });
        id
    }

    /// All nodes, by number.
    #[must_use]
    pub fn peers(&self) -> &[Peer] {
        &self.peers
    }
}

/// A node as one trace introduces it.
#[derive(Clone, Debug)]
pub(super) struct NodeEntry {
    pub(super) id: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) name: Arc<str>,
}

/// The nodes that a trace being written has introduced.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeTable {
    dense: Vec<Option<NodeEntry>>,
    sparse: BTreeMap<NodeId, NodeEntry>,
    by_public_key: BTreeMap<NodeKey, NodeId>,
    taken: BTreeSet<Arc<str>>,
}

impl NodeTable {
    pub(super) fn get(&self, node: NodeId) -> Option<&NodeEntry> {
        match self.dense.get(node.index()) {
            Some(entry) => entry.as_ref(),
            None => self.sparse.get(&node),
        }
    }

    pub(super) fn by_public_key(&self, key: &NodeKey) -> Option<&NodeEntry> {
        self.get(*self.by_public_key.get(key)?)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &NodeEntry> {
        self.dense.iter().flatten().chain(self.sparse.values())
    }

    /// Introduces a node; `None` if it has already been introduced. A node keeps the name of its introduction.
    pub(super) fn introduce(&mut self, peer: &Peer) -> Option<&NodeEntry> {
        let known = self.get(peer.id);
        if known.is_some_and(|known| known.key == peer.key) {
            return None;
        }
        let id = self.free_id(&peer.key);
        self.taken.insert(Arc::clone(&id));
        let (key, name) = (Arc::clone(&peer.key), Arc::clone(&peer.name));
        self.by_public_key.insert(NodeKey::of(&key), peer.id);
        self.insert(peer.id, NodeEntry { id, key, name });
        self.get(peer.id)
    }

    fn insert(&mut self, node: NodeId, entry: NodeEntry) {
        let at = node.index();
        if at >= DENSE_NUMBERS {
            self.sparse.insert(node, entry);
            return;
        }
        if at >= self.dense.len() {
            self.dense.resize_with(at + 1, || None);
        }
        if let Some(slot) = self.dense.get_mut(at) {
            *slot = Some(entry);
        }
    }

    /// The shortest prefix of `key` that no other node has as its id.
    fn free_id(&self, key: &str) -> Arc<str> {
        let ends = key
            .char_indices()
            .map(|(at, letter)| at + letter.len_utf8());
        let mut ends: Vec<usize> = ends.skip(ID_CHARS_MIN - 1).collect();
        ends.push(key.len());
        let prefixes = ends.into_iter().map(|end| key[..end].to_owned());
        let numbered = (2_u64..).map(|nth| format!("{}~{nth}", key.trim_start_matches(UNKNOWN)));
        let mut free = prefixes
            .chain(numbered)
            .filter(|id| !id.starts_with(UNKNOWN) && !self.taken.contains(id.as_str()));
        free.next().unwrap_or_default().into()
    }
}

/// Marks a node that was never introduced; its number follows. Only a Byzantine node refers to such nodes.
pub(super) const UNKNOWN: char = '#';

/// The ids of a trace being read.
#[derive(Debug, Default)]
pub(super) struct NodeIds {
    by_id: BTreeMap<Box<str>, NodeId>,
    /// Ids of eight bytes, which nearly all are, compare as integers.
    by_short_id: BTreeMap<u64, NodeId>,
}

impl NodeIds {
    pub(super) fn insert(&mut self, id: &str, node: NodeId) {
        match short(id) {
            Some(short) => self.by_short_id.insert(short, node),
            None => self.by_id.insert(id.into(), node),
        };
    }

    pub(super) fn get(&self, id: &str) -> Option<NodeId> {
        match short(id) {
            Some(short) => self.by_short_id.get(&short).copied(),
            None => self.by_id.get(id).copied(),
        }
    }
}

fn short(id: &str) -> Option<u64> {
    id.as_bytes().try_into().ok().map(u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32, key: &str, name: &str) -> Peer {
        Peer {
            id: NodeId(number),
            name: name.into(),
            key: key.into(),
        }
    }

    #[test]
    fn ids_are_the_shortest_unique_prefixes_of_keys() {
        let mut table = NodeTable::default();
        let mut id = |number, key| {
            table
                .introduce(&peer(number, key, "n"))
                .unwrap()
                .id
                .to_string()
        };
        assert_eq!(id(0, "GABCDEFGHIJ"), "GABCDEFG");
        assert_eq!(id(1, "GABCDEFGHXY"), "GABCDEFGH");
        assert_eq!(id(2, "A"), "A");
        assert_eq!(id(3, "GABCDEFG"), "GABCDEFG~2");
        assert_eq!(id(4, "#4"), "4~2", "an id never looks like an unknown node");
    }

    #[test]
    fn a_registry_gives_one_number_per_key() {
        let mut registry = NodeRegistry::default();
        assert_eq!(registry.number("GA", "a"), NodeId(0));
        assert_eq!(registry.number("GB", "b"), NodeId(1));
        assert_eq!(registry.number("GA", "other"), NodeId(0));
        assert_eq!(&*registry.peers()[0].name, "a");
    }
}
