//! Trace file of a run that may be interrupted: Ctrl-C and SIGTERM complete the file before the process ends.

use crate::commands::support::error::EXIT_INTERRUPTED;
use crate::scenario::Scenario;
use crate::trace::{Record, TraceError, TraceWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

/// A trace being written; `None` once it is complete or has failed.
type OpenTrace = Mutex<Option<TraceWriter>>;

/// All traces that this process is writing.
static OPEN: Mutex<Vec<(PathBuf, Weak<OpenTrace>)>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

/// Writes a trace. The file is completed even if the run is interrupted (but not by SIGKILL).
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
            if let Err(why) = ctrlc::set_handler(interrupted) {
                eprintln!("quorumscope: an interrupted trace would not be completed: {why}");
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

    /// Completes the file and gives it its name.
    ///
    /// # Errors
    /// If the file cannot be written or renamed. Then nothing is left behind.
    pub(in crate::commands) fn finish(self) -> Result<(), TraceError> {
        // The lock is held until the file is complete, so that an interruption waits.
        let mut slot = locked(&self.slot);
        slot.take().map_or(Ok(()), TraceWriter::finish)
    }
}

/// Signal handler, on a thread of its own. The lock makes sure that records are written completely or not at all.
fn interrupted() {
    for (path, slot) in locked(&OPEN).drain(..) {
        let Some(slot) = slot.upgrade() else {
            continue;
        };
        let writer = locked(&slot).take();
        match writer.map(TraceWriter::finish) {
            Some(Ok(())) => eprintln!(
                "quorumscope: interrupted; {} contains the run so far",
                path.display()
            ),
            Some(Err(error)) => eprintln!("quorumscope: interrupted; {error}"),
            None => {}
        }
    }
    std::process::exit(EXIT_INTERRUPTED);
}

/// A panic elsewhere leaves only complete records behind, so poisoning is ignored.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
