//! Interning of quorum sets: each distinct set is compiled once.
//!
//! Nodes with equal quorum sets share a [`SetClass`]. A quorum search tests a class once, however many nodes have it.

use super::compiled_set::CompiledSet;
use crate::scp::driver::Driver;
use crate::scp::id::{NodeId, QuorumSetId};
use crate::scp::quorum_set::{QuorumSet, QuorumSetError};
use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The number of a distinct quorum set within one registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::scp) struct SetClass(u32);

impl SetClass {
    /// The index into a table of [`SetRegistry::len`] entries.
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug)]
struct RegisteredSet {
    set: Arc<QuorumSet>,
    compiled: CompiledSet,
    sanity: Result<(), QuorumSetError>,
}

/// Every quorum set resolved so far. The set of an id never changes, so only an unknown id is looked up again, because
/// the application may know it later (NOTES 9).
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct SetRegistry {
    entries: Vec<RegisteredSet>,
    by_content: BTreeMap<Arc<QuorumSet>, SetClass>,
    by_id: BTreeMap<QuorumSetId, SetClass>,
    /// The last resolved set of each owner, which is nearly always requested next, too.
    last_of_owner: Vec<Option<(QuorumSetId, SetClass)>>,
    /// The set of the local node, which every input needs.
    local: Option<(QuorumSetId, SetClass)>,
    /// An index, rebuilt on demand after new sets were added.
    sets_by_member: RefCell<SetsByMember>,
}

/// Inverted index from a node to the sets that name it.
#[derive(Clone, Debug, Default)]
pub(super) struct SetsByMember {
    /// The number of sets that the index covers.
    sets: usize,
    /// The classes of the sets that name a node are at `starts[node]..starts[node + 1]`.
    starts: Vec<u32>,
    classes: Vec<SetClass>,
}

impl SetsByMember {
    fn new(entries: &[RegisteredSet]) -> SetsByMember {
        let mut named: Vec<(NodeId, SetClass)> = Vec::new();
        for (class, entry) in (0..).map(SetClass).zip(entries) {
            let set = &entry.set;
            match set.inner.is_empty() {
                true => named.extend(set.validators.iter().map(|&node| (node, class))),
                false => named.extend(set.nodes().iter().map(|node| (node, class))),
            }
        }
        named.retain(|(node, _)| node.0 < NodeId::LIMIT);
        let starts = starts_of(&named);
        let mut next = starts.clone();
        let mut classes = vec![SetClass(0); named.len()];
        for (node, class) in named {
            let Some(at) = next.get_mut(node.index()) else {
                continue;
            };
            if let Some(place) = classes.get_mut(*at as usize) {
                *place = class;
            }
            *at = at.saturating_add(1);
        }
        SetsByMember {
            sets: entries.len(),
            starts,
            classes,
        }
    }

