//! Trust policy: which nodes a node trusts, and how many of them a slice needs.

use crate::scp::QuorumSet;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a node chooses its trust set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustPolicy {
    /// All nodes on the roster.
    Found,
    /// All direct neighbours.
    InRange,
    /// This quorum set, independent of discovery. The node itself is a member only if the set names it.
    Fixed(Arc<QuorumSet>),
    /// No node: there is no usable quorum set. The node listens and never votes.
    None,
}

/// The size of a quorum slice among the trusted nodes, the node itself included. A fixed quorum set does not use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// floor(2n/3) + 1.
    TwoThirds,
    /// floor(n/2) + 1.
    Majority,
    /// A fixed number. With fewer trusted nodes, a node has no quorum set under [`TrustPolicy::Found`] and requires all
    /// of them under [`TrustPolicy::InRange`].
    Count(u32),
}

impl Threshold {
    /// The threshold for a set of `n` nodes; 0 only for the empty set.
    #[must_use]
    pub fn of(self, n: u32) -> u32 {
        match self {
            Threshold::TwoThirds => (u64::from(n).saturating_mul(2) / 3).saturating_add(1) as u32,
            Threshold::Majority => (n / 2).saturating_add(1),
            Threshold::Count(k) => k.max(1),
        }
        .min(n)
    }
}

#[cfg(test)]
mod tests {
    use super::Threshold;

    #[test]
    fn thresholds_follow_their_formulas() {
        let two_thirds: Vec<u32> = (0..8).map(|n| Threshold::TwoThirds.of(n)).collect();
        assert_eq!(two_thirds, [0, 1, 2, 3, 3, 4, 5, 5]);
        let majority: Vec<u32> = (0..6).map(|n| Threshold::Majority.of(n)).collect();
        assert_eq!(majority, [0, 1, 2, 2, 3, 3]);
        assert_eq!(Threshold::Count(9).of(4), 4);
    }
}
