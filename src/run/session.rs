//! `Session`: the interface of a simulated, recorded or live run to the code that shows or drives it.

use super::recording::Recording;
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::{Span, Time};
use crate::trace::Record;
use std::sync::Arc;

/// Most virtual time that a single step skips while only housekeeping happens.
const STEP_HORIZON: Span = Span::from_ms(10_000);

/// The result of [`Session::advance`] or [`Session::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunProgress {
    /// Everything up to the requested instant has happened.
    Reached,
    /// The limit on records or on time came first; call again.
    Limited,
    /// Nothing more happens until the next action.
    Finished,
}

/// The source of a run's events, which decides when they happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// A simulator. It waits for the viewer and carries out every action.
    #[default]
    Simulated,
    /// A recording. It waits for the viewer, and nothing in it can be changed.
    Recorded,
    /// Processes in real time. They do not wait for the viewer.
    Live,
}

/// Whether a batch of events is worth showing on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchKind {
    /// It contains more than housekeeping.
    Progress,
    /// It contains only housekeeping: re-sent statements, repeated announcements, routine timers.
    Housekeeping,
}

/// A run. It yields records in order; everything known about the run is folded from them.
pub trait Session {
    /// The scenario of the run.
    fn scenario(&self) -> &Scenario;

    /// The source of the run's events.
    fn kind(&self) -> SessionKind {
        SessionKind::Simulated
    }

    /// The instant up to which everything has happened.
    fn now(&self) -> Time;

    /// The instant of the next event; `None` if there is none.
    fn next_at(&self) -> Option<Time>;

    /// The instant up to which only housekeeping happens, if the session knows the future.
    fn idle_until(&self) -> Option<Time> {
        None
    }

    /// The whole run, if the session knows the future.
    fn recording(&self) -> Option<&Arc<Recording>> {
        None
    }

    /// Runs everything up to `until`, or stops at a batch boundary after about `records_max` records.
    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress;

    /// Runs the next batch, all of it at one instant no later than `until`. Returns that instant; `None` if there is
    /// no such batch.
    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)>;

    /// Runs batches until one contains more than housekeeping: a single step of the viewer. Skips at most ten seconds
    /// of virtual time.
    fn step(&mut self) -> RunProgress {
        let mut limit = Time::MAX;
        while let Some((at, kind)) = self.run_batch(limit) {
            if kind == BatchKind::Progress {
                return RunProgress::Reached;
            }
            limit = limit.min(at + STEP_HORIZON);
        }
        match self.kind() {
            SessionKind::Live => RunProgress::Reached,
            _ if self.next_at().is_some() => RunProgress::Limited,
            _ => RunProgress::Finished,
        }
    }

    /// Carries out an action now, with everything that it causes at this instant.
    ///
    /// # Errors
    /// If the run does not allow the action: nothing changes. If a node refuses a proposal: the records contain the
    /// attempt, and nothing else happens.
    fn act(&mut self, action: Action) -> Result<(), ActionRefused>;

    /// Takes the records that have accumulated, in order. The first call yields the nodes at the start of the run.
    fn take_records(&mut self) -> Vec<Record>;
}
