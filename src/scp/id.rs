//! Identifiers: nodes, slots, ballot counters, quorum sets.
//!
//! SCP uses dense numbers; names, keys and hashes belong to the layers above. If the protocol requires the byte order
//! of node names, SCP uses the order of the numbers.

use serde::{Deserialize, Serialize};

/// The number of a node, dense from 0. The layer that builds the network assigns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Exclusive upper bound of node numbers, which index tables. Statements of senders at or above it are refused.
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

/// The identifier of a quorum set: the `nth` set of `owner`. Its content never changes.
///
/// A statement carries only this identifier (in stellar-core a hash). A statement that names another set is a different
/// statement even if both sets have the same members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QuorumSetId {
    /// The node that chose the set.
    pub owner: NodeId,
    /// The number of the set at its owner, counted from 1.
    pub nth: u32,
}
