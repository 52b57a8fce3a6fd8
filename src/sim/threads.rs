//! `Threads`: the executor with one OS thread per node, named after the node. Batches and reports go through bounded
//! channels; an idle thread blocks on its channel.
//!
//! The state of a node lives on its thread only: when the node crashes or leaves, the thread ends and the state is
//! dropped. Dropping the executor joins all threads.

use super::executor::{
    BatchReport, Delivery, ExecutedStep, Executor, NodeBatch, SimError, StepOutcome,
};
use super::simulated_node::SimulatedNode;
use super::state_machine::NodeFactory;
use crate::node::NodeConfig;
use crate::scp::NodeId;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Stack of a node's thread: 2,000 of them fit into memory, because untouched pages cost nothing.
const STACK_BYTES: usize = 1 << 20;
/// Capacity of the channel for reports. A node that finds it full waits.
const REPORTS_WAITING_MAX: usize = 256;

struct Worker {
    /// A node has at most one batch at a time, so sending never blocks.
    batches: Sender<NodeBatch>,
    handle: JoinHandle<()>,
}

/// The threads, by node.
pub(super) struct Threads {
    factory: NodeFactory,
    workers: Vec<Option<Worker>>,
    report: Sender<BatchReport>,
    reports: Receiver<BatchReport>,
}

impl Threads {
    pub(super) fn new(factory: NodeFactory) -> Threads {
        let (report, reports) = bounded(REPORTS_WAITING_MAX);
        Threads {
            factory,
            workers: Vec::new(),
            report,
            reports,
        }
    }
}

impl Executor for Threads {
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError> {
        self.stop(node);
        let (batches, work) = bounded(1);
        let (report, config, factory) = (self.report.clone(), Arc::clone(config), self.factory);
        let name = Arc::clone(&config.peer.name);
        // A thread name must not contain a zero byte.
        let thread_name = format!("node-{}", name.replace('\0', ""));
        let thread = Builder::new().name(thread_name).stack_size(STACK_BYTES);
        let handle = thread
            .spawn(move || run_node(SimulatedNode::new(node, &config, factory), &work, &report))
            .map_err(|source| SimError::NoThread { name, source })?;
        if self.workers.len() <= node.index() {
            self.workers.resize_with(node.index() + 1, || None);
        }
        self.workers[node.index()] = Some(Worker { batches, handle });
        Ok(())
    }

    fn stop(&mut self, node: NodeId) {
        if let Some(worker) = self.workers.get_mut(node.index()).and_then(Option::take) {
            join(worker);
        }
    }

    fn run(&mut self, batches: Vec<NodeBatch>) -> Vec<BatchReport> {
        let mut reports = Vec::with_capacity(batches.len());
        let mut awaited = 0;
        for batch in batches {
            match self.workers.get(batch.node.index()) {
                Some(Some(worker)) => match worker.batches.send(batch) {
                    Ok(()) => awaited += 1,
                    Err(refused) => reports.push(gone(refused.into_inner())),
                },
                _ => reports.push(gone(batch)),
            }
        }
        // `self.report` keeps the channel open, so receiving fails only after the last report.
        reports.extend(self.reports.iter().take(awaited));
        reports
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let workers: Vec<Worker> = self.workers.drain(..).flatten().collect();
        // First close all channels, then join: otherwise each thread would be waited for alone.
        let handles: Vec<JoinHandle<()>> =
            workers.into_iter().map(|worker| worker.handle).collect();
        handles.into_iter().for_each(end);
    }
}

/// The body of a node's thread; it ends when the channel of batches is closed.
fn run_node(mut node: SimulatedNode, work: &Receiver<NodeBatch>, report: &Sender<BatchReport>) {
    for batch in work {
        if report.send(node.run_batch(batch)).is_err() {
            break;
        }
    }
}

fn join(worker: Worker) {
    drop(worker.batches);
    end(worker.handle);
}

fn end(handle: JoinHandle<()>) {
    // `SimulatedNode` catches panics of its node, so the result of the thread carries nothing.
    let _ = handle.join();
}

/// The report for a node that has no thread.
fn gone(batch: NodeBatch) -> BatchReport {
    let step = |delivery: Delivery| ExecutedStep {
        key: delivery.key,
        info: delivery.info,
        is_housekeeping: false,
        outcome: StepOutcome::Gone,
    };
    BatchReport {
        node: batch.node,
        steps: batch.deliveries.into_iter().map(step).collect(),
        next: None,
        awaits_progress: false,
    }
}
