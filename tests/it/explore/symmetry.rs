//! Symmetry reduction. Balloting does not depend on the order of nodes, so a property holds in a state if it holds in
//! the state with interchangeable nodes renamed. So the search checks only one of these states.

use super::local_states::{LocalId, LocalMove, LocalStates, StatementId};
use super::search::{GlobalState, NODES_MAX, link};
use crate::scp_net::set_of;
use quorumscope::scp::{Envelope, NodeId, QuorumSet, SlotState};
use std::sync::Arc;

/// A permutation of the nodes that preserves the quorum sets and the initial states.
struct Renaming {
    /// The new number of each node.
    names: Vec<usize>,
    /// The new bit of each link, by the number of its old bit.
    links: Vec<u64>,
    /// By node, the renamed states, as far as they were needed.
    states: Vec<Vec<Option<LocalId>>>,
}

/// All such permutations except the identity.
#[derive(Default)]
pub(super) struct Symmetry {
    renamings: Vec<Renaming>,
}

impl Symmetry {
    /// The symmetry of nodes with these initial states. `is_alike` returns whether two nodes have the same initial
    /// state and bounds. Nomination must be over, because it depends on the order of nodes.
    pub(super) fn new(
        locals: &mut LocalStates,
        initial_states: &[LocalId],
        is_alike: impl Fn(usize, usize) -> bool,
    ) -> Symmetry {
        let nodes = initial_states.len();
        let fits = |names: &Vec<usize>| {
            let keeps_set = |node| {
                renamed_set(names, locals.quorum_set(node)) == *locals.quorum_set(names[node])
            };
            (0..nodes).all(|node| is_alike(node, names[node]) && keeps_set(node))
        };
        let renamings = permutations(nodes)
            .into_iter()
            .filter(|names| !names.is_sorted() && fits(names))
            .map(Renaming::new);
        let mut symmetry = Symmetry {
            renamings: renamings.collect(),
        };
        for renaming in &mut symmetry.renamings {
            for (node, &local) in initial_states.iter().enumerate() {
                renaming.record(locals, node, local, initial_states[renaming.names[node]]);
            }
        }
        symmetry
    }

    /// The representative of all states that differ from this one by a renaming.
    pub(super) fn representative(
        &mut self,
        locals: &mut LocalStates,
        world: &GlobalState,
    ) -> GlobalState {
        let renamings = self.renamings.iter_mut();
        let others = renamings.map(|renaming| renaming.world(locals, world));
        others.fold(*world, GlobalState::min)
    }

    /// The number of states that differ from this one by a renaming, including itself.
    pub(super) fn equivalents(&mut self, locals: &mut LocalStates, world: &GlobalState) -> usize {
        let renamings = self.renamings.iter_mut();
        let mut worlds: Vec<GlobalState> = renamings
            .map(|renaming| renaming.world(locals, world))
            .chain([*world])
            .collect();
        worlds.sort_unstable();
        worlds.dedup();
        worlds.len()
    }
}

impl Renaming {
    fn new(names: Vec<usize>) -> Renaming {
        let nodes = names.len();
        let mut links = vec![0; NODES_MAX * NODES_MAX];
        for from in 0..nodes {
            for to in 0..nodes {
                links[link(from, to).trailing_zeros() as usize] = link(names[from], names[to]);
            }
        }
        Renaming {
            names,
            links,
            states: vec![Vec::new(); nodes],
        }
    }

    fn world(&mut self, locals: &mut LocalStates, world: &GlobalState) -> GlobalState {
        let mut renamed = GlobalState {
            locals: [0; NODES_MAX],
            pending: [0; 2],
        };
        for node in 0..self.names.len() {
            renamed.locals[self.names[node]] = self.state(locals, node, world.locals[node]);
        }
        for (kind, mut left) in world.pending.into_iter().enumerate() {
            while left != 0 {
                renamed.pending[kind] |= self.links[left.trailing_zeros() as usize];
                left &= left - 1;
            }
        }
        renamed
    }

    /// The state that the renamed transitions lead to at the renamed node.
    fn state(&mut self, locals: &mut LocalStates, node: usize, local: LocalId) -> LocalId {
        if let Some(&Some(known)) = self.states[node].get(local as usize) {
            return known;
        }
        let (before, step) = locals
            .origin(node, local)
            .expect("initial states are recorded");
        let before = self.state(locals, node, before);
        let step = match step {
            LocalMove::Receive(id) => LocalMove::Receive(self.statement(locals, id)),
            LocalMove::Expire(timer) => LocalMove::Expire(timer),
        };
        let renamed = locals.after(self.names[node], before, step);
        self.record(locals, node, local, renamed);
        renamed
    }

    fn statement(&self, locals: &mut LocalStates, id: StatementId) -> StatementId {
        let from = self.names[locals.statement(id).from.index()] as u32;
        let renamed = Envelope {
            from: NodeId(from),
            quorum_set: set_of(from),
            ..Envelope::clone(locals.statement(id))
        };
        locals.number_statement(Arc::new(renamed))
    }

    /// Records a renamed state and checks that it is equivalent.
    fn record(&mut self, locals: &LocalStates, node: usize, local: LocalId, renamed: LocalId) {
        let (one, other) = (
            locals.state(node, local),
            locals.state(self.names[node], renamed),
        );
        assert_eq!(ballots(one.slot()), ballots(other.slot()));
        assert_eq!(one.decided, other.decided);
        let table = &mut self.states[node];
        table.resize(table.len().max(local as usize + 1), None);
        table[local as usize] = Some(renamed);
    }
}

/// The state without its nomination part.
fn ballots(slot: SlotState) -> SlotState {
    SlotState {
        round: 0,
        leaders: Default::default(),
        voted: Default::default(),
        accepted: Default::default(),
        ..slot
    }
}

fn renamed_set(names: &[usize], set: &QuorumSet) -> QuorumSet {
    let name = |node: &NodeId| NodeId(names[node.index()] as u32);
    let mut validators: Vec<NodeId> = set.validators.iter().map(name).collect();
    validators.sort();
    QuorumSet {
        validators,
        inner: set
            .inner
            .iter()
            .map(|inner| renamed_set(names, inner))
            .collect(),
        ..set.clone()
    }
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..count {
        let longer = all.iter().flat_map(|begun: &Vec<usize>| {
            let left = (0..count).filter(|next| !begun.contains(next));
            left.map(|next| [&begun[..], &[next]].concat())
        });
        all = longer.collect();
    }
    all
}
