//! Actions: what a person or the scenario does to the network, and how nodes come and go.
//!
//! An action happens between two steps: everything up to its instant has happened, and what it causes at that same
//! instant happens before anything else. So the same actions at the same times give the same records, whoever acts.

use super::engine::{Lifecycle, NodeHandle, RefusedEvent, Simulation};
use super::queue::{EventPayload, LogicalTime};
use crate::net::Position;
use crate::node::{Application, Content, Input, NodeConfig};
use crate::run::BatchKind;
use crate::scenario::{Action, ActionRefused, Placement, added_node};
use crate::scp::NodeId;
use crate::time::Time;
use crate::trace::Record;
use std::sync::Arc;

impl Simulation {
    /// Does something to the network at `self.now`.
    pub(super) fn perform(&mut self, action: Action) -> Result<(), ActionRefused> {
        // Before anything has happened, faults are how the world is when the nodes start.
        if self.last.is_some() || targets_a_node(&action) {
            self.finish_instant();
        }
        self.check(&action)?;
        let at = self.now;
        let newcomer = self.start_node(&action)?;
        self.records.push(Record::Acted {
            at,
            action: action.clone(),
        });
        self.apply(action, newcomer);
        if self.last.is_some() {
            self.finish_instant();
        }
        Ok(())
    }

    /// Lets everything at `now` happen.
    pub(super) fn finish_instant(&mut self) {
        let end = LogicalTime::end_of(self.now);
        while self.next_work().is_some_and(|next| next < end) {
            self.run_batch(end, usize::MAX);
        }
    }

    /// Events of the scenario at the very start, as far as they are faults: they come before the first step.
    pub(super) fn apply_initial_faults(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for (at, action) in &scenario.events {
            if *at > Time::ZERO || targets_a_node(action) {
                break;
            }
            self.apply_scenario_event(*at, action);
        }
    }

    /// When the next event of the scenario happens.
    pub(super) fn next_event(&self) -> Option<Time> {
        self.scenario
            .events
            .get(self.events_done)
            .map(|(at, _)| *at)
    }

    /// Lets the next event of the scenario happen.
    pub(super) fn run_event(&mut self) -> BatchKind {
        let scenario = Arc::clone(&self.scenario);
        if let Some((at, action)) = scenario.events.get(self.events_done) {
            self.now = self.now.max(*at);
            self.apply_scenario_event(*at, action);
        }
        BatchKind::Progress
    }

    fn apply_scenario_event(&mut self, at: Time, action: &Action) {
        self.events_done += 1;
        if let Err(why) = self.perform(action.clone()) {
            let action = action.clone();
            self.refused.push(RefusedEvent { at, action, why });
        }
    }

    /// A node that has a host already takes its place: known to the medium, recorded. It does nothing yet.
    pub(super) fn register_node(
        &mut self,
        config: &Arc<NodeConfig>,
        position: Position,
        organization: Option<Arc<str>>,
    ) -> NodeId {
        let id = self.medium.add(position);
        self.nodes.push(NodeHandle::new(config));
        self.records.push(Record::NodeAdded {
            at: self.now,
            config: Arc::clone(config),
            position,
            organization,
        });
        id
    }

    /// Makes a node start at `moment`, with what it had persisted.
    pub(super) fn schedule_start(&mut self, id: NodeId, moment: LogicalTime) {
        if let Some(handle) = self.nodes.get(id.index()) {
            let (incarnation, persisted) = (handle.incarnation, handle.persisted.clone());
            self.push_local(
                id,
                moment,
                EventPayload::Start {
                    incarnation,
                    persisted,
                },
            );
        }
    }

    /// A node is gone, by itself or not.
    pub(super) fn take_down(&mut self, id: NodeId, lifecycle: Lifecycle) {
        if let Some(handle) = self.nodes.get_mut(id.index()) {
            handle.lifecycle = lifecycle;
        }
        self.executor.stop(id);
        self.forget_timers(id);
        self.files.forget(id);
        match lifecycle {
            Lifecycle::Left => self.medium.remove(id),
            Lifecycle::Crashed | Lifecycle::Running => self.medium.unsilence(id),
        }
    }

