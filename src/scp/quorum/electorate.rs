//! `Electorate`: quorum tests for one node over nodes whose statements are assumed, not received.
//!
//! An explanation asks which further statements would allow a step. The protocol itself never uses this module; the
//! tests behind it are those of the protocol.

use super::latest_statements::{LatestStatement, LatestStatements, SenderSet};
use super::no_quorum_cache::NoQuorumCache;
use super::node_set::NodeSet;
use super::quorum_search::greatest_quorum;
use super::quorum_view::QuorumView;
use super::registry::{SetClass, SetRegistry};
use super::witness::{minimal_blocking, minimal_quorum};
use crate::scp::id::{NodeId, QuorumSetId, SlotIndex};
use crate::scp::quorum_set::QuorumSet;
use crate::scp::statement::{Envelope, Statement};
use std::sync::Arc;

/// The quorum set that counts for a member of an [`Electorate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberSet {
    /// The set that its statements name.
    Named(Arc<QuorumSet>),
    /// Only the node itself: it has decided and needs no other node.
    Decided,
}

/// The nodes that may make statements, each with the quorum set that counts for it, and the quorum set of the node that
/// receives the statements.
#[derive(Clone, Debug)]
pub struct Electorate {
    local: SetClass,
    sets: SetRegistry,
    members: LatestStatements,
}

impl Electorate {
    /// An electorate without members, for a node with the quorum set `local`.
    #[must_use]
    pub fn new(local: &Arc<QuorumSet>) -> Electorate {
        let mut sets = SetRegistry::default();
        Electorate {
            local: sets.intern(Arc::clone(local)),
            sets,
            members: LatestStatements::default(),
        }
    }

    /// Adds a node, or replaces its quorum set. Numbers from [`NodeId::LIMIT`] on are ignored.
    pub fn insert(&mut self, node: NodeId, set: &MemberSet) {
        if node.0 >= NodeId::LIMIT {
            return;
        }
        let set = match set {
            MemberSet::Named(set) => SenderSet::Known(self.sets.intern(Arc::clone(set))),
            MemberSet::Decided => SenderSet::Singleton,
        };
        // Only the sender and its quorum set matter for the tests.
        let envelope = Arc::new(Envelope {
            from: node,
            slot: SlotIndex(0),
            quorum_set: QuorumSetId {
                owner: node,
                nth: 0,
            },
            statement: Statement::Nominate {
                voted: Vec::new(),
                accepted: Vec::new(),
            },
        });
        self.members.record(LatestStatement { envelope, set });
        self.members.checkpoint();
    }

    fn view(&self) -> QuorumView<'_> {
        QuorumView {
            local: Some(self.local),
            sets: &self.sets,
            latest: &self.members,
        }
    }

    /// The greatest quorum among `nodes`, provided that it contains a slice of the receiving node.
    #[must_use]
    pub fn greatest_quorum(&self, nodes: &NodeSet) -> Option<NodeSet> {
        let found = greatest_quorum(self.view(), &mut NoQuorumCache::default(), nodes);
        found.map(std::borrow::Cow::into_owned)
    }

    /// A minimal quorum among `nodes` that contains a slice of the receiving node.
    #[must_use]
    pub fn minimal_quorum(&self, nodes: &NodeSet) -> Option<NodeSet> {
        let greatest = self.greatest_quorum(nodes)?;
        Some(minimal_quorum(self.view(), &greatest))
    }

    /// Whether `nodes` are v-blocking for the receiving node.
    #[must_use]
    pub fn is_v_blocking(&self, nodes: &NodeSet) -> bool {
        self.view().is_v_blocking(nodes)
    }

    /// A minimal v-blocking set among `nodes`.
    #[must_use]
    pub fn minimal_blocking_set(&self, nodes: &NodeSet) -> Option<NodeSet> {
        self.is_v_blocking(nodes)
            .then(|| minimal_blocking(self.view(), nodes.clone()))
    }
}
