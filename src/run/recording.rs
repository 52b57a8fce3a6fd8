//! `Recording`: the records of a recorded run in the order of playback, in memory once for session and history.

use crate::scenario::Scenario;
use crate::time::Time;
use crate::trace::{Lanes, Record, TraceError, TraceReader};
use std::path::Path;
use std::sync::Arc;

/// Most bytes of a record in memory, without what it refers to. Recordings have millions of records.
const RECORD_BYTES_MAX: usize = 104;

const _: () = assert!(size_of::<(Time, Record)>() <= RECORD_BYTES_MAX);

/// A recorded run. It is complete and does not change.
#[derive(Debug)]
pub struct Recording {
    scenario: Arc<Scenario>,
    /// Each record with the time at which it is played, in order.
    records: Vec<(Time, Record)>,
    /// Times of records other than housekeeping, and the end of the recording.
    progress_times: Vec<Time>,
    lanes: Lanes,
}

impl Recording {
    /// Reads the trace file at `path`.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid trace.
    pub fn open(path: &Path) -> Result<Recording, TraceError> {
        Recording::read(&mut TraceReader::open(path)?)
    }

    /// Reads the rest of a trace.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn read(reader: &mut TraceReader) -> Result<Recording, TraceError> {
        let mut timed = TimedRecords::default();
        let scenario = Arc::clone(reader.scenario());
        for record in reader {
            timed.push(record?);
        }
        Ok(timed.recording(scenario))
    }

    /// The recording with these records of a run of `scenario`. Records of one instant keep their order.
    #[must_use]
    pub fn new(scenario: Arc<Scenario>, records: impl IntoIterator<Item = Record>) -> Recording {
        let mut timed = TimedRecords::default();
        records.into_iter().for_each(|record| timed.push(record));
        timed.recording(scenario)
    }

    /// The scenario of the run.
    #[must_use]
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// All records with the times at which they are played, in order.
    #[must_use]
    pub fn records(&self) -> &[(Time, Record)] {
        &self.records
    }

    /// The times of records other than housekeeping, in order, and at the end the time of the last record.
    #[must_use]
    pub fn progress_times(&self) -> &[Time] {
        &self.progress_times
    }

    /// The timeline lanes of the whole run.
    #[must_use]
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }
}

/// Records with the times at which they are played, in the order of the trace.
#[derive(Default)]
struct TimedRecords {
    records: Vec<(Time, Record)>,
    latest: Time,
}

impl TimedRecords {
    /// Adds a record. A record that is older than an earlier record is played at the time of that one. Transmissions are
    /// an exception: a process learns of a message late, and the message is shown from the time at which it was sent.
    fn push(&mut self, record: Record) {
        let at = match &record {
            Record::Sent { at, .. } | Record::Lost { at, .. } => *at,
            record => {
                self.latest = self.latest.max(record.at());
                self.latest
            }
        };
        self.records.push((at, record));
    }

    fn recording(self, scenario: Arc<Scenario>) -> Recording {
        let mut records = self.records;
        records.shrink_to_fit();
        // Sorting needs additional memory. The trace of a simulation is in order.
        if !records.is_sorted_by_key(|(at, _)| *at) {
            records.sort_by_key(|(at, _)| *at);
        }
        let mut lanes = Lanes::default();
        let mut progress_times = Vec::new();
        for (at, record) in &records {
            lanes.apply(record);
            if !record.is_housekeeping() {
                progress_times.push(*at);
            }
        }
        progress_times.extend(records.last().map(|(at, _)| *at));
        Recording {
            scenario,
            records,
            progress_times,
            lanes,
        }
    }
}
