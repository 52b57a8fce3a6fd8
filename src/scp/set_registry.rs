//! `SetRegistry`: the quorum sets one node has come across, each distinct content compiled once.
//!
//! Nodes that trust alike share a [`SetClass`], and a quorum test asks a class once however many nodes are in it.

use super::compiled_set::CompiledSet;
use super::driver::Driver;
use super::id::{NodeId, QuorumSetId};
use super::quorum_set::{Insanity, QuorumSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names one content of quorum sets within one registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SetClass(u32);

impl SetClass {
    /// Its position in a table of [`SetRegistry::len`] entries.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug)]
struct Entry {
    set: Arc<QuorumSet>,
    compiled: CompiledSet,
    sanity: Result<(), Insanity>,
}

/// Every quorum set met so far. What an id names never changes, so nothing is ever looked up twice, except what was
/// unknown (NOTES 9: it may become known).
#[derive(Clone, Debug, Default)]
pub(super) struct SetRegistry {
    entries: Vec<Entry>,
    by_content: BTreeMap<Arc<QuorumSet>, SetClass>,
    by_id: BTreeMap<QuorumSetId, SetClass>,
    /// The set of each owner that was asked for last: nearly always the one that is asked for next.
    last_of_owner: Vec<Option<(QuorumSetId, SetClass)>>,
}

impl SetRegistry {
    /// The class of the set that `id` names, if the application knows it.
    pub(super) fn resolve<D: Driver>(&mut self, driver: &D, id: QuorumSetId) -> Option<SetClass> {
        let last = self.last_of_owner.get(id.owner.index());
        if let Some(&Some((last, class))) = last
            && last == id
        {
            return Some(class);
        }
        let class = self.look_up(driver, id)?;
        self.keep_at_hand(id, class);
        Some(class)
    }

    fn keep_at_hand(&mut self, id: QuorumSetId, class: SetClass) {
        let at = id.owner.index();
        if id.owner.0 >= NodeId::LIMIT {
            return;
        }
        if at >= self.last_of_owner.len() {
            self.last_of_owner.resize(at + 1, None);
        }
        self.last_of_owner[at] = Some((id, class));
    }

    fn look_up<D: Driver>(&mut self, driver: &D, id: QuorumSetId) -> Option<SetClass> {
        if let Some(&class) = self.by_id.get(&id) {
            return Some(class);
        }
        let set = driver.quorum_set(id)?;
        let class = match self.by_content.get(&set) {
            Some(&class) => class,
            None => self.add(set),
        };
        self.by_id.insert(id, class);
        Some(class)
    }

    fn add(&mut self, set: Arc<QuorumSet>) -> SetClass {
        let class = SetClass(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Entry {
            compiled: CompiledSet::new(&set),
            sanity: set.check_sane(),
            set: Arc::clone(&set),
        });
        self.by_content.insert(set, class);
        class
    }

    /// How many classes there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The set as the application gave it.
    pub(super) fn set(&self, class: SetClass) -> &Arc<QuorumSet> {
        &self.entries[class.index()].set
    }

    /// The set, ready to be asked.
    pub(super) fn compiled(&self, class: SetClass) -> &CompiledSet {
        &self.entries[class.index()].compiled
    }

    /// May a ballot statement name this set?
    pub(super) fn is_sane(&self, class: SetClass) -> bool {
        self.entries[class.index()].sanity.is_ok()
    }
}
