//! Background jobs: opening runs, quorum analysis, screenshots, reading files.
//!
//! Each job runs on a named thread of its own; the frame loop polls a channel for results. No other file of the window
//! uses threads.

use super::options::SessionFactory;
use super::screenshot::{self, Screenshot};
use crate::analysis::{Fbas, IntersectionResult, intersection, top_tier};
use crate::node::view::FileInfo;
use crate::picture::view_state::QuorumIntersection;
use crate::run::{ScenarioChoice, Session};
use crate::scp::NodeId;
use crate::text::panel;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Identifies a job, so that the result of a superseded job is recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct JobId(u64);

/// The result of a job.
pub(super) enum JobResult {
    /// An opened run, or why it could not be opened.
    Opened(JobId, Result<Box<dyn Session + Send>, String>),
    /// Whether quorums intersect, and the top tier: the nodes that every quorum depends on.
    Quorums(JobId, QuorumIntersection, BTreeSet<NodeId>),
    /// The files of a screenshot, or why they could not be written.
    Screenshot(Result<Vec<PathBuf>, String>),
    /// Name, size and hash of a file, or why it cannot be read.
    File(Result<FileInfo, String>),
    /// The thread of a job could not be started.
    Failed(String),
}

/// Runs background jobs and collects their results.
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

    /// The next result, if there is one.
    pub(super) fn next(&mut self) -> Option<JobResult> {
        let done = self.receiver.try_recv().ok()?;
        self.running = self.running.saturating_sub(1);
        Some(done)
    }

    /// Whether a job is running.
    pub(super) fn is_busy(&self) -> bool {
        self.running > 0
    }

    /// Starts opening a run.
    pub(super) fn open(&mut self, choice: ScenarioChoice) -> JobId {
        let (id, factory) = (self.next_id(), Arc::clone(&self.factory));
        self.start("qs-open", move || {
            JobResult::Opened(id, factory.open(&choice))
        });
        id
    }

    /// Starts the quorum intersection analysis and cancels the previous one.
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

    /// Cancels the analysis in progress; its result will be "unknown".
    pub(super) fn cancel_analysis(&self) {
        self.stop_analysis.store(true, Ordering::Relaxed);
    }

    /// Starts writing a screenshot.
    pub(super) fn save_screenshot(&mut self, screenshot: Screenshot) {
        self.start("qs-screenshot", move || {
            JobResult::Screenshot(screenshot::write(&screenshot))
        });
    }

    /// Starts reading a file for a backup proposal.
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
        // Sending fails only after the window has closed.
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || drop(sender.send(job())));
        if let Err(error) = thread {
            drop(
                self.sender
                    .send(JobResult::Failed(panel::thread_failed(&error.to_string()))),
            );
        }
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        self.cancel_analysis();
    }
}

/// Blocks the calling thread.
pub(super) fn sleep(span: Duration) {
    thread::sleep(span);
}

/// Runs a job on a detached thread. If no thread can be started, the job is dropped.
pub(super) fn spawn_detached(name: &str, job: impl FnOnce() + Send + 'static) {
    drop(thread::Builder::new().name(name.to_owned()).spawn(job));
}
