//! Quorum intersection with a step limit, for summaries and exported pictures.

use crate::analysis::{Fbas, IntersectionResult, intersection, stop_after};
use crate::trace::World;

/// Step limit of the solver; above it the result is unknown. The limit counts steps, not seconds, so that the result
/// does not depend on the load of the machine.
const SOLVER_STEPS_MAX: u64 = 200_000;

/// Whether all quorums of the current configuration of `world` intersect.
#[must_use]
pub(in crate::commands) fn of_world(world: &World) -> IntersectionResult {
    let verdict = intersection(
        &Fbas::new(world.quorum_sets()),
        &stop_after(SOLVER_STEPS_MAX),
    );
    match verdict {
        // Referenced nodes may add quorums, but cannot invalidate two disjoint quorums of seen nodes.
        IntersectionResult::Intersecting | IntersectionResult::NoQuorum
            if world.depends_on_referenced() =>
        {
            IntersectionResult::Unknown
        }
        verdict => verdict,
    }
}
