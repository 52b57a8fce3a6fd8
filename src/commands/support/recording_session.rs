//! A session that also writes its records to a trace file.

use crate::commands::support::trace_file::{TraceFile, report_left_over};
use crate::run::{BatchKind, RunProgress, Session, SessionKind};
use crate::scenario::{Action, ActionRefused, Scenario};
use crate::text::terminal;
use crate::time::Time;
use crate::trace::{Record, TraceError};
use std::path::Path;

/// Wraps a session and writes its records when they are taken. The file gets its final name when the session is
/// dropped.
pub(in crate::commands) struct RecordingSession<S> {
    session: S,
    writer: Option<TraceFile>,
}

impl<S: Session> RecordingSession<S> {
    /// Writes the records of `session` to the file at `path`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(in crate::commands) fn new(
        session: S,
        path: &Path,
    ) -> Result<RecordingSession<S>, TraceError> {
        report_left_over(path);
        let writer = TraceFile::create(path, session.scenario())?;
        Ok(RecordingSession {
            session,
            writer: Some(writer),
        })
    }

    fn write(&mut self, records: &[Record]) {
        let Some(writer) = &self.writer else {
            return;
        };
        if let Err(error) = records.iter().try_for_each(|record| writer.write(record)) {
            let warning = terminal::trace_failed(&error.to_string());
            eprintln!("quorumscope: {warning}");
            self.writer = None;
        }
    }
}

impl<S> Drop for RecordingSession<S> {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.writer.take().map(TraceFile::finish) {
            eprintln!("quorumscope: {error}");
        }
    }
}

impl<S: Session> Session for RecordingSession<S> {
    fn scenario(&self) -> &Scenario {
        self.session.scenario()
    }

    fn kind(&self) -> SessionKind {
        self.session.kind()
    }

    fn now(&self) -> Time {
        self.session.now()
    }

    fn next_at(&self) -> Option<Time> {
        self.session.next_at()
    }

    fn idle_until(&self) -> Option<Time> {
        self.session.idle_until()
    }

    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        self.session.advance(until, records_max)
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        self.session.run_batch(until)
    }

    fn act(&mut self, action: Action) -> Result<(), ActionRefused> {
        self.session.act(action)
    }

    fn take_records(&mut self) -> Vec<Record> {
        let records = self.session.take_records();
        self.write(&records);
        records
    }
}
