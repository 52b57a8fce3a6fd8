//! When to ask whether quorums intersect: whenever trust has changed, but not with every change, and not for ever.
//!
//! Absent here: the analysis itself and its thread.

use super::jobs::{Jobs, Ticket};
use super::run::Run;
use std::time::Duration;

/// Trust has to stay the same for this long before the question is asked.
const CALM: Duration = Duration::from_millis(120);
/// ... unless it has been changing for this long.
const IMPATIENCE: Duration = Duration::from_millis(800);
/// After this long the answer is "unknown".
const DEADLINE: Duration = Duration::from_secs(4);

/// What is known about the latest question.
#[derive(Debug, Default)]
pub(super) struct QuorumWatch {
    /// The version of trust last seen, and since when; the version last asked about.
    seen: Option<(u64, Duration)>,
    asked: Option<u64>,
    /// Since when trust has been changing without being asked about.
    changing_since: Option<Duration>,
    /// The question under way and when it was asked.
    question: Option<(Ticket, Duration)>,
}

impl QuorumWatch {
    /// Whether a question is still to be asked or answered.
    pub(super) fn is_waiting(&self) -> bool {
        self.question.is_some()
            || self
                .seen
                .is_some_and(|(version, _)| Some(version) != self.asked)
    }

    /// Looks at the run and asks when it is time. An old answer stays until there is a new one: the badge shall not
    /// flicker.
    pub(super) fn tick(&mut self, run: &Run, jobs: &mut Jobs, at: Duration) {
        if let Some((_, asked_at)) = self.question
            && at > asked_at + DEADLINE
        {
            jobs.give_up_analysis();
        }
        if run.is_forming() {
            self.seen = None;
            return;
        }
        if !self.is_due(run.world.trust_version, at) {
            return;
        }
        self.asked = Some(run.world.trust_version);
        self.changing_since = None;
        self.question = Some((jobs.analyse(run.fbas()), at));
    }

    /// Whether trust has changed and been calm, or has been changing for too long.
    fn is_due(&mut self, version: u64, at: Duration) -> bool {
        if self.seen.is_none_or(|(seen, _)| seen != version) {
            self.seen = Some((version, at));
            self.changing_since.get_or_insert(at);
        }
        if self.asked == Some(version) {
            return false;
        }
        let is_calm = self.seen.is_some_and(|(_, since)| at >= since + CALM);
        is_calm
            || self
                .changing_since
                .is_some_and(|since| at >= since + IMPATIENCE)
    }

    /// Whether an answer is one to the latest question; it is then done.
    pub(super) fn answers(&mut self, ticket: Ticket) -> bool {
        self.question
            .take_if(|(latest, _)| *latest == ticket)
            .is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_waited_out_but_not_for_ever() {
        let ms = Duration::from_millis;
        let mut watch = QuorumWatch::default();
        assert!(!watch.is_due(1, ms(0)));
        assert!(!watch.is_due(2, ms(100)));
        assert!(!watch.is_due(2, ms(200)));
        assert!(watch.is_due(2, ms(221)), "calm");
        assert!(watch.is_waiting());
        watch.asked = Some(2);
        watch.changing_since = None;
        assert!(!watch.is_due(2, ms(5000)) && !watch.is_waiting());
        for step in 0..7 {
            assert!(!watch.is_due(3 + step, ms(6000 + 100 * step)), "changing");
        }
        assert!(watch.is_due(20, ms(6801)), "impatient");
    }
}
