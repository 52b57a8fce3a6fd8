//! Counting argument: finds pairs of gates whose thresholds alone exclude that two disjoint sets of nodes satisfy them.
//!
//! Example: five of seven nodes and six of eight nodes always overlap if five nodes are in common, because each side
//! needs three of these five. Counting proves this in one step, while the pigeonhole principle is hard for a SAT
//! solver. Each incompatible pair becomes clauses for the solver. If all pairs of whole quorum sets are incompatible,
//! the solver is not needed.

use super::circuit::{Circuit, GateInput};

/// The incompatible pairs.
#[derive(Debug)]
pub(super) struct Overlaps {
    /// Pairs (i <= j) of gates: no two disjoint sets of nodes satisfy one gate each.
    pub(super) incompatible: Vec<(usize, usize)>,
    /// Whether every pair of whole quorum sets is incompatible. Then any two quorums intersect.
    pub(super) all_whole_sets: bool,
}

impl Overlaps {
    /// Tests every pair of gates with a common input. `None` if `stop` returned true before the end.
    ///
    /// The test is sound, and exact for flat sets. For nested sets it counts the inner sets that both gates have in
    /// common and treats all others as disjoint.
    pub(super) fn find(circuit: &Circuit, stop: &dyn Fn() -> bool) -> Option<Overlaps> {
        let count = circuit.gates.len();
        let mut incompatible = Vec::new();
        // By gate, whether two disjoint sets can both satisfy it. Inner gates come first.
        let mut divisible = vec![true; count];
        let (mut common_single, mut common_double) = (vec![0usize; count], vec![0usize; count]);
        for i in 0..count {
            if stop() {
                return None;
            }
            let mut touched = Vec::new();
            for entry in &circuit.gates[i].entries {
                let double = matches!(*entry, GateInput::Gate(inner) if divisible[inner]);
                // Pairs with a later gate are tested when that gate is `i`.
                let users = circuit.users(*entry);
                for &j in &users[..users.partition_point(|&user| user <= i)] {
                    if common_single[j] + common_double[j] == 0 {
                        touched.push(j);
                    }
                    *if double {
                        &mut common_double[j]
                    } else {
                        &mut common_single[j]
                    } += 1;
                }
            }
            touched.sort_unstable();
            for j in touched {
                let single = std::mem::take(&mut common_single[j]);
                let double = std::mem::take(&mut common_double[j]);
                let needed = |gate: usize| {
                    let gate = &circuit.gates[gate];
                    let private = gate.entries.len() - single - double;
                    gate.threshold.saturating_sub(private + double)
                };
                if needed(i) + needed(j) > single {
                    incompatible.push((j, i));
                    divisible[i] &= i != j;
                }
            }
        }
        Some(Overlaps {
            all_whole_sets: all_whole_sets(circuit, &incompatible),
            incompatible,
        })
    }
}

fn all_whole_sets(circuit: &Circuit, incompatible: &[(usize, usize)]) -> bool {
    let is_whole = |gate: &usize| circuit.is_whole_set(*gate);
    let whole = (0..circuit.gates.len()).filter(is_whole).count();
    let proven = incompatible
        .iter()
        .filter(|(i, j)| is_whole(i) && is_whole(j));
    proven.count() == whole * (whole + 1) / 2
}
