//! Flat network for the benchmark: every node trusts all nodes, with the application of the conformance transcripts.

use crate::commands::conformance::{combine, hash, timeout};
use crate::scp::{
    Counter, Driver, EvidenceMode, LocalNode, NodeId, QuorumSet, QuorumSetId, Scp, SlotIndex,
    ValidationContext, Validity, Value,
};
use crate::time::Span;
use std::cell::RefCell;
use std::sync::Arc;

/// A flat network of n nodes: every quorum set requires `floor(2n/3) + 1` of all nodes. It is also the driver of the
/// nodes.
#[derive(Clone, Debug)]
pub struct FlatNetwork {
    /// Each name is `n` and two digits, or three digits above 100 nodes, so that names sort like numbers.
    names: Vec<String>,
    set: Arc<QuorumSet>,
}

impl FlatNetwork {
    /// Largest number of nodes: a sane quorum set cannot name more.
    pub const NODES_MAX: usize = QuorumSet::NODES_MAX;

    /// A network of `nodes` nodes, 1 to [`FlatNetwork::NODES_MAX`].
    #[must_use]
    pub fn new(nodes: usize) -> FlatNetwork {
        let nodes = nodes.clamp(1, FlatNetwork::NODES_MAX);
        let width = if nodes > 100 { 3 } else { 2 };
        let threshold = (2 * nodes / 3 + 1) as u32;
        let members = (0..nodes as u32).map(NodeId);
        FlatNetwork {
            names: (0..nodes).map(|nth| format!("n{nth:0width$}")).collect(),
            set: Arc::new(QuorumSet::flat(threshold, members)),
        }
    }

    /// The number of nodes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Always false: there is at least one node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// All nodes, ascending.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.names.len() as u32).map(NodeId)
    }

    /// The name of a node: `n` and the digits.
    #[must_use]
    pub fn name(&self, node: NodeId) -> &str {
        self.names.get(node.index()).map_or("", String::as_str)
    }

    /// The proposal of `node` in every slot: `v` and the digits.
    #[must_use]
    pub fn proposal(&self, node: NodeId) -> Value {
        let digits = self.name(node).trim_start_matches('n');
        Value::from(format!("v{digits}").as_str())
    }

    /// `node` before it has received anything.
    #[must_use]
    pub fn scp(&self, node: NodeId, evidence_mode: EvidenceMode) -> Scp {
        let local = LocalNode {
            id: node,
            quorum_set: QuorumSetId {
                owner: node,
                nth: 1,
            },
            is_validator: true,
        };
        Scp::new(local, evidence_mode)
    }

    fn node_hash(&self, tag: u8, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        hash_of(tag, slot, round, self.name(node).as_bytes(), prev)
    }
}

impl Driver for FlatNetwork {
    fn validate(&self, _: SlotIndex, _: &Value, _: ValidationContext) -> Validity {
        Validity::FullyValid
    }

    fn extract(&self, _: SlotIndex, _: &Value) -> Option<Value> {
        None
    }

    fn combine(&self, _: SlotIndex, candidates: &[Value]) -> Option<Value> {
        Some(match candidates {
            // A value without pieces is its own combination.
            [only] if !only.as_bytes().contains(&b'+') => only.clone(),
            _ => combine(candidates),
        })
    }

    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        self.node_hash(b'N', slot, prev, round, node)
    }

    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        self.node_hash(b'P', slot, prev, round, node)
    }

    fn value_hash(&self, slot: SlotIndex, prev: &Value, round: u32, value: &Value) -> u64 {
        hash_of(b'K', slot, round, value.as_bytes(), prev)
    }

    fn nomination_timeout(&self, round: u32) -> Span {
        timeout(round)
    }

    fn ballot_timeout(&self, n: Counter) -> Span {
        timeout(n)
    }

    fn quorum_set(&self, _: QuorumSetId) -> Option<Arc<QuorumSet>> {
        Some(Arc::clone(&self.set))
    }
}

thread_local! {
    /// A buffer for the hashed text.
    static HASHED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The hash of `tag:slot:round:what:prev`. The text is formatted without `format!` for speed, because a slot of many
/// nodes needs many hashes.
fn hash_of(tag: u8, slot: SlotIndex, round: u32, what: &[u8], prev: &Value) -> u64 {
    HASHED.with_borrow_mut(|text| {
        text.clear();
        text.push(tag);
        text.push(b':');
        push_decimal(text, slot.0);
        text.push(b':');
        push_decimal(text, round.into());
        text.push(b':');
        text.extend_from_slice(what);
        text.push(b':');
        text.extend_from_slice(prev.as_bytes());
        hash(text)
    })
}

fn push_decimal(text: &mut Vec<u8>, number: u64) {
    if number >= 10 {
        push_decimal(text, number / 10);
    }
    text.push(b'0' + (number % 10) as u8);
}
