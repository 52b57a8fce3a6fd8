//! `Inline`: the executor that runs all nodes on the caller's thread, one after the other.

use super::executor::{BatchReport, Executor, NodeBatch, SimError};
use super::simulated_node::SimulatedNode;
use super::state_machine::NodeFactory;
use crate::node::NodeConfig;
use crate::scp::NodeId;
use std::sync::Arc;

/// The nodes, by number.
pub(super) struct Inline {
    factory: NodeFactory,
    nodes: Vec<Option<SimulatedNode>>,
}

impl Inline {
    pub(super) fn new(factory: NodeFactory) -> Inline {
        let nodes = Vec::new();
        Inline { factory, nodes }
    }
}

impl Executor for Inline {
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError> {
        if self.nodes.len() <= node.index() {
            self.nodes.resize_with(node.index() + 1, || None);
        }
        self.nodes[node.index()] = Some(SimulatedNode::new(node, config, self.factory));
        Ok(())
    }

    fn stop(&mut self, node: NodeId) {
        if let Some(node) = self.nodes.get_mut(node.index()) {
            *node = None;
        }
    }

    fn run(&mut self, batches: Vec<NodeBatch>) -> Vec<BatchReport> {
        let report_of = |batch: NodeBatch| {
            let node = self.nodes.get_mut(batch.node.index())?.as_mut()?;
            Some(node.run_batch(batch))
        };
        batches.into_iter().filter_map(report_of).collect()
    }
}
