//! Debounced scheduling of the quorum intersection analysis.
//!
//! A change of trust starts the analysis once trust has been stable for [`DEBOUNCE`], or after [`DEBOUNCE_MAX`] at the
//! latest. `jobs.rs` runs the analysis.

use super::jobs::{JobId, Jobs};
use crate::analysis::Fbas;
use crate::node::view::TrustPolicy;
use crate::run::Run;
use crate::scp::QuorumSet;
use crate::trace::{NodeStatus, World, WorldNode};
use std::sync::Arc;
use std::time::Duration;

/// Trust must be stable for this long before the analysis starts.
const DEBOUNCE: Duration = Duration::from_millis(120);
/// The analysis starts after this long even if trust keeps changing.
const DEBOUNCE_MAX: Duration = Duration::from_millis(800);
/// Time limit of the analysis. After it, the analysis is cancelled and the result is "unknown".
const ANALYSIS_TIMEOUT: Duration = Duration::from_secs(4);

/// Decides when to start the analysis, and which result is current.
#[derive(Debug, Default)]
pub(super) struct AnalysisScheduler {
    /// The version of trust last seen, and when it was first seen.
    seen: Option<(u64, Duration)>,
    /// The version of trust last analysed.
    requested: Option<u64>,
    /// Time of the first change of trust since the last analysis.
    changing_since: Option<Duration>,
    /// The analysis in progress and when it started.
    pending: Option<(JobId, Duration)>,
}

impl AnalysisScheduler {
    /// Whether an analysis is due or in progress.
    pub(super) fn is_waiting(&self) -> bool {
        self.pending.is_some()
            || self
                .seen
                .is_some_and(|(version, _)| Some(version) != self.requested)
    }

    /// Starts the analysis if it is due. The old result stays until the new one arrives, so that the badge does not
    /// flicker.
    pub(super) fn update(&mut self, run: &Run, jobs: &mut Jobs, at: Duration) {
        if let Some((_, requested_at)) = self.pending
            && at > requested_at + ANALYSIS_TIMEOUT
        {
            jobs.cancel_analysis();
        }
        if run.world().is_forming() {
            self.seen = None;
            return;
        }
        if !self.is_due(run.world().trust_version, at) {
            return;
        }
        self.requested = Some(run.world().trust_version);
        self.changing_since = None;
        self.pending = Some((jobs.analyze_quorums(fbas(run.world())), at));
    }

    /// Whether trust has changed and then been stable, or has been changing for too long.
    fn is_due(&mut self, version: u64, at: Duration) -> bool {
        if self.seen.is_none_or(|(seen, _)| seen != version) {
            self.seen = Some((version, at));
            self.changing_since.get_or_insert(at);
        }
        if self.requested == Some(version) {
            return false;
        }
        let is_stable = self.seen.is_some_and(|(_, since)| at >= since + DEBOUNCE);
        is_stable
            || self
                .changing_since
                .is_some_and(|since| at >= since + DEBOUNCE_MAX)
    }

    /// Whether a result belongs to the latest analysis, which is then complete.
    pub(super) fn accepts(&mut self, id: JobId) -> bool {
        self.pending.take_if(|(latest, _)| *latest == id).is_some()
    }
}

/// The quorum configuration of the world. It excludes referenced nodes and nodes that have left, but includes crashed
/// nodes.
fn fbas(world: &World) -> Fbas {
    Fbas::new(world.nodes.iter().map(quorum_set).collect())
}

/// The quorum set of a node: the announced one, or the configured one before the first announcement.
fn quorum_set(node: &WorldNode) -> Option<Arc<QuorumSet>> {
    if matches!(node.status, NodeStatus::Left | NodeStatus::Referenced) {
        return None;
    }
    let announced = node.view.quorum_set.as_ref();
    let announced = announced.map(|(_, set)| Arc::clone(set));
    announced.or_else(|| match &node.config.trust {
        TrustPolicy::Fixed(set) => Some(Arc::clone(set)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_debounced_up_to_a_limit() {
        let ms = Duration::from_millis;
        let mut scheduler = AnalysisScheduler::default();
        assert!(!scheduler.is_due(1, ms(0)));
        assert!(!scheduler.is_due(2, ms(100)));
        assert!(!scheduler.is_due(2, ms(200)));
        assert!(scheduler.is_due(2, ms(221)), "trust is stable");
        assert!(scheduler.is_waiting());
        scheduler.requested = Some(2);
        scheduler.changing_since = None;
        assert!(!scheduler.is_due(2, ms(5000)) && !scheduler.is_waiting());
        for step in 0..7 {
            assert!(
                !scheduler.is_due(3 + step, ms(6000 + 100 * step)),
                "trust is still changing"
            );
        }
        assert!(scheduler.is_due(20, ms(6801)), "the limit is reached");
    }
}
