//! Resumable downloads of decided files from the nodes that hold them, over HTTP.
//!
//! The request is `GET {base}/files/{sha256}`, with `Range` if a partial file exists. Holders are tried in order until
//! the content is complete and its hash matches. A bounded number of fetches run concurrently, each on a thread; the
//! others are queued.

mod download;
#[cfg(test)]
mod tests;

pub use download::DownloadError;

use super::file_store::FileStore;
use crate::node::{FetchError, FileInfo};
use crossbeam_channel::{SendTimeoutError, Sender};
use download::{Download, DownloadEnd};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Timeout of one attempt to send an event; then the fetch checks whether it is cancelled.
const SEND_TIMEOUT: Duration = Duration::from_millis(100);

/// Settings of a fetcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchSettings {
    /// Most concurrent fetches, at least 1.
    pub concurrent_max: usize,
    /// Timeout for resolving and connecting to a holder.
    pub connect: Duration,
    /// Timeout for the next bytes of a holder.
    pub idle: Duration,
    /// A holder that sends less than `slow_bytes` in this time is abandoned.
    pub slow: Duration,
    /// Fewest bytes that a holder must send in the time `slow`.
    pub slow_bytes: u64,
}

impl Default for FetchSettings {
    fn default() -> FetchSettings {
        FetchSettings {
            concurrent_max: 4,
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            slow: Duration::from_secs(30),
            slow_bytes: 64 << 10,
        }
    }
}

/// Progress of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// The file.
    pub sha256: String,
    /// Bytes received. The number decreases when wrong content is discarded.
    pub received_bytes: u64,
    /// Size of the file in bytes.
    pub size_bytes: u64,
}

/// The end of a fetch.
#[derive(Debug)]
pub struct FetchEnd {
    /// The file.
    pub sha256: String,
    /// Index of the holder that completed the file, or the error for the node: `HashMismatch` if any holder sent other
    /// content.
    pub result: Result<usize, FetchError>,
    /// Errors during the fetch, each with the index of the holder.
    pub errors: Vec<(usize, DownloadError)>,
}

/// An event of a [`Fetcher`].
#[derive(Debug)]
pub enum FetchEvent {
    /// Progress. Dropped if the channel is full.
    Progress(FetchProgress),
    /// A fetch has ended. A cancelled fetch sends no event.
    End(FetchEnd),
}

#[derive(Debug)]
struct FetchJob {
    file: FileInfo,
    holders: Vec<String>,
    is_cancelled: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct FetchQueue {
    waiting: VecDeque<FetchJob>,
    running: BTreeMap<String, Arc<AtomicBool>>,
    workers: usize,
}

#[derive(Debug)]
struct FetcherShared {
    files: FileStore,
    settings: FetchSettings,
    agent: ureq::Agent,
    events: Sender<FetchEvent>,
    queue: Mutex<FetchQueue>,
}

/// Fetches files. Dropping it cancels all fetches; partial files stay for resuming.
#[derive(Debug)]
pub struct Fetcher {
    shared: Arc<FetcherShared>,
    threads: Vec<JoinHandle<()>>,
}

impl Fetcher {
    /// A fetcher that stores files in `files` and sends `events`.
    #[must_use]
    pub fn new(files: FileStore, settings: FetchSettings, events: Sender<FetchEvent>) -> Fetcher {
        let shared = FetcherShared {
            files,
            settings,
            agent: download::agent(&settings),
            events,
            queue: Mutex::default(),
        };
        Fetcher {
            shared: Arc::new(shared),
            threads: Vec::new(),
        }
    }

