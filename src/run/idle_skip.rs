//! `IdleSkip`: idle skipping. An interval with only housekeeping is played in about one second.

use super::playback::FRAME_MAX;
use crate::time::{Span, Time};
use std::time::Duration;

/// A shorter idle interval is played at the normal rate.
const IDLE_MIN: Span = Span::from_ms(50);
/// Wall time in which a longer interval is played, whatever its length.
const IDLE_WALL: Duration = Duration::from_millis(1_200);

/// The idle interval being skipped.
#[derive(Debug, Default)]
pub(super) struct IdleSkip {
    /// Its first and last instant.
    interval: Option<(Time, Time)>,
}

impl IdleSkip {
    /// Forgets the interval, because the viewer is at another instant.
    pub(super) fn reset(&mut self) {
        self.interval = None;
    }

    /// The instant to show after another `wall` of wall time, if only housekeeping happens until `idle_until`. `None`
    /// if the interval is too short to skip. `rate` is the normal rate, in virtual time per wall time, and the
    /// lowest.
    pub(super) fn target(
        &mut self,
        now: Time,
        idle_until: Option<Time>,
        wall: Duration,
        rate: f64,
    ) -> Option<Time> {
        let Some(until) = idle_until.filter(|until| self.skips(now, *until)) else {
            self.reset();
            return None;
        };
        let since = match self.interval {
            Some((since, end)) if end == until => since,
            _ => now,
        };
        self.interval = Some((since, until));
        let wall = wall.min(FRAME_MAX);
        let share = wall.as_secs_f64() / IDLE_WALL.as_secs_f64();
        let skipped = Span((until.since(since).0 as f64 * share) as u64);
        let normal = Span((wall.as_secs_f64() * 1e6 * rate) as u64);
        Some((now + skipped.max(normal)).min(until))
    }

    fn skips(&self, now: Time, until: Time) -> bool {
        until > now + IDLE_MIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(20);

    #[test]
    fn long_interval_is_played_in_about_a_second_whatever_its_length() {
        for length_ms in [2_000, 20_000, 3_600_000] {
            let (mut skip, end) = (IdleSkip::default(), Time::from_ms(length_ms));
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
    fn short_or_unknown_interval_is_not_skipped() {
        let mut skip = IdleSkip::default();
        assert_eq!(skip.target(Time::ZERO, None, FRAME, 0.1), None);
        assert_eq!(
            skip.target(Time::ZERO, Some(Time::from_ms(50)), FRAME, 0.1),
            None
        );
    }

    #[test]
    fn rate_is_never_below_the_normal_rate() {
        let mut skip = IdleSkip::default();
        let target = skip.target(Time::ZERO, Some(Time::from_ms(100)), FRAME, 4.0);
        assert_eq!(target, Some(Time::from_ms(80)));
    }
}
