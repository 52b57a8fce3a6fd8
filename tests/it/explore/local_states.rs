//! Numbered states of single nodes with a cache of their transitions. A transition depends only on the state of one
//! node, so the real `Scp` computes each transition once, and the network search works on numbers.

use crate::scp_net::{Choice, SLOT, set_of};
use quorumscope::scp::{
    Counter, Effect, Envelope, EvidenceMode, LocalNode, NodeId, QuorumSet, Scp, ScpTimer,
    SlotState, Value,
};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// The number of a statement.
pub(super) type StatementId = u32;
/// The number of a state of one node.
pub(super) type LocalId = u32;

/// The kinds of statements, as indices. A statement replaces earlier ones of its kind only.
pub(super) const NOMINATION: usize = 0;
pub(super) const BALLOT: usize = 1;

/// An event at one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LocalMove {
    Receive(StatementId),
    Expire(ScpTimer),
}

/// A state of one node.
#[derive(Clone)]
pub(super) struct State {
    pub(super) scp: Scp,
    pub(super) decided: Option<Value>,
    /// The newest statement of each kind.
    pub(super) newest: [Option<StatementId>; 2],
    /// Whether the nomination timer and the ballot timer run.
    timers: [bool; 2],
    /// The nomination round; 0 before the first.
    pub(super) round: u32,
    /// The ballot counter; 0 before the first.
    pub(super) counter: Counter,
}

impl State {
    pub(super) fn slot(&self) -> SlotState {
        self.scp.slot_state(SLOT).unwrap_or_default()
    }

    pub(super) fn runs(&self, timer: ScpTimer) -> bool {
        self.timers[timer as usize]
    }
}

/// All states met so far.
pub(super) struct LocalStates {
    driver: Choice,
    /// By node, the other nodes in the transitive closure of its quorum set.
    closures: Vec<BTreeSet<usize>>,
    statements: Vec<Arc<Envelope>>,
    statement_numbers: HashMap<String, StatementId>,
    states: Vec<Vec<State>>,
    state_numbers: Vec<HashMap<String, LocalId>>,
    /// By node and state, the known transitions.
    moves: Vec<Vec<Vec<(LocalMove, LocalId)>>>,
    /// By node and state, the transition that led to it first; `None` for an initial state.
    origins: Vec<Vec<Option<(LocalId, LocalMove)>>>,
}

impl LocalStates {
    /// Node i has the quorum set `sets[i]`. All nodes are in their initial state.
    pub(super) fn new(sets: Vec<QuorumSet>) -> LocalStates {
        let count = sets.len();
        let closures = (0..count).map(|node| closure(node, &sets)).collect();
        let sets = sets.into_iter().map(Arc::new).collect();
        let mut locals = LocalStates {
            driver: Choice { sets },
            closures,
            statements: Vec::new(),
            statement_numbers: HashMap::new(),
            states: vec![Vec::new(); count],
            state_numbers: vec![HashMap::new(); count],
            moves: vec![Vec::new(); count],
            origins: vec![Vec::new(); count],
        };
        for node in 0..count {
            let local = LocalNode {
                id: NodeId(node as u32),
                quorum_set: set_of(node as u32),
                is_validator: true,
            };
            let state = State {
                scp: Scp::new(local, EvidenceMode::Skip),
                decided: None,
                newest: [None; 2],
                timers: [false; 2],
                round: 0,
                counter: 0,
            };
            locals.number(node, state);
        }
        locals
    }

    pub(super) fn nodes(&self) -> usize {
        self.states.len()
    }

    pub(super) fn state(&self, node: usize, local: LocalId) -> &State {
        &self.states[node][local as usize]
    }

    /// Whether `to` processes statements of `from`.
    pub(super) fn listens(&self, to: usize, from: usize) -> bool {
        self.closures[to].contains(&from)
    }

    /// The transition that led to a state first.
    pub(super) fn origin(&self, node: usize, local: LocalId) -> Option<(LocalId, LocalMove)> {
        self.origins[node][local as usize]
    }

    pub(super) fn quorum_set(&self, node: usize) -> &QuorumSet {
        &self.driver.sets[node]
    }

    pub(super) fn statement(&self, id: StatementId) -> &Arc<Envelope> {
        &self.statements[id as usize]
    }

