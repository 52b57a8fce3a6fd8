//! Witness sets: minimal quorums and minimal v-blocking sets as evidence. Minimal means that no member can be removed.

use super::node_set::NodeSet;
use super::pruning::{LocalSet, Pruning};
use super::quorum_view::QuorumView;
use super::registry::SetClass;
use crate::scp::id::NodeId;

/// A minimal quorum inside `quorum` that satisfies the local set.
pub(super) fn minimal_quorum(view: QuorumView<'_>, quorum: &NodeSet) -> NodeSet {
    let Some(local) = view.local else {
        return quorum.clone();
    };
    match minimal_of_uniform(view, local, quorum) {
        Some(minimal) => minimal,
        None => minimal_by_removal(view, local, quorum),
    }
}

/// The shortcut if all members have the local quorum set or are singletons, and this set is flat. All its members are
/// then equivalent, so the result contains the lowest ones, as many as the threshold requires.
fn minimal_of_uniform(view: QuorumView<'_>, local: SetClass, quorum: &NodeSet) -> Option<NodeSet> {
    let set = view.sets.set(local);
    let is_uniform = view.latest.uniform().cover(Some(local), quorum);
    if !set.inner.is_empty() || !view.sets.is_sane(local) || !is_uniform {
        return None;
    }
    let compiled = view.sets.compiled(local);
    let members = quorum.iter().filter(|&node| compiled.names(node));
    Some(members.take(set.threshold as usize).collect())
}

/// The general algorithm: tries to remove each member, highest first, together with all nodes that then lose their
/// slices.
///
/// One pass is enough. A member that is needed now is needed in every smaller quorum, too. So a member is needed if its
/// removal would also remove a needed member.
pub(super) fn minimal_by_removal(
    view: QuorumView<'_>,
    local: SetClass,
    quorum: &NodeSet,
) -> NodeSet {
    let members: Vec<NodeId> = quorum.iter().collect();
    let (mut pruning, _) = Pruning::new(view, local, quorum);
    let mut needed = NodeSet::new();
    for &node in members.iter().rev() {
        if !pruning.remove(node) {
            continue;
        }
        let mut removed = vec![node];
        let (local_set, done) = pruning.propagate(&mut removed, &needed);
        if local_set == LocalSet::Unsatisfied {
            pruning.restore(&removed, done);
            needed.insert(node);
        }
    }
    pruning.into_nodes()
}

/// A minimal v-blocking set inside `nodes`, which must be v-blocking. Removes the highest members first.
pub(super) fn minimal_blocking(view: QuorumView<'_>, mut nodes: NodeSet) -> NodeSet {
    let members: Vec<_> = nodes.iter().collect();
    for &node in members.iter().rev() {
        nodes.remove(node);
        if !view.is_v_blocking(&nodes) {
            nodes.insert(node);
        }
    }
    nodes
}
