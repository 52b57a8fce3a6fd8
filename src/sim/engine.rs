//! `Simulation`: the state of a run, and what is known about it from outside.
//!
//! Absent here: batches (`batch`), who does the work (`executor`), what actions do (`lifecycle`), how things fly
//! (`transmit`, `files`).

use super::executor::{Executor, ExecutorKind, Report, SimError};
use super::files::Files;
use super::inline::Inline;
use super::participant::{Birth, node};
use super::queue::{Moment, Queue};
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
pub(super) enum Standing {
    /// It runs.
    Up,
    /// It has crashed and may be restarted.
    Crashed,
    /// It has left for good.
    Left,
}

/// A node seen from the engine.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) config: Arc<NodeConfig>,
    pub(super) standing: Standing,
    pub(super) persisted: Option<Arc<Persisted>>,
    /// Number of the newest announcement that it has made of itself.
    pub(super) announced: u64,
    /// Counts restarts.
    pub(super) life: u32,
    /// When its next timer runs out.
    next: Option<Moment>,
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
    pub(super) stations: Vec<Station>,
    pub(super) files: Files,
    /// How many events of the scenario have happened.
    pub(super) events_done: usize,
    pub(super) refused: Vec<RefusedEvent>,
    pub(super) now: Time,
    /// The last step of all that has happened.
    pub(super) last: Option<Moment>,
    pub(super) records: Vec<Record>,
    pub(super) delay_min: Span,
    pub(super) flights: u64,
    pub(super) locals: u64,
    /// Running timers: the next of each node.
    pub(super) due: BTreeSet<(Moment, NodeId)>,
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
        birth: Birth,
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
            ExecutorKind::Inline => Box::new(Inline::new(birth)),
            ExecutorKind::Threads => Box::new(Threads::new(birth)),
        };
        let medium = Medium::new(&scenario.medium);
        let delay_min = medium.delay_min();
        let mut simulation = Simulation {
            streams: Streams::new(scenario.seed),
            kind,
            executor,
            medium,
            queue: Queue::new(delay_min),
            stations: Vec::with_capacity(nodes),
            files: Files::default(),
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
            simulation.settle(&node.config, node.position, node.organization.clone());
            simulation.begin(id, Moment::start_of(Time::ZERO));
        }
        simulation.happen_before_the_start();
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
            && !self.stations.iter().any(|station| station.awaits_progress)
    }

    /// Events of the scenario that were impossible when their time had come; they changed nothing.
    #[must_use]
    pub fn refused_events(&self) -> &[RefusedEvent] {
        &self.refused
    }

    /// When the next step of a node or arrival happens.
    pub(super) fn next_work(&self) -> Option<Moment> {
        let timer = self.due.first().map(|(moment, _)| *moment);
        self.queue.first().into_iter().chain(timer).min()
    }

    pub(super) fn note_timers(&mut self, report: &Report) {
        let Some(station) = self.stations.get_mut(report.node.index()) else {
            return;
        };
        station.awaits_progress = report.awaits_progress;
        let before = std::mem::replace(&mut station.next, report.next);
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
        self.note_timers(&Report {
            node,
            steps: Vec::new(),
            next: None,
            awaits_progress: false,
        });
    }

    pub(super) fn is_up(&self, node: NodeId) -> bool {
        let station = self.stations.get(node.index());
        station.is_some_and(|station| station.standing == Standing::Up)
    }
}

impl Station {
    pub(super) fn new(config: &Arc<NodeConfig>) -> Station {
        Station {
            config: Arc::clone(config),
            standing: Standing::Up,
            persisted: None,
            announced: 0,
            life: 0,
            next: None,
            awaits_progress: false,
        }
    }
}
