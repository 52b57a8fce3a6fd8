//! Connectivity: which nodes run, and which of them reach each other.

use crate::scp::{NodeId, NodeSet};
use crate::trace::{NodeStatus, World};

/// The running nodes by connected component. Messages pass between the nodes of a component, directly or over relays.
/// A silent node belongs to no component, but receives the messages of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connectivity {
    /// The component from which each node receives; `None` for a node that does not run or reaches no other node.
    component: Vec<Option<usize>>,
    components: Vec<NodeSet>,
}

impl Connectivity {
    /// The components of the network at the time of `world`.
    ///
    /// A node whose own steps are not recorded counts as running: its messages show that it does.
    #[must_use]
    pub fn of(world: &World) -> Connectivity {
        let count = world.nodes.len();
        let groups = groups(world);
        let runs: Vec<bool> = world
            .nodes
            .iter()
            .map(|node| matches!(node.status, NodeStatus::Running | NodeStatus::Referenced))
            .collect();
        let mut connectivity = Connectivity {
            component: vec![None; count],
            components: Vec::new(),
        };
        for start in 0..count {
            if runs[start] && connectivity.component[start].is_none() {
                connectivity.add_component(world, &runs, &groups, start);
            }
        }
        let is_silent = |node: &usize| world.nodes[*node].status == NodeStatus::Silent;
        for silent in (0..count).filter(is_silent) {
            let mut others = connectivity.component.iter().enumerate();
            let sender = others.find(|(other, component)| {
                component.is_some()
                    && runs[*other]
                    && groups[*other] == groups[silent]
                    && is_in_range(world, *other, silent)
            });
            connectivity.component[silent] = sender.and_then(|(_, component)| *component);
        }
        connectivity
    }

    fn add_component(&mut self, world: &World, runs: &[bool], groups: &[usize], start: usize) {
        let number = self.components.len();
        let mut nodes = NodeSet::new();
        let mut open = vec![start];
        self.component[start] = Some(number);
        let range_m = world.scenario.medium.radio_range_m;
        while let Some(at) = open.pop() {
            nodes.insert(NodeId(at as u32));
            // Without radio the first node reaches all others.
            if range_m.is_none() && at != start {
                continue;
            }
            for other in 0..runs.len() {
                let is_new = runs[other] && self.component[other].is_none();
                if is_new && groups[at] == groups[other] && is_in_range(world, at, other) {
                    self.component[other] = Some(number);
                    open.push(other);
                }
            }
        }
        self.components.push(nodes);
    }

    /// The components, in the order of their lowest nodes.
    #[must_use]
    pub fn components(&self) -> &[NodeSet] {
        &self.components
    }

    /// The nodes whose messages reach `node`, itself included unless it is silent; `None` if there are none.
    #[must_use]
    pub fn senders_to(&self, node: NodeId) -> Option<&NodeSet> {
        let number = (*self.component.get(node.index())?)?;
        self.components.get(number)
    }

    /// Whether messages of `sender` reach `receiver`.
    #[must_use]
    pub fn reaches(&self, sender: NodeId, receiver: NodeId) -> bool {
        self.senders_to(receiver)
            .is_some_and(|senders| senders.contains(sender))
    }
}

fn is_in_range(world: &World, one: usize, other: usize) -> bool {
    let (one, other) = (&world.nodes[one], &world.nodes[other]);
    let range_m = world.scenario.medium.radio_range_m;
    range_m.is_none_or(|range_m| one.position.distance_m(other.position) <= range_m)
}

/// The group of the partition of each node. Nodes in no group form an additional one.
fn groups(world: &World) -> Vec<usize> {
    let partition = &world.partition;
    let mut groups = vec![partition.len(); world.nodes.len()];
    for (nth, group) in partition.iter().enumerate() {
        for node in group {
            if let Some(place) = groups.get_mut(node.index()) {
                *place = nth;
            }
        }
    }
    groups
}
