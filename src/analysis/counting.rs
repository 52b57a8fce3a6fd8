//! Which pairs of gates cannot both be satisfied by disjoint sets of nodes, seen from their thresholds alone.
//!
//! Two thirds of these seven and three quarters of those eight, four in common: some one is in both. Counting says so
//! at once, while a solver has to try all ways (the pigeonhole principle is its classical nightmare). Each such pair is
//! a fact that the solver is told; where every two whole quorum sets are such a pair, it need not be asked.

use super::circuit::{Circuit, GateInput};

/// What counting proves.
#[derive(Debug)]
pub(super) struct Overlaps {
    /// Pairs (i <= j) of gates that no two disjoint sets of nodes satisfy, one each.
    pub(super) incompatible: Vec<(usize, usize)>,
    /// Whether that holds for every pair of whole quorum sets: then any two quorums intersect.
    pub(super) all_whole_sets: bool,
}

impl Overlaps {
    /// Looks at every pair of gates that have an entry in common; `None` if `stop` said so before the end.
    ///
    /// Sound, and exact for pairs of flat sets. For nested ones the inner sets that both have are counted, and those
    /// that only one has are taken to be free.
    pub(super) fn find(circuit: &Circuit, stop: &dyn Fn() -> bool) -> Option<Overlaps> {
        let count = circuit.gates.len();
        let mut incompatible = Vec::new();
        // Whether two disjoint sets can both satisfy the gate. Decided in the gates' order, entries first.
        let mut divisible = vec![true; count];
        let (mut common_single, mut common_double) = (vec![0usize; count], vec![0usize; count]);
        for i in 0..count {
            if stop() {
                return None;
            }
            let mut touched = Vec::new();
            for entry in &circuit.gates[i].entries {
                let double = matches!(*entry, GateInput::Gate(inner) if divisible[inner]);
                // A later gate meets this one in its own turn.
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
