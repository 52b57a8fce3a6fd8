//! `StatementGroups`: who says the same thing.
//!
//! However many nodes there are, they say few different things at a time. What has to be asked of all statements is asked
//! of each different one once.

use super::node_set::NodeSet;
use crate::scp::id::NodeId;
use crate::scp::statement::{Envelope, Statement};
use std::sync::Arc;

/// A statement and whose latest it is.
#[derive(Clone, Debug)]
struct StatementGroup {
    envelope: Arc<Envelope>,
    nodes: NodeSet,
    count: u32,
}

/// The different ones among the latest statements of all nodes.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct StatementGroups {
    groups: Vec<StatementGroup>,
}

impl StatementGroups {
    /// Nobody says anything; the memory is kept.
    pub(in crate::scp) fn clear(&mut self) {
        self.groups.clear();
    }

    /// How many different ones there are.
    pub(in crate::scp) fn len(&self) -> usize {
        self.groups.len()
    }

    /// `node` says this from now on, and what it said before no longer. `None`: it says nothing.
    pub(in crate::scp) fn set_latest(&mut self, node: NodeId, new: Option<&Arc<Envelope>>) {
        let before = self
            .groups
            .iter_mut()
            .position(|group| group.nodes.remove(node));
        if let Some(at) = before {
            self.groups[at].count -= 1;
            if self.groups[at].count == 0 {
                self.groups.remove(at);
            }
        }
        let Some(envelope) = new.filter(|envelope| envelope.from.0 < NodeId::LIMIT) else {
            return;
        };
        // What is said now is mostly what was said last.
        let known = self
            .groups
            .iter_mut()
            .rfind(|group| group.envelope.statement == envelope.statement);
        if let Some(group) = known {
            group.nodes.insert(node);
            group.count += 1;
            return;
        }
        self.groups.push(StatementGroup {
            envelope: Arc::clone(envelope),
            nodes: NodeSet::of(node),
            count: 1,
        });
    }

    /// Every statement that is somebody's latest, once.
    pub(in crate::scp) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.groups.iter().map(|group| &group.envelope.statement)
    }

    /// Who says something that fulfils `condition`.
    pub(in crate::scp) fn nodes_where(&self, condition: impl Fn(&Statement) -> bool) -> NodeSet {
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

    fn said(from: NodeId, n: u32) -> Arc<Envelope> {
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
        /// Against a plain map from node to what it said.
        #[test]
        fn groups_are_the_different_statements(steps in prop::collection::vec((0u32..9, prop::option::of(1u32..5)), 1..80)) {
            let mut groups = StatementGroups::default();
            let mut latest = BTreeMap::new();
            for (node, n) in steps {
                let node = NodeId(node);
                groups.set_latest(node, n.map(|n| said(node, n)).as_ref());
                match n {
                    Some(n) => latest.insert(node, n),
                    None => latest.remove(&node),
                };
                let different: BTreeSet<u32> = latest.values().copied().collect();
                prop_assert_eq!(groups.statements().count(), different.len());
                for n in 1..5 {
                    let wanted = said(node, n).statement.clone();
                    let expected: NodeSet = latest.iter().filter(|(_, said)| **said == n).map(|(node, _)| *node).collect();
                    prop_assert_eq!(groups.nodes_where(|statement| *statement == wanted), expected);
                }
            }
        }
    }
}
