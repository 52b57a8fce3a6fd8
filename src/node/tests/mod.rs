//! Tests of whole nodes in small simulated networks: agreement, faults, backups, restarts, random inputs.

mod admission;
mod agreeing;
mod backups;
mod faults;
mod large;
mod networks;
mod peers_answers;
mod probation;
mod random;
mod restarts;
mod rollbacks;
pub(super) mod test_net;

use super::*;
use crate::scp::{NodeId, QuorumSet, SlotIndex};
use test_net::{finder, fixed};

fn finders(count: usize, settings: &NodeSettings) -> Vec<NodeConfig> {
    (0..count).map(|id| finder(id, settings)).collect()
}

fn fixed_nodes(threshold: u32, count: usize, settings: &NodeSettings) -> Vec<NodeConfig> {
    let set = QuorumSet::flat(threshold, (0..count as u32).map(NodeId));
    (0..count).map(|id| fixed(id, &set, settings)).collect()
}

fn is_ready(event: &NodeEvent) -> bool {
    matches!(event, NodeEvent::Ready { .. })
}

/// Nodes in a line: each node reaches only its two neighbours.
fn row(_: u64, a: NodeId, b: NodeId) -> bool {
    a.0.abs_diff(b.0) == 1
}
