//! Grouping of equal statements: nodes that make the same statement form one group.
//!
//! Even in a large network, nodes make few distinct statements at a time. A predicate is evaluated once per group.

use super::node_set::NodeSet;
use crate::lists;
use crate::scp::id::NodeId;
use crate::scp::statement::{Envelope, Statement};
use std::sync::Arc;

/// A statement and the nodes whose latest statement it is.
#[derive(Clone, Debug)]
struct StatementGroup {
    envelope: Arc<Envelope>,
    nodes: NodeSet,
    count: u32,
}

/// The distinct statements among the latest statements of all nodes.
#[derive(Clone, Debug, Default)]
pub(super) struct StatementGroups {
    groups: Vec<StatementGroup>,
}

impl StatementGroups {
    /// Removes all statements. Keeps the allocation.
    pub(super) fn clear(&mut self) {
        self.groups.clear();
    }

    /// The number of distinct statements.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Moves `node` to the group of its new statement, or out of all groups.
    pub(super) fn set_latest(&mut self, node: NodeId, new: Option<&Arc<Envelope>>) {
        let before = self
            .groups
            .iter_mut()
            .position(|group| group.nodes.remove(node));
        if let Some(at) = before
            && let Some(group) = self.groups.get_mut(at)
        {
            group.count = group.count.saturating_sub(1);
            if group.count == 0 {
                lists::remove(&mut self.groups, at);
            }
        }
        let Some(envelope) = new.filter(|envelope| envelope.from.0 < NodeId::LIMIT) else {
            return;
        };
        // A node usually makes the most recent statement, so the search goes backwards.
        let same = self
            .groups
            .iter_mut()
            .rfind(|group| group.envelope.statement == envelope.statement);
        if let Some(group) = same {
            group.nodes.insert(node);
            group.count = group.count.saturating_add(1);
            return;
        }
        self.groups.push(StatementGroup {
            envelope: Arc::clone(envelope),
            nodes: NodeSet::of(node),
            count: 1,
        });
    }

    /// Each distinct statement once.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.groups.iter().map(|group| &group.envelope.statement)
    }

    /// The nodes whose statement fulfils `condition`.
    pub(super) fn nodes_where(&self, condition: impl Fn(&Statement) -> bool) -> NodeSet {
        let mut nodes = NodeSet::new();
        for group in &self.groups {
            if condition(&group.envelope.statement) {
                nodes.union_with(&group.nodes);
            }
        }
        nodes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::statement::Ballot;
    use crate::scp::value::Value;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn externalize(from: NodeId, n: u32) -> Arc<Envelope> {
        let commit = Ballot::new(n, Value::from("x"));
        Arc::new(Envelope {
            from,
            slot: SlotIndex(1),
            quorum_set: QuorumSetId {
                owner: from,
                nth: 1,
            },
            statement: Statement::Externalize { commit, n_h: n },
        })
    }

    proptest! {
        /// The model is a plain map from nodes to their statements.
        #[test]
        fn groups_are_the_distinct_statements(steps in prop::collection::vec((0u32..9, prop::option::of(1u32..5)), 1..80)) {
            let mut groups = StatementGroups::default();
            let mut latest = BTreeMap::new();
            for (node, n) in steps {
                let node = NodeId(node);
                groups.set_latest(node, n.map(|n| externalize(node, n)).as_ref());
                match n {
                    Some(n) => latest.insert(node, n),
                    None => latest.remove(&node),
                };
                let different: BTreeSet<u32> = latest.values().copied().collect();
                prop_assert_eq!(groups.statements().count(), different.len());
                for n in 1..5 {
                    let wanted = externalize(node, n).statement.clone();
                    let expected: NodeSet = latest.iter().filter(|(_, made)| **made == n).map(|(node, _)| *node).collect();
                    prop_assert_eq!(groups.nodes_where(|statement| *statement == wanted), expected);
                }
            }
        }
    }
}