    /// The node nominates `value`.
    pub(super) fn nominate(&mut self, node: usize, local: LocalId, value: &str) -> LocalId {
        self.work(node, local, |scp, driver, out| {
            let prev = Value::from("prev");
            scp.nominate(driver, SLOT, Some(Value::from(value)), prev, out);
        })
    }

    /// The node receives a statement, which need not come from a node of the search.
    pub(super) fn receive(
        &mut self,
        node: usize,
        local: LocalId,
        envelope: Arc<Envelope>,
    ) -> LocalId {
        self.work(node, local, |scp, driver, out| {
            let _ = scp.receive(driver, &envelope, out);
        })
    }

    /// The state after a transition.
    pub(super) fn after(&mut self, node: usize, local: LocalId, step: LocalMove) -> LocalId {
        let made = &self.moves[node][local as usize];
        if let Some((_, next)) = made.iter().find(|(made, _)| *made == step) {
            return *next;
        }
        let met = self.states[node].len();
        let next = match step {
            LocalMove::Receive(statement) => {
                let envelope = Arc::clone(self.statement(statement));
                self.receive(node, local, envelope)
            }
            LocalMove::Expire(timer) => {
                let mut expired = self.state(node, local).clone();
                expired.timers[timer as usize] = false;
                self.work_in(node, expired, |scp, driver, out| {
                    scp.timer_expired(driver, SLOT, timer, out);
                })
            }
        };
        if next as usize == met {
            self.origins[node][met] = Some((local, step));
        }
        self.moves[node][local as usize].push((step, next));
        next
    }

    fn work(
        &mut self,
        node: usize,
        local: LocalId,
        work: impl FnOnce(&mut Scp, &Choice, &mut Vec<Effect>),
    ) -> LocalId {
        let state = self.state(node, local).clone();
        self.work_in(node, state, work)
    }

    fn work_in(
        &mut self,
        node: usize,
        mut state: State,
        work: impl FnOnce(&mut Scp, &Choice, &mut Vec<Effect>),
    ) -> LocalId {
        let mut out = Vec::new();
        work(&mut state.scp, &self.driver, &mut out);
        state.scp.check_invariants().unwrap();
        for effect in out {
            match effect {
                Effect::Emit(envelope) => {
                    let kind = match envelope.statement.is_nominate() {
                        true => NOMINATION,
                        false => BALLOT,
                    };
                    state.newest[kind] = Some(self.number_statement(envelope));
                }
                Effect::SetTimer { timer, .. } => state.timers[timer as usize] = true,
                Effect::StopTimer { timer, .. } => state.timers[timer as usize] = false,
                Effect::Externalized { value, .. } => {
                    assert_eq!(state.decided, None, "decided twice");
                    state.decided = Some(value);
                }
                Effect::Event(_) => {}
            }
        }
        let slot = state.slot();
        state.round = slot.round;
        state.counter = slot.b.map_or(0, |b| b.n);
        self.number(node, state)
    }

    pub(super) fn number_statement(&mut self, envelope: Arc<Envelope>) -> StatementId {
        let next = self.statements.len() as StatementId;
        let key = format!("{envelope:?}");
        let number = *self.statement_numbers.entry(key).or_insert(next);
        if number == next {
            self.statements.push(envelope);
        }
        number
    }

    /// The number of a state. A decided node makes no further statement (NOTES 14), so the rest of its state does not
    /// matter.
    fn number(&mut self, node: usize, state: State) -> LocalId {
        let key = match &state.decided {
            Some(value) => format!("{value} {:?}", state.newest),
            None => {
                let latest: Vec<_> = state.scp.statements(SLOT).collect();
                let own: Vec<_> = state.scp.own_statements(SLOT).collect();
                format!("{:?} {latest:?} {own:?} {:?}", state.slot(), state.timers)
            }
        };
        let next = self.states[node].len() as LocalId;
        let number = *self.state_numbers[node].entry(key).or_insert(next);
        if number == next {
            self.states[node].push(state);
            self.moves[node].push(Vec::new());
            self.origins[node].push(None);
        }
        number
    }
}

fn closure(node: usize, sets: &[QuorumSet]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut open = vec![node];
    while let Some(next) = open.pop() {
        for member in sets[next].nodes().iter().map(|member| member.index()) {
            if member != node && found.insert(member) {
                open.push(member);
            }
        }
    }
    found
}
