//! `Replay`: a [`Session`] over a recorded run.
//!
//! The whole recording is read before the first record is played, so an error in it appears before playback. Absent
//! here: actions, because a recording cannot change.

use super::session::{BatchKind, RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::Time;
use crate::trace::{Lanes, Record, TraceError, TraceReader};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// A recorded run being played.
#[derive(Debug)]
pub struct Replay {
    scenario: Arc<Scenario>,
    /// Records to come, each with the time at which it is played.
    pending: VecDeque<(Time, Record)>,
    /// Times of records other than housekeeping, and the end of the recording.
    progress_times: VecDeque<Time>,
    ready: Vec<Record>,
    now: Time,
    /// The lanes of the whole recording.
    lanes: Option<Lanes>,
}

impl Replay {
    /// Reads the trace file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid trace.
    pub fn open(path: &Path) -> Result<Replay, TraceError> {
        let mut reader = TraceReader::open(path)?;
        let scenario = Arc::clone(reader.scenario());
        let records: Result<Vec<Record>, TraceError> = reader.by_ref().collect();
        Ok(Replay::new(scenario, records?))
    }

    /// A replay of `records` of a run of `scenario`. Records of one instant keep their order.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, records: Vec<Record>) -> Replay {
        let mut pending = timed(records);
        let mut lanes = Lanes::default();
        pending.iter().for_each(|(_, record)| lanes.apply(record));
        let progress_times = pending
            .iter()
            .filter(|(_, record)| !record.is_housekeeping());
        let mut progress_times: VecDeque<Time> = progress_times.map(|(at, _)| *at).collect();
        progress_times.extend(pending.back().map(|(at, _)| *at));
        let mut ready = Vec::new();
        while pending.front().is_some_and(is_initial_node) {
            ready.extend(pending.pop_front().map(|(_, record)| record));
        }
        Replay {
            scenario,
            pending,
            progress_times,
            ready,
            now: Time::ZERO,
            lanes: Some(lanes),
        }
    }
}

impl Session for Replay {
    fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn kind(&self) -> SessionKind {
        SessionKind::Recorded
    }

    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        self.pending.front().map(|(at, _)| *at)
    }

    fn quiet_until(&self) -> Option<Time> {
        self.progress_times.front().copied()
    }

    fn take_recorded_lanes(&mut self) -> Option<Lanes> {
        self.lanes.take()
    }

    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        let end = self.ready.len().saturating_add(records_max);
        while self.run_batch(until).is_some() {
            if self.ready.len() >= end {
                return RunProgress::Limited;
            }
        }
        if until < Time::MAX {
            self.now = self.now.max(until);
        }
        match self.pending.is_empty() {
            true => RunProgress::Finished,
            false => RunProgress::Reached,
        }
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        let at = self.next_at().filter(|at| *at <= until)?;
        let mut kind = BatchKind::Housekeeping;
        while self.pending.front().is_some_and(|(next, _)| *next <= at) {
            let record = self.pending.pop_front().map(|(_, record)| record);
            if record.as_ref().is_some_and(|it| !it.is_housekeeping()) {
                kind = BatchKind::Progress;
            }
            self.ready.extend(record);
        }
        while self.progress_times.front().is_some_and(|time| *time <= at) {
            self.progress_times.pop_front();
        }
        self.now = self.now.max(at);
        Some((at, kind))
    }

    fn act(&mut self, _action: Action) -> Result<(), ActionRefused> {
        Err(ActionRefused::Recorded)
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.ready)
    }
}

/// Records with the times at which they are played, in order. A record that is older than an earlier record is played
/// at the time of that one. Transmissions are an exception: a process learns of a message late, and the message is
/// shown from the time at which it was sent.
fn timed(records: Vec<Record>) -> VecDeque<(Time, Record)> {
    let mut latest = Time::ZERO;
    let mut timed: Vec<(Time, Record)> = records
        .into_iter()
        .map(|record| {
            let at = match &record {
                Record::Sent { at, .. } | Record::Lost { at, .. } => *at,
                record => {
                    latest = latest.max(record.at());
                    latest
                }
            };
            (at, record)
        })
        .collect();
    timed.sort_by_key(|(at, _)| *at);
    timed.into()
}

/// Whether a record adds or references a node at the start of the run.
fn is_initial_node((at, record): &(Time, Record)) -> bool {
    *at == Time::ZERO
        && matches!(
            record,
            Record::NodeAdded { .. } | Record::NodeReferenced { .. }
        )
}
