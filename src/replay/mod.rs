//! A [`Session`] over a recorded run: what happened happens again, as fast as whoever looks wants it to.
//!
//! All of the recording is in memory, so that nothing can be found wrong with it half-way. Absent here: changing
//! anything.

use crate::scenario::{Action, ActionRefused, Scenario};
use crate::session::{Origin, Progress, Session};
use crate::time::{Span, Time};
use crate::trace::{Record, TraceError, TraceReader};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// How long a person's step looks through housekeeping for something else.
const STEP_LOOKS: Span = Span::from_ms(10_000);

/// A recorded run that is being played.
#[derive(Debug)]
pub struct Replay {
    scenario: Arc<Scenario>,
    coming: VecDeque<Record>,
    played: Vec<Record>,
    now: Time,
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
    pub fn new(scenario: Arc<Scenario>, mut records: Vec<Record>) -> Replay {
        // A process knows of a transmission only once it has arrived, but it is to be seen from when it set out.
        records.sort_by_key(Record::at);
        let mut replay = Replay {
            scenario,
            coming: records.into(),
            played: Vec::new(),
            now: Time::ZERO,
        };
        while replay.coming.front().is_some_and(is_there_at_once) {
            replay.played.extend(replay.coming.pop_front());
        }
        replay
    }

    /// Plays the next instant, if there is one.
    fn play_instant(&mut self) -> Option<Interest> {
        let at = self.next_at()?;
        let mut interest = Interest::None;
        while let Some(record) = self.coming.front().filter(|record| record.at() <= at) {
            if !record.is_housekeeping() {
                interest = Interest::Some;
            }
            self.played.extend(self.coming.pop_front());
        }
        self.now = self.now.max(at);
        Some(interest)
    }
}

/// Whether an instant is worth stopping at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interest {
    Some,
    None,
}

impl Session for Replay {
    fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn origin(&self) -> Origin {
        Origin::Recorded
    }

    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        self.coming.front().map(Record::at)
    }

    fn advance(&mut self, until: Time, records_max: usize) -> Progress {
        let end = self.played.len().saturating_add(records_max);
        while self.next_at().is_some_and(|next| next <= until) {
            self.play_instant();
            if self.played.len() >= end {
                return Progress::Limited;
            }
        }
        if until < Time::MAX {
            self.now = self.now.max(until);
        }
        match self.coming.is_empty() {
            true => Progress::Finished,
            false => Progress::Reached,
        }
    }

    fn step(&mut self) -> Progress {
        let mut looks_until = None;
        while let Some(next) = self.next_at() {
            if next > *looks_until.get_or_insert(next + STEP_LOOKS) {
                return Progress::Limited;
            }
            if self.play_instant() == Some(Interest::Some) {
                return Progress::Reached;
            }
        }
        Progress::Finished
    }

    fn act(&mut self, _action: Action) -> Result<(), ActionRefused> {
        Err(ActionRefused::Recorded)
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.played)
    }
}

/// The nodes that are there when a run begins.
fn is_there_at_once(record: &Record) -> bool {
    record.at() == Time::ZERO && matches!(record, Record::NodeAdded { .. } | Record::NodeMet { .. })
}
