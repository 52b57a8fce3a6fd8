//! Availability: whether the nodes that run and reach each other contain a quorum for each of them.
//!
//! It depends on quorum sets, on the status of nodes and on the network, but not on messages. So it is known at once,
//! before any timeout.

use super::additions::quorum_additions;
use super::connectivity::Connectivity;
use super::minimal_sets::MinimalSets;
use crate::node::view::TrustPolicy;
use crate::scp::{Electorate, MemberSet, NodeId, NodeSet, QuorumSet};
use crate::trace::outcome::deciders;
use crate::trace::{NodeStatus, World};
use std::sync::Arc;

/// Whether some nodes can decide, and what they lack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Availability {
    /// Whether a quorum exists for each of the nodes.
    pub available: bool,
    /// The nodes for which no quorum exists, ascending.
    pub blocked: Vec<NodeId>,
    /// The nodes on which the nodes depend, directly or indirectly, and which they do not reach, ascending.
    pub without: Vec<NodeId>,
    /// The minimal sets of these nodes whose return makes a quorum available.
    pub bring_back: MinimalSets,
}

/// The quorum sets of all nodes, and which nodes reach each other.
#[derive(Clone, Debug)]
pub struct AvailabilityCheck {
    connectivity: Connectivity,
    /// By node, the quorum set that counts for it; `None` for a node that is in no quorum.
    sets: Vec<Option<MemberSet>>,
    deciders: Vec<NodeId>,
}

impl AvailabilityCheck {
    /// The check at the time of `world`.
    #[must_use]
    pub fn new(world: &World) -> AvailabilityCheck {
        let of = |node: &crate::trace::WorldNode| match (&node.view.quorum_set, &node.config.trust)
        {
            _ if node.status == NodeStatus::Left => None,
            _ if node.is_referenced() => Some(MemberSet::Decided),
            (_, TrustPolicy::None) => None,
            (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => {
                Some(MemberSet::Named(Arc::clone(set)))
            }
            // It chooses a set from the nodes that it reaches.
            (None, TrustPolicy::Found | TrustPolicy::InRange) => Some(MemberSet::Decided),
        };
        AvailabilityCheck {
            connectivity: Connectivity::of(world),
            sets: world.nodes.iter().map(of).collect(),
            deciders: deciders(world),
        }
    }

    /// Which nodes reach each other.
    #[must_use]
    pub fn connectivity(&self) -> &Connectivity {
        &self.connectivity
    }

    /// The availability for all running nodes that can decide. If several parts of the network lack a quorum, the
    /// result is about the largest one.
    #[must_use]
    pub fn for_all(&self) -> Availability {
        let mut components: Vec<&NodeSet> = self.connectivity.components().iter().collect();
        components.sort_by_key(|nodes| std::cmp::Reverse(nodes.len()));
        let mut result = Availability {
            available: !self.deciders.is_empty(),
            ..Availability::default()
        };
        for component in components {
            let inside = self.deciders.iter().copied();
            let inside: Vec<NodeId> = inside.filter(|node| component.contains(*node)).collect();
            if inside.is_empty() {
                continue;
            }
            let of_part = self.for_nodes(&inside, component);
            if !of_part.available {
                return of_part;
            }
            for node in of_part.without {
                if !result.without.contains(&node) {
                    result.without.push(node);
                }
            }
        }
        result.without.sort_unstable();
        result
    }

    /// The availability for one node. A node that has crashed has none.
    #[must_use]
    pub fn for_node(&self, node: NodeId) -> Availability {
        let alone = NodeSet::new();
        let reached = self.connectivity.senders_to(node).unwrap_or(&alone);
        self.for_nodes(&[node], reached)
    }

    /// The nodes for which a quorum exists now.
    #[must_use]
    pub fn served(&self) -> NodeSet {
        let mut served = NodeSet::new();
        for component in self.connectivity.components() {
            let all: Vec<NodeId> = component.iter().collect();
            let electorate = self.electorate(1, &all, component);
            if let Some(quorum) = electorate.greatest_quorum(component) {
                served.union_with(&quorum);
            }
        }
        served
    }

    fn for_nodes(&self, nodes: &[NodeId], reached: &NodeSet) -> Availability {
        let closure = self.closure(nodes);
        let mut relevant = closure.clone();
        relevant.union_with(reached);
        let any = self.electorate(1, nodes, &relevant);
        let quorum = any.greatest_quorum(reached).unwrap_or_default();
        let is_blocked = |node: &NodeId| !quorum.contains(*node);
        let blocked: Vec<NodeId> = nodes.iter().copied().filter(is_blocked).collect();
        let without: Vec<NodeId> = closure.difference(reached).collect();
        let available = blocked.is_empty();
        let bring_back = match blocked.first() {
            None => MinimalSets::default(),
            Some(first) => {
                let all = self.electorate(nodes.len() as u32, nodes, &relevant);
                let exists = |node: &NodeId| self.set(*node).is_some();
                let candidates = without.iter().copied().filter(exists).collect();
                let seed = match self.set(*first) {
                    Some(MemberSet::Named(set)) => Arc::clone(set),
                    Some(MemberSet::Decided) | None => Arc::new(QuorumSet::flat(1, [*first])),
                };
                quorum_additions(&all, &seed, reached, &candidates)
            }
        };
        Availability {
            available,
            blocked,
            without,
            bring_back,
        }
    }

    fn set(&self, node: NodeId) -> Option<&MemberSet> {
        self.sets.get(node.index())?.as_ref()
    }

    /// All nodes that the quorum sets of `nodes` name, directly or indirectly, and `nodes`.
    fn closure(&self, nodes: &[NodeId]) -> NodeSet {
        let mut closure: NodeSet = nodes.iter().copied().collect();
        let mut open = nodes.to_vec();
        let mut expanded: Vec<&Arc<QuorumSet>> = Vec::new();
        while let Some(node) = open.pop() {
            let Some(MemberSet::Named(set)) = self.set(node) else {
                continue;
            };
            if expanded.iter().any(|known| Arc::ptr_eq(known, set)) {
                continue;
            }
            expanded.push(set);
            for named in set.nodes().iter() {
                if closure.insert(named) {
                    open.push(named);
                }
            }
        }
        closure
    }

    /// An electorate of `relevant` in which a quorum must contain at least `threshold` of `nodes`.
    fn electorate(&self, threshold: u32, nodes: &[NodeId], relevant: &NodeSet) -> Electorate {
        let goal = QuorumSet::flat(threshold, nodes.iter().copied());
        let mut electorate = Electorate::new(&Arc::new(goal));
        for node in relevant.iter() {
            if let Some(set) = self.set(node) {
                electorate.insert(node, set);
            }
        }
        electorate
    }
}
