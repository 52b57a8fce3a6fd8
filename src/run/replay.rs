//! A [`Session`] over a recorded run: what happened happens again, as fast as whoever looks wants it to.
//!
//! All of the recording is in memory, so that nothing can be found wrong with it half-way. Absent here: changing
//! anything.

use super::session::{RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::time::{Span, Time};
use crate::trace::{Lanes, Record, TraceError, TraceReader};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// How long a person's step looks through housekeeping for something else.
const STEP_HORIZON: Span = Span::from_ms(10_000);

/// A recorded run that is being played.
#[derive(Debug)]
pub struct Replay {
    scenario: Arc<Scenario>,
    /// With the time at which each is played.
    pending: VecDeque<(Time, Record)>,
    /// When something happens that is more than housekeeping; at last the end.
    progress_times: VecDeque<Time>,
    ready: Vec<Record>,
    now: Time,
    /// Of the whole recording.
    lanes: Option<Lanes>,
}

impl Replay {
    /// Reads the trace at `path`, all of it.
    ///
    /// # Errors
    /// If there is none, or something is wrong with it.
    pub fn open(path: &Path) -> Result<Replay, TraceError> {
        let mut reader = TraceReader::open(path)?;
        let scenario = Arc::clone(reader.scenario());
        let records: Result<Vec<Record>, TraceError> = reader.by_ref().collect();
        Ok(Replay::new(scenario, records?))
    }

    /// Plays `records` of a run of `scenario`. Those of one instant stay in their order.
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

    /// Plays the next instant, if there is one.
    fn play_instant(&mut self) -> Option<InstantKind> {
        let at = self.next_at()?;
        let mut kind = InstantKind::Housekeeping;
        while let Some((_, record)) = self.pending.front().filter(|(next, _)| *next <= at) {
            if !record.is_housekeeping() {
                kind = InstantKind::Progress;
            }
            self.ready
                .extend(self.pending.pop_front().map(|(_, record)| record));
        }
        while self.progress_times.front().is_some_and(|mark| *mark <= at) {
            self.progress_times.pop_front();
        }
        self.now = self.now.max(at);
        Some(kind)
    }
}

/// Whether an instant is worth stopping at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InstantKind {
    Progress,
    Housekeeping,
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
        while self.next_at().is_some_and(|next| next <= until) {
            self.play_instant();
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

    fn step(&mut self) -> RunProgress {
        let mut step_limit = None;
        while let Some(next) = self.next_at() {
            if next > *step_limit.get_or_insert(next + STEP_HORIZON) {
                return RunProgress::Limited;
            }
            if self.play_instant() == Some(InstantKind::Progress) {
                return RunProgress::Reached;
            }
        }
        RunProgress::Finished
    }

    fn act(&mut self, _action: Action) -> Result<(), ActionRefused> {
        Err(ActionRefused::Recorded)
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.ready)
    }
}

/// Records with the times at which they are played, in order. A record that tells of the past belongs where it was told;
/// only of a transmission processes know late, and it is to be seen from when it set out.
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

/// The nodes that are there when a run begins.
fn is_initial_node((at, record): &(Time, Record)) -> bool {
    *at == Time::ZERO
        && matches!(
            record,
            Record::NodeAdded { .. } | Record::NodeReferenced { .. }
        )
}
