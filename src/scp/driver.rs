//! `Driver`: what SCP leaves to the application.

use super::id::{Counter, NodeId, QuorumSetId, SlotIndex};
use super::quorum_set::QuorumSet;
use super::value::Value;
use crate::time::Span;
use std::sync::Arc;

/// How valid the application finds a value; worse is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validity {
    /// Must not be voted for or accepted.
    Invalid,
    /// Cannot be judged here: not votable; in a ballot it is followed in silence (NOTES 13).
    MaybeValid,
    /// May be voted for.
    FullyValid,
}

/// In which part of the protocol a value is being judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValidationContext {
    /// As a nomination.
    Nomination,
    /// In a ballot.
    Ballot,
}

/// The application's side of SCP. All answers must be functions of their arguments and of what the node was told
/// before: no clock, no randomness.
pub trait Driver {
    /// Judges `value`.
    fn validate(&self, slot: SlotIndex, value: &Value, context: ValidationContext) -> Validity;
    /// A valid value made from an invalid one, if there is one (NOTES 30).
    fn extract(&self, slot: SlotIndex, value: &Value) -> Option<Value>;
    /// May a node that has voted to nominate `votes` echo `value`, too? `of_leader`: those of the votes that the leader
    /// names from whom the value comes. A bound on what one node has to say in one slot; without one the answer is yes.
    fn may_add_vote(&self, _votes: &[Value], _of_leader: &[&Value], _value: &Value) -> bool {
        true
    }
    /// Combines candidates (ascending, each once, never empty) into one value; `None` if that is impossible, then no
    /// ballot starts.
    fn combine(&self, slot: SlotIndex, candidates: &[Value]) -> Option<Value>;
    /// Hash of a node for the choice of neighbours (draft: tag 1).
    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64;
    /// Hash of a node for its priority (draft: tag 2).
    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64;
    /// Hash of a value for the choice of what to echo (tag 3).
    fn value_hash(&self, slot: SlotIndex, prev: &Value, round: u32, value: &Value) -> u64;
    /// How long nomination round `round` lasts.
    fn nomination_timeout(&self, round: u32) -> Span;
    /// How long a ballot with counter `n` lasts once a quorum is there.
    fn ballot_timeout(&self, n: Counter) -> Span;
    /// The quorum set that `id` names, if it is known.
    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>>;
}
