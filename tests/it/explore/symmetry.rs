//! Nodes that differ by name only. Ballots know no order of nodes: what is true of a world is true of the same world with
//! such nodes renamed, and one of them is enough to be looked at.

use super::local_states::{LocalId, LocalMove, LocalStates, StatementId};
use super::search::{GlobalState, NODES_MAX, link};
use crate::scp_net::set_of;
use quorumscope::scp::{Envelope, NodeId, QuorumSet, SlotState};
use std::sync::Arc;

/// A renaming of all nodes that leaves their network and their beginnings as they are.
struct Renaming {
    /// The new name of each node.
    names: Vec<usize>,
    /// What becomes of each link, by the number of its bit.
    links: Vec<u64>,
    /// What the states of each node are called then, as far as they have been asked for.
    states: Vec<Vec<Option<LocalId>>>,
}

/// All such renamings, but the one that changes nothing.
#[derive(Default)]
pub(super) struct Symmetry {
    renamings: Vec<Renaming>,
}

impl Symmetry {
    /// Nodes that begin in these states; `is_alike` tells whether two begin in the same way and are bound in the same
    /// way. Nomination must be over: it does know an order of nodes.
    pub(super) fn new(
        locals: &mut LocalStates,
        beginnings: &[LocalId],
        is_alike: impl Fn(usize, usize) -> bool,
    ) -> Symmetry {
        let nodes = beginnings.len();
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
            for (node, &local) in beginnings.iter().enumerate() {
                renaming.call(locals, node, local, beginnings[renaming.names[node]]);
            }
        }
        symmetry
    }

    /// The one that is looked at of all worlds that are this one with other names.
    pub(super) fn representative(
        &mut self,
        locals: &mut LocalStates,
        world: &GlobalState,
    ) -> GlobalState {
        let renamings = self.renamings.iter_mut();
        let others = renamings.map(|renaming| renaming.world(locals, world));
        others.fold(*world, GlobalState::min)
    }

    /// How many worlds are this one with other names, itself included.
    pub(super) fn alike(&mut self, locals: &mut LocalStates, world: &GlobalState) -> usize {
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

    /// The state of the node's namesake to which the same moves lead, under their new names.
    fn state(&mut self, locals: &mut LocalStates, node: usize, local: LocalId) -> LocalId {
        if let Some(&Some(known)) = self.states[node].get(local as usize) {
            return known;
        }
        let (before, step) = locals.origin(node, local).expect("beginnings are known");
        let before = self.state(locals, node, before);
        let step = match step {
            LocalMove::Receive(said) => LocalMove::Receive(self.statement(locals, said)),
            LocalMove::Expire(timer) => LocalMove::Expire(timer),
        };
        let renamed = locals.after(self.names[node], before, step);
        self.call(locals, node, local, renamed);
        renamed
    }

    fn statement(&self, locals: &mut LocalStates, said: StatementId) -> StatementId {
        let from = self.names[locals.statement(said).from.index()] as u32;
        let renamed = Envelope {
            from: NodeId(from),
            quorum_set: set_of(from),
            ..Envelope::clone(locals.statement(said))
        };
        locals.number_statement(Arc::new(renamed))
    }

    /// Notes a name, and makes sure that it means the same.
    fn call(&mut self, locals: &LocalStates, node: usize, local: LocalId, renamed: LocalId) {
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

/// What a state is without nomination.
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
