//! The trace of a run that may be interrupted: Ctrl-C or a request to terminate completes the file before the process
//! ends, so that what was seen can be looked at again.

use crate::commands::support::error::EXIT_INTERRUPTED;
use crate::scenario::Scenario;
use crate::trace::{Record, TraceError, TraceWriter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

/// A trace that is being written; `None` once it is complete or has failed.
type OpenTrace = Mutex<Option<TraceWriter>>;

/// All traces of this process that are being written.
static OPEN: Mutex<Vec<(PathBuf, Weak<OpenTrace>)>> = Mutex::new(Vec::new());
static HANDLER: Once = Once::new();

/// Writes a trace, to its end whatever happens short of `kill -9`.
pub(in crate::commands) struct TraceFile {
    slot: Arc<OpenTrace>,
}

impl TraceFile {
    /// Begins the trace of a run of `scenario`.
    ///
    /// # Errors
    /// If no file can be made there.
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

    /// Writes the next record. After a failure nothing is written any more.
    ///
    /// # Errors
    /// If the disk is full, and the like.
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
    /// If the disk is full, or the name cannot be given; then nothing is left behind.
    pub(in crate::commands) fn finish(self) -> Result<(), TraceError> {
        // Held while it is being completed: an interruption waits for that.
        let mut slot = locked(&self.slot);
        slot.take().map_or(Ok(()), TraceWriter::finish)
    }
}

/// Runs on a thread of its own while everything else goes on; a record is written whole or not at all.
fn interrupted() {
    for (path, slot) in locked(&OPEN).drain(..) {
        let Some(slot) = slot.upgrade() else {
            continue;
        };
        let writer = locked(&slot).take();
        match writer.map(TraceWriter::finish) {
            Some(Ok(())) => eprintln!(
                "quorumscope: interrupted; {} holds what happened so far",
                path.display()
            ),
            Some(Err(error)) => eprintln!("quorumscope: interrupted; {error}"),
            None => {}
        }
    }
    std::process::exit(EXIT_INTERRUPTED);
}

/// Whoever panicked meanwhile did so between two whole records.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
