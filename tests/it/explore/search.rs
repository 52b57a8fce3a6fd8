//! Search over the states of a whole network, exhaustive or best-first.

use super::local_states::{BALLOT, LocalId, LocalMove, LocalStates, NOMINATION, State};
use super::symmetry::Symmetry;
use quorumscope::scp::{Counter, ScpTimer, Statement, Value};
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

/// The maximum number of nodes in a network.
pub(super) const NODES_MAX: usize = 6;

/// A state of the network: the state of each node, and for each kind of statement a bit for each link (from, to) that
/// holds the newest statement of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GlobalState {
    pub(super) locals: [LocalId; NODES_MAX],
    pub(super) pending: [u64; 2],
}

/// A transition of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum GlobalMove {
    Deliver { from: usize, to: usize, kind: usize },
    Expire { node: usize, timer: ScpTimer },
}

/// The bounds of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Ballot timers that lead above this counter do not expire.
    pub(super) counter_max: Counter,
    /// By node, whether its ballot timer may expire.
    pub(super) may_time_out: [bool; NODES_MAX],
    /// Nomination timers that lead above this round do not expire.
    pub(super) round_max: u32,
    /// Whether NOMINATEs and ballot statements are delivered.
    pub(super) travel: [bool; 2],
}

/// A network with its bounds.
pub(super) struct Network {
    pub(super) locals: LocalStates,
    pub(super) bounds: Bounds,
}

pub(super) fn link(from: usize, to: usize) -> u64 {
    1 << (from * NODES_MAX + to)
}

impl Network {
    /// The initial state, in which all statements of the nodes are in flight.
    pub(super) fn start(&self, states: &[LocalId]) -> GlobalState {
        let mut world = GlobalState {
            locals: [0; NODES_MAX],
            pending: [0; 2],
        };
        for (node, &local) in states.iter().enumerate() {
            world.locals[node] = local;
            for kind in [NOMINATION, BALLOT] {
                if self.locals.state(node, local).newest[kind].is_some() {
                    self.send(&mut world, node, kind);
                }
            }
        }
        world
    }

    pub(super) fn state(&self, world: &GlobalState, node: usize) -> &State {
        self.locals.state(node, world.locals[node])
    }

    /// The decisions of the nodes.
    pub(super) fn decisions(&self, world: &GlobalState) -> BTreeSet<Value> {
        let nodes = 0..self.locals.nodes();
        nodes
            .filter_map(|node| self.state(world, node).decided.clone())
            .collect()
    }

    /// All transitions. A decided node does nothing more (NOTES 14).
    pub(super) fn steps(&self, world: &GlobalState) -> Vec<GlobalMove> {
        let nodes = self.locals.nodes();
        let mut steps = Vec::new();
        for to in (0..nodes).filter(|&to| self.state(world, to).decided.is_none()) {
            for from in 0..nodes {
                for kind in [NOMINATION, BALLOT] {
                    if world.pending[kind] & link(from, to) != 0 {
                        steps.push(GlobalMove::Deliver { from, to, kind });
                    }
                }
            }
            for timer in [ScpTimer::Nomination, ScpTimer::Ballot] {
                if self.may_expire(world, to, timer) {
                    steps.push(GlobalMove::Expire { node: to, timer });
                }
            }
        }
        steps
    }

    fn may_expire(&self, world: &GlobalState, node: usize, timer: ScpTimer) -> bool {
        let state = self.state(world, node);
        let (counter, bounds) = (state.counter, &self.bounds);
        let in_bounds = match timer {
            ScpTimer::Nomination => state.round < bounds.round_max,
            ScpTimer::Ballot => {
                bounds.may_time_out[node] && (1..bounds.counter_max).contains(&counter)
            }
        };
        state.runs(timer) && in_bounds
    }

    pub(super) fn after(&mut self, world: &GlobalState, step: GlobalMove) -> GlobalState {
        let mut next = *world;
        let (node, happening) = match step {
            GlobalMove::Expire { node, timer } => (node, LocalMove::Expire(timer)),
            GlobalMove::Deliver { from, to, kind } => {
                next.pending[kind] &= !link(from, to);
                let statement = self.state(world, from).newest[kind];
                (
                    to,
                    LocalMove::Receive(statement.expect("a pending statement was made")),
                )
            }
        };
        let before = self.state(world, node).newest;
        next.locals[node] = self.locals.after(node, world.locals[node], happening);
        for kind in [NOMINATION, BALLOT] {
            if self.state(&next, node).newest[kind] != before[kind] {
                self.send(&mut next, node, kind);
            }
        }
        if self.state(&next, node).decided.is_some() {
            for from in 0..self.locals.nodes() {
                next.pending[NOMINATION] &= !link(from, node);
                next.pending[BALLOT] &= !link(from, node);
            }
        }
        next
    }