    /// Fetches `file` from one of `holders`, which are base addresses such as `http://10.0.0.7:8080`, the preferred one
    /// first. Does nothing if the file is already being fetched.
    pub fn start(&mut self, file: FileInfo, holders: Vec<String>) {
        self.threads.retain(|thread| !thread.is_finished());
        let mut queue = self.shared.queue();
        let is_known = queue.running.contains_key(&file.sha256)
            || queue
                .waiting
                .iter()
                .any(|job| job.file.sha256 == file.sha256);
        if is_known {
            return;
        }
        queue.waiting.push_back(FetchJob {
            file,
            holders,
            is_cancelled: Arc::default(),
        });
        if queue.workers >= self.shared.settings.concurrent_max.max(1) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new()
            .name(format!("fetch {}", queue.workers.saturating_add(1)))
            .spawn(move || shared.work());
        match spawned {
            Ok(thread) => {
                queue.workers = queue.workers.saturating_add(1);
                self.threads.push(thread);
            }
            // A running thread takes the job.
            Err(_) if queue.workers > 0 => {}
            Err(why) => {
                let unstarted = queue.waiting.pop_back();
                drop(queue);
                if let Some(job) = unstarted {
                    self.shared.send_unstarted(&job, &why);
                }
            }
        }
    }

    /// Cancels the fetch of a file. A partial file stays for resuming.
    pub fn cancel(&self, sha256: &str) {
        let mut queue = self.shared.queue();
        queue.waiting.retain(|job| job.file.sha256 != sha256);
        if let Some(is_cancelled) = queue.running.get(sha256) {
            is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Cancels all fetches and waits for their threads, at most for the timeout of a silent holder.
    pub fn stop(mut self) {
        self.shared.cancel_all();
        for thread in std::mem::take(&mut self.threads) {
            if thread.join().is_err() {
                tracing::error!("a thread that fetches files has panicked");
            }
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.shared.cancel_all();
    }
}

impl FetcherShared {
    fn queue(&self) -> MutexGuard<'_, FetchQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel_all(&self) {
        let mut queue = self.queue();
        queue.waiting.clear();
        for is_cancelled in queue.running.values() {
            is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Runs queued fetches until the queue is empty.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            let report = |received_bytes| {
                let progress = FetchProgress {
                    sha256: job.file.sha256.clone(),
                    received_bytes,
                    size_bytes: job.file.size_bytes,
                };
                // A progress event is dropped if the channel is full.
                let _ = self.events.try_send(FetchEvent::Progress(progress));
            };
            let download = Download {
                files: &self.files,
                settings: &self.settings,
                agent: &self.agent,
                file: &job.file,
                is_cancelled: &job.is_cancelled,
                report: &report,
            };
            let ended = download.run(&job.holders);
            // The fetch is removed before the event, so that the receiver of the event can start it again.
            self.queue().running.remove(&job.file.sha256);
            if let DownloadEnd::Finished { result, errors } = ended {
                let sha256 = job.file.sha256.clone();
                self.send_end(
                    FetchEnd {
                        sha256,
                        result,
                        errors,
                    },
                    &job.is_cancelled,
                );
            }
        }
    }

    fn next_job(&self) -> Option<FetchJob> {
        let mut queue = self.queue();
        let Some(job) = queue.waiting.pop_front() else {
            queue.workers = queue.workers.saturating_sub(1);
            return None;
        };
        queue
            .running
            .insert(job.file.sha256.clone(), Arc::clone(&job.is_cancelled));
        Some(job)
    }

    fn send_unstarted(&self, job: &FetchJob, why: &io::Error) {
        tracing::warn!(%why, "cannot start a thread that fetches files");
        let end = FetchEnd {
            sha256: job.file.sha256.clone(),
            result: Err(FetchError::Unreachable),
            errors: Vec::new(),
        };
        // This must not wait, because the caller may be the reader of the channel.
        let _ = self.events.try_send(FetchEvent::End(end));
    }

    /// Sends the end of a fetch. Waits for room in the channel unless the fetch is cancelled.
    fn send_end(&self, end: FetchEnd, is_cancelled: &AtomicBool) {
        let mut event = FetchEvent::End(end);
        while let Err(SendTimeoutError::Timeout(unsent)) =
            self.events.send_timeout(event, SEND_TIMEOUT)
        {
            if is_cancelled.load(Ordering::Relaxed) {
                return;
            }
            event = unsent;
        }
    }
}
