//! `Ledger`: the latest statement of every node, of one kind (nominations or ballots), in one slot.
//!
//! A turn can be undone: what it replaced is kept until the next turn begins.

use super::id::NodeId;
use super::node_set::NodeSet;
use super::refusals::Refusals;
use super::set_registry::SetClass;
use super::statement::{Envelope, Statement};
use std::cell::{Ref, RefCell, RefMut};
use std::sync::Arc;

/// Which quorum set counts for the sender of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SenderSet {
    /// The one it names.
    Known(SetClass),
    /// It has decided, so it needs nobody else (NOTES 9).
    Alone,
    /// The one it names is unknown: it cannot be part of a quorum.
    Unknown,
}

/// A statement with the quorum set of its sender.
#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) envelope: Arc<Envelope>,
    pub(super) set: SenderSet,
}

/// The latest statements by sender.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    latest: Vec<Option<Recorded>>,
    replaced: Vec<(NodeId, Option<Recorded>)>,
    unknown: NodeSet,
    alike: Alike,
    /// Grows whenever a sender's quorum set becomes another one.
    set_changes: u64,
    /// What is known of searches for quorums. It never changes an answer, so it is no state of the protocol.
    refusals: RefCell<Refusals>,
}

/// The nodes for which one and the same quorum set counts, or none: who has decided needs nobody. In many networks these
/// are all, and then a quorum is found at a glance.
#[derive(Clone, Debug, Default)]
pub(super) struct Alike {
    /// The set of whoever spoke first.
    class: Option<SetClass>,
    nodes: NodeSet,
}

impl Alike {
    fn put(&mut self, node: NodeId, set: Option<SenderSet>) {
        let is_alike = match set {
            Some(SenderSet::Known(class)) => class == *self.class.get_or_insert(class),
            Some(SenderSet::Alone) => true,
            Some(SenderSet::Unknown) | None => false,
        };
        self.nodes.assign(node, is_alike.into());
    }

    /// Does nothing but `class` count for all of `nodes`?
    #[inline]
    pub(super) fn are_all(&self, class: Option<SetClass>, nodes: &NodeSet) -> bool {
        class.is_some() && self.class == class && nodes.is_subset(&self.nodes)
    }
}

impl Ledger {
    /// Nothing was ever said; the memory is kept.
    pub(super) fn clear(&mut self) {
        self.latest.clear();
        self.replaced.clear();
        self.unknown.clear();
        self.alike = Alike::default();
        self.set_changes = 0;
        self.refusals.get_mut().forget();
    }

    /// What `node` said last.
    pub(super) fn get(&self, node: NodeId) -> Option<&Recorded> {
        self.latest.get(node.index())?.as_ref()
    }

    /// The statement of `node`.
    pub(super) fn statement(&self, node: NodeId) -> Option<&Statement> {
        self.get(node).map(|recorded| &recorded.envelope.statement)
    }

    /// Everybody's latest envelope, by sender.
    pub(super) fn envelopes(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        self.latest
            .iter()
            .flatten()
            .map(|recorded| &recorded.envelope)
    }

    /// Puts `recorded` in the place of its sender's last statement, remembering that one.
    pub(super) fn record(&mut self, recorded: Recorded) {
        let node = recorded.envelope.from;
        let old = self.put(node, Some(recorded));
        self.replaced.push((node, old));
    }

    #[inline]
    fn put(&mut self, node: NodeId, recorded: Option<Recorded>) -> Option<Recorded> {
        let at = node.index();
        if at >= self.latest.len() {
            self.latest.resize(at + 1, None);
        }
        let set_of = |recorded: &Option<Recorded>| recorded.as_ref().map(|recorded| recorded.set);
        let set = set_of(&recorded);
        let old = std::mem::replace(&mut self.latest[at], recorded);
        if set_of(&old) != set {
            self.unknown
                .assign(node, (set == Some(SenderSet::Unknown)).into());
            self.alike.put(node, set);
            if old.is_some() {
                self.set_changes += 1;
                self.refusals.get_mut().note_change(node);
            }
        }
        old
    }

    /// Senders whose quorum set was unknown when last looked up.
    pub(super) fn unknown(&self) -> &NodeSet {
        &self.unknown
    }

    /// The set of `node` has become known.
    pub(super) fn learn_set(&mut self, node: NodeId, class: SetClass) {
        if let Some(Some(recorded)) = self.latest.get_mut(node.index()) {
            recorded.set = SenderSet::Known(class);
            self.alike.put(node, Some(recorded.set));
            self.unknown.remove(node);
            self.set_changes += 1;
            self.refusals.get_mut().note_change(node);
        }
    }

    /// Those who have the same quorum set.
    pub(super) fn alike(&self) -> &Alike {
        &self.alike
    }

    /// Grows whenever a sender's quorum set becomes another one.
    pub(super) fn set_changes(&self) -> u64 {
        self.set_changes
    }

    /// What is known of searches for quorums among these statements.
    pub(super) fn refusals(&self) -> Ref<'_, Refusals> {
        self.refusals.borrow()
    }

    /// The same, to be added to.
    pub(super) fn refusals_mut(&self) -> RefMut<'_, Refusals> {
        self.refusals.borrow_mut()
    }

    /// From here on can be undone.
    pub(super) fn begin(&mut self) {
        self.replaced.clear();
    }

    /// Undoes the last thing recorded since [`Ledger::begin`] and names its sender, or nothing if all is undone.
    pub(super) fn undo_one(&mut self) -> Option<NodeId> {
        let (node, old) = self.replaced.pop()?;
        self.refusals.get_mut().forget();
        self.put(node, old);
        Some(node)
    }
}
