//! `History`: the records of a run, kept for seeking: a snapshot of the world, and the records since then.
//!
//! A bounded history folds its oldest records into the snapshot, and the viewer cannot seek to a time before it. These
//! records are folded twice: into the shown world and into the snapshot. Absent here: when to play which record.

use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::{Record, World};
use std::collections::VecDeque;
use std::sync::Arc;

/// The past of a run: a snapshot of the world and the records after it.
#[derive(Debug)]
pub struct History {
    /// The world before the first record kept.
    start: World,
    /// Each record with the time of the world after it.
    records: VecDeque<(Time, Record)>,
    records_max: usize,
}

impl History {
    /// An empty history that keeps at most `records_max` records.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, records_max: usize) -> History {
        History {
            start: World::new(scenario),
            records: VecDeque::new(),
            records_max,
        }
    }

    /// Appends a record; `at` is the time of the world after it. Returns the start snapshot if it changed.
    pub fn push(&mut self, at: Time, record: Record) -> Option<&mut World> {
        self.records.push_back((at, record));
        if self.records.len() <= self.records_max {
            return None;
        }
        if let Some((at, record)) = self.records.pop_front() {
            self.start.advance_to(at);
            self.start.apply(&record);
        }
        Some(&mut self.start)
    }

    /// The number of records kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no record is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The world before the first record kept: the earliest one that can be shown.
    #[must_use]
    pub fn start(&self) -> &World {
        &self.start
    }

    /// The time of the world after the last record.
    #[must_use]
    pub fn last_at(&self) -> Option<Time> {
        self.records.back().map(|(at, _)| *at)
    }

    /// The time of the last record other than housekeeping that comes before record `nth` and is earlier than `before`.
    #[must_use]
    pub fn progress_before(&self, nth: usize, before: Time) -> Option<Time> {
        let earlier = self.records.range(..nth.min(self.records.len())).rev();
        let mut progress = earlier.filter(|(at, record)| *at < before && !record.is_housekeeping());
        progress.next().map(|(at, _)| *at)
    }

    /// The time of the first record other than housekeeping, from record `nth` on.
    #[must_use]
    pub fn progress_from(&self, nth: usize) -> Option<Time> {
        let later = self.records.range(nth.min(self.records.len())..);
        let mut progress = later.filter(|(_, record)| !record.is_housekeeping());
        progress.next().map(|(at, _)| *at)
    }

    /// Folds the records from `nth` up to the instant `until` into `world`, at most `records_max` of them. Returns the
    /// index of the first record not folded.
    pub fn play(&self, world: &mut World, nth: usize, until: Time, records_max: usize) -> usize {
        let rest = self.records.range(nth.min(self.records.len())..);
        let due = rest.take(records_max).take_while(|(at, _)| *at <= until);
        let mut next = nth;
        for (at, record) in due {
            world.advance_to(*at);
            world.apply(record);
            next += 1;
        }
        next
    }
}
