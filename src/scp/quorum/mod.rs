//! Quorums: is there a quorum or a v-blocking set among these nodes, and which one.
//!
//! Absent here: the rules of nomination and of ballots, which ask these questions.

pub(super) mod ballots;
pub(super) mod compiled_set;
mod federated_voting;
mod groups;
pub(super) mod latest;
mod no_quorum_cache;
pub(super) mod node_set;
pub(super) mod nominations;
pub(super) mod predicate;
mod pruning;
pub(super) mod registry;
pub(super) mod search;
mod witness;
