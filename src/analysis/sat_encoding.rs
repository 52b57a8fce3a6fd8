//! SAT encoding of the existence of two disjoint non-empty quorums.
//!
//! Each node has one variable per side: whether it is in that quorum. Each gate has one variable per side: whether the
//! quorum satisfies it. A node implies the gate of its quorum set. Thresholds are encoded as sequential counters (Sinz
//! 2005). Only the direction "gate implies enough inputs" is needed, with at most `entries * threshold` variables.

use super::circuit::{Circuit, GATES_PER_STOP, GateInput};
use batsat::{Callbacks, Lit, Solver, SolverInterface, SolverOpts, lbool};
use std::cell::Cell;

/// Upper bound of counter cells, both sides together. A cell takes about 200 bytes in the solver.
const CELLS_MAX: usize = 4_000_000;

/// The result of the solver.
#[derive(Debug)]
pub(super) enum SatResult {
    /// Two disjoint quorums: by node, whether it is a member.
    Disjoint(Vec<bool>, Vec<bool>),
    /// No two quorums are disjoint.
    NoneExist,
    /// The solver was stopped, or the formula is too large.
    Unknown,
}

/// Searches for two disjoint quorums. Every node of `circuit` must have a gate. No two disjoint sets of nodes satisfy
/// the two gates of an `incompatible` pair.
pub(super) fn two_disjoint_quorums(
    circuit: &Circuit,
    incompatible: &[(usize, usize)],
    stop: &dyn Fn() -> bool,
) -> SatResult {
    let cells = circuit
        .gates
        .iter()
        .map(|gate| counter_cells(gate.threshold, gate.entries.len()));
    let cells = cells.fold(0, usize::saturating_add).saturating_mul(2);
    if cells > CELLS_MAX {
        return SatResult::Unknown;
    }
    let mut formula = Formula::new(stop, cells);
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

/// Work of the solver for each call of the caller's `stop`, which may read a clock. One decision is as much work as the
/// formula has cells, because it may set all of them.
const WORK_PER_STOP: usize = 320_000;
/// Least work of one decision.
const DECISION_WORK_MIN: usize = 10_000;

/// Calls the caller's `stop` in proportion to the work of the solver. So a limit on these calls limits the time, however
/// large the formula is.
///
/// A stop is permanent: the solver calls the callback again between restarts and would continue otherwise.
struct StopCallback<'a> {
    stop: &'a dyn Fn() -> bool,
    /// Work of one decision.
    decision: usize,
    /// Work since the last call of `stop`.
    work: Cell<usize>,
    stopped: Cell<bool>,
}

impl Callbacks for StopCallback<'_> {
    fn stop(&self) -> bool {
        let mut work = self.work.get() + self.decision;
        while work >= WORK_PER_STOP && !self.stopped.get() {
            work -= WORK_PER_STOP;
            self.stopped.set((self.stop)());
        }
        self.work.set(work);
        self.stopped.get()
    }
}

struct Formula<'a> {
    solver: Solver<StopCallback<'a>>,
    buffer: Vec<Lit>,
}

impl<'a> Formula<'a> {
    /// An empty formula that will have this number of counter cells.
    fn new(stop: &'a dyn Fn() -> bool, cells: usize) -> Formula<'a> {
        let stop = StopCallback {
            stop,
            decision: cells.max(DECISION_WORK_MIN),
            work: Cell::new(0),
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
        // The result is ignored: if the formula is contradictory already, solving reports it.
        self.solver.add_clause_reuse(&mut self.buffer);
    }

    /// Adds the variables and clauses of one quorum. `None` if stopped.
    fn add_quorum(&mut self, circuit: &Circuit, stop: &dyn Fn() -> bool) -> Option<Side> {
        let node_count = circuit.gate_of_node.len();
        let nodes: Vec<Lit> = (0..node_count).map(|_| self.variable()).collect();
        let mut gates: Vec<Lit> = Vec::with_capacity(circuit.gates.len());
        for (nth, gate) in (1..).zip(&circuit.gates) {
            if usize::is_multiple_of(nth, GATES_PER_STOP) && stop() {
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

    /// Adds clauses by which `output` implies at least `threshold` of `entries`; 1 <= threshold <= entries.
    ///
    /// Cell j of row i means "at least j of the first i entries". It depends on row i-1 only.
    fn imply_at_least(&mut self, output: Lit, threshold: usize, entries: &[Lit]) {
        let count = entries.len();
        // row[j] is cell j of row i-1; `None` where it is false (j > i-1) or never needed.
        let mut row: Vec<Option<Lit>> = vec![None; threshold + 1];
        for i in 1..=count {
            let mut next = vec![None; threshold + 1];
            let lowest = threshold.saturating_sub(count - i).max(1);
            for j in lowest..=threshold.min(i) {
                let cell = if i == count { output } else { self.variable() };
                // Either entry i is true, or j of the earlier entries are. In both cases j - 1 earlier ones are true.
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
            return SatResult::NoneExist;
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

/// The number of cells that [`Formula::imply_at_least`] creates.
fn counter_cells(threshold: usize, entries: usize) -> usize {
    (entries + 1 - threshold).saturating_mul(threshold)
}
