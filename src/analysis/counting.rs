//! Counting argument: finds pairs of gates whose thresholds alone exclude that two disjoint sets of nodes satisfy them.
//!
//! Example: five of seven nodes and six of eight nodes always overlap if five nodes are in common, because each side
//! needs three of these five. Counting proves this in one step, while the pigeonhole principle is hard for a SAT
//! solver. Each incompatible pair becomes clauses for the solver. If all pairs of whole quorum sets are incompatible,
//! the solver is not needed.

use super::circuit::{Circuit, GATES_PER_STOP, GateInput};

/// Most incompatible pairs that are kept. Their number can grow with the square of the input. The solver does not need
/// them: they only save it work.
const PAIRS_MAX: usize = 250_000;

/// The incompatible pairs.
#[derive(Debug)]
pub(super) struct Overlaps {
    /// Pairs (i <= j) of gates: no two disjoint sets of nodes satisfy one gate each. At most [`PAIRS_MAX`].
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
        let mut whole_pairs = 0usize;
        // By gate, whether two disjoint sets can both satisfy it. Inner gates come first.
        let mut divisible = vec![true; count];
        let (mut common_single, mut common_double) = (vec![0usize; count], vec![0usize; count]);
        for i in 0..count {
            if (i + 1).is_multiple_of(GATES_PER_STOP) && stop() {
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
                    divisible[i] &= i != j;
                    let are_whole = circuit.is_whole_set(i) && circuit.is_whole_set(j);
                    whole_pairs += usize::from(are_whole);
                    if incompatible.len() < PAIRS_MAX {
                        incompatible.push((j, i));
                    }
                }
            }
        }
        Some(Overlaps {
            all_whole_sets: whole_pairs == pair_count(circuit),
            incompatible,
        })
    }
}

/// The number of pairs of whole quorum sets, a set with itself included.
fn pair_count(circuit: &Circuit) -> usize {
    let gates = 0..circuit.gates.len();
    let whole = gates.filter(|gate| circuit.is_whole_set(*gate)).count();
    whole * (whole + 1) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Fbas;
    use crate::scp::{NodeId, QuorumSet};
    use std::sync::Arc;

    /// Sets of `size` of 12 core nodes, all different: any two of them overlap if they have more than half of the core.
    fn core_sets(size: u32) -> Circuit {
        let chosen = (0u32..1 << 12).filter(|marks| marks.count_ones() == size);
        let sets = chosen.map(|marks| {
            let members = (0..12).filter(|node| marks >> node & 1 == 1).map(NodeId);
            Some(Arc::new(QuorumSet::flat(size, members)))
        });
        Circuit::new(&Fbas::new(sets.collect()))
    }

    #[test]
    fn the_memory_for_pairs_is_bounded_and_the_proof_still_counts_all() {
        let circuit = core_sets(7);
        assert_eq!(circuit.gates.len(), 792);
        let overlaps = Overlaps::find(&circuit, &|| false).unwrap();
        assert!(overlaps.all_whole_sets);
        assert_eq!(overlaps.incompatible.len(), PAIRS_MAX);
        assert!(
            !Overlaps::find(&core_sets(6), &|| false)
                .unwrap()
                .all_whole_sets
        );
    }
}
