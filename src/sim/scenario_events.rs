//! `ScenarioEvents`: the events of the scenario, in order, and those that were impossible at their time.

use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::Time;
use std::sync::Arc;

/// An event of the scenario that was impossible at its time. It changed nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedEvent {
    /// When it was due.
    pub at: Time,
    /// The action of the event.
    pub action: Action,
    /// Why it was impossible.
    pub why: ActionRefused,
}

/// The events of a scenario, and how many have happened.
#[derive(Debug)]
pub(super) struct ScenarioEvents {
    scenario: Arc<Scenario>,
    done: usize,
    refused: Vec<RefusedEvent>,
}

impl ScenarioEvents {
    pub(super) fn new(scenario: Arc<Scenario>) -> ScenarioEvents {
        ScenarioEvents {
            scenario,
            done: 0,
            refused: Vec::new(),
        }
    }

    /// When the next event is due.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.peek().map(|(at, _)| *at)
    }

    /// The next event.
    pub(super) fn peek(&self) -> Option<&(Time, Action)> {
        self.scenario.events.get(self.done)
    }

    /// Takes the next event.
    pub(super) fn take(&mut self) -> Option<(Time, Action)> {
        let event = self.peek().cloned();
        self.done += usize::from(event.is_some());
        event
    }

    pub(super) fn refuse(&mut self, at: Time, action: Action, why: ActionRefused) {
        self.refused.push(RefusedEvent { at, action, why });
    }

    pub(super) fn refused(&self) -> &[RefusedEvent] {
        &self.refused
    }
}