    /// Whether the action is possible now.
    fn check(&self, action: &Action) -> Result<(), ActionRefused> {
        match action {
            Action::Propose { node, content } => {
                self.check_running(*node)?;
                self.check_content(content)
            }
            Action::AddNode { .. } => match self.nodes.len() {
                nodes if nodes >= self.kind.nodes_max() => Err(ActionRefused::TooManyNodes(nodes)),
                _ => Ok(()),
            },
            Action::Leave { node }
            | Action::Crash { node }
            | Action::Silence { node }
            | Action::Unsilence { node }
            | Action::SetTrust { node, .. } => self.check_running(*node),
            Action::Restart { node } => match self.find(*node)? {
                (_, Lifecycle::Crashed) => Ok(()),
                (name, _) => Err(ActionRefused::NotCrashed(name)),
            },
            Action::Move { node, .. } => match self.scenario.placement {
                Placement::Physical => self.find(*node).map(drop),
                Placement::View => Err(ActionRefused::NotPhysical),
            },
            Action::Partition { groups } => {
                let mut members = groups.iter().flatten();
                members.try_for_each(|node| self.find(*node).map(drop))
            }
            Action::Heal => Ok(()),
        }
    }

    fn find(&self, node: NodeId) -> Result<(String, Lifecycle), ActionRefused> {
        let handle = self.nodes.get(node.index());
        let handle = handle.ok_or(ActionRefused::NoSuchNode(node))?;
        Ok((handle.config.peer.name.to_string(), handle.lifecycle))
    }

    fn check_running(&self, node: NodeId) -> Result<(), ActionRefused> {
        match self.find(node)? {
            (_, Lifecycle::Running) => Ok(()),
            (name, _) => Err(ActionRefused::NotRunning(name)),
        }
    }

    fn check_content(&self, content: &Content) -> Result<(), ActionRefused> {
        let expected = match (self.scenario.settings.application, content) {
            (Application::Log, Content::Note(_) | Content::File(_)) => return Ok(()),
            (Application::Choice, Content::Choice(_)) => return Ok(()),
            (Application::Log, _) => "notes and files",
            (Application::Choice, _) => "values",
        };
        Err(ActionRefused::WrongContent { expected })
    }

    /// The part of an action that may still fail: finding a host for a node. A newcomer's configuration comes back.
    fn start_node(&mut self, action: &Action) -> Result<Option<Arc<NodeConfig>>, ActionRefused> {
        let (id, config, newcomer) = match action {
            Action::AddNode { .. } => {
                let id = NodeId(self.nodes.len() as u32);
                let names = self.nodes.iter().map(|handle| &*handle.config.peer.name);
                let config = Arc::new(added_node(&self.scenario, self.streams, id, names));
                (id, Arc::clone(&config), Some(config))
            }
            Action::Restart { node } => match self.nodes.get(node.index()) {
                Some(handle) => (*node, Arc::clone(&handle.config), None),
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        match self.executor.start(id, &config) {
            Ok(()) => Ok(newcomer),
            Err(why) => Err(ActionRefused::CannotStart(why.to_string())),
        }
    }

    fn apply(&mut self, action: Action, newcomer: Option<Arc<NodeConfig>>) {
        match action {
            Action::Propose { node, content } => self.schedule_input(node, Input::Propose(content)),
            Action::Leave { node } => self.schedule_input(node, Input::Leave),
            Action::SetTrust { node, policy } => self.schedule_input(node, Input::SetTrust(policy)),
            Action::AddNode { position } => {
                if let Some(config) = newcomer {
                    let id = self.register_node(&config, position, None);
                    self.schedule_start(id, self.next_moment());
                }
            }
            Action::Crash { node } => self.take_down(node, Lifecycle::Crashed),
            Action::Restart { node } => {
                if let Some(handle) = self.nodes.get_mut(node.index()) {
                    handle.lifecycle = Lifecycle::Running;
                    handle.incarnation += 1;
                }
                self.schedule_start(node, self.next_moment());
            }
            Action::Silence { node } => self.medium.silence(node),
            Action::Unsilence { node } => self.medium.unsilence(node),
            Action::Move { node, to } => self.medium.move_to(node, to),
            Action::Partition { groups } => self.medium.cut(&groups),
            Action::Heal => self.medium.heal(),
        }
    }

    fn schedule_input(&mut self, node: NodeId, input: Input) {
        self.push_local(
            node,
            self.next_moment(),
            EventPayload::Local(Box::new(input)),
        );
    }

    /// The step after everything that has happened, at `now`.
    fn next_moment(&self) -> LogicalTime {
        match self.last {
            Some(last) if last.at == self.now => last.next(),
            _ => LogicalTime::start_of(self.now),
        }
    }
}

/// Whether an action speaks to nodes; the others change only the world around them.
fn targets_a_node(action: &Action) -> bool {
    matches!(
        action,
        Action::Propose { .. }
            | Action::AddNode { .. }
            | Action::Leave { .. }
            | Action::SetTrust { .. }
    )
}
