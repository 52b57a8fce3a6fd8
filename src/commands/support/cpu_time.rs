//! CPU time of this process.

use std::time::Duration;

/// User and system time of all threads, in milliseconds.
#[must_use]
pub(in crate::commands) fn process_ms() -> u64 {
    process_time().as_millis() as u64
}

/// User and system time of all threads.
#[must_use]
pub(in crate::commands) fn process_time() -> Duration {
    cpu_time::ProcessTime::now().as_duration()
}
