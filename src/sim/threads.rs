//! The executor that gives every node a thread of its own, named after it. Work goes to a node and its report comes
//! back over bounded channels; whoever has nothing to do sleeps in one.
//!
//! A node's state lives on its thread and nowhere else: when the node crashes or leaves, the thread ends and the state
//! is gone. Dropping the executor ends and joins all threads.

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

/// Enough for a node, little enough for 2,000 of them; pages that are never touched cost nothing.
const STACK_BYTES: usize = 1 << 20;
/// Reports that wait to be read; nodes beyond it wait with theirs.
const REPORTS_WAITING_MAX: usize = 256;

struct Worker {
    /// A node has at most one batch at a time, so sending never waits.
    batches: Sender<NodeBatch>,
    handle: JoinHandle<()>,
}

/// All threads by node.
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
        // The system takes no zero byte in the name of a thread.
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
        // `report` is held here too, so receiving fails only after the last report.
        reports.extend(self.reports.iter().take(awaited));
        reports
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let workers: Vec<Worker> = self.workers.drain(..).flatten().collect();
        // First all hear that there is no more work, then each is waited for.
        let handles: Vec<JoinHandle<()>> =
            workers.into_iter().map(|worker| worker.handle).collect();
        handles.into_iter().for_each(end);
    }
}

/// The life of a node's thread: until nobody has work for it any more.
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
    // A host catches what breaks down in its node, so a thread has nothing to say when it ends.
    let _ = handle.join();
}

/// What is reported for a thread that is not there.
fn gone(batch: NodeBatch) -> BatchReport {
    let step = |delivery: Delivery| ExecutedStep {
        key: delivery.key,
        tag: delivery.tag,
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
