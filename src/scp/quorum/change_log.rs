//! Bounded change log, from which derived data is updated instead of being computed from scratch.

use crate::scp::id::NodeId;

/// The nodes that changed last, oldest first, up to `CAPACITY` of them. A reader stores the version that it has read
/// and later reads the changes since that version.
#[derive(Clone, Debug, Default)]
pub(super) struct ChangeLog<const CAPACITY: usize> {
    nodes: Vec<NodeId>,
    version: u64,
}

impl<const CAPACITY: usize> ChangeLog<CAPACITY> {
    /// Records a change of `node`. A full log is emptied first.
    pub(super) fn push(&mut self, node: NodeId) {
        if self.nodes.len() == CAPACITY {
            self.nodes.clear();
        }
        self.nodes.push(node);
        // After an overflow, the versions that readers have stored are in the future: they read all again.
        self.version = self.version.wrapping_add(1);
    }

    /// The number of changes so far, including changes that the log no longer contains.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The changes after `version`; `None` if the log no longer reaches back that far.
    pub(super) fn since(&self, version: u64) -> Option<&[NodeId]> {
        let missed = usize::try_from(self.version.checked_sub(version)?).ok()?;
        let start = self.nodes.len().checked_sub(missed)?;
        self.nodes.get(start..)
    }

    /// Starts again at version 0. Keeps the allocation.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.version = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_the_changes_since_its_version_or_nothing() {
        let mut log = ChangeLog::<3>::default();
        assert_eq!(log.since(0), Some(&[][..]));
        for n in 0..3 {
            log.push(NodeId(n));
        }
        assert_eq!(log.since(1), Some(&[NodeId(1), NodeId(2)][..]));
        log.push(NodeId(3));
        assert_eq!(log.version(), 4);
        assert_eq!(log.since(3), Some(&[NodeId(3)][..]));
        assert_eq!(log.since(2), None, "dropped when the log was full");
        assert_eq!(log.since(5), None, "from before the log was cleared");
        log.clear();
        assert_eq!((log.version(), log.since(0)), (0, Some(&[][..])));
    }
}
