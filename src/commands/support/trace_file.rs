//! Trace file of a run that may be interrupted: Ctrl-C and SIGTERM complete the file before the process ends.

use crate::commands::support::error::EXIT_INTERRUPTED;
use crate::scenario::Scenario;
use crate::text::terminal;
use crate::trace::{Record, TraceError, TraceWriter, left_over};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

/// A trace being written; `None` once it is complete or has failed.
type OpenTrace = Mutex<Option<TraceWriter>>;

/// All traces that this process is writing.
static OPEN: Mutex<Vec<(PathBuf, Weak<OpenTrace>)>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

/// Writes a trace. The file is completed even if the run is interrupted, except by SIGKILL.
pub(in crate::commands) struct TraceFile {
    slot: Arc<OpenTrace>,
}

impl TraceFile {
    /// Begins the trace of a run of `scenario`.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub(in crate::commands) fn create(
        path: &Path,
        scenario: &Scenario,
    ) -> Result<TraceFile, TraceError> {
        HANDLER.call_once(|| {
            if let Err(error) = ctrlc::set_handler(interrupted) {
                let warning = terminal::trace_not_completed_if_interrupted(&error.to_string());
                eprintln!("quorumscope: {warning}");
            }
        });
        let slot = Arc::new(Mutex::new(Some(TraceWriter::create(path, scenario)?)));
        locked(&OPEN).push((path.to_owned(), Arc::downgrade(&slot)));
        Ok(TraceFile { slot })
    }

    /// Writes the next record. After a failure, nothing more is written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(in crate::commands) fn write(&self, record: &Record) -> Result<(), TraceError> {
        let mut slot = locked(&self.slot);
        let Some(writer) = slot.as_mut() else {
            return Ok(());
        };
        let written = writer.write(record);
        if written.is_err() {
            *slot = None;
        }
        written
    }

    /// Completes the file and gives it its final name.
    ///
    /// # Errors
    /// If the file cannot be written or renamed. In this case no file remains.
    pub(in crate::commands) fn finish(self) -> Result<(), TraceError> {
        // The lock is held until the file is complete, so that an interruption waits.
        let mut slot = locked(&self.slot);
        slot.take().map_or(Ok(()), TraceWriter::finish)
    }
}

/// Prints a line about each incomplete trace that killed runs with the trace `path` have left.
pub(in crate::commands) fn report_left_over(path: &Path) {
    for trace in left_over(path) {
        let text = terminal::trace_left_over(&trace.display().to_string());
        eprintln!("quorumscope: {text}");
    }
}

/// Signal handler, on a thread of its own. The lock ensures that every record is written completely or not at all.
fn interrupted() {
    for (path, slot) in locked(&OPEN).drain(..) {
        let Some(slot) = slot.upgrade() else {
            continue;
        };
        let Some(writer) = locked(&slot).take() else {
            continue;
        };
        let text = match writer.finish() {
            Ok(()) => terminal::interrupted(&path.display().to_string()),
            Err(error) => terminal::interrupted_without_trace(&error.to_string()),
        };
        eprintln!("quorumscope: {text}");
    }
    std::process::exit(EXIT_INTERRUPTED);
}

/// A panic elsewhere leaves only complete records behind, so poisoning is ignored.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
