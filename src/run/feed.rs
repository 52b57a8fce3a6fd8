//! `Feed`: takes records from the session, folds them into the shown world and the lanes, and keeps them as history.

use super::cursor::Cursor;
use super::fold::Fold;
use super::history::History;
use super::recording::Recording;
use super::session::{RunProgress, Session, SessionKind};
use super::step::StepEnd;
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::Time;
use crate::trace::{Lanes, Record, World};
use std::sync::Arc;

/// Records kept for seeking. A recording keeps all its records.
const RECORDS_KEPT: usize = 200_000;
/// Most slots of a live world. A world with more slots forgets the oldest ones, because processes run for months.
const SLOTS_MAX: usize = 4_000;
/// Slots that remain when a live world forgets the oldest ones.
const SLOTS_KEPT: usize = 2_000;

/// A session, and everything taken from it.
pub(super) struct Feed {
    session: Box<dyn Session + Send>,
    kind: SessionKind,
    /// The lanes so far; empty for a recording, which has the lanes of the whole run.
    lanes: Lanes,
    recording: Option<Arc<Recording>>,
    history: History,
    has_ended: bool,
}

impl Feed {
    /// A feed, and the world at the start of the run.
    pub(super) fn new(session: Box<dyn Session + Send>) -> (Feed, Cursor) {
        let scenario = Arc::new(session.scenario().clone());
        let recording = session.recording().cloned();
        let mut feed = Feed {
            kind: session.kind(),
            lanes: Lanes::default(),
            history: match &recording {
                Some(recording) => History::of_recording(Arc::clone(recording)),
                None => History::new(Arc::clone(&scenario), RECORDS_KEPT),
            },
            recording,
            session,
            has_ended: false,
        };
        let mut shown = Cursor {
            fold: Fold::new(scenario),
            next: 0,
        };
        feed.fold(&mut shown);
        (feed, shown)
    }

    pub(super) fn kind(&self) -> SessionKind {
        self.kind
    }

    pub(super) fn lanes(&self) -> &Lanes {
        match &self.recording {
            Some(recording) => recording.lanes(),
            None => &self.lanes,
        }
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn session(&self) -> &dyn Session {
        &*self.session
    }

    /// Whether nothing more happens until the next action.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Whether the session is a recording that has not been played up to `to` yet.
    pub(super) fn knows_until(&self, to: Time) -> bool {
        self.recording.is_some() && to > self.session.now()
    }

    /// The end of a recording; time zero for a session that does not know its future.
    pub(super) fn recorded_until(&self) -> Time {
        let recording = self.recording.as_ref();
        recording.map_or(Time::ZERO, |recording| recording.lanes().until())
    }

    /// Advances the session and folds the new records; `shown` must contain all records so far.
    pub(super) fn advance(
        &mut self,
        shown: &mut Cursor,
        until: Time,
        records_max: usize,
    ) -> RunProgress {
        let progress = self.session.advance(until, records_max);
        self.fold(shown);
        self.has_ended = progress == RunProgress::Finished;
        progress
    }

    /// Advances the session by one event and folds the new records. Returns whether a step of the viewer ends there.
    pub(super) fn step(&mut self, shown: &mut Cursor, end: StepEnd) -> bool {
        self.has_ended = self.session.step() == RunProgress::Finished;
        let mut is_at_end = false;
        self.fold_with(shown, &mut |record| is_at_end |= end.is_at(record));
        shown.fold.world.advance_to(self.session.now());
        end == StepEnd::Event || is_at_end
    }

    /// Carries out an action and folds the records that it causes immediately.
    pub(super) fn act(&mut self, shown: &mut Cursor, action: Action) -> Result<(), ActionRefused> {
        let result = self.session.act(action);
        if result.is_ok() {
            self.has_ended = false;
        }
        self.fold(shown);
        result
    }

    /// The scenario of the session.
    pub(super) fn scenario(&self) -> &Scenario {
        self.session.scenario()
    }

    fn fold(&mut self, shown: &mut Cursor) {
        self.fold_with(shown, &mut |_| {});
    }

    /// Folds the new records and shows each of them to `visit`.
    fn fold_with(&mut self, shown: &mut Cursor, visit: &mut dyn FnMut(&Record)) {
        for record in self.session.take_records() {
            visit(&record);
            shown.fold.apply(&record);
            if self.recording.is_none() {
                self.lanes.apply(&record);
            }
            if let Some(start) = self.history.push(shown.fold.world.now, record) {
                bound(self.kind, &mut start.world);
            }
            self.history.add_keyframe(&shown.fold);
        }
        shown.next = self.history.len();
        bound(self.kind, &mut shown.fold.world);
    }
}

/// Bounds the memory of the world of live processes.
fn bound(kind: SessionKind, world: &mut World) {
    if kind == SessionKind::Live && world.slots().len() > SLOTS_MAX {
        world.forget_before_last(SLOTS_KEPT);
    }
}
