//! How much processor time this process has used.

/// User and system time of the whole process in milliseconds.
#[must_use]
pub(super) fn process_ms() -> u64 {
    cpu_time::ProcessTime::now().as_duration().as_millis() as u64
}
