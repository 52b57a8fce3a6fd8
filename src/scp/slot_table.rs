//! Table of the slots of one node, ascending. A new slot reuses the allocations of the last one that was removed.

use super::context::Emission;
use super::id::SlotIndex;
use super::slot::Slot;
use crate::lists;

/// The slots by number.
#[derive(Debug, Default)]
pub(super) struct SlotTable {
    /// Ascending. A node has few slots, and look-ups nearly always concern the last one.
    #[expect(
        clippy::vec_box,
        reason = "a slot is large and moves when others are removed"
    )]
    slots: Vec<Box<Slot>>,
    /// The slot that was removed last, for reuse.
    spare: Option<Box<Slot>>,
}

impl Clone for SlotTable {
    /// Clones the slots without the spare one.
    fn clone(&self) -> SlotTable {
        SlotTable {
            slots: self.slots.clone(),
            spare: None,
        }
    }
}

/// Whether a slot existed before [`SlotTable::get_or_add`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotLookup {
    /// The slot existed.
    Existing,
    /// The slot was added.
    New,
}

impl SlotTable {
    fn find(&self, index: SlotIndex) -> Result<usize, usize> {
        match self.slots.last() {
            Some(last) if last.index() == index => Ok(self.slots.len().saturating_sub(1)),
            Some(last) if last.index() < index => Err(self.slots.len()),
            _ => self.slots.binary_search_by_key(&index, |slot| slot.index()),
        }
    }

    /// The slot; `None` if nothing has happened in it.
    pub(super) fn get(&self, index: SlotIndex) -> Option<&Slot> {
        self.slots.get(self.find(index).ok()?).map(|slot| &**slot)
    }

    /// Mutable access to the slot; `None` if nothing has happened in it.
    pub(super) fn get_mut(&mut self, index: SlotIndex) -> Option<&mut Slot> {
        let at = self.find(index).ok()?;
        self.slots.get_mut(at).map(|slot| &mut **slot)
    }

    /// The slot, added with `emission` if it does not exist.
    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "`find` returns the position of a slot, or the one at which `add` has inserted it"
    )]
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
        lists::insert(&mut self.slots, at, slot);
    }

    /// Removes a slot.
    pub(super) fn remove(&mut self, index: SlotIndex) {
        if let Ok(at) = self.find(index) {
            self.spare = lists::remove(&mut self.slots, at);
        }
    }

    /// Removes all slots before `index`.
    pub(super) fn remove_before(&mut self, index: SlotIndex) {
        let end = self.find(index).unwrap_or_else(|at| at);
        if let Some(last) = lists::drain_front(&mut self.slots, end).next_back() {
            self.spare = Some(last);
        }
    }

    /// All slots, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|slot| &**slot)
    }
}
