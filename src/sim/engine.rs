//! `Simulation`: the state of a run, and what is known about it from outside.
//!
//! Absent here: batches (`batch`), who does the work (`executor`), what actions do (`lifecycle`), how things fly
//! (`transmit`, `files`).

use super::executor::{BatchReport, Executor, ExecutorKind, SimError};
use super::file_transfers::FileTransfers;
use super::inline::Inline;
use super::queue::{LogicalTime, Queue};
use super::state_machine::{NodeFactory, node};
use super::threads::Threads;
use crate::net::{Medium, Verdict};
use crate::node::{NodeConfig, Persisted};
use crate::rng::Streams;
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::Record;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How a node is, as far as the engine cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifecycle {
    /// It runs.
    Running,
    /// It has crashed and may be restarted.
    Crashed,
    /// It has left for good.
    Left,
}

/// A node seen from the engine.
#[derive(Debug)]
pub(super) struct NodeHandle {
    pub(super) config: Arc<NodeConfig>,
    pub(super) lifecycle: Lifecycle,
    pub(super) persisted: Option<Arc<Persisted>>,
    /// Number of the newest announcement that it has made of itself.
    pub(super) announced: u64,
    /// Counts restarts.
    pub(super) incarnation: u32,
    /// When its next timer runs out.
    next: Option<LogicalTime>,
    /// Whether it has a timer running that is not housekeeping.
    awaits_progress: bool,
}

/// An event of the scenario that was impossible when its time had come.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedEvent {
    /// When.
    pub at: Time,
    /// What should have been done.
    pub action: Action,
    /// Why it could not.
    pub why: ActionRefused,
}

/// A running simulation.
pub struct Simulation {
    pub(super) scenario: Arc<Scenario>,
    pub(super) streams: Streams,
    pub(super) kind: ExecutorKind,
    pub(super) executor: Box<dyn Executor>,
    pub(super) medium: Medium,
    pub(super) queue: Queue,
    pub(super) nodes: Vec<NodeHandle>,
    pub(super) files: FileTransfers,
    /// How many events of the scenario have happened.
    pub(super) events_done: usize,
    pub(super) refused: Vec<RefusedEvent>,
    pub(super) now: Time,
    /// The last step of all that has happened.
    pub(super) last: Option<LogicalTime>,
    pub(super) records: Vec<Record>,
    pub(super) delay_min: Span,
    pub(super) flights: u64,
    pub(super) locals: u64,
    /// Running timers: the next of each node.
    pub(super) due: BTreeSet<(LogicalTime, NodeId)>,
    pub(super) outbox: Vec<Record>,
    pub(super) verdicts: Vec<(NodeId, u32, Verdict)>,
}

impl Simulation {
    /// A run of `scenario` that has not begun.
    ///
    /// # Errors
    /// If the scenario has no nodes, or more than the executor runs, or the system gives no thread.
    pub fn new(scenario: Arc<Scenario>, kind: ExecutorKind) -> Result<Simulation, SimError> {
        Simulation::with(scenario, kind, node)
    }

    /// A run with these participants.
    pub(super) fn with(
        scenario: Arc<Scenario>,
        kind: ExecutorKind,
        factory: NodeFactory,
    ) -> Result<Simulation, SimError> {
        let nodes = scenario.nodes.len();
        if nodes == 0 {
            return Err(SimError::NoNodes);
        }
        if nodes > kind.nodes_max() {
            let executor = kind;
            return Err(SimError::TooManyNodes { nodes, executor });
        }
        let executor: Box<dyn Executor> = match kind {
            ExecutorKind::Inline => Box::new(Inline::new(factory)),
            ExecutorKind::Threads => Box::new(Threads::new(factory)),
        };
        let medium = Medium::new(&scenario.medium);
        let delay_min = medium.delay_min();
        let mut simulation = Simulation {
            streams: Streams::new(scenario.seed),
            kind,
            executor,
            medium,
            queue: Queue::new(delay_min),
            nodes: Vec::with_capacity(nodes),
            files: FileTransfers::default(),
            events_done: 0,
            refused: Vec::new(),
            now: Time::ZERO,
            last: None,
            records: Vec::new(),
            delay_min,
            flights: 0,
            locals: 0,
            due: BTreeSet::new(),
            outbox: Vec::new(),
            verdicts: Vec::new(),
            scenario: Arc::clone(&scenario),
        };
        for (id, node) in (0..).map(NodeId).zip(&scenario.nodes) {
            simulation.executor.start(id, &node.config)?;
            simulation.register_node(&node.config, node.position, node.organization.clone());
            simulation.schedule_start(id, LogicalTime::start_of(Time::ZERO));
        }
        simulation.apply_initial_faults();
        Ok(simulation)
    }

    /// How its nodes are run.
    #[must_use]
    pub fn executor(&self) -> ExecutorKind {
        self.kind
    }

    /// Whether nothing but housekeeping is going to happen by itself. Re-sending is housekeeping, and may still bring a
    /// run forward that has lost messages.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.queue.is_idle()
            && self.events_done == self.scenario.events.len()
            && !self.nodes.iter().any(|handle| handle.awaits_progress)
    }

    /// Events of the scenario that were impossible when their time had come; they changed nothing.
    #[must_use]
    pub fn refused_events(&self) -> &[RefusedEvent] {
        &self.refused
    }

    /// When the next step of a node or arrival happens.
    pub(super) fn next_work(&self) -> Option<LogicalTime> {
        let timer = self.due.first().map(|(moment, _)| *moment);
        self.queue.first().into_iter().chain(timer).min()
    }

    pub(super) fn note_timers(&mut self, report: &BatchReport) {
        let Some(handle) = self.nodes.get_mut(report.node.index()) else {
            return;
        };
        handle.awaits_progress = report.awaits_progress;
        let before = std::mem::replace(&mut handle.next, report.next);
        if before != report.next {
            if let Some(moment) = before {
                self.due.remove(&(moment, report.node));
            }
            if let Some(moment) = report.next {
                self.due.insert((moment, report.node));
            }
        }
    }

    /// Forgets the timers of a node that is gone.
    pub(super) fn forget_timers(&mut self, node: NodeId) {
        self.note_timers(&BatchReport {
            node,
            steps: Vec::new(),
            next: None,
            awaits_progress: false,
        });
    }

    pub(super) fn is_running(&self, node: NodeId) -> bool {
        let handle = self.nodes.get(node.index());
        handle.is_some_and(|handle| handle.lifecycle == Lifecycle::Running)
    }
}

impl NodeHandle {
    pub(super) fn new(config: &Arc<NodeConfig>) -> NodeHandle {
        NodeHandle {
            config: Arc::clone(config),
            lifecycle: Lifecycle::Running,
            persisted: None,
            announced: 0,
            incarnation: 0,
            next: None,
            awaits_progress: false,
        }
    }
}
