//! `LatestStatements`: the latest statement of every node, of one kind (nominations or ballots), in one slot.
//!
//! A transaction can be undone: what it undo_log is kept until the next transaction begins.

use super::no_quorum_cache::NoQuorumCache;
use super::node_set::NodeSet;
use super::registry::SetClass;
use crate::scp::id::NodeId;
use crate::scp::statement::{Envelope, Statement};
use std::cell::{Ref, RefCell, RefMut};
use std::sync::Arc;

/// Which quorum set counts for the sender of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scp) enum SenderSet {
    /// The one it names.
    Known(SetClass),
    /// It has decided, so it needs nobody else (NOTES 9).
    Singleton,
    /// The one it names is unknown: it cannot be part of a quorum.
    Unknown,
}

/// A statement with the quorum set of its sender.
#[derive(Clone, Debug)]
pub(in crate::scp) struct LatestStatement {
    pub(in crate::scp) envelope: Arc<Envelope>,
    pub(in crate::scp) set: SenderSet,
}

/// The latest statements by sender.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct LatestStatements {
    by_sender: Vec<Option<LatestStatement>>,
    undo_log: Vec<(NodeId, Option<LatestStatement>)>,
    unknown: NodeSet,
    uniform: UniformNodes,
    /// Grows whenever a sender's quorum set becomes another one.
    set_changes: u64,
    /// What is known of searches for quorums. It never changes an answer, so it is no state of the protocol.
    no_quorum_cache: RefCell<NoQuorumCache>,
}

/// The nodes for which one and the same quorum set counts, or none: who has decided needs nobody. In many networks these
/// are all, and then a quorum is found at a glance.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct UniformNodes {
    /// The set of whoever spoke first.
    class: Option<SetClass>,
    nodes: NodeSet,
}

impl UniformNodes {
    fn put(&mut self, node: NodeId, set: Option<SenderSet>) {
        let is_uniform = match set {
            Some(SenderSet::Known(class)) => class == *self.class.get_or_insert(class),
            Some(SenderSet::Singleton) => true,
            Some(SenderSet::Unknown) | None => false,
        };
        self.nodes.assign(node, is_uniform.into());
    }

    /// Does nothing but `class` count for all of `nodes`?
    #[inline]
    pub(in crate::scp) fn cover(&self, class: Option<SetClass>, nodes: &NodeSet) -> bool {
        class.is_some() && self.class == class && nodes.is_subset(&self.nodes)
    }
}

impl LatestStatements {
    /// Nothing was ever said; the memory is kept.
    pub(in crate::scp) fn clear(&mut self) {
        self.by_sender.clear();
        self.undo_log.clear();
        self.unknown.clear();
        self.uniform = UniformNodes::default();
        self.set_changes = 0;
        self.no_quorum_cache.get_mut().clear();
    }

    /// What `node` said last.
    pub(in crate::scp) fn get(&self, node: NodeId) -> Option<&LatestStatement> {
        self.by_sender.get(node.index())?.as_ref()
    }

    /// The statement of `node`.
    pub(in crate::scp) fn statement(&self, node: NodeId) -> Option<&Statement> {
        self.get(node).map(|recorded| &recorded.envelope.statement)
    }

    /// Everybody's latest envelope, by sender.
    pub(in crate::scp) fn envelopes(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        self.by_sender
            .iter()
            .flatten()
            .map(|recorded| &recorded.envelope)
    }

    /// Puts `recorded` in the place of its sender's last statement, remembering that one.
    pub(in crate::scp) fn record(&mut self, recorded: LatestStatement) {
        let node = recorded.envelope.from;
        let old = self.put(node, Some(recorded));
        self.undo_log.push((node, old));
    }

    #[inline]
    fn put(&mut self, node: NodeId, recorded: Option<LatestStatement>) -> Option<LatestStatement> {
        let at = node.index();
        if at >= self.by_sender.len() {
            self.by_sender.resize(at + 1, None);
        }
        let set_of =
            |recorded: &Option<LatestStatement>| recorded.as_ref().map(|recorded| recorded.set);
        let set = set_of(&recorded);
        let old = std::mem::replace(&mut self.by_sender[at], recorded);
        if set_of(&old) != set {
            self.unknown
                .assign(node, (set == Some(SenderSet::Unknown)).into());
            self.uniform.put(node, set);
            if old.is_some() {
                self.set_changes += 1;
                self.no_quorum_cache.get_mut().note_set_change(node);
            }
        }
        old
    }

    /// Senders whose quorum set was unknown when last looked up.
    pub(in crate::scp) fn unknown(&self) -> &NodeSet {
        &self.unknown
    }

    /// The set of `node` has become known.
    pub(in crate::scp) fn learn_set(&mut self, node: NodeId, class: SetClass) {
        if let Some(Some(recorded)) = self.by_sender.get_mut(node.index()) {
            recorded.set = SenderSet::Known(class);
            self.uniform.put(node, Some(recorded.set));
            self.unknown.remove(node);
            self.set_changes += 1;
            self.no_quorum_cache.get_mut().note_set_change(node);
        }
    }

    /// Those who have the same quorum set.
    pub(in crate::scp) fn uniform(&self) -> &UniformNodes {
        &self.uniform
    }

    /// Grows whenever a sender's quorum set becomes another one.
    pub(in crate::scp) fn set_changes(&self) -> u64 {
        self.set_changes
    }

    /// What is known of searches for quorums among these statements.
    pub(in crate::scp) fn no_quorum_cache(&self) -> Ref<'_, NoQuorumCache> {
        self.no_quorum_cache.borrow()
    }

    /// The same, to be added to.
    pub(in crate::scp) fn no_quorum_cache_mut(&self) -> RefMut<'_, NoQuorumCache> {
        self.no_quorum_cache.borrow_mut()
    }

    /// From here on can be undone.
    pub(in crate::scp) fn checkpoint(&mut self) {
        self.undo_log.clear();
    }

    /// Undoes the last thing recorded since [`LatestStatements::checkpoint`] and names its sender, or nothing if all is undone.
    pub(in crate::scp) fn rollback_one(&mut self) -> Option<NodeId> {
        let (node, old) = self.undo_log.pop()?;
        self.no_quorum_cache.get_mut().clear();
        self.put(node, old);
        Some(node)
    }
}
