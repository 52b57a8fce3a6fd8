//! `Remark`: what a user should know about a scenario before it runs. The sentences are in `text::remark`.

use crate::time::Span;

/// A remark about the construction of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// No placement drawn from the seed is connected.
    NoConnectedPlacement {
        /// Number of placements drawn.
        drawn: u64,
        /// Number of connected components of the placement in use.
        parts: u64,
    },
    /// Quorum intersection was found for no connected placement drawn from the seed.
    NoIntersectingPlacement {
        /// Number of placements examined.
        examined: u64,
    },
    /// Every statement is relayed to all nodes by radio, which is costly in a large network.
    RelayCost {
        /// Number of nodes.
        nodes: u64,
    },
    /// Silent nodes are dropped from quorum sets, so a partitioned network can fork.
    Forgets {
        /// After this time.
        after: Span,
    },
    /// Nodes without a usable quorum set never vote.
    WithoutQuorumSet {
        /// Number of such nodes.
        nodes: u64,
        /// Number of all nodes.
        total: u64,
    },
    /// Nodes that quorum sets name but the node list does not contain.
    NotInList {
        /// Number of such nodes.
        nodes: u64,
    },
    /// A process has not answered.
    NotAnswered {
        /// Its address, and the reason if there is one.
        process: String,
    },
}
