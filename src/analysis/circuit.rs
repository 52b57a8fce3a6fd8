//! Threshold circuit: all quorum sets of a configuration, with one gate for each distinct set.
//!
//! In real networks an organisation is the same inner set in most quorum sets, and often whole quorum sets are equal.
//! So the cost of counting, and of the encoding for the SAT solver, depends only on the number of distinct sets.

use super::fbas::Fbas;
use crate::scp::{NodeId, QuorumSet};
use std::collections::BTreeMap;

/// Work on this many gates or nodes takes about as long as the solver's work between two calls of `stop`.
pub(super) const GATES_PER_STOP: usize = 64;

/// One input of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum GateInput {
    /// A node, by number.
    Node(usize),
    /// Another gate, by number. Its number is lower than that of the gate with this input.
    Gate(usize),
}

/// A gate that is true if at least `threshold` of its `entries` are true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Gate {
    /// At least 1, at most the number of entries.
    pub(super) threshold: usize,
    /// Ascending.
    pub(super) entries: Vec<GateInput>,
}

/// The gates of a configuration, and indexes from inputs to the gates that use them.
#[derive(Debug)]
pub(super) struct Circuit {
    /// In topological order: inner gates come first.
    pub(super) gates: Vec<Gate>,
    /// The gate of each node's whole quorum set; `None` if the node has no set that can be satisfied.
    pub(super) gate_of_node: Vec<Option<usize>>,
    /// The gates that have the node as an input.
    users_of_node: Vec<Vec<usize>>,
    /// The gates that have the gate as an input.
    users_of_gate: Vec<Vec<usize>>,
    /// The nodes whose whole quorum set this gate represents.
    owners_of_gate: Vec<Vec<usize>>,
}

impl Circuit {
    /// The circuit of all quorum sets of `fbas`. Sets that can never be satisfied are left out.
    pub(super) fn new(fbas: &Fbas) -> Circuit {
        let mut known = BTreeMap::new();
        let mut gates = Vec::new();
        let gate_of_node: Vec<Option<usize>> = (0..fbas.len())
            .map(|node| {
                let set = fbas.quorum_set(NodeId(u32::try_from(node).ok()?))?;
                intern(set, fbas.len(), &mut known, &mut gates)
            })
            .collect();
        let mut users_of_node = vec![Vec::new(); fbas.len()];
        let mut users_of_gate = vec![Vec::new(); gates.len()];
        let mut owners_of_gate = vec![Vec::new(); gates.len()];
        for (user, gate) in gates.iter().enumerate() {
            for entry in &gate.entries {
                match *entry {
                    GateInput::Node(node) => users_of_node[node].push(user),
                    GateInput::Gate(inner) => users_of_gate[inner].push(user),
                }
            }
        }
        for (node, gate) in gate_of_node.iter().enumerate() {
            if let Some(gate) = *gate {
                owners_of_gate[gate].push(node);
            }
        }
        Circuit {
            gates,
            gate_of_node,
            users_of_node,
            users_of_gate,
            owners_of_gate,
        }
    }

    /// The gates with this input, ascending.
    pub(super) fn users(&self, entry: GateInput) -> &[usize] {
        match entry {
            GateInput::Node(node) => &self.users_of_node[node],
            GateInput::Gate(gate) => &self.users_of_gate[gate],
        }
    }

    /// Whether the gate represents the whole quorum set of a node.
    pub(super) fn is_whole_set(&self, gate: usize) -> bool {
        !self.owners_of_gate[gate].is_empty()
    }
}

/// The gate of `set`, added if it is new. `None` if no nodes can satisfy the set. The recursion is bounded because sane
/// sets have few levels.
fn intern(
    set: &QuorumSet,
    node_count: usize,
    known: &mut BTreeMap<Gate, usize>,
    gates: &mut Vec<Gate>,
) -> Option<usize> {
    let nodes = set.validators.iter().map(|node| node.index());
    let existing = nodes.filter(|&node| node < node_count);
    let mut entries: Vec<GateInput> = existing.map(GateInput::Node).collect();
    for inner in &set.inner {
        if let Some(gate) = intern(inner, node_count, known, gates) {
            entries.push(GateInput::Gate(gate));
        }
    }
    entries.sort_unstable();
    let threshold = usize::try_from(set.threshold).ok()?;
    if entries.len() < threshold {
        return None;
    }
    let gate = Gate { threshold, entries };
    if let Some(&number) = known.get(&gate) {
        return Some(number);
    }
    gates.push(gate.clone());
    known.insert(gate, gates.len() - 1);
    Some(gates.len() - 1)
}

/// The greatest quorum inside a shrinking set of nodes: removing a node also removes all nodes that lose their last
/// slice with it.
#[derive(Clone, Debug)]
pub(super) struct GreatestQuorum<'a> {
    circuit: &'a Circuit,
    /// By node, whether it is a member.
    pub(super) members: Vec<bool>,
    len: usize,
    /// By gate, how many of its inputs are true.
    satisfied: Vec<usize>,
}

impl<'a> GreatestQuorum<'a> {
    /// The greatest quorum among all nodes, in time proportional to the size of the circuit.
    pub(super) fn compute(circuit: &'a Circuit) -> GreatestQuorum<'a> {
        let node_count = circuit.gate_of_node.len();
        let mut quorum = GreatestQuorum {
            circuit,
            members: vec![true; node_count],
            len: node_count,
            // Every gate can be satisfied, so with all nodes present all inputs are true.
            satisfied: circuit
                .gates
                .iter()
                .map(|gate| gate.entries.len())
                .collect(),
        };
        for node in 0..node_count {
            if circuit.gate_of_node[node].is_none() {
                quorum.remove(node);
            }
        }
        quorum
    }

    /// The number of members.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The members, ascending.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        let numbers = (0u32..).zip(&self.members);
        numbers
            .filter(|(_, alive)| **alive)
            .map(|(number, _)| NodeId(number))
            .collect()
    }

    /// Removes `node` and all nodes that lose their last slice with it.
    pub(super) fn remove(&mut self, node: usize) {
        let mut leaving = vec![node];
        while let Some(node) = leaving.pop() {
            if !std::mem::replace(&mut self.members[node], false) {
                continue;
            }
            self.len -= 1;
            let mut falling = self.circuit.users_of_node[node].clone();
            while let Some(gate) = falling.pop() {
                self.satisfied[gate] -= 1;
                if self.satisfied[gate] + 1 == self.circuit.gates[gate].threshold {
                    falling.extend(&self.circuit.users_of_gate[gate]);
                    leaving.extend(&self.circuit.owners_of_gate[gate]);
                }
            }
        }
    }
}

impl Fbas {
    /// The greatest quorum among all nodes, which is the union of all quorums; empty if there is none. Ascending.
    #[must_use]
    pub fn greatest_quorum(&self) -> Vec<NodeId> {
        GreatestQuorum::compute(&Circuit::new(self)).nodes()
    }
}
