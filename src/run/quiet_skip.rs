//! `QuietSkip`: skips quiet stretches. A stretch of virtual time with only housekeeping passes in about a second.

use crate::time::{Span, Time};
use std::time::Duration;

/// A shorter quiet stretch passes at the normal rate.
const QUIET_MIN: Span = Span::from_ms(50);
/// Wall time of a longer stretch, whatever its length.
const QUIET_WALL: Duration = Duration::from_millis(1_200);
/// Most wall time of one frame that counts: after a stalled frame, time continues where it was.
const FRAME_MAX: Duration = Duration::from_millis(100);

/// The quiet stretch being skipped.
#[derive(Debug, Default)]
pub(super) struct QuietSkip {
    /// Its first and last instant.
    stretch: Option<(Time, Time)>,
}

impl QuietSkip {
    /// Forgets the stretch, because the viewer is at another instant.
    pub(super) fn reset(&mut self) {
        self.stretch = None;
    }

    /// The instant to show after another `wall` of wall time, if only housekeeping happens until `quiet_until`. `None`
    /// if the stretch is too short to skip. `rate` is the normal rate, in virtual time per wall time. Time never passes
    /// more slowly than that.
    pub(super) fn target(
        &mut self,
        now: Time,
        quiet_until: Option<Time>,
        wall: Duration,
        rate: f64,
    ) -> Option<Time> {
        let Some(until) = quiet_until.filter(|until| self.skips(now, *until)) else {
            self.reset();
            return None;
        };
        let since = match self.stretch {
            Some((since, end)) if end == until => since,
            _ => now,
        };
        self.stretch = Some((since, until));
        let wall = wall.min(FRAME_MAX);
        let share = wall.as_secs_f64() / QUIET_WALL.as_secs_f64();
        let skipped = Span((until.since(since).0 as f64 * share) as u64);
        let normal = Span((wall.as_secs_f64() * 1e6 * rate) as u64);
        Some((now + skipped.max(normal)).min(until))
    }

    fn skips(&self, now: Time, until: Time) -> bool {
        until > now + QUIET_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    #[test]
    fn long_stretch_passes_in_about_a_second_whatever_its_length() {
        for length_ms in [2_000, 20_000, 3_600_000] {
            let (mut skip, end) = (QuietSkip::default(), Time::from_ms(length_ms));
            let (mut now, mut frames) = (Time::ZERO, 0);
            while let Some(next) = skip.target(now, Some(end), FRAME, 0.1) {
                assert!(next > now && next <= end);
                (now, frames) = (next, frames + 1);
            }
            assert!(
                (50..=70).contains(&frames),
                "{length_ms} ms: {frames} frames"
            );
        }
    }

    #[test]
    fn short_or_unknown_stretch_is_not_skipped() {
        let mut skip = QuietSkip::default();
        assert_eq!(skip.target(Time::ZERO, None, FRAME, 0.1), None);
        assert_eq!(
            skip.target(Time::ZERO, Some(Time::from_ms(50)), FRAME, 0.1),
            None
        );
    }

    #[test]
    fn time_never_passes_below_the_normal_rate() {
        let mut skip = QuietSkip::default();
        let target = skip.target(Time::ZERO, Some(Time::from_ms(100)), FRAME, 4.0);
        assert_eq!(target, Some(Time::from_ms(80)));
    }
}
