//! `QuorumSet`: whom a node trusts, as nested thresholds. Pure questions about one set.

use super::id::NodeId;
use serde::{Deserialize, Serialize};

/// Satisfied when at least `threshold` of its entries (validators and inner sets) are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumSet {
    /// How many entries must be satisfied.
    pub threshold: u32,
    /// Nodes named directly.
    pub validators: Vec<NodeId>,
    /// Nested sets, each counting as one entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<QuorumSet>,
}
