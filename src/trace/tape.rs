//! `Tape`: what happened, kept so that one can look at it again: a world, and the records since then.
//!
//! A tape of bounded length folds its oldest records into that world for good: so far one cannot go back any more. Its
//! cost is that of folding every record a second time, later. Absent here: what is played when, and by whom.

use super::record::Record;
use super::world::World;
use crate::scenario::Scenario;
use crate::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// What happened, as far as it is kept.
#[derive(Debug)]
pub struct Tape {
    /// Everything that happened before what is kept.
    base: World,
    /// With the time of the world after each.
    kept: VecDeque<(Time, Record)>,
    kept_max: usize,
}

impl Tape {
    /// Nothing has happened yet. At most `kept_max` records are kept.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, kept_max: usize) -> Tape {
        Tape {
            base: World::new(scenario),
            kept: VecDeque::new(),
            kept_max,
        }
    }

    /// Keeps a record; the world that it was folded into is at `at` now. Returns the world at the beginning of the tape
    /// if that has changed.
    pub fn push(&mut self, at: Time, record: Record) -> Option<&mut World> {
        self.kept.push_back((at, record));
        if self.kept.len() <= self.kept_max {
            return None;
        }
        if let Some((at, record)) = self.kept.pop_front() {
            self.base.advance_to(at);
            self.base.apply(&record);
        }
        Some(&mut self.base)
    }

    /// How many records are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether no record is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The world before the first record that is kept.
    #[must_use]
    pub fn beginning(&self) -> &World {
        &self.base
    }

    /// The n-th record, with the time of the world after it.
    #[must_use]
    pub fn get(&self, nth: usize) -> Option<&(Time, Record)> {
        self.kept.get(nth)
    }

    /// The time of the last thing before the n-th record that happened before `before` and is more than housekeeping.
    #[must_use]
    pub fn mark_before(&self, nth: usize, before: Time) -> Option<Time> {
        let earlier = self.kept.range(..nth.min(self.kept.len())).rev();
        let mut marks = earlier.filter(|(at, record)| *at < before && !record.is_housekeeping());
        marks.next().map(|(at, _)| *at)
    }

    /// The time of the first thing from the n-th record on that is more than housekeeping.
    #[must_use]
    pub fn mark_from(&self, nth: usize) -> Option<Time> {
        let later = self.kept.range(nth.min(self.kept.len())..);
        let mut marks = later.filter(|(_, record)| !record.is_housekeeping());
        marks.next().map(|(at, _)| *at)
    }

    /// Folds records from the `nth` on into a world, as far as they happened up to `until`, at most `records_max`.
    /// Returns the number of the first that is not folded in.
    pub fn play(&self, world: &mut World, nth: usize, until: Time, records_max: usize) -> usize {
        let rest = self.kept.range(nth.min(self.kept.len())..);
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
