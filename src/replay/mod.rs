//! A [`Session`] over a recorded run: what happened happens again, as fast as whoever looks wants it to.
//!
//! All of the recording is in memory, so that nothing can be found wrong with it half-way. Absent here: changing
//! anything.

use crate::scenario::{Action, ActionRefused, Scenario};
use crate::session::{Origin, Progress, Session};
use crate::time::{Span, Time};
use crate::trace::{Lanes, Record, TraceError, TraceReader};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

/// How long a person's step looks through housekeeping for something else.
const STEP_LOOKS: Span = Span::from_ms(10_000);

/// A recorded run that is being played.
#[derive(Debug)]
pub struct Replay {
    scenario: Arc<Scenario>,
    /// With the time at which each is played.
    coming: VecDeque<(Time, Record)>,
    /// When something happens that is more than housekeeping; at last the end.
    marks: VecDeque<Time>,
    played: Vec<Record>,
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
        let mut coming = timed(records);
        let mut lanes = Lanes::default();
        coming.iter().for_each(|(_, record)| lanes.apply(record));
        let marks = coming
            .iter()
            .filter(|(_, record)| !record.is_housekeeping());
        let mut marks: VecDeque<Time> = marks.map(|(at, _)| *at).collect();
        marks.extend(coming.back().map(|(at, _)| *at));
        let mut played = Vec::new();
        while coming.front().is_some_and(is_there_at_once) {
            played.extend(coming.pop_front().map(|(_, record)| record));
        }
        Replay {
            scenario,
            coming,
            marks,
            played,
            now: Time::ZERO,
            lanes: Some(lanes),
        }
    }

    /// Plays the next instant, if there is one.
    fn play_instant(&mut self) -> Option<Interest> {
        let at = self.next_at()?;
        let mut interest = Interest::None;
        while let Some((_, record)) = self.coming.front().filter(|(next, _)| *next <= at) {
            if !record.is_housekeeping() {
                interest = Interest::Some;
            }
            self.played
                .extend(self.coming.pop_front().map(|(_, record)| record));
        }
        while self.marks.front().is_some_and(|mark| *mark <= at) {
            self.marks.pop_front();
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
        self.coming.front().map(|(at, _)| *at)
    }

    fn quiet_until(&self) -> Option<Time> {
        self.marks.front().copied()
    }

    fn take_foreseen(&mut self) -> Option<Lanes> {
        self.lanes.take()
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
fn is_there_at_once((at, record): &(Time, Record)) -> bool {
    *at == Time::ZERO && matches!(record, Record::NodeAdded { .. } | Record::NodeMet { .. })
}
