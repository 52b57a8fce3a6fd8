//! Asks the analysis whether quorums intersect, with the patience of a command line.

use crate::analysis::{Fbas, Verdict, intersection};
use crate::scp::QuorumSet;
use crate::trace::World;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// After this long the answer is "unknown".
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the quorums of the present configuration of `world` intersect.
#[must_use]
pub(super) fn of_world(world: &World) -> Verdict {
    of_sets(world.quorum_sets())
}

/// Whether the quorums of a configuration, by node number, intersect.
#[must_use]
pub(super) fn of_sets(quorum_sets: Vec<Option<Arc<QuorumSet>>>) -> Verdict {
    let started = Instant::now();
    intersection(&Fbas::new(quorum_sets), &|| started.elapsed() > PATIENCE)
}