    /// The positions of the sets that name `node`, for [`SetsByMember::class`].
    pub(super) fn range(&self, node: NodeId) -> std::ops::Range<usize> {
        let bounds = self.starts.get(node.index()..).unwrap_or_default();
        match bounds {
            &[start, end, ..] => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// The set at a position.
    pub(super) fn class(&self, at: usize) -> Option<SetClass> {
        self.classes.get(at).copied()
    }

    /// The sets that name `node`. A flat set occurs as often as it names the node.
    pub(super) fn of(&self, node: NodeId) -> &[SetClass] {
        self.classes.get(self.range(node)).unwrap_or_default()
    }
}

/// By node, the number of entries of `named` with a lower node. One more entry follows: the number of all.
fn starts_of(named: &[(NodeId, SetClass)]) -> Vec<u32> {
    let highest = named.iter().map(|(node, _)| node.index()).max();
    let mut counts = vec![0_u32; highest.map_or(0, |highest| highest.saturating_add(1))];
    for (node, _) in named {
        if let Some(count) = counts.get_mut(node.index()) {
            *count = count.saturating_add(1);
        }
    }
    let ends = counts.iter().scan(0_u32, |sum, &count| {
        *sum = sum.saturating_add(count);
        Some(*sum)
    });
    std::iter::once(0).chain(ends).collect()
}

impl SetRegistry {
    /// [`SetRegistry::resolve`] for the local node.
    #[inline]
    pub(in crate::scp) fn resolve_local<D: Driver>(
        &mut self,
        driver: &D,
        id: QuorumSetId,
    ) -> Option<SetClass> {
        if let Some((known, class)) = self.local
            && known == id
        {
            return Some(class);
        }
        let class = self.resolve(driver, id)?;
        self.local = Some((id, class));
        Some(class)
    }

    /// The class of the set that `id` names; `None` if the application does not know it.
    pub(in crate::scp) fn resolve<D: Driver>(
        &mut self,
        driver: &D,
        id: QuorumSetId,
    ) -> Option<SetClass> {
        let last = self.last_of_owner.get(id.owner.index());
        if let Some(&Some((last, class))) = last
            && last == id
        {
            return Some(class);
        }
        let class = self.look_up(driver, id)?;
        self.remember_last(id, class);
        Some(class)
    }

    fn remember_last(&mut self, id: QuorumSetId, class: SetClass) {
        let at = id.owner.index();
        if id.owner.0 >= NodeId::LIMIT {
            return;
        }
        if at >= self.last_of_owner.len() {
            self.last_of_owner.resize(at.saturating_add(1), None);
        }
        if let Some(last) = self.last_of_owner.get_mut(at) {
            *last = Some((id, class));
        }
    }

    fn look_up<D: Driver>(&mut self, driver: &D, id: QuorumSetId) -> Option<SetClass> {
        if let Some(&class) = self.by_id.get(&id) {
            return Some(class);
        }
        let class = self.intern(driver.quorum_set(id)?);
        self.by_id.insert(id, class);
        Some(class)
    }

    /// The class of a set that no id names.
    pub(super) fn intern(&mut self, set: Arc<QuorumSet>) -> SetClass {
        match self.by_content.get(&set) {
            Some(&class) => class,
            None => self.add(set),
        }
    }

    fn add(&mut self, set: Arc<QuorumSet>) -> SetClass {
        let class = SetClass(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(RegisteredSet {
            compiled: CompiledSet::new(&set),
            sanity: set.check_sane(),
            set: Arc::clone(&set),
        });
        self.by_content.insert(set, class);
        class
    }

    /// The number of classes.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The index of sets by member, up to date.
    pub(super) fn sets_by_member(&self) -> Ref<'_, SetsByMember> {
        if self.sets_by_member.borrow().sets != self.entries.len() {
            self.sets_by_member
                .replace(SetsByMember::new(&self.entries));
        }
        self.sets_by_member.borrow()
    }

    /// By class, the slack of a set before any member is counted; `nested` for sets with inner sets.
    pub(super) fn initial_slack(&self, nested: i32) -> Vec<i32> {
        let slack = |entry: &RegisteredSet| match entry.set.threshold {
            _ if !entry.set.inner.is_empty() => nested,
            // Threshold 0 is never satisfied.
            0 => i32::MIN / 2,
            threshold => i32::try_from(threshold).map_or(i32::MIN / 2, i32::saturating_neg),
        };
        self.entries.iter().map(slack).collect()
    }

    #[inline]
    #[expect(
        clippy::indexing_slicing,
        reason = "`add` makes every class, from the index of its entry, and no entry is ever removed"
    )]
    fn entry(&self, class: SetClass) -> &RegisteredSet {
        &self.entries[class.index()]
    }

    /// The set as the application gave it.
    pub(in crate::scp) fn set(&self, class: SetClass) -> &Arc<QuorumSet> {
        &self.entry(class).set
    }

    /// The set in its compiled form.
    pub(super) fn compiled(&self, class: SetClass) -> &CompiledSet {
        &self.entry(class).compiled
    }

    /// Whether a ballot statement may name this set.
    pub(in crate::scp) fn is_sane(&self, class: SetClass) -> bool {
        self.entry(class).sanity.is_ok()
    }
}
