//! `History`: the records of a run, kept for seeking: a snapshot of the state, and the records since then.
//!
//! A bounded history folds its oldest records into the snapshot, and the viewer cannot seek to a time before it. These
//! records are folded twice: into the shown world and into the snapshot. The history of a recording is the part of it
//! that has been played.

use super::fold::Fold;
use super::recording::Recording;
use super::step::StepEnd;
use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::Record;
use std::collections::VecDeque;
use std::sync::Arc;

/// Records between two keyframes. Folding that many takes a few milliseconds.
const KEYFRAME_INTERVAL: usize = 8_192;

/// The past of a run: a snapshot and the records after it.
#[derive(Debug)]
pub struct History {
    /// The state before the first record kept.
    start: Fold,
    /// Later states, each with the number of kept records that it contains, ascending. A seek starts at the nearest one.
    keyframes: VecDeque<(usize, Fold)>,
    keyframe_interval: usize,
    past: Past,
}

/// Records, each with the time of the world after it.
#[derive(Debug)]
enum Past {
    /// The newest records of a run that goes on, at most `records_max`.
    Bounded {
        records: VecDeque<(Time, Record)>,
        records_max: usize,
    },
    /// The first `len` records of a recording.
    Recorded {
        recording: Arc<Recording>,
        len: usize,
    },
}

impl History {
    /// An empty history that keeps at most `records_max` records.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, records_max: usize) -> History {
        History {
            start: Fold::new(scenario),
            keyframes: VecDeque::new(),
            keyframe_interval: KEYFRAME_INTERVAL,
            past: Past::Bounded {
                records: VecDeque::new(),
                records_max,
            },
        }
    }

    /// The history of a recording of which nothing has been played.
    #[must_use]
    pub fn of_recording(recording: Arc<Recording>) -> History {
        History {
            start: Fold::new(Arc::clone(recording.scenario())),
            keyframes: VecDeque::new(),
            keyframe_interval: KEYFRAME_INTERVAL,
            past: Past::Recorded { recording, len: 0 },
        }
    }

    /// The same history with another number of records between keyframes, at least 1.
    #[must_use]
    pub fn with_keyframe_interval(self, records: usize) -> History {
        History {
            keyframe_interval: records.max(1),
            ..self
        }
    }

    /// Keeps a copy of `fold`, the state after all records so far, if the last keyframe is far enough back.
    pub fn add_keyframe(&mut self, fold: &Fold) {
        let last = self.keyframes.back().map_or(0, |(records, _)| *records);
        if self.len().saturating_sub(last) >= self.keyframe_interval {
            self.keyframes.push_back((self.len(), fold.clone()));
        }
    }

    /// The latest state kept that is not after `at`, and the number of records that it contains.
    #[must_use]
    pub fn keyframe_before(&self, at: Time) -> (usize, &Fold) {
        let count = self
            .keyframes
            .partition_point(|(_, fold)| fold.world.now <= at);
        let found = count.checked_sub(1).and_then(|nth| self.keyframes.get(nth));
        found.map_or((0, &self.start), |(records, fold)| (*records, fold))
    }

    /// Appends a record; `at` is the time of the world after it. Returns the start snapshot if it changed. The record
    /// that follows in a recording is not stored again.
    pub fn push(&mut self, at: Time, record: Record) -> Option<&mut Fold> {
        let (records, records_max) = match &mut self.past {
            Past::Recorded { len, .. } => {
                *len += 1;
                return None;
            }
            Past::Bounded {
                records,
                records_max,
            } => (records, *records_max),
        };
        records.push_back((at, record));
        if records.len() <= records_max {
            return None;
        }
        if let Some((at, record)) = records.pop_front() {
            self.start.advance_to(at);
            self.start.apply(&record);
            for (records, _) in &mut self.keyframes {
                *records = records.saturating_sub(1);
            }
            self.keyframes.pop_front_if(|(records, _)| *records == 0);
        }
        Some(&mut self.start)
    }

    /// Two lists that together contain all records kept.
    fn records(&self) -> [&[(Time, Record)]; 2] {
        match &self.past {
            Past::Bounded { records, .. } => records.as_slices().into(),
            Past::Recorded { recording, len } => {
                let records = recording.records();
                [&records[..(*len).min(records.len())], &[]]
            }
        }
    }

    fn before(&self, nth: usize) -> impl DoubleEndedIterator<Item = &(Time, Record)> {
        let [older, newer] = self.records();
        let rest = nth.saturating_sub(older.len());
        let older = older[..nth.min(older.len())].iter();
        older.chain(&newer[..rest.min(newer.len())])
    }

    fn since(&self, nth: usize) -> impl Iterator<Item = &(Time, Record)> {
        let [older, newer] = self.records();
        let rest = nth.saturating_sub(older.len());
        let older = older[nth.min(older.len())..].iter();
        older.chain(&newer[rest.min(newer.len())..])
    }

    /// The number of records kept.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.past {
            Past::Bounded { records, .. } => records.len(),
            Past::Recorded { len, .. } => *len,
        }
    }

    /// Whether no record is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The state before the first record kept: the earliest one that can be shown.
    #[must_use]
    pub fn start(&self) -> &Fold {
        &self.start
    }

    /// The time of the world after the last record.
    #[must_use]
    pub fn last_at(&self) -> Option<Time> {
        self.before(self.len()).next_back().map(|(at, _)| *at)
    }

    /// The time of the last record other than housekeeping that comes before record `nth` and is earlier than `before`.
    #[must_use]
    pub fn progress_before(&self, nth: usize, before: Time) -> Option<Time> {
        let earlier = self.before(nth).rev();
        let mut progress = earlier.filter(|(at, record)| *at < before && !record.is_housekeeping());
        progress.next().map(|(at, _)| *at)
    }

    /// The time of the first record other than housekeeping, from record `nth` on.
    #[must_use]
    pub fn progress_from(&self, nth: usize) -> Option<Time> {
        let mut progress = self
            .since(nth)
            .filter(|(_, record)| !record.is_housekeeping());
        progress.next().map(|(at, _)| *at)
    }

    /// The time of the record at which a step from record `nth` on ends.
    #[must_use]
    pub(super) fn end_of_step(&self, nth: usize, end: StepEnd) -> Option<Time> {
        let mut records = self.since(nth);
        let found = records.find(|(_, record)| end.is_at(record));
        found.map(|(at, _)| *at)
    }

    /// Folds the records from `nth` up to the instant `until` into `fold`, at most `records_max` of them. Returns the
    /// index of the first record not folded.
    pub fn play(&self, fold: &mut Fold, nth: usize, until: Time, records_max: usize) -> usize {
        let rest = self.since(nth).take(records_max);
        let due = rest.take_while(|(at, _)| *at <= until);
        let mut next = nth;
        for (at, record) in due {
            fold.advance_to(*at);
            fold.apply(record);
            next += 1;
        }
        next
    }
}
