//! Stub driver for unit tests: a test implements only the functions that it needs.

use super::driver::{Driver, ValidationContext, Validity};
use super::id::{Counter, NodeId, QuorumSetId, SlotIndex};
use super::quorum_set::QuorumSet;
use super::value::Value;
use crate::time::Span;
use std::sync::Arc;

/// The functions that a test implements. All other results are fixed.
pub(super) trait StubDriver {
    fn neighbour_hash(&self, _: NodeId) -> u64 {
        0
    }
    fn priority_hash(&self, _: NodeId) -> u64 {
        0
    }
    fn quorum_set_of(&self, _: NodeId) -> Option<Arc<QuorumSet>> {
        None
    }
}

impl<T: StubDriver> Driver for T {
    fn validate(&self, _: SlotIndex, _: &Value, _: ValidationContext) -> Validity {
        Validity::FullyValid
    }
    fn extract(&self, _: SlotIndex, _: &Value) -> Option<Value> {
        None
    }
    fn combine(&self, _: SlotIndex, _: &[Value]) -> Option<Value> {
        None
    }
    fn neighbour_hash(&self, _: SlotIndex, _: &Value, _: u32, node: NodeId) -> u64 {
        StubDriver::neighbour_hash(self, node)
    }
    fn priority_hash(&self, _: SlotIndex, _: &Value, _: u32, node: NodeId) -> u64 {
        StubDriver::priority_hash(self, node)
    }
    fn value_hash(&self, _: SlotIndex, _: &Value, _: u32, _: &Value) -> u64 {
        0
    }
    fn nomination_timeout(&self, _: u32) -> Span {
        Span::ZERO
    }
    fn ballot_timeout(&self, _: Counter) -> Span {
        Span::ZERO
    }
    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>> {
        self.quorum_set_of(id.owner)
    }
}
