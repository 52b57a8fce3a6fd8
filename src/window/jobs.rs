//! What takes longer than a frame: opening runs, looking into quorums, rendering screenshots, reading files. Each job
//! has a named thread of its own; results come back over a channel that the frame loop looks into.
//!
//! This is the only place of the window that knows threads. Absent here: what is done with results.

use super::options::SessionFactory;
use super::screenshot::{self, Screenshot};
use crate::analysis::{Fbas, IntersectionResult, intersection, top_tier};
use crate::node::view::FileInfo;
use crate::picture::view_state::QuorumIntersection;
use crate::run::{ScenarioChoice, Session};
use crate::scp::NodeId;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Tells answers to an earlier question from those to the latest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct JobId(u64);

/// What a job found.
pub(super) enum JobResult {
    /// A run is open, or cannot be opened.
    Opened(JobId, Result<Box<dyn Session + Send>, String>),
    /// What is known about quorums, and the nodes on which everything depends.
    Quorums(JobId, QuorumIntersection, BTreeSet<NodeId>),
    /// A screenshot is written: its files, or what went wrong.
    Screenshot(Result<Vec<PathBuf>, String>),
    /// What is known about a file, or why it cannot be read.
    File(Result<FileInfo, String>),
    /// No thread could be started.
    Failed(String),
}

/// The jobs under way.
pub(super) struct Jobs {
    factory: Arc<dyn SessionFactory>,
    sender: Sender<JobResult>,
    receiver: Receiver<JobResult>,
    running: usize,
    last_id: u64,
    stop_analysis: Arc<AtomicBool>,
}

impl Jobs {
    pub(super) fn new(factory: Arc<dyn SessionFactory>) -> Jobs {
        let (sender, receiver) = unbounded();
        let stop_analysis = Arc::new(AtomicBool::new(false));
        Jobs {
            factory,
            sender,
            receiver,
            running: 0,
            last_id: 0,
            stop_analysis,
        }
    }

    /// The next finished job.
    pub(super) fn next(&mut self) -> Option<JobResult> {
        let done = self.receiver.try_recv().ok()?;
        self.running = self.running.saturating_sub(1);
        Some(done)
    }

    /// Whether a result will come.
    pub(super) fn is_busy(&self) -> bool {
        self.running > 0
    }

    /// Opens a run.
    pub(super) fn open(&mut self, choice: ScenarioChoice) -> JobId {
        let (id, factory) = (self.next_id(), Arc::clone(&self.factory));
        self.start("qs-open", move || {
            JobResult::Opened(id, factory.open(&choice))
        });
        id
    }

    /// Asks whether all quorums intersect. An earlier question is dropped.
    pub(super) fn analyze_quorums(&mut self, fbas: Fbas) -> JobId {
        self.cancel_analysis();
        let stop = Arc::new(AtomicBool::new(false));
        self.stop_analysis = Arc::clone(&stop);
        let id = self.next_id();
        self.start("qs-intersection", move || {
            let quorums = match intersection(&fbas, &|| stop.load(Ordering::Relaxed)) {
                IntersectionResult::Intersecting => QuorumIntersection::Intersect,
                IntersectionResult::NoQuorum => QuorumIntersection::NoQuorum,
                IntersectionResult::Disjoint(one, two) => QuorumIntersection::Disjoint(one, two),
                IntersectionResult::Unknown => QuorumIntersection::Unknown,
            };
            JobResult::Quorums(id, quorums, top_tier(&fbas).into_iter().collect())
        });
        id
    }

    /// The time for the question is up: its answer will be "unknown".
    pub(super) fn cancel_analysis(&self) {
        self.stop_analysis.store(true, Ordering::Relaxed);
    }

    /// Writes a screenshot.
    pub(super) fn save_screenshot(&mut self, screenshot: Screenshot) {
        self.start("qs-screenshot", move || {
            JobResult::Screenshot(screenshot::write(&screenshot))
        });
    }

    /// Reads a file that shall be proposed.
    pub(super) fn read_file(&mut self, path: PathBuf) {
        let factory = Arc::clone(&self.factory);
        self.start("qs-file", move || JobResult::File(factory.file_info(&path)));
    }

    fn next_id(&mut self) -> JobId {
        self.last_id += 1;
        JobId(self.last_id)
    }

    fn start(&mut self, name: &str, job: impl FnOnce() -> JobResult + Send + 'static) {
        self.running += 1;
        let sender = self.sender.clone();
        // Sending fails only when the window is gone; then nobody wants to know.
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || drop(sender.send(job())));
        if let Err(error) = thread {
            drop(self.sender.send(JobResult::Failed(format!(
                "no thread could be started: {error}"
            ))));
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.cancel_analysis();
    }
}

/// Lets the frame loop wait.
pub(super) fn sleep(span: Duration) {
    thread::sleep(span);
}

/// Runs something beside the window until it is done. Without a thread for it, it is not done at all.
pub(super) fn spawn_detached(name: &str, job: impl FnOnce() + Send + 'static) {
    drop(thread::Builder::new().name(name.to_owned()).spawn(job));
}
