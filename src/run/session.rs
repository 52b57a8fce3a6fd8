//! `Session`: what a window, or a batch run, may ask of a run, whether simulated, replayed or real.

use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::Time;
use crate::trace::{Lanes, Record};

/// How far an [`Session::advance`] came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunProgress {
    /// Everything up to the asked instant has happened.
    Reached,
    /// The limit of records came first; ask again.
    Limited,
    /// Nothing will ever happen again by itself.
    Finished,
}

/// Who decides what happens in a run, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// An engine, in virtual time: it waits for whoever asks, and does what it is told.
    #[default]
    Simulated,
    /// A recording: it waits, but what has happened cannot be changed.
    Recorded,
    /// Processes somewhere, in real time: they wait for nobody.
    Live,
}

/// A run. Records come out in order; everything anybody knows about the run is folded from them.
pub trait Session {
    /// What is being run.
    fn scenario(&self) -> &Scenario;
    /// Who decides what happens.
    fn kind(&self) -> SessionKind {
        SessionKind::Simulated
    }
    /// Up to which instant everything has happened.
    fn now(&self) -> Time;
    /// When the next thing happens, if anything will.
    fn next_at(&self) -> Option<Time>;
    /// Until when nothing but housekeeping happens, if that is known.
    fn quiet_until(&self) -> Option<Time> {
        None
    }
    /// Who will be doing what when, of a run that has been recorded: all of it. It is there to be taken once.
    fn take_recorded_lanes(&mut self) -> Option<Lanes> {
        None
    }
    /// Lets everything up to `until` happen, or stops after about `records_max` records at a batch boundary.
    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress;
    /// Lets the next batch that is not mere housekeeping happen: one step for a person.
    fn step(&mut self) -> RunProgress;
    /// Does something to the network now.
    ///
    /// # Errors
    /// If the action is impossible; nothing has changed then.
    fn act(&mut self, action: Action) -> Result<(), ActionRefused>;
    /// Takes the records that have accumulated, in order. The first call yields the nodes present at the start.
    fn take_records(&mut self) -> Vec<Record>;
}
