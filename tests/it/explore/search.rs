//! States of a whole network, and the ways through them.

use super::local_states::{BALLOT, LocalId, LocalMove, LocalStates, NOMINATION, State};
use super::symmetry::Symmetry;
use quorumscope::scp::{Counter, ScpTimer, Statement, Value};
use std::collections::{BTreeSet, BinaryHeap, HashMap, HashSet};

/// Most nodes of a network.
pub(super) const NODES_MAX: usize = 6;

/// A state of the network: one of each node, and which links hold the newest statement of their sender, a bit for each
/// (from, to), by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GlobalState {
    pub(super) locals: [LocalId; NODES_MAX],
    pub(super) pending: [u64; 2],
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum GlobalMove {
    Deliver { from: usize, to: usize, kind: usize },
    Expire { node: usize, timer: ScpTimer },
}

/// How far a search goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Ballot timers that would lead above this counter do not run out.
    pub(super) counter_max: Counter,
    /// Whose ballot timers may run out at all.
    pub(super) may_time_out: [bool; NODES_MAX],
    /// Nor do nomination timers that would lead above this round.
    pub(super) round_max: u32,
    /// Which kinds of statements travel: those of nomination, those of ballots.
    pub(super) travel: [bool; 2],
}

/// A network to be searched.
pub(super) struct Network {
    pub(super) locals: LocalStates,
    pub(super) bounds: Bounds,
}

pub(super) fn link(from: usize, to: usize) -> u64 {
    1 << (from * NODES_MAX + to)
}

impl Network {
    /// The state in which the nodes are in these states, and all that they have said is still to arrive.
    pub(super) fn start(&self, states: &[LocalId]) -> GlobalState {
        let mut world = GlobalState {
            locals: [0; NODES_MAX],
            pending: [0; 2],
        };
        for (node, &local) in states.iter().enumerate() {
            world.locals[node] = local;
            for kind in [NOMINATION, BALLOT] {
                if self.locals.state(node, local).newest[kind].is_some() {
                    self.say(&mut world, node, kind);
                }
            }
        }
        world
    }

    pub(super) fn state(&self, world: &GlobalState, node: usize) -> &State {
        self.locals.state(node, world.locals[node])
    }

    /// What the nodes have decided.
    pub(super) fn decisions(&self, world: &GlobalState) -> BTreeSet<Value> {
        let nodes = 0..self.locals.nodes();
        nodes
            .filter_map(|node| self.state(world, node).decided.clone())
            .collect()
    }

    /// Everything that can happen next. Whoever has decided does nothing more (NOTES 14).
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
                let said = self.state(world, from).newest[kind];
                (
                    to,
                    LocalMove::Receive(said.expect("only what was said is pending")),
                )
            }
        };
        let before = self.state(world, node).newest;
        next.locals[node] = self.locals.after(node, world.locals[node], happening);
        for kind in [NOMINATION, BALLOT] {
            if self.state(&next, node).newest[kind] != before[kind] {
                self.say(&mut next, node, kind);
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

    /// What the node has said last is on its way to everybody who still listens.
    fn say(&self, world: &mut GlobalState, from: usize, kind: usize) {
        if !self.bounds.travel[kind] {
            return;
        }
        for to in (0..self.locals.nodes()).filter(|&to| self.locals.listens(to, from)) {
            if self.state(world, to).decided.is_none() {
                world.pending[kind] |= link(from, to);
            }
        }
    }

    /// Goes everywhere from `start`; `check` judges the states, and is told whether anything can happen in them. Of those
    /// that differ only by a renaming of `symmetry` one is judged, and all are counted.
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
            let alike = symmetry.alike(&mut self.locals, &world);
            met.states += alike;
            met.ends += if steps.is_empty() { alike } else { 0 };
            for step in steps {
                let next = self.after(&world, step);
                let next = symmetry.representative(&mut self.locals, &next);
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        met.judged = seen.len();
        met
    }

    /// Looks for a state that is `wanted`, the most promising first (the highest `heuristic`; among equals the one that
    /// was met first). The way there, and how many states were looked at.
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
        let mut looked_at = 0;
        while let Some((_, _, world)) = open.pop() {
            looked_at += 1;
            if wanted(self, &world) {
                return Some((path(&came_from, world), looked_at));
            }
            if looked_at >= limit {
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

    /// A step in words, as it is taken in `world`; `names[i]` is node i.
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
                let said = self.state(world, from).newest[kind].expect("it was said");
                let said = &self.locals.statement(said).statement;
                format!(
                    "{} hears {}: {}",
                    names[to],
                    names[from],
                    statement_words(said)
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

/// Counts what a search has met, for the assertion that it has met everything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct StateCount {
    /// States of the network.
    pub(super) states: usize,
    /// Of them, those that were looked at in place of all that differ from them by names only.
    pub(super) judged: usize,
    /// Of them, those in which nothing can happen any more.
    pub(super) ends: usize,
}
