//! `SlotTable`: what one node knows about each slot, ascending. The memory of a forgotten slot serves the next new one.

use super::id::SlotIndex;
use super::slot::{Emission, Slot};

/// SlotTable by their numbers.
#[derive(Debug, Default)]
pub(super) struct SlotTable {
    /// Ascending: few, and nearly always it is the last one that is asked for.
    #[expect(clippy::vec_box, reason = "a slot is large, and it comes and goes")]
    slots: Vec<Box<Slot>>,
    /// One that was forgotten last.
    spare: Option<Box<Slot>>,
}

impl Clone for SlotTable {
    /// Without the memory that only waits for use.
    fn clone(&self) -> SlotTable {
        SlotTable {
            slots: self.slots.clone(),
            spare: None,
        }
    }
}

impl SlotTable {
    /// Where `index` is, or else belongs.
    fn find(&self, index: SlotIndex) -> Result<usize, usize> {
        match self.slots.last() {
            Some(last) if last.index == index => Ok(self.slots.len() - 1),
            Some(last) if last.index < index => Err(self.slots.len()),
            _ => self.slots.binary_search_by_key(&index, |slot| slot.index),
        }
    }

    /// The slot, if anything has happened in it.
    pub(super) fn get(&self, index: SlotIndex) -> Option<&Slot> {
        self.find(index).ok().map(|at| &*self.slots[at])
    }

    /// The same, for changing it.
    pub(super) fn get_mut(&mut self, index: SlotIndex) -> Option<&mut Slot> {
        self.find(index).ok().map(|at| &mut *self.slots[at])
    }

    /// The slot, and whether it had to be made; then it is one of `emission`.
    #[inline]
    pub(super) fn get_or_add(
        &mut self,
        index: SlotIndex,
        emission: Emission,
    ) -> (&mut Slot, SlotLookup) {
        let (at, lookup) = match self.find(index) {
            Ok(at) => (at, SlotLookup::Existing),
            Err(at) => {
                self.add(at, index, emission);
                (at, SlotLookup::New)
            }
        };
        (&mut self.slots[at], lookup)
    }

    #[cold]
    fn add(&mut self, at: usize, index: SlotIndex, emission: Emission) {
        let slot = match self.spare.take() {
            Some(mut spare) => {
                spare.reuse(index, emission);
                spare
            }
            None => Box::new(Slot::new(index, emission)),
        };
        self.slots.insert(at, slot);
    }

    /// Forgets a slot.
    pub(super) fn remove(&mut self, index: SlotIndex) {
        if let Ok(at) = self.find(index) {
            self.spare = Some(self.slots.remove(at));
        }
    }

    /// Forgets all slots before `index`.
    pub(super) fn forget_before(&mut self, index: SlotIndex) {
        let end = self.find(index).unwrap_or_else(|at| at);
        if let Some(last) = self.slots.drain(..end).next_back() {
            self.spare = Some(last);
        }
    }

    /// All, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|slot| &**slot)
    }
}

/// Whether something was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotLookup {
    /// It was.
    Existing,
    /// It was not.
    New,
}
