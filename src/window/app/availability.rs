//! Availability of a quorum: computed when something changes on which it depends.

use crate::explain::availability::{Availability, AvailabilityCheck};
use crate::run::Run;
use crate::trace::World;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

/// Number of nodes from which the result is computed at most once per [`LARGE_INTERVAL`].
const LARGE_FROM: usize = 300;
/// Shortest interval between two computations of a large network.
const LARGE_INTERVAL: Duration = Duration::from_millis(500);

/// The latest result, and what it was computed from.
#[derive(Debug, Default)]
pub(super) struct AvailabilityCache {
    key: Option<u64>,
    computed_at: Duration,
}

impl AvailabilityCache {
    /// The new availability, if it may have changed since the last call.
    pub(super) fn update(&mut self, run: &Run, at: Duration) -> Option<Availability> {
        let world = run.world();
        let is_early = at.saturating_sub(self.computed_at) < LARGE_INTERVAL;
        if self.key.is_some() && is_early && world.nodes.len() >= LARGE_FROM {
            return None;
        }
        let key = key(world);
        if self.key == Some(key) {
            return None;
        }
        (self.key, self.computed_at) = (Some(key), at);
        Some(AvailabilityCheck::new(world).for_all())
    }
}

/// A hash of everything on which availability depends: quorum sets, the status of nodes, and the network.
fn key(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.places_version.hash(&mut hasher);
    world.partition.hash(&mut hasher);
    for node in &world.nodes {
        std::mem::discriminant(&node.status).hash(&mut hasher);
        let set = node.view.quorum_set.as_ref();
        set.map(|(slot, set)| (slot, Arc::as_ptr(set).addr()))
            .hash(&mut hasher);
    }
    hasher.finish()
}
