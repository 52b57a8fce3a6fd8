//! Multi-threaded network: one thread per node, on the worker threads of the simulator.
//!
//! A slot advances in generations. A generation consists of all envelopes that were sent in response to the previous
//! one. All nodes process it at the same time, each in the order of the queue. Their outputs are sorted by the envelope
//! that caused them and then by node, which is the order of the inline queue. So every node receives the same envelopes
//! in the same order as inline.

use super::network::FlatNetwork;
use super::slot::{BenchNode, Decisions, NodeOutput, SlotContext, SlotError, SlotWork};
use crate::scp::{Envelope, EvidenceMode, NodeId};
use crate::sim::WorkerThreads;
use crate::time::Time;
use std::sync::Arc;

/// A network with a thread per node.
pub struct ThreadedNetwork {
    workers: WorkerThreads<Job, JobOutput>,
    nodes: usize,
    context: SlotContext,
    now: Time,
}

/// The task of all nodes in one generation.
#[derive(Clone, Debug)]
enum Task {
    /// Start the slot.
    Nominate,
    /// Process these envelopes, except the node's own.
    Deliver(Arc<[Arc<Envelope>]>),
    /// Process the timers that are due.
    Fire,
}

#[derive(Clone, Debug)]
struct Job {
    task: Task,
    context: SlotContext,
    now: Time,
}

/// The position of the processed envelope in its generation, and the node: the order of the inline queue.
type OutputOrder = (usize, NodeId);

#[derive(Debug)]
struct JobOutput {
    node: NodeId,
    /// In the order in which the node made them.
    outputs: Vec<(OutputOrder, NodeOutput)>,
    /// The expiry of the node's next timer.
    due: Option<Time>,
}

impl ThreadedNetwork {
    /// A network of `nodes` nodes before its first slot; all threads are running.
    ///
    /// # Errors
    /// If no further thread can be started.
    pub fn new(nodes: usize, evidence_mode: EvidenceMode) -> Result<ThreadedNetwork, SlotError> {
        let network = Arc::new(FlatNetwork::new(nodes));
        let mut workers = WorkerThreads::new();
        for node in network.nodes() {
            let name = network.name(node).to_owned();
            let shared = Arc::clone(&network);
            let make = move || {
                let mut bench_node = BenchNode::new(&shared, node, evidence_mode);
                move |job: Job| process(&mut bench_node, &shared, &job)
            };
            workers
                .start(node.index(), &name, make)
                .map_err(|source| SlotError::NoThread {
                    name: name.clone(),
                    source,
                })?;
        }
        Ok(ThreadedNetwork {
            workers,
            nodes: network.len(),
            context: SlotContext::first(),
            now: Time::ZERO,
        })
    }

    /// Runs the next slot until the last node has externalized. Envelopes still in flight are dropped.
    ///
    /// # Errors
    /// If nodes disagree, nothing can happen any more, or a thread is lost.
    pub fn run_slot(&mut self) -> Result<SlotWork, SlotError> {
        let mut slot = RunningSlot {
            due: vec![None; self.nodes],
            decisions: Decisions::new(self.context.slot, self.nodes),
            deliveries: 0,
            broadcasts: 0,
        };
        let mut task = Task::Nominate;
        loop {
            let outputs = self.run_generation(&task, &slot.due)?;
            let sent = slot.settle(&task, outputs)?;
            if let Some(decided) = slot.decisions.of_all() {
                self.context.advance(decided);
                return Ok(slot.work(decided.clone()));
            }
            task = if sent.is_empty() {
                let due = slot.due.iter().flatten().min().copied();
                self.now = due.ok_or_else(|| slot.decisions.stuck())?;
                Task::Fire
            } else {
                Task::Deliver(sent.into())
            };
        }
    }

    fn run_generation(
        &mut self,
        task: &Task,
        due: &[Option<Time>],
    ) -> Result<Vec<JobOutput>, SlotError> {
        let job = Job {
            task: task.clone(),
            context: self.context.clone(),
            now: self.now,
        };
        let is_needed = |index: &usize| match task {
            Task::Fire => due[*index].is_some_and(|due| due <= self.now),
            Task::Nominate | Task::Deliver(_) => true,
        };
        let jobs = (0..self.nodes).filter(is_needed);
        let results = self.workers.run(jobs.map(|index| (index, job.clone())));
        let lost = SlotError::ThreadLost {
            slot: self.context.slot,
        };
        let results: Result<Vec<JobOutput>, _> = results.into_iter().collect();
        results.map_err(|_| lost)
    }
}

fn process(bench_node: &mut BenchNode, network: &FlatNetwork, job: &Job) -> JobOutput {
    let (node, now) = (bench_node.node(), job.now);
    let mut outputs = Vec::new();
    match &job.task {
        Task::Nominate => bench_node.nominate(network, &job.context, now, |output| {
            outputs.push(((0, node), output));
        }),
        Task::Deliver(envelopes) => {
            for (at, envelope) in envelopes.iter().enumerate() {
                if envelope.from != node {
                    bench_node.receive(network, envelope, now, |output| {
                        outputs.push(((at, node), output));
                    });
                }
            }
        }
        Task::Fire => bench_node.fire(network, &job.context, now, |output| {
            outputs.push(((0, node), output));
        }),
    }
    JobOutput {
        node,
        outputs,
        due: bench_node.next_due(),
    }
}

/// A slot before its decision.
struct RunningSlot {
    /// The expiry of the next timer, by node.
    due: Vec<Option<Time>>,
    decisions: Decisions,
    deliveries: u64,
    broadcasts: u64,
}

impl RunningSlot {
    /// Counts the outputs of a generation up to the last decision and returns the envelopes that were sent, in order.
    fn settle(
        &mut self,
        task: &Task,
        results: Vec<JobOutput>,
    ) -> Result<Vec<Arc<Envelope>>, SlotError> {
        let mut outputs = Vec::new();
        for mut result in results {
            self.due[result.node.index()] = result.due;
            outputs.append(&mut result.outputs);
        }
        outputs.sort_by_key(|(position, _)| *position);
        let mut sent = Vec::new();
        let mut end = None;
        for (position, output) in outputs {
            if end.is_some_and(|end| position > end) {
                break;
            }
            match output {
                NodeOutput::Broadcast(envelope) => sent.push(envelope),
                NodeOutput::Decided(value) => self.decisions.add(value)?,
            }
            if self.decisions.of_all().is_some() {
                end = Some(position);
            }
        }
        self.broadcasts += sent.len() as u64;
        if let Task::Deliver(envelopes) = task {
            self.deliveries += deliveries(envelopes, self.due.len(), end);
        }
        Ok(sent)
    }

    fn work(&self, decided: crate::scp::Value) -> SlotWork {
        SlotWork {
            decided,
            deliveries: self.deliveries,
            broadcasts: self.broadcasts,
        }
    }
}

/// The number of deliveries of `envelopes` to `nodes` nodes, up to the one at `end`.
fn deliveries(envelopes: &[Arc<Envelope>], nodes: usize, end: Option<OutputOrder>) -> u64 {
    let per_envelope = nodes as u64 - 1;
    let Some((at, node)) = end else {
        return envelopes.len() as u64 * per_envelope;
    };
    let from = envelopes.get(at).map(|envelope| envelope.from);
    let last = (0..=node.0).filter(|&to| Some(NodeId(to)) != from).count();
    at as u64 * per_envelope + last as u64
}
