//! `Clock`: real time as the node counts it.

use crate::time::Time;
use std::time::{Duration, Instant, SystemTime};

/// Counts from the start of the process, and knows when that was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
    epoch_unix_us: u64,
}

impl Clock {
    /// Starts now.
    #[must_use]
    pub(super) fn start() -> Clock {
        Clock {
            started: Instant::now(),
            epoch_unix_us: unix_us(),
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
