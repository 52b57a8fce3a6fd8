//! `Replay`: a [`Session`] over a recorded run.
//!
//! The whole recording is read before the first record is played, so an error in it appears before playback. It
//! refuses all actions, because a recording cannot change.

use super::recording::Recording;
use super::session::{BatchKind, RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::Time;
use crate::trace::Record;
use std::sync::Arc;

/// A recorded run being played.
#[derive(Debug)]
pub struct Replay {
    recording: Arc<Recording>,
    /// Number of records that have been played.
    played: usize,
    /// Number of records that have been taken.
    taken: usize,
    /// Number of progress times that are not in the future.
    progress: usize,
    now: Time,
}

impl Replay {
    /// A replay that has played the nodes at the start of the run.
    #[must_use]
    pub fn new(recording: Recording) -> Replay {
        let played = recording
            .records()
            .iter()
            .take_while(|record| is_initial_node(record))
            .count();
        Replay {
            recording: Arc::new(recording),
            played,
            taken: 0,
            progress: 0,
            now: Time::ZERO,
        }
    }

    fn pending(&self) -> &[(Time, Record)] {
        self.recording
            .records()
            .get(self.played..)
            .unwrap_or_default()
    }
}

impl Session for Replay {
    fn scenario(&self) -> &Scenario {
        self.recording.scenario()
    }

    fn kind(&self) -> SessionKind {
        SessionKind::Recorded
    }

    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        self.pending().first().map(|(at, _)| *at)
    }

    fn idle_until(&self) -> Option<Time> {
        self.recording.progress_times().get(self.progress).copied()
    }

    fn recording(&self) -> Option<&Arc<Recording>> {
        Some(&self.recording)
    }

    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        let end = self.played.saturating_add(records_max);
        while self.run_batch(until).is_some() {
            if self.played >= end {
                return RunProgress::Limited;
            }
        }
        if until < Time::MAX {
            self.now = self.now.max(until);
        }
        match self.pending().is_empty() {
            true => RunProgress::Finished,
            false => RunProgress::Reached,
        }
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        let at = self.next_at().filter(|at| *at <= until)?;
        let due = self.pending().iter().take_while(|(next, _)| *next <= at);
        let due = due.map(|(_, record)| record.is_housekeeping());
        let (count, is_idle) = due.fold((0, true), |(count, is_idle), is_housekeeping| {
            (count + 1, is_idle && is_housekeeping)
        });
        self.played += count;
        let times = self.recording.progress_times().iter();
        self.progress += times
            .skip(self.progress)
            .take_while(|time| **time <= at)
            .count();
        self.now = self.now.max(at);
        let kind = match is_idle {
            true => BatchKind::Housekeeping,
            false => BatchKind::Progress,
        };
        Some((at, kind))
    }

    fn act(&mut self, _action: Action) -> Result<(), ActionRefused> {
        Err(ActionRefused::Recorded)
    }

    fn take_records(&mut self) -> Vec<Record> {
        let ready = self.recording.records().get(self.taken..self.played);
        let ready = ready.unwrap_or_default().iter();
        self.taken = self.played;
        ready.map(|(_, record)| record.clone()).collect()
    }
}

/// Whether a record adds or references a node at the start of the run.
fn is_initial_node((at, record): &(Time, Record)) -> bool {
    *at == Time::ZERO
        && matches!(
            record,
            Record::NodeAdded { .. } | Record::NodeReferenced { .. }
        )
}
