//! `World`: the state of the whole run, folded from its records. Pictures, summaries and checkers read nothing else.
//!
//! `fold` applies the records.

mod fold;

use super::record::FlightId;
use super::slot_tables::{ProposalRow, RowKey, SlotSummary, Tables};
use super::world_parts::{Broadcast, EventLogEntry, Flight, NodeStatus, RunCounters, WorldNode};
use crate::node::view::Readiness;
use crate::node::{NodeKey, Proposal, TrustPolicy};
use crate::scenario::Scenario;
use crate::scp::{NodeId, QuorumSet, SlotIndex, Value};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The state at `now`.
#[derive(Clone, Debug)]
pub struct World {
    /// The scenario of the run.
    pub scenario: Arc<Scenario>,
    /// Time up to which all records are applied.
    pub now: Time,
    /// All nodes by number, including those that have left.
    pub nodes: Vec<WorldNode>,
    /// Transmissions in flight, and recently lost ones.
    pub flights: BTreeMap<FlightId, Flight>,
    /// Spreading broadcasts, the oldest first; bounded.
    pub broadcasts: Vec<Broadcast>,
    /// The groups of the current network partition; empty if there is none.
    pub partition: Vec<Vec<NodeId>>,
    /// Counts since the start.
    pub counters: RunCounters,
    /// Notable events, the oldest first; bounded.
    pub log: VecDeque<EventLogEntry>,
    /// Increases when the view, status or position of a node changes. For caches.
    pub version: u64,
    /// Increases when a trust edge may have changed. For caches.
    pub trust_version: u64,
    /// Increases when a node is added or moves. For caches.
    pub places_version: u64,
    tables: Tables,
    endings: BTreeSet<(Time, FlightId)>,
}

impl World {
    /// The world before the first record.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>) -> World {
        World {
            scenario,
            now: Time::ZERO,
            nodes: Vec::new(),
            flights: BTreeMap::new(),
            broadcasts: Vec::new(),
            partition: Vec::new(),
            counters: RunCounters::default(),
            log: VecDeque::new(),
            version: 0,
            trust_version: 0,
            places_version: 0,
            tables: Tables::default(),
            endings: BTreeSet::new(),
        }
    }

    /// The node with this number.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&WorldNode> {
        self.nodes.get(id.index())
    }

    /// The name of a node, or `#` and its number if it is unknown.
    #[must_use]
    pub fn name(&self, id: NodeId) -> Arc<str> {
        self.node(id).map_or_else(
            || format!("#{}", id.0).into(),
            |node| Arc::clone(&node.config.peer.name),
        )
    }

    /// Whether the proposal was made at this node.
    #[must_use]
    pub fn is_origin(&self, node: NodeId, proposal: &Proposal) -> bool {
        self.node(node)
            .is_some_and(|node| NodeKey::of(&node.config.peer.key) == proposal.id.origin)
    }

    /// Summaries by slot.
    #[must_use]
    pub fn slots(&self) -> &BTreeMap<SlotIndex, SlotSummary> {
        &self.tables.slots
    }

    /// Proposals and their states, in the order of appearance.
    #[must_use]
    pub fn proposals(&self) -> Vec<(RowKey, &ProposalRow)> {
        self.tables.proposals()
    }

    /// Whether a proposal, or a value in a slot, is neither decided nor expired.
    #[must_use]
    pub fn awaits_decision(&self) -> bool {
        self.tables.awaits_decision()
    }

    /// The first slot with two externalized values, and the nodes by value.
    #[must_use]
    pub fn fork(&self) -> Option<(SlotIndex, BTreeMap<Value, Vec<NodeId>>)> {
        self.tables
            .slots
            .iter()
            .map(|(slot, summary)| (*slot, summary.nodes_by_value()))
            .find(|(_, nodes_by_value)| nodes_by_value.len() > 1)
    }

    /// Drops all slots except the newest `last` ones, also from the logs of nodes.
    pub fn forget_before_last(&mut self, last: usize) {
        let Some(oldest) = self
            .tables
            .slots
            .keys()
            .rev()
            .take(last)
            .next_back()
            .copied()
        else {
            return;
        };
        self.tables.slots = self.tables.slots.split_off(&oldest);
        for node in &mut self.nodes {
            node.view.log.retain(|entry| entry.slot >= oldest);
        }
        self.version += 1;
    }

    /// The newest quorum set of every node, by number; `None` for nodes that have left or have no usable set.
    #[must_use]
    pub fn quorum_sets(&self) -> Vec<Option<Arc<QuorumSet>>> {
        let of = |node: &WorldNode| match (&node.view.quorum_set, &node.config.trust) {
            _ if node.status == NodeStatus::Left => None,
            (_, TrustPolicy::None) => None,
            (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => Some(Arc::clone(set)),
            (None, TrustPolicy::Found | TrustPolicy::InRange) => None,
        };
        self.nodes.iter().map(of).collect()
    }

    /// Whether quorums depend on nodes whose own quorum sets are unknown.
    #[must_use]
    pub fn depends_on_referenced(&self) -> bool {
        let names_referenced = |set: Arc<QuorumSet>| {
            set.nodes()
                .iter()
                .any(|id| self.node(id).is_some_and(WorldNode::is_referenced))
        };
        self.quorum_sets()
            .into_iter()
            .flatten()
            .any(names_referenced)
    }

    /// Running nodes that have not left: the nodes that count for the outcome.
    pub fn participants(&self) -> impl Iterator<Item = (NodeId, &WorldNode)> {
        (0..).map(NodeId).zip(&self.nodes).filter(|(_, node)| {
            node.status == NodeStatus::Running && node.view.readiness != Readiness::Left
        })
    }
}
