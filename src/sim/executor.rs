//! `Executor`: what makes nodes do their steps. The engine says which work may be done side by side; how it is done
//! is the executor's business, and cannot be seen in the records.

use super::queue::{EventKey, FlightInfo, LogicalTime};
use crate::node::{Input, NodeConfig, Output};
use crate::scp::NodeId;
use std::fmt;
use std::sync::Arc;

/// How the nodes of a simulation are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExecutorKind {
    /// One after the other on the caller's thread.
    Inline,
    /// One thread per node.
    Threads,
}

impl ExecutorKind {
    /// The most nodes that it runs.
    #[must_use]
    pub const fn nodes_max(self) -> usize {
        match self {
            ExecutorKind::Inline => 10_000,
            ExecutorKind::Threads => 2_000,
        }
    }
}

impl fmt::Display for ExecutorKind {
    /// As on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExecutorKind::Inline => "inline",
            ExecutorKind::Threads => "threads",
        })
    }
}

/// Why a simulation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// Without nodes nothing happens.
    #[error("the scenario has no nodes; at least 1 is needed")]
    NoNodes,
    /// More nodes than the executor runs.
    #[error("{nodes} nodes are too many: the executor `{executor}` runs at most {}; use fewer, or `inline`, which runs up to {}", .executor.nodes_max(), ExecutorKind::Inline.nodes_max())]
    TooManyNodes {
        /// How many there are.
        nodes: usize,
        /// Which executor.
        executor: ExecutorKind,
    },
    /// The system did not give another thread.
    #[error("no thread for node {name}: {source}; use fewer nodes or the executor `inline`")]
    NoThread {
        /// The node's name.
        name: Arc<str>,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Something that happens to a node.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) key: EventKey,
    pub(super) input: Input,
    /// How it came, if it came from elsewhere.
    pub(super) tag: Option<FlightInfo>,
}

/// One node's share of a batch.
#[derive(Debug)]
pub(super) struct NodeBatch {
    pub(super) node: NodeId,
    /// In order.
    pub(super) deliveries: Vec<Delivery>,
    /// Timers that run out before this moment belong to the batch.
    pub(super) limit: LogicalTime,
}

/// What came of a delivery or a timer.
#[derive(Debug)]
pub(super) enum StepOutcome {
    /// The node did a step.
    Done { input: Input, outputs: Vec<Output> },
    /// There is no node any more: it has left, or broke down in this step or before.
    Gone,
}

#[derive(Debug)]
pub(super) struct ExecutedStep {
    pub(super) key: EventKey,
    pub(super) tag: Option<FlightInfo>,
    /// Whether a housekeeping timer or a housekeeping message caused it.
    pub(super) is_housekeeping: bool,
    pub(super) outcome: StepOutcome,
}

/// What a node did with its job.
#[derive(Debug)]
pub(super) struct BatchReport {
    pub(super) node: NodeId,
    /// In order.
    pub(super) steps: Vec<ExecutedStep>,
    /// When its next timer runs out.
    pub(super) next: Option<LogicalTime>,
    /// Whether a timer is running that is not housekeeping.
    pub(super) awaits_progress: bool,
}

/// Runs hosts.
pub(super) trait Executor: Send {
    /// A node is there from now on. It does nothing before it is handed `Input::Start`.
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError>;
    /// The node is gone, with all that it had not persisted.
    fn stop(&mut self, node: NodeId);
    /// Does all batches, at most one per node, and returns when all are done. The order of reports is open.
    fn run(&mut self, batches: Vec<NodeBatch>) -> Vec<BatchReport>;
}
