//! "There are two disjoint non-empty quorums" as a formula for a SAT solver.
//!
//! Two variables per node say on which of two sides it is; a variable per gate and side says that the side satisfies
//! the gate; a node's variable implies its quorum set's. Thresholds are sequential counters (Sinz 2005), of which only
//! the direction "the gate is true, therefore enough entries are" is needed: at most `entries * threshold` variables.

use super::circuit::{Circuit, GateInput};
use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, lbool};
use std::cell::Cell;

/// Counters with more cells than this, both sides together, are not built: a cell takes some 200 bytes in the solver.
const CELLS_MAX: usize = 20_000_000;

/// What the solver found.
#[derive(Debug)]
pub(super) enum SatResult {
    /// Two disjoint quorums, as marks per node.
    Disjoint(Vec<bool>, Vec<bool>),
    /// There are none.
    Nothing,
    /// Stopped, or the formula is too large.
    Unknown,
}

/// Asks the solver for two disjoint quorums. Every node of `circuit` must have a gate; `incompatible` are pairs of
/// gates known not to be satisfied by disjoint sets.
pub(super) fn two_disjoint_quorums(
    circuit: &Circuit,
    incompatible: &[(usize, usize)],
    stop: &dyn Fn() -> bool,
) -> SatResult {
    let cells = circuit
        .gates
        .iter()
        .map(|gate| counter_cells(gate.threshold, gate.entries.len()));
    if 2 * cells.sum::<usize>() > CELLS_MAX {
        return SatResult::Unknown;
    }
    let mut formula = Formula::new(stop);
    let (Some(left), Some(right)) = (
        formula.add_quorum(circuit, stop),
        formula.add_quorum(circuit, stop),
    ) else {
        return SatResult::Unknown;
    };
    for (&a, &b) in left.nodes.iter().zip(&right.nodes) {
        formula.clause(&[!a, !b]);
    }
    for &(i, j) in incompatible {
        formula.clause(&[!left.gates[i], !right.gates[j]]);
        formula.clause(&[!left.gates[j], !right.gates[i]]);
    }
    formula.answer(&left, &right)
}

/// The variables of one of the two quorums.
struct Side {
    nodes: Vec<Lit>,
    gates: Vec<Lit>,
}

/// How often the solver asks whether to stop, per question to the caller: theirs may read a clock.
const QUESTIONS_PER_STOP: u32 = 32;

/// Once it has said "stop" it goes on saying so: the solver asks again between restarts, and would go on at a "no".
struct StopCallback<'a> {
    stop: &'a dyn Fn() -> bool,
    asked: Cell<u32>,
    stopped: Cell<bool>,
}

impl Callbacks for StopCallback<'_> {
    fn stop(&self) -> bool {
        let asked = self.asked.get().wrapping_add(1);
        self.asked.set(asked);
        if asked.is_multiple_of(QUESTIONS_PER_STOP) && (self.stop)() {
            self.stopped.set(true);
        }
        self.stopped.get()
    }
}

struct Formula<'a> {
    solver: Solver<StopCallback<'a>>,
    buffer: Vec<Lit>,
}

impl<'a> Formula<'a> {
    fn new(stop: &'a dyn Fn() -> bool) -> Formula<'a> {
        let stop = StopCallback {
            stop,
            asked: Cell::new(0),
            stopped: Cell::new(false),
        };
        Formula {
            solver: Solver::new(SolverOpts::default(), stop),
            buffer: Vec::new(),
        }
    }

    fn variable(&mut self) -> Lit {
        Lit::new(self.solver.new_var_default(), true)
    }

    fn clause(&mut self, literals: &[Lit]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(literals);
        // The result says whether the formula is contradictory already; solving says it again.
        self.solver.add_clause_reuse(&mut self.buffer);
    }

    /// A non-empty set of nodes each of which has a slice in it; `None` if stopped.
    fn add_quorum(&mut self, circuit: &Circuit, stop: &dyn Fn() -> bool) -> Option<Side> {
        let node_count = circuit.gate_of_node.len();
        let nodes: Vec<Lit> = (0..node_count).map(|_| self.variable()).collect();
        let mut gates: Vec<Lit> = Vec::with_capacity(circuit.gates.len());
        for gate in &circuit.gates {
            if stop() {
                return None;
            }
            let literal = |entry: &GateInput| match *entry {
                GateInput::Node(node) => nodes[node],
                GateInput::Gate(inner) => gates[inner],
            };
            let entries: Vec<Lit> = gate.entries.iter().map(literal).collect();
            let output = self.variable();
            self.imply_at_least(output, gate.threshold, &entries);
            gates.push(output);
        }
        for (node, gate) in circuit.gate_of_node.iter().enumerate() {
            match *gate {
                Some(gate) => self.clause(&[!nodes[node], gates[gate]]),
                None => self.clause(&[!nodes[node]]),
            }
        }
        self.clause(&nodes);
        Some(Side { nodes, gates })
    }

    /// If `output` is true, so are at least `threshold` of `entries`; 1 <= threshold <= entries.
    ///
    /// The cell of (i, j) says "j of the first i". It lies in row i at j, and it needs cells of row i-1 only.
    fn imply_at_least(&mut self, output: Lit, threshold: usize, entries: &[Lit]) {
        let count = entries.len();
        // row[j] is the cell (i-1, j); absent where it would be false (j > i-1) or can never be asked for.
        let mut row: Vec<Option<Lit>> = vec![None; threshold + 1];
        for i in 1..=count {
            let mut next = vec![None; threshold + 1];
            let lowest = threshold.saturating_sub(count - i).max(1);
            for j in lowest..=threshold.min(i) {
                let cell = if i == count { output } else { self.variable() };
                // Either the last entry counts, or all j are among the others; and j - 1 are among them anyway.
                match row[j] {
                    Some(without) => self.clause(&[!cell, entries[i - 1], without]),
                    None => self.clause(&[!cell, entries[i - 1]]),
                }
                if let Some(fewer) = row[j - 1] {
                    self.clause(&[!cell, fewer]);
                }
                next[j] = Some(cell);
            }
            row = next;
        }
    }

    fn answer(mut self, left: &Side, right: &Side) -> SatResult {
        let result = self.solver.solve_limited(&[]);
        if result == lbool::FALSE {
            return SatResult::Nothing;
        }
        if result != lbool::TRUE {
            return SatResult::Unknown;
        }
        let is_true = |literal: &Lit| self.solver.value_lit(*literal) == lbool::TRUE;
        SatResult::Disjoint(
            left.nodes.iter().map(is_true).collect(),
            right.nodes.iter().map(is_true).collect(),
        )
    }
}

/// How many cells [`Formula::imply_at_least`] makes.
fn counter_cells(threshold: usize, entries: usize) -> usize {
    (entries + 1 - threshold).saturating_mul(threshold)
}
