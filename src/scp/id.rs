//! Names of things SCP counts: nodes, slots, ballot counters, quorum sets.
//!
//! SCP works on dense numbers. Names, keys and hashes belong to whoever composes the network; the one thing SCP
//! asks of the numbers is their order: where the protocol says "in byte order of node names", it uses theirs.

use serde::{Deserialize, Serialize};

/// The number of a node, dense from 0, issued by whoever composes the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Numbers are below this. Tables are indexed by them, so a statement from beyond is refused.
    pub const LIMIT: u32 = 1 << 20;

    /// The number as an index into a table.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The number of a slot; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlotIndex(pub u64);

impl SlotIndex {
    /// The slot after this one.
    #[must_use]
    pub const fn next(self) -> SlotIndex {
        SlotIndex(self.0.saturating_add(1))
    }
}

/// A ballot counter; 0 means "no ballot yet".
pub type Counter = u32;

/// Names one quorum set for ever: the `nth` that `owner` has had. What it contains never changes.
///
/// A statement carries only this name (stellar-core: a hash), and a statement that names another set is a
/// different statement even if the two sets have the same members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuorumSetId {
    /// Whose quorum set it is.
    pub owner: NodeId,
    /// Counted from 1.
    pub nth: u32,
}
