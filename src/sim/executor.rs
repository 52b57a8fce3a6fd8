//! `Executor`: runs the steps of nodes. The engine decides which steps are independent; the executor decides where they
//! run. The records do not depend on that choice.

use super::queue::{EventKey, FlightInfo, LogicalTime};
use crate::node::{Input, NodeConfig, Output};
use crate::scp::NodeId;
use std::fmt;
use std::sync::Arc;

/// Where the nodes of a simulation run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExecutorKind {
    /// One after the other on the caller's thread.
    Inline,
    /// One thread per node.
    Threads,
}

impl ExecutorKind {
    /// Most nodes that it runs.
    #[must_use]
    pub const fn nodes_max(self) -> usize {
        match self {
            ExecutorKind::Inline => 10_000,
            ExecutorKind::Threads => 2_000,
        }
    }
}

impl fmt::Display for ExecutorKind {
    /// The name on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ExecutorKind::Inline => "inline",
            ExecutorKind::Threads => "threads",
        })
    }
}

/// Why a simulation could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The scenario has no nodes.
    #[error("the scenario has no nodes; at least 1 is needed")]
    NoNodes,
    /// The scenario has more nodes than the executor runs.
    #[error("{nodes} nodes are too many: the executor `{executor}` runs at most {}; use fewer, or `inline`, which runs up to {}", .executor.nodes_max(), ExecutorKind::Inline.nodes_max())]
    TooManyNodes {
        /// Number of nodes.
        nodes: usize,
        /// The executor.
        executor: ExecutorKind,
    },
    /// The operating system started no more threads.
    #[error("no thread for node {name}: {source}; use fewer nodes or the executor `inline`")]
    NoThread {
        /// Name of the node.
        name: Arc<str>,
        /// Error of the operating system.
        source: std::io::Error,
    },
}

/// An input, and when it arrives.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) key: EventKey,
    pub(super) input: Input,
    /// The transmission that brought it, if any.
    pub(super) info: Option<FlightInfo>,
}

/// One node's share of a batch.
#[derive(Debug)]
pub(super) struct NodeBatch {
    pub(super) node: NodeId,
    /// In order of keys.
    pub(super) deliveries: Vec<Delivery>,
    /// Timers that fire before this time belong to the batch.
    pub(super) limit: LogicalTime,
}

/// The result of a delivery or of a timer.
#[derive(Debug)]
pub(super) enum StepOutcome {
    /// The node ran a step.
    Done { input: Input, outputs: Vec<Output> },
    /// The node is not running: it has left or panicked.
    NodeStopped,
}

/// A step, and what caused it.
#[derive(Debug)]
pub(super) struct ExecutedStep {
    pub(super) key: EventKey,
    pub(super) info: Option<FlightInfo>,
    /// Whether a housekeeping timer or message caused it.
    pub(super) is_housekeeping: bool,
    pub(super) outcome: StepOutcome,
}

/// The result of a node's share of a batch.
#[derive(Debug)]
pub(super) struct BatchReport {
    pub(super) node: NodeId,
    /// In order of keys.
    pub(super) steps: Vec<ExecutedStep>,
    /// When the node's next timer fires.
    pub(super) next: Option<LogicalTime>,
    /// Whether a timer other than housekeeping is running.
    pub(super) awaits_progress: bool,
}

/// Runs nodes.
pub(super) trait Executor: Send {
    /// Creates a node. It does nothing before it receives `Input::Start`.
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError>;
    /// Drops a node, with everything that it has not persisted.
    fn stop(&mut self, node: NodeId);
    /// Runs all batches, at most one per node, and returns when all are done. Reports come in any order.
    fn run(&mut self, batches: Vec<NodeBatch>) -> Vec<BatchReport>;
}
