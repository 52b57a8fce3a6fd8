//! Asks the analysis whether quorums intersect, with the patience of a command line.

use crate::analysis::{Fbas, IntersectionResult, intersection, stop_after};
use crate::trace::World;

/// After so many questions whether to stop the answer is "unknown". The limit is in steps of the solver and not in
/// seconds: two runs must not differ because one machine was busier.
const SOLVER_STEPS_MAX: u64 = 200_000;

/// Whether the quorums of the present configuration of `world` intersect.
#[must_use]
pub(in crate::commands) fn of_world(world: &World) -> IntersectionResult {
    let verdict = intersection(
        &Fbas::new(world.quorum_sets()),
        &stop_after(SOLVER_STEPS_MAX),
    );
    match verdict {
        // Two quorums of nodes that are seen are quorums, whatever the others trust.
        IntersectionResult::Intersecting | IntersectionResult::NoQuorum
            if world.depends_on_unseen() =>
        {
            IntersectionResult::Unknown
        }
        verdict => verdict,
    }
}
