//! `Clock`: real time as the node counts it.

use crate::time::Time;
use std::time::{Duration, Instant, SystemTime};

/// Counts from the start of the process, and knows when that was.
///
/// What it counts goes on evenly, whatever is done to the system's clock; a machine that sleeps does not count. What
/// others say about the time of day is compared with the system's clock as it is at that moment ([`Clock::wall_us`]),
/// which may have been set meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
    epoch_unix_us: u64,
    wall: fn() -> u64,
}

/// How a freshness mark lies to the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// Said about now.
    Fresh,
    /// Said long ago.
    Old,
    /// Said by somebody whose clock is ahead.
    Early,
}

impl Clock {
    /// Starts now.
    #[must_use]
    pub(super) fn start() -> Clock {
        Clock::start_by(unix_us)
    }

    fn start_by(wall: fn() -> u64) -> Clock {
        Clock {
            started: Instant::now(),
            epoch_unix_us: wall(),
            wall,
        }
    }

    /// Time since the start.
    #[must_use]
    pub(super) fn now(&self) -> Time {
        Time(u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Unix time of the start, in microseconds.
    #[must_use]
    pub(super) fn epoch_unix_us(&self) -> u64 {
        self.epoch_unix_us
    }

    /// Unix time in microseconds, as the system's clock says at this moment.
    #[must_use]
    pub(super) fn wall_us(&self) -> u64 {
        (self.wall)()
    }

    /// How a mark lies to this moment, if clocks may differ by `skew_us`.
    #[must_use]
    pub(super) fn age(&self, mark_us: u64, skew_us: u64) -> Age {
        let now_us = self.wall_us();
        match mark_us.abs_diff(now_us) <= skew_us {
            true => Age::Fresh,
            false if mark_us < now_us => Age::Old,
            false => Age::Early,
        }
    }

    /// The next mark after `last_us`. Marks grow; only if the clock was ahead by more than `skew_us` and has been put
    /// back do they follow it, because nobody whose clock is right has heard those, or would hear more of them.
    #[must_use]
    pub(super) fn next_mark_us(&self, last_us: u64, skew_us: u64) -> u64 {
        let now_us = self.wall_us();
        match last_us > now_us.saturating_add(skew_us) {
            true => now_us,
            false => now_us.max(last_us + 1),
        }
    }

    /// How long it is until `due`; zero if it is past.
    #[must_use]
    pub(super) fn until(&self, due: Time) -> Duration {
        Duration::from_micros(due.since(self.now()).0)
    }
}

/// Unix time in microseconds, as the system's clock says.
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
    use std::cell::Cell;

    const MINUTE_US: u64 = 60_000_000;
    const HOUR_US: u64 = 60 * MINUTE_US;

    thread_local! {
        static WALL_US: Cell<u64> = const { Cell::new(0) };
    }

    fn wall() -> u64 {
        WALL_US.get()
    }

    #[test]
    fn marks_are_compared_with_the_clock_as_it_is_set_now() {
        let day_us = 24 * HOUR_US;
        WALL_US.set(day_us);
        let clock = Clock::start_by(wall);
        let age = |mark_us| clock.age(mark_us, MINUTE_US);
        assert_eq!(age(day_us), Age::Fresh);
        assert_eq!(age(day_us + MINUTE_US), Age::Fresh);
        assert_eq!(age(day_us - MINUTE_US - 1), Age::Old);
        assert_eq!(age(day_us + MINUTE_US + 1), Age::Early);
        // Put forward, or asleep for an hour: what is said now is heard, and what was said before is not.
        WALL_US.set(day_us + HOUR_US);
        assert_eq!(age(day_us + HOUR_US), Age::Fresh);
        assert_eq!(age(day_us), Age::Old);
        // Put back.
        WALL_US.set(day_us - HOUR_US);
        assert_eq!(age(day_us - HOUR_US), Age::Fresh);
        assert_eq!(age(day_us), Age::Early);
        assert_eq!(clock.epoch_unix_us(), day_us, "what it counts from stays");
    }

    #[test]
    fn marks_grow_and_follow_a_clock_that_was_far_ahead() {
        WALL_US.set(HOUR_US);
        let clock = Clock::start_by(wall);
        let next = |last_us| clock.next_mark_us(last_us, MINUTE_US);
        assert_eq!(next(0), HOUR_US);
        assert_eq!(next(HOUR_US), HOUR_US + 1, "two in one microsecond");
        assert_eq!(next(HOUR_US + MINUTE_US), HOUR_US + MINUTE_US + 1);
        assert_eq!(next(HOUR_US + MINUTE_US + 1), HOUR_US, "it was set back");
    }
}
