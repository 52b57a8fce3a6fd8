//! `NodeMap`: a table by node, as an array: in a large network nearly everybody is in it, and it is asked about with every
//! message. Bounded: nodes with numbers beyond [`NODES_MAX`] have no place in it, whatever is sent.

use crate::scp::NodeId;

/// How many nodes have a place.
pub(super) const NODES_MAX: usize = 1 << 15;

/// A table by node.
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
    /// What stands there for `node`.
    pub(super) fn get(&self, node: NodeId) -> Option<&T> {
        self.entries.get(node.index())?.as_ref()
    }

    /// The place of `node`; `None` if it can have none.
    pub(super) fn place(&mut self, node: NodeId) -> Option<&mut Option<T>> {
        let at = node.index();
        if at >= NODES_MAX {
            return None;
        }
        if at >= self.entries.len() {
            // Tables of all nodes for all nodes are what fills the memory: they do not double.
            let wanted = (at + 1).max(self.entries.len() + self.entries.len() / 8);
            self.entries.reserve_exact(wanted - self.entries.len());
            self.entries.resize_with(at + 1, || None);
        }
        self.entries.get_mut(at)
    }

    /// Everything in it, by node.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().flatten()
    }

    /// Takes everything out.
    pub(super) fn clear(&mut self) {
        self.entries.iter_mut().for_each(|entry| *entry = None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_places_up_to_a_bound() {
        let mut table = NodeMap::default();
        *table.place(NodeId(7)).unwrap() = Some("seven");
        *table.place(NodeId(2)).unwrap() = Some("two");
        assert!(table.place(NodeId(NODES_MAX as u32)).is_none());
        assert_eq!(table.get(NodeId(7)), Some(&"seven"));
        assert_eq!(table.get(NodeId(3)), None);
        assert_eq!(table.get(NodeId(u32::MAX)), None);
        assert_eq!(
            table.values().copied().collect::<Vec<_>>(),
            ["two", "seven"]
        );
        table.clear();
        assert_eq!(table.values().next(), None);
    }
}
