//! Latest statement of every node, of one kind (nomination or ballot), in one slot, with an undo log.

use super::change_log::ChangeLog;
use super::node_set::NodeSet;
use super::registry::SetClass;
use crate::scp::id::NodeId;
use crate::scp::statement::{Envelope, Statement};
use std::sync::Arc;

/// The capacity of the log of quorum set changes. An honest node changes its set once in a slot, when it decides.
const SET_CHANGES_MAX: usize = 1 << 15;

/// The quorum set that counts for the sender of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::scp) enum SenderSet {
    /// The set that the statement names.
    Known(SetClass),
    /// Only the sender itself: it has decided and needs no other node (NOTES 9).
    Singleton,
    /// The application does not know the named set, so the sender cannot be part of a quorum.
    Unknown,
}

/// A statement with the quorum set of its sender.
#[derive(Clone, Debug)]
pub(in crate::scp) struct LatestStatement {
    /// The statement in its envelope.
    pub(in crate::scp) envelope: Arc<Envelope>,
    /// The quorum set that counts for its sender.
    pub(in crate::scp) set: SenderSet,
}

/// The latest statements by sender.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct LatestStatements {
    by_sender: Vec<Option<LatestStatement>>,
    undo_log: Vec<(NodeId, Option<LatestStatement>)>,
    unknown: NodeSet,
    uniform: UniformNodes,
    set_changes: ChangeLog<SET_CHANGES_MAX>,
}

/// The nodes that have the same quorum set as the first sender or are singletons. In many networks these are all nodes,
/// and then no search for a quorum is needed.
#[derive(Clone, Debug, Default)]
pub(super) struct UniformNodes {
    /// The quorum set of the first sender.
    class: Option<SetClass>,
    nodes: NodeSet,
}

impl UniformNodes {
    fn update(&mut self, node: NodeId, set: Option<SenderSet>) {
        let is_uniform = match set {
            Some(SenderSet::Known(class)) => class == *self.class.get_or_insert(class),
            Some(SenderSet::Singleton) => true,
            Some(SenderSet::Unknown) | None => false,
        };
        self.nodes.assign(node, is_uniform.into());
    }

    /// Whether each of `nodes` has the set `class` or is a singleton.
    #[inline]
    pub(super) fn cover(&self, class: Option<SetClass>, nodes: &NodeSet) -> bool {
        class.is_some() && self.class == class && nodes.is_subset(&self.nodes)
    }
}

impl LatestStatements {
    /// Removes all statements. Keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.by_sender.clear();
        self.undo_log.clear();
        self.unknown.clear();
        self.uniform = UniformNodes::default();
        self.set_changes.clear();
    }

    /// The latest statement of `node` with its quorum set.
    pub(in crate::scp) fn get(&self, node: NodeId) -> Option<&LatestStatement> {
        self.by_sender.get(node.index())?.as_ref()
    }

    /// The latest statement of `node`.
    pub(in crate::scp) fn statement(&self, node: NodeId) -> Option<&Statement> {
        self.get(node).map(|latest| &latest.envelope.statement)
    }

    /// All latest envelopes, by sender.
    pub(in crate::scp) fn envelopes(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        self.by_sender
            .iter()
            .flatten()
            .map(|latest| &latest.envelope)
    }

    /// Replaces the latest statement of the sender. [`LatestStatements::rollback_one`] restores the old one.
    pub(super) fn record(&mut self, new: LatestStatement) {
        let node = new.envelope.from;
        let old = self.replace(node, Some(new));
        self.undo_log.push((node, old));
    }

    #[inline]
    fn replace(&mut self, node: NodeId, new: Option<LatestStatement>) -> Option<LatestStatement> {
        let at = node.index();
        if at >= self.by_sender.len() {
            self.by_sender.resize(at.saturating_add(1), None);
        }
        let set_of = |statement: &Option<LatestStatement>| statement.as_ref().map(|it| it.set);
        let set = set_of(&new);
        let old = std::mem::replace(self.by_sender.get_mut(at)?, new);
        if set_of(&old) != set {
            self.unknown
                .assign(node, (set == Some(SenderSet::Unknown)).into());
            self.uniform.update(node, set);
            if old.is_some() {
                self.set_changes.push(node);
            }
        }
        old
    }

    /// Senders whose quorum set was unknown at the last look-up.
    pub(super) fn unknown(&self) -> &NodeSet {
        &self.unknown
    }

    /// The quorum set that `node` names has become known.
    pub(super) fn learn_set(&mut self, node: NodeId, class: SetClass) {
        if let Some(Some(latest)) = self.by_sender.get_mut(node.index()) {
            latest.set = SenderSet::Known(class);
            self.uniform.update(node, Some(latest.set));
            self.unknown.remove(node);
            self.set_changes.push(node);
        }
    }

    /// The nodes that have the same quorum set or are singletons.
    pub(super) fn uniform(&self) -> &UniformNodes {
        &self.uniform
    }

    /// The nodes whose quorum set has changed since `version`; `None` if the log no longer reaches back that far.
    pub(super) fn set_changes_since(&self, version: u64) -> Option<&[NodeId]> {
        self.set_changes.since(version)
    }

    /// The version of the quorum sets. It increases with every change of a sender's quorum set.
    pub(in crate::scp) fn set_version(&self) -> u64 {
        self.set_changes.version()
    }

    /// Checks that `last`, an own statement, is recorded or has been replaced by a newer one.
    ///
    /// # Errors
    /// The violated invariant.
    pub(in crate::scp) fn check_own_statement(&self, last: &Envelope) -> Result<(), &'static str> {
        let recorded = self.get(last.from);
        if recorded.is_none_or(|recorded| last.supersedes(&recorded.envelope)) {
            return Err("the last own statement is recorded");
        }
        Ok(())
    }

    /// Starts a transaction: later changes can be rolled back.
    pub(super) fn checkpoint(&mut self) {
        self.undo_log.clear();
    }

    /// Undoes the last record since the checkpoint and returns its sender; `None` if there is none left.
    pub(super) fn rollback_one(&mut self) -> Option<NodeId> {
        let (node, old) = self.undo_log.pop()?;
        self.replace(node, old);
        Some(node)
    }
}
