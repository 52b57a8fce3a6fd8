//! Driver: the functions that SCP requires from the application.

use super::id::{Counter, NodeId, QuorumSetId, SlotIndex};
use super::quorum_set::QuorumSet;
use super::value::Value;
use crate::time::Span;
use std::sync::Arc;

/// The validity of a value for the application, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validity {
    /// The node must not vote for it or accept it.
    Invalid,
    /// This node cannot determine the validity. It does not vote for the value, and follows its ballots without sending
    /// (NOTES 13).
    MaybeValid,
    /// The node may vote for it.
    FullyValid,
}

/// The part of the protocol that validates a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValidationContext {
    /// Nomination.
    Nomination,
    /// Balloting.
    Ballot,
}

/// The application of a node. Every result must depend only on the arguments and on earlier inputs of the node, not on
/// a clock or on randomness.
pub trait Driver {
    /// Validates `value`.
    fn validate(&self, slot: SlotIndex, value: &Value, context: ValidationContext) -> Validity;
    /// The valid value that can be extracted from an invalid one, if any (NOTES 30).
    fn extract(&self, slot: SlotIndex, value: &Value) -> Option<Value>;
    /// Whether a node that has voted to nominate `votes` may echo `value`, too. `of_leader` are the votes that the
    /// leader also names. An application can thereby bound the size of a NOMINATE. The default is no bound.
    fn may_add_vote(&self, _votes: &[Value], _of_leader: &[&Value], _value: &Value) -> bool {
        true
    }
    /// Combines candidates (ascending, distinct, at least one) into one value. `None` if they cannot be combined; then
    /// no ballot starts.
    fn combine(&self, slot: SlotIndex, candidates: &[Value]) -> Option<Value>;
    /// The hash that decides whether a node is a neighbour (draft: tag 1).
    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64;
    /// The priority of a node (draft: tag 2).
    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64;
    /// The hash that decides which value of a leader to echo (draft: tag 3).
    fn value_hash(&self, slot: SlotIndex, prev: &Value, round: u32, value: &Value) -> u64;
    /// The duration of nomination round `round`.
    fn nomination_timeout(&self, round: u32) -> Span;
    /// The duration of a ballot with counter `n`, from the time when a quorum is at that counter.
    fn ballot_timeout(&self, n: Counter) -> Span;
    /// The quorum set that `id` names; `None` if the application does not know it.
    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>>;
}
