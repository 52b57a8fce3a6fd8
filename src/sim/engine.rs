//! `Simulation`: a discrete-event simulation of a scenario.
//!
//! It takes the next batch, lets the executor run the steps of nodes, and applies their effects in the order of keys.
//! `batch` determines the effects of a batch, `actions` whether an action is possible, and `transport` and
//! `file_transfers` how messages and chunks travel.

use super::actions::{self, Possible};
use super::batch::{BatchItem, Dispatch, dispatch, is_progress, kind_of};
use super::executor::{ExecutedStep, Executor, ExecutorKind, SimError, StepOutcome};
use super::file_transfers::FileTransfers;
use super::inline_executor::Inline;
use super::node_table::{Lifecycle, NodeTable};
use super::queue::{EventPayload, LogicalTime};
use super::scenario_events::{RefusedEvent, ScenarioEvents};
use super::state_machine::{NodeFactory, node};
use super::threaded_executor::Threads;
use super::transport::{Transmission, Transport, lost};
use crate::net::{LossReason, Position};
use crate::node::{Announcement, Input, MessageKind, NodeConfig, NodeEvent, Output, Recipient};
use crate::rng::Streams;
use crate::run::{BatchKind, RunProgress, Session};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use crate::trace::Record;
use std::sync::Arc;

/// Assumed number of records per arrival, by which a limit on records is converted to a limit on arrivals.
const RECORDS_PER_ARRIVAL: usize = 8;
/// Smallest limit on the arrivals of a batch: smaller batches are not worth sharing among threads.
const BATCH_MIN: usize = 256;

/// A running simulation.
pub struct Simulation {
    scenario: Arc<Scenario>,
    kind: ExecutorKind,
    executor: Box<dyn Executor>,
    transport: Transport,
    nodes: NodeTable,
    transfers: FileTransfers,
    events: ScenarioEvents,
    now: Time,
    /// The logical time of the last effect applied.
    last: Option<LogicalTime>,
    records: Vec<Record>,
}

impl Simulation {
    /// A simulation of `scenario` at its start.
    ///
    /// # Errors
    /// If the scenario has no nodes or more than the executor runs, or if no thread could be started.
    pub fn new(scenario: Arc<Scenario>, kind: ExecutorKind) -> Result<Simulation, SimError> {
        Simulation::with(scenario, kind, node)
    }

