//! Strongly connected components of the trust graph, and which of them contain quorums.

use super::circuit::{Circuit, GateInput, GreatestQuorum};
use super::fbas::Fbas;
use crate::scp::NodeId;

/// The greatest quorum of every strongly connected component that contains one, largest first.
///
/// Every minimal quorum lies inside one such component: in the trust graph of a quorum, a component that depends on no
/// other component is a quorum itself. So two components with quorums give two disjoint quorums. If only one component
/// contains a quorum, the search for disjoint quorums is confined to it.
#[must_use]
pub fn quorum_components(fbas: &Fbas) -> Vec<Vec<NodeId>> {
    let gates = Circuit::new(fbas);
    let candidates = GreatestQuorum::compute(&gates).members;
    let mut found: Vec<Vec<NodeId>> = strongly_connected(&trust_graph(&gates, &candidates))
        .into_iter()
        .map(|mut component| {
            component.retain(|&vertex| vertex < fbas.len() && candidates[vertex]);
            greatest_quorum_of(fbas, &component)
        })
        .filter(|quorum| !quorum.is_empty())
        .collect();
    found.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    found
}

/// The trust graph among `candidates`: the successors of each vertex. The first vertices are the nodes, the others the
/// gates. A node leads to the gate of its quorum set and a gate to its inputs, so the graph is as large as the circuit,
/// although many nodes may have the same large quorum set.
fn trust_graph(circuit: &Circuit, candidates: &[bool]) -> Vec<Vec<usize>> {
    let node_count = candidates.len();
    let gate_of = |node: usize| circuit.gate_of_node[node].filter(|_| candidates[node]);
    let of_nodes = (0..node_count).map(|node| {
        let gate = gate_of(node).map(|gate| node_count + gate);
        gate.into_iter().collect()
    });
    let of_gates = circuit.gates.iter().map(|gate| {
        let inputs = gate.entries.iter().filter_map(|entry| match *entry {
            GateInput::Node(node) => candidates[node].then_some(node),
            GateInput::Gate(inner) => Some(node_count + inner),
        });
        inputs.collect()
    });
    of_nodes.chain(of_gates).collect()
}

/// The top tier, ascending: the union of the greatest quorums of all quorum-containing components.
///
/// All other nodes belong to no minimal quorum. The top tier can be larger than the union of all minimal quorums, which
/// only an enumeration of them would find.
#[must_use]
pub fn top_tier(fbas: &Fbas) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = quorum_components(fbas).into_iter().flatten().collect();
    nodes.sort_unstable();
    nodes
}

/// The greatest quorum inside `component`. The circuit contains only the quorum sets of the component, so the calls for
/// all components together cost one pass over the configuration.
fn greatest_quorum_of(fbas: &Fbas, component: &[usize]) -> Vec<NodeId> {
    let numbers: Vec<NodeId> = component
        .iter()
        .filter_map(|&node| u32::try_from(node).ok().map(NodeId))
        .collect();
    let inside = fbas.restricted_to(&numbers).greatest_quorum();
    inside
        .into_iter()
        .map(|node| numbers[node.index()])
        .collect()
}

/// Tarjan's algorithm with an explicit stack: recursion along a chain of ten thousand nodes would overflow the call
/// stack. Each component is ascending.
fn strongly_connected(successors: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let count = successors.len();
    let mut order = vec![UNSEEN; count];
    let mut low = vec![0; count];
    let mut open = vec![false; count];
    let mut path: Vec<usize> = Vec::new();
    let mut components = Vec::new();
    let mut next_order = 0;
    for root in 0..count {
        if order[root] != UNSEEN {
            continue;
        }
        // Each entry is a node and the index of its next successor.
        let mut calls = vec![(root, 0)];
        while let Some((node, nth)) = calls.pop() {
            if nth == 0 {
                order[node] = next_order;
                low[node] = next_order;
                next_order += 1;
                open[node] = true;
                path.push(node);
            } else {
                let child = successors[node][nth - 1];
                if open[child] {
                    low[node] = low[node].min(low[child]);
                }
            }
            if let Some(&child) = successors[node].get(nth) {
                calls.push((node, nth + 1));
                if order[child] == UNSEEN {
                    calls.push((child, 0));
                }
            } else if low[node] == order[node] {
                let start = path.iter().rposition(|&on_path| on_path == node);
                let mut component = path.split_off(start.unwrap_or(0));
                component.sort_unstable();
                for &member in &component {
                    open[member] = false;
                }
                components.push(component);
            }
        }
    }
    components
}