    /// Puts the latest statement of the node in flight to all undecided nodes that process it.
    fn send(&self, world: &mut GlobalState, from: usize, kind: usize) {
        if !self.bounds.travel[kind] {
            return;
        }
        for to in (0..self.locals.nodes()).filter(|&to| self.locals.listens(to, from)) {
            if self.state(world, to).decided.is_none() {
                world.pending[kind] |= link(from, to);
            }
        }
    }

    /// Visits every reachable state. `check` also gets whether the state is final. Checks one of the states that differ
    /// only by a renaming in `symmetry`, and counts all of them.
    pub(super) fn exhaustive_search(
        &mut self,
        start: GlobalState,
        symmetry: &mut Symmetry,
        mut check: impl FnMut(&Network, &GlobalState, bool),
    ) -> StateCount {
        let start = symmetry.representative(&mut self.locals, &start);
        let mut seen = HashSet::from([start]);
        let mut open = vec![start];
        let mut met = StateCount::default();
        while let Some(world) = open.pop() {
            let steps = self.steps(&world);
            check(self, &world, steps.is_empty());
            let equivalents = symmetry.equivalents(&mut self.locals, &world);
            met.states += equivalents;
            met.ends += if steps.is_empty() { equivalents } else { 0 };
            for step in steps {
                let next = self.after(&world, step);
                let next = symmetry.representative(&mut self.locals, &next);
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        met.checked = seen.len();
        met
    }

    /// Searches for a `wanted` state. Visits the state with the highest `heuristic` first; of equal ones, the one found
    /// first. Returns the path and the number of visited states.
    pub(super) fn best_first_search(
        &mut self,
        start: GlobalState,
        heuristic: impl Fn(&Network, &GlobalState) -> i64,
        wanted: impl Fn(&Network, &GlobalState) -> bool,
        limit: usize,
    ) -> Option<(Vec<GlobalMove>, usize)> {
        let mut came_from: HashMap<GlobalState, Option<(GlobalState, GlobalMove)>> =
            HashMap::from([(start, None)]);
        let mut open = BinaryHeap::from([(heuristic(self, &start), 0i64, start)]);
        let mut visited = 0;
        while let Some((_, _, world)) = open.pop() {
            visited += 1;
            if wanted(self, &world) {
                return Some((path(&came_from, world), visited));
            }
            if visited >= limit {
                return None;
            }
            for step in self.steps(&world) {
                let next = self.after(&world, step);
                let met = came_from.len() as i64;
                came_from.entry(next).or_insert_with(|| {
                    open.push((heuristic(self, &next), -met, next));
                    Some((world, step))
                });
            }
        }
        None
    }

    /// A transition in words; `names[i]` is node i.
    pub(super) fn words(&self, world: &GlobalState, step: GlobalMove, names: &[&str]) -> String {
        match step {
            GlobalMove::Expire { node, timer } => {
                format!(
                    "{}: the {} timer runs out",
                    names[node],
                    match timer {
                        ScpTimer::Nomination => "nomination",
                        ScpTimer::Ballot => "ballot",
                    }
                )
            }
            GlobalMove::Deliver { from, to, kind } => {
                let statement =
                    self.state(world, from).newest[kind].expect("a pending statement was made");
                let statement = &self.locals.statement(statement).statement;
                format!(
                    "{} receives from {}: {}",
                    names[to],
                    names[from],
                    statement_words(statement)
                )
            }
        }
    }
}

fn path(
    came_from: &HashMap<GlobalState, Option<(GlobalState, GlobalMove)>>,
    end: GlobalState,
) -> Vec<GlobalMove> {
    let mut steps = Vec::new();
    let mut at = end;
    while let Some((before, step)) = came_from[&at] {
        steps.push(step);
        at = before;
    }
    steps.reverse();
    steps
}

fn statement_words(statement: &Statement) -> String {
    let listed = |values: &[Value]| {
        values
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    match statement {
        Statement::Nominate { voted, accepted } => {
            format!(
                "NOMINATE voted [{}] accepted [{}]",
                listed(voted),
                listed(accepted)
            )
        }
        Statement::Prepare {
            ballot,
            prepared,
            n_c,
            n_h,
            ..
        } => {
            let p = prepared
                .as_ref()
                .map_or("none".to_owned(), |p| format!("<{},{}>", p.n, p.x));
            format!(
                "PREPARE b <{},{}> p {p} c {n_c} h {n_h}",
                ballot.n, ballot.x
            )
        }
        Statement::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        } => {
            format!(
                "CONFIRM b <{},{}> p {n_prepared} c {n_commit} h {n_h}",
                ballot.n, ballot.x
            )
        }
        Statement::Externalize { commit, n_h } => {
            format!("EXTERNALIZE c <{},{}> h {n_h}", commit.n, commit.x)
        }
    }
}

/// The numbers of states of a search. Tests compare them with known numbers to detect a search that misses states.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StateCount {
    /// All states.
    pub(super) states: usize,
    /// States that were checked, one for each class of interchangeable states.
    pub(super) checked: usize,
    /// Final states.
    pub(super) ends: usize,
}
