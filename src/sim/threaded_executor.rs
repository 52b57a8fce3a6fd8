//! Executor with one named thread per node.
//!
//! A node's state lives on its thread and nowhere else: when the node crashes or leaves, the thread ends and the state
//! is gone.

use super::executor::{
    BatchReport, Delivery, ExecutedStep, Executor, NodeBatch, SimError, StepOutcome,
};
use super::simulated_node::SimulatedNode;
use super::state_machine::NodeFactory;
use super::worker_threads::{LostJob, WorkerThreads};
use crate::node::NodeConfig;
use crate::scp::NodeId;
use std::sync::Arc;

/// The threads, by node number.
pub(super) struct Threads {
    factory: NodeFactory,
    workers: WorkerThreads<NodeBatch, BatchReport>,
}

impl Threads {
    pub(super) fn new(factory: NodeFactory) -> Threads {
        Threads {
            factory,
            workers: WorkerThreads::new(),
        }
    }
}

impl Executor for Threads {
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError> {
        let (config, factory) = (Arc::clone(config), self.factory);
        let name = Arc::clone(&config.peer.name);
        let make = move || {
            let mut simulated = SimulatedNode::new(node, &config, factory);
            move |batch| simulated.run_batch(batch)
        };
        self.workers
            .start(node.index(), &format!("node-{name}"), make)
            .map_err(|source| SimError::NoThread { name, source })
    }

    fn stop(&mut self, node: NodeId) {
        self.workers.stop(node.index());
    }

    fn run(&mut self, batches: Vec<NodeBatch>) -> Vec<BatchReport> {
        let jobs = batches.into_iter().map(|batch| (batch.node.index(), batch));
        let report = |result: Result<BatchReport, LostJob<NodeBatch>>| match result {
            Ok(report) => Some(report),
            Err(LostJob::NotRunning(batch)) => Some(stopped(batch)),
            // A simulated node catches the panics of its node.
            Err(LostJob::Panicked) => None,
        };
        self.workers
            .run(jobs)
            .into_iter()
            .filter_map(report)
            .collect()
    }
}

/// The report for a node whose thread does not exist.
fn stopped(batch: NodeBatch) -> BatchReport {
    let step = |delivery: Delivery| ExecutedStep {
        key: delivery.key,
        info: delivery.info,
        is_housekeeping: false,
        outcome: StepOutcome::NodeStopped,
    };
    BatchReport {
        node: batch.node,
        steps: batch.deliveries.into_iter().map(step).collect(),
        next: None,
        awaits_progress: false,
    }
}
