//! `NodeMap`: a map from node id to value, stored as an array.
//!
//! In a large network nearly every node has an entry, and every message causes look-ups. Ids from [`ID_LIMIT`] on have
//! no entry, so the size stays bounded for any input.

use crate::scp::NodeId;

/// Ids from here on have no entry.
pub(super) const ID_LIMIT: usize = 1 << 15;

/// A map with node ids as keys.
#[derive(Clone, Debug)]
pub(super) struct NodeMap<T> {
    entries: Vec<Option<T>>,
}

impl<T> Default for NodeMap<T> {
    fn default() -> NodeMap<T> {
        let entries = Vec::new();
        NodeMap { entries }
    }
}

impl<T> NodeMap<T> {
    pub(super) fn get(&self, node: NodeId) -> Option<&T> {
        self.entries.get(node.index())?.as_ref()
    }

    /// The entry of `node`, to read or fill; `None` if its id is out of bounds.
    pub(super) fn entry(&mut self, node: NodeId) -> Option<&mut Option<T>> {
        let at = node.index();
        if at >= ID_LIMIT {
            return None;
        }
        if at >= self.entries.len() {
            // A simulation has a map entry for each pair of nodes. Growth by an eighth instead of doubling saves
            // memory.
            let (len, needed) = (self.entries.len(), at.saturating_add(1));
            let wanted = needed.max(len.saturating_add(len / 8));
            self.entries.reserve_exact(wanted.saturating_sub(len));
            self.entries.resize_with(needed, || None);
        }
        self.entries.get_mut(at)
    }

    /// Removes the entry of `node`.
    pub(super) fn remove(&mut self, node: NodeId) -> Option<T> {
        self.entries.get_mut(node.index())?.take()
    }

    /// All values, in ascending order of the ids.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().flatten()
    }

    /// Removes all entries and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.entries.iter_mut().for_each(|entry| *entry = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_below_the_bound_have_entries() {
        let mut map = NodeMap::default();
        *map.entry(NodeId(7)).unwrap() = Some("seven");
        *map.entry(NodeId(2)).unwrap() = Some("two");
        assert!(map.entry(NodeId(ID_LIMIT as u32)).is_none());
        assert_eq!(map.get(NodeId(7)), Some(&"seven"));
        assert_eq!(map.get(NodeId(3)), None);
        assert_eq!(map.get(NodeId(u32::MAX)), None);
        assert_eq!(map.values().copied().collect::<Vec<_>>(), ["two", "seven"]);
        map.clear();
        assert_eq!(map.values().next(), None);
    }
}
