//! Quorum intersection with a step limit, for summaries and exported pictures. Configured quorum sets are analysed beside
//! the run.

use crate::analysis::{Fbas, IntersectionResult, intersection, stop_after};
use crate::node::TrustPolicy;
use crate::scenario::{NodeSpec, Scenario};
use crate::trace::World;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};

/// Step limit of the solver; above it the result is unknown. The limit counts steps, not seconds, so that the result
/// does not depend on the load of the machine. A hard network takes a few seconds.
const SOLVER_STEPS_MAX: u64 = 2_000;

/// An analysis that runs on a thread of its own. Dropping it stops the thread.
#[derive(Debug, Default)]
pub(in crate::commands) struct IntersectionAnalysis {
    /// The configuration that the thread analyses.
    running: Option<(Fbas, JoinHandle<IntersectionResult>)>,
    is_stopped: Arc<AtomicBool>,
}

impl IntersectionAnalysis {
    /// Starts to analyse the quorum sets of `scenario` if they are all configured. Otherwise they follow from the run,
    /// and [`IntersectionAnalysis::of_world`] analyses them at its end.
    #[must_use]
    pub(in crate::commands) fn start(scenario: &Scenario) -> IntersectionAnalysis {
        let mut analysis = IntersectionAnalysis::default();
        let Some(fbas) = configured(scenario) else {
            return analysis;
        };
        let (analysed, is_stopped) = (fbas.clone(), Arc::clone(&analysis.is_stopped));
        let analyse = move || {
            let is_over = stop_after(SOLVER_STEPS_MAX);
            intersection(&analysed, &|| {
                is_over() || is_stopped.load(Ordering::Relaxed)
            })
        };
        // Without a thread, the analysis follows the run.
        let thread = Builder::new().name("qs-analysis".to_owned()).spawn(analyse);
        analysis.running = thread.ok().map(|thread| (fbas, thread));
        analysis
    }

    /// Whether all quorums of the current configuration of `world` intersect.
    #[must_use]
    pub(in crate::commands) fn of_world(&mut self, world: &World) -> IntersectionResult {
        let fbas = Fbas::new(world.quorum_sets());
        let is_current = |running: &mut (Fbas, _)| running.0 == fbas;
        let running = self.running.take_if(is_current);
        let found = running.and_then(|(_, thread)| thread.join().ok());
        let verdict = found.unwrap_or_else(|| {
            self.is_stopped.store(true, Ordering::Relaxed);
            intersection(&fbas, &stop_after(SOLVER_STEPS_MAX))
        });
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
}

impl Drop for IntersectionAnalysis {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

/// The configuration of the network if no quorum set depends on what nodes discover.
fn configured(scenario: &Scenario) -> Option<Fbas> {
    let of_node = |node: &NodeSpec| match &node.config.trust {
        TrustPolicy::Fixed(set) => Some(Some(Arc::clone(set))),
        TrustPolicy::None => Some(None),
        TrustPolicy::Found | TrustPolicy::InRange => None,
    };
    let sets: Option<Vec<_>> = scenario.nodes.iter().map(of_node).collect();
    sets.map(Fbas::new)
}