    /// A simulation with nodes made by `factory`.
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
        let mut simulation = Simulation {
            kind,
            executor: match kind {
                ExecutorKind::Inline => Box::new(Inline::new(factory)),
                ExecutorKind::Threads => Box::new(Threads::new(factory)),
            },
            transport: Transport::new(Streams::new(scenario.seed), &scenario.medium),
            nodes: NodeTable::default(),
            transfers: FileTransfers::default(),
            events: ScenarioEvents::new(Arc::clone(&scenario)),
            now: Time::ZERO,
            last: None,
            records: Vec::new(),
            scenario: Arc::clone(&scenario),
        };
        for (id, node) in (0..).map(NodeId).zip(&scenario.nodes) {
            simulation.executor.start(id, &node.config)?;
            simulation.add_node(&node.config, node.position, node.organization.clone());
            simulation.schedule_start(id);
        }
        simulation.apply_initial_faults();
        Ok(simulation)
    }

    /// The executor that runs the nodes.
    #[must_use]
    pub fn executor(&self) -> ExecutorKind {
        self.kind
    }

    /// Whether only housekeeping happens until the next action. Re-sending is housekeeping; it may still advance a run
    /// that has lost messages.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.transport.is_idle() && self.events.next_at().is_none() && !self.nodes.awaits_progress()
    }

    /// Events of the scenario that were impossible at their time; they changed nothing.
    #[must_use]
    pub fn refused_events(&self) -> &[RefusedEvent] {
        self.events.refused()
    }

    // Time.

    /// When the next arrival or timer is due.
    fn next_work(&self) -> Option<LogicalTime> {
        let arrival = self.transport.next_at();
        arrival.into_iter().chain(self.nodes.next_timer()).min()
    }

    /// Runs the next batch before `limit`, or the next event of the scenario: work comes before an event of the same
    /// instant.
    fn run_next(&mut self, limit: LogicalTime, arrivals_max: usize) -> BatchKind {
        let event = self.events.next_at();
        let limit = event.map_or(limit, |event| limit.min(LogicalTime::end_of(event)));
        if self.next_work().is_some_and(|next| next < limit) {
            let kind = self.run_work(limit, arrivals_max);
            self.now = self.last.map_or(self.now, |last| self.now.max(last.time));
            return kind;
        }
        if let Some((at, action)) = self.events.take() {
            self.now = self.now.max(at);
            self.apply_scenario_event(at, action);
        }
        BatchKind::Progress
    }

    /// Runs what is due before `limit`: at most one batch, with about `arrivals_max` arrivals.
    fn run_work(&mut self, limit: LogicalTime, arrivals_max: usize) -> BatchKind {
        let Some(first) = self.next_work().filter(|first| *first < limit) else {
            return BatchKind::Housekeeping;
        };
        let latency_min = self.transport.latency_min();
        let independent_until = if latency_min == Span::ZERO {
            first.next()
        } else {
            LogicalTime::start_of(first.time + latency_min)
        };
        let mut arrivals = Vec::new();
        let limit = limit.min(independent_until);
        let limit = self
            .transport
            .take_before(limit, arrivals_max, &mut arrivals);
        let Dispatch { batches, mut items } = dispatch(
            arrivals,
            limit,
            &self.transport,
            &self.nodes,
            &self.transfers,
        );
        for report in self.executor.run(batches) {
            self.nodes.update_timers(&report);
            items.extend(report.steps.into_iter().map(BatchItem::Step));
        }
        // The items of each node are in order already; the sort is fast on such runs.
        items.sort_by_key(BatchItem::key);
        let mut kind = BatchKind::Housekeeping;
        for item in items {
            if self.apply(item) == BatchKind::Progress {
                kind = BatchKind::Progress;
            }
        }
        kind
    }

    /// Runs everything at `now`.
    fn finish_instant(&mut self) {
        let end = LogicalTime::end_of(self.now);
        while self.next_work().is_some_and(|next| next < end) {
            self.run_work(end, usize::MAX);
        }
    }

    /// The logical time after everything that has happened at `now`.
    fn next_step(&self) -> LogicalTime {
        match self.last {
            Some(last) if last.time == self.now => last.next(),
            _ => LogicalTime::start_of(self.now),
        }
    }

    // Effects of nodes.

    fn apply(&mut self, item: BatchItem) -> BatchKind {
        let at = item.key().at;
        self.last = Some(at);
        match item {
            BatchItem::Step(step) => self.apply_step(step),
            BatchItem::Lost(key, info, why) => {
                self.records
                    .push(lost(at.time, info, key.sender, key.receiver, why));
                kind_of(info.is_housekeeping)
            }
            BatchItem::File(key, payload) => {
                self.transfers
                    .handle(&mut self.transport, &self.nodes, &key, &payload);
                self.transport.take_records(&mut self.records);
                BatchKind::Progress
            }
        }
    }

    fn apply_step(&mut self, step: ExecutedStep) -> BatchKind {
        let (node, at) = (step.key.receiver, step.key.at);
        let cause = kind_of(step.is_housekeeping);
        match step.outcome {
            StepOutcome::Done { input, outputs } => {
                if let Input::Fetched { sha256, .. } = &input {
                    self.transfers.end(node, sha256);
                }
                for output in &outputs {
                    self.interpret(node, at, output, cause);
                }
                let has_progress = outputs.iter().any(is_progress);
                self.records.push(Record::Stepped {
                    at: at.time,
                    generation: at.generation,
                    node,
                    input,
                    outputs,
                });
                self.transport.take_records(&mut self.records);
                match has_progress {
                    true => BatchKind::Progress,
                    false => cause,
                }
            }
            // The node panicked: no action stopped it, and it did not leave.
            StepOutcome::NodeStopped if self.nodes.is_running(node) => {
                self.stop_node(node, Lifecycle::Crashed);
                let (at, action) = (at.time, Action::Crash { node });
                self.records.push(Record::Acted { at, action });
                BatchKind::Progress
            }
            StepOutcome::NodeStopped => {
                if let Some(info) = step.info {
                    let (from, why) = (step.key.sender, LossReason::ReceiverDown);
                    self.records.push(lost(at.time, info, from, node, why));
                }
                cause
            }
        }
    }

    fn interpret(&mut self, node: NodeId, at: LogicalTime, output: &Output, cause: BatchKind) {
        match output {
            Output::Send { to, message } => {
                let transmission = Transmission::of_message(node, at, message);
                self.transport.transmit(&transmission, *to, |info| {
                    EventPayload::Message(info, Arc::clone(message))
                });
            }
            Output::Relay { to, bundle } => {
                let transmission = Transmission::of_bundle(node, at, bundle);
                self.transport.transmit(&transmission, *to, |info| {
                    EventPayload::Bundle(info, Arc::clone(bundle))
                });
            }
            Output::Announce(announcement) => self.announce(node, at, announcement, cause),
            Output::Persist(changes) => self.nodes.persist(node, changes),
            Output::Fetch { file, holders } => {
                let (transport, nodes) = (&mut self.transport, &self.nodes);
                self.transfers
                    .fetch(transport, nodes, (node, at), file, holders);
            }
            Output::Event(NodeEvent::Left) => self.stop_node(node, Lifecycle::Left),
            // The simulated node sets its own timers.
            Output::SetTimer(..) | Output::CancelTimer(_) | Output::Event(_) => {}
        }
    }

    /// Broadcasts an announcement. A repeated announcement that housekeeping caused is housekeeping. The first
    /// announcement of a node never is, even if a repeated beacon caused it.
    fn announce(
        &mut self,
        from: NodeId,
        at: LogicalTime,
        announcement: &Arc<Announcement>,
        cause: BatchKind,
    ) {
        let is_first = self.nodes.is_first_announcement(from, announcement);
        let transmission = Transmission {
            from,
            at,
            kind: MessageKind::Announce,
            message: None,
            is_housekeeping: cause == BatchKind::Housekeeping && !is_first,
        };
        self.transport
            .transmit(&transmission, Recipient::Neighbours, |info| {
                EventPayload::Announcement(info, Arc::clone(announcement))
            });
    }

    // Actions.

    /// Carries out an action at `now`: after everything that has happened, and before anything else.
    fn perform(&mut self, action: Action) -> Result<(), ActionRefused> {
        // Faults before the first step are initial conditions: the nodes start with them.
        if self.last.is_some() || actions::targets_nodes(&action) {
            self.finish_instant();
        }
        let possible = Possible {
            scenario: &self.scenario,
            nodes: &self.nodes,
            executor: self.kind,
        };
        possible.check(&action)?;
        let started = possible.started_node(&action, self.transport.streams());
        if let Some((id, config)) = &started {
            let start = self.executor.start(*id, config);
            start.map_err(|why| ActionRefused::CannotStart(why.to_string()))?;
        }
        self.records.push(Record::Acted {
            at: self.now,
            action: action.clone(),
        });
        self.apply_action(action, started);
        if self.last.is_some() {
            self.finish_instant();
        }
        Ok(())
    }

    fn apply_action(&mut self, action: Action, started: Option<(NodeId, Arc<NodeConfig>)>) {
        match action {
            Action::Propose { node, content } => self.give(node, Input::Propose(content)),
            Action::Leave { node } => self.give(node, Input::Leave),
            Action::SetTrust { node, policy } => self.give(node, Input::SetTrust(policy)),
            Action::AddNode { position } => {
                if let Some((id, config)) = started {
                    self.add_node(&config, position, None);
                    self.schedule_start(id);
                }
            }
            Action::Crash { node } => self.stop_node(node, Lifecycle::Crashed),
            Action::Restart { node } => {
                self.nodes.restart(node);
                self.schedule_start(node);
            }
            Action::Silence { node } => self.transport.silence(node),
            Action::Unsilence { node } => self.transport.unsilence(node),
            Action::Move { node, to } => self.transport.move_to(node, to),
            Action::Partition { groups } => self.transport.partition(&groups),
            Action::Heal => self.transport.heal(),
        }
    }

    /// Applies the faults that the scenario has at time zero, before the first step.
    fn apply_initial_faults(&mut self) {
        let is_initial =
            |(at, action): &(Time, Action)| *at == Time::ZERO && !actions::targets_nodes(action);
        while self.events.peek().is_some_and(is_initial) {
            if let Some((at, action)) = self.events.take() {
                self.apply_scenario_event(at, action);
            }
        }
    }

    fn apply_scenario_event(&mut self, at: Time, action: Action) {
        if let Err(why) = self.perform(action.clone()) {
            self.events.refuse(at, action, why);
        }
    }

    /// Adds a node that the executor already runs. It does nothing until its start event.
    fn add_node(
        &mut self,
        config: &Arc<NodeConfig>,
        position: Position,
        organization: Option<Arc<str>>,
    ) {
        self.transport.add(position);
        self.nodes.add(config);
        self.records.push(Record::NodeAdded {
            at: self.now,
            config: Arc::clone(config),
            position,
            organization,
        });
    }

    /// Schedules the start of a node with its persisted state.
    fn schedule_start(&mut self, id: NodeId) {
        if let Some(start) = self.nodes.start_state(id) {
            let at = self.next_step();
            self.transport
                .schedule_local(id, at, EventPayload::Start(start));
        }
    }

    fn give(&mut self, node: NodeId, input: Input) {
        let payload = EventPayload::Local(Box::new(input));
        self.transport
            .schedule_local(node, self.next_step(), payload);
    }

    /// Stops a node that crashes or leaves. A restarted node is never silent: silence is a fault of the process.
    fn stop_node(&mut self, id: NodeId, lifecycle: Lifecycle) {
        self.executor.stop(id);
        self.nodes.stop(id, lifecycle);
        self.transfers.forget(id);
        match lifecycle {
            Lifecycle::Left => self.transport.remove(id),
            Lifecycle::Crashed | Lifecycle::Running => self.transport.unsilence(id),
        }
    }
}

impl Session for Simulation {
    fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        let work = self.next_work().map(|at| at.time);
        work.into_iter().chain(self.events.next_at()).min()
    }

    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        let end = self.records.len().saturating_add(records_max);
        let arrivals_max = (records_max / RECORDS_PER_ARRIVAL).max(BATCH_MIN);
        while self.next_at().is_some_and(|next| next <= until) {
            self.run_next(LogicalTime::end_of(until), arrivals_max);
            if self.records.len() >= end {
                return RunProgress::Limited;
            }
        }
        let has_more = self.next_at().is_some();
        if has_more || until < Time::MAX {
            self.now = self.now.max(until);
        }
        match has_more {
            true => RunProgress::Reached,
            false => RunProgress::Finished,
        }
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        let at = self.next_at().filter(|at| *at <= until)?;
        Some((at, self.run_next(LogicalTime::end_of(at), usize::MAX)))
    }

    fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        let before = self.records.len();
        self.perform(action)?;
        actions::refusal(&self.records[before..]).map_or(Ok(()), Err)
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }
}
