//! Monotonic and wall-clock time of a process, and timestamps for replay protection.

use crate::time::Time;
use std::time::{Duration, Instant, SystemTime};

/// A source of time. A simulation replaces that of the operating system.
pub(super) trait TimeSource: Send {
    /// Monotonic time since the start of the process.
    fn monotonic(&self) -> Time;

    /// Present Unix time in microseconds.
    fn unix_us(&self) -> u64;
}

/// The time of the operating system.
struct SystemSource {
    started: Instant,
}

impl TimeSource for SystemSource {
    fn monotonic(&self) -> Time {
        Time(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn unix_us(&self) -> u64 {
        unix_us()
    }
}

/// Monotonic time since the start of the process, and the time of the system clock.
///
/// [`Clock::now`] is monotonic: setting the system clock does not change it, and it does not advance while the machine
/// sleeps. Timestamps of other nodes are compared with the system clock at that moment ([`Clock::wall_us`]).
pub(super) struct Clock {
    source: Box<dyn TimeSource>,
    epoch_unix_us: u64,
}

/// The age of a timestamp by the system clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Within the allowed clock skew.
    Fresh,
    /// Too far in the past.
    Old,
    /// Too far in the future: the other clock is ahead.
    Early,
}

impl Clock {
    /// A clock that starts now.
    #[must_use]
    pub(super) fn start() -> Clock {
        let started = Instant::now();
        Clock::of(Box::new(SystemSource { started }))
    }

    /// A clock that shows the time of `source`.
    #[must_use]
    pub(super) fn of(source: Box<dyn TimeSource>) -> Clock {
        Clock {
            epoch_unix_us: source.unix_us(),
            source,
        }
    }

    /// Monotonic time since the start.
    #[must_use]
    pub(super) fn now(&self) -> Time {
        self.source.monotonic()
    }

    /// Unix time of the start, in microseconds.
    #[must_use]
    pub(super) fn epoch_unix_us(&self) -> u64 {
        self.epoch_unix_us
    }

    /// Present Unix time in microseconds, by the system clock.
    #[must_use]
    pub(super) fn wall_us(&self) -> u64 {
        self.source.unix_us()
    }

    /// Compares a mark with the present time. Clocks may differ by `skew_us`.
    #[must_use]
    pub(super) fn age(&self, mark_us: u64, skew_us: u64) -> Age {
        let now_us = self.wall_us();
        match mark_us.abs_diff(now_us) <= skew_us {
            true => Age::Fresh,
            false if mark_us < now_us => Age::Old,
            false => Age::Early,
        }
    }

    /// The next own mark after `last_us`. Marks increase. They decrease only if the clock was ahead by more than
    /// `skew_us` and has been set back: other nodes dropped the earlier marks as too early, and would drop further
    /// ones, too.
    #[must_use]
    pub(super) fn next_mark_us(&self, last_us: u64, skew_us: u64) -> u64 {
        let now_us = self.wall_us();
        match last_us > now_us.saturating_add(skew_us) {
            true => now_us,
            false => now_us.max(last_us.saturating_add(1)),
        }
    }

    /// Time until `due`; zero if it is past.
    #[must_use]
    pub(super) fn until(&self, due: Time) -> Duration {
        Duration::from_micros(due.since(self.now()).0)
    }
}

/// The time after `span`, or a time far in the future if the clock cannot express it.
#[must_use]
pub(super) fn deadline_after(span: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    let now = Instant::now();
    let at = now.checked_add(span).or_else(|| now.checked_add(FAR));
    at.unwrap_or(now)
}

/// Unix time in microseconds, by the system clock.
#[must_use]
pub(super) fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    const MINUTE_US: u64 = 60_000_000;
    const HOUR_US: u64 = 60 * MINUTE_US;

    /// A source whose Unix time is set by the test.
    #[derive(Clone, Default)]
    struct SetTime(Arc<AtomicU64>);

    impl SetTime {
        fn set(&self, unix_us: u64) {
            self.0.store(unix_us, Ordering::Relaxed);
        }

        fn clock(&self) -> Clock {
            Clock::of(Box::new(self.clone()))
        }
    }

    impl TimeSource for SetTime {
        fn monotonic(&self) -> Time {
            Time::ZERO
        }

        fn unix_us(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn marks_are_compared_with_the_current_clock_time() {
        let day_us = 24 * HOUR_US;
        let time = SetTime::default();
        time.set(day_us);
        let clock = time.clock();
        let age = |mark_us| clock.age(mark_us, MINUTE_US);
        assert_eq!(age(day_us), Age::Fresh);
        assert_eq!(age(day_us + MINUTE_US), Age::Fresh);
        assert_eq!(age(day_us - MINUTE_US - 1), Age::Old);
        assert_eq!(age(day_us + MINUTE_US + 1), Age::Early);
        // The clock is set forward by an hour, or the machine slept: new marks are fresh, earlier ones are old.
        time.set(day_us + HOUR_US);
        assert_eq!(age(day_us + HOUR_US), Age::Fresh);
        assert_eq!(age(day_us), Age::Old);
        // The clock is set back.
        time.set(day_us - HOUR_US);
        assert_eq!(age(day_us - HOUR_US), Age::Fresh);
        assert_eq!(age(day_us), Age::Early);
        assert_eq!(clock.epoch_unix_us(), day_us, "the epoch stays");
    }

    #[test]
    fn marks_increase_unless_the_last_one_is_far_ahead_of_the_clock() {
        let time = SetTime::default();
        time.set(HOUR_US);
        let clock = time.clock();
        let next = |last_us| clock.next_mark_us(last_us, MINUTE_US);
        assert_eq!(next(0), HOUR_US);
        assert_eq!(next(HOUR_US), HOUR_US + 1, "two marks in one microsecond");
        assert_eq!(next(HOUR_US + MINUTE_US), HOUR_US + MINUTE_US + 1);
        assert_eq!(
            next(HOUR_US + MINUTE_US + 1),
            HOUR_US,
            "the clock was set back"
        );
    }
}
