//! `History`: what happened, kept so that one can look at it again: a world, and the records since then.
//!
//! A history of bounded length folds its oldest records into that world for good: so far one cannot go back any more. Its
//! cost is that of folding every record a second time, later. Absent here: what is played when, and by whom.

use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::{Record, World};
use std::collections::VecDeque;
use std::sync::Arc;

/// What happened, as far as it is kept.
#[derive(Debug)]
pub struct History {
    /// Everything that happened before what is kept.
    start: World,
    /// With the time of the world after each.
    records: VecDeque<(Time, Record)>,
    records_max: usize,
}

impl History {
    /// Nothing has happened yet. At most `records_max` records are kept.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, records_max: usize) -> History {
        History {
            start: World::new(scenario),
            records: VecDeque::new(),
            records_max,
        }
    }

    /// Keeps a record; the world that it was folded into is at `at` now. Returns the world at the beginning of the history
    /// if that has changed.
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

    /// How many records are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no record is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The world before the first record that is kept.
    #[must_use]
    pub fn start(&self) -> &World {
        &self.start
    }

    /// The n-th record, with the time of the world after it.
    #[must_use]
    pub fn get(&self, nth: usize) -> Option<&(Time, Record)> {
        self.records.get(nth)
    }

    /// The time of the last thing before the n-th record that happened before `before` and is more than housekeeping.
    #[must_use]
    pub fn mark_before(&self, nth: usize, before: Time) -> Option<Time> {
        let earlier = self.records.range(..nth.min(self.records.len())).rev();
        let mut marks = earlier.filter(|(at, record)| *at < before && !record.is_housekeeping());
        marks.next().map(|(at, _)| *at)
    }

    /// The time of the first thing from the n-th record on that is more than housekeeping.
    #[must_use]
    pub fn mark_from(&self, nth: usize) -> Option<Time> {
        let later = self.records.range(nth.min(self.records.len())..);
        let mut marks = later.filter(|(_, record)| !record.is_housekeeping());
        marks.next().map(|(at, _)| *at)
    }

    /// Folds records from the `nth` on into a world, as far as they happened up to `until`, at most `records_max`.
    /// Returns the number of the first that is not folded in.
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
