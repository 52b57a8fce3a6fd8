//! `Fetcher`: fetches files that were agreed on from those who hold them, over HTTP.
//!
//! `GET {base}/files/{sha256}`, with `Range` where a part is here already. One holder is asked after the other until the
//! content is whole and has its hash. A few fetches run side by side, each on a thread; the others wait their turn.

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

/// How often somebody who waits for room in the channel looks whether it is wanted still.
const SEND_TIMEOUT: Duration = Duration::from_millis(100);

/// How files are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchSettings {
    /// How many fetches run side by side, at least 1.
    pub at_once_max: usize,
    /// How long finding and connecting to a holder may take.
    pub connect: Duration,
    /// A holder that sends nothing for this long is given up.
    pub idle: Duration,
    /// A holder that sends less than `slow_bytes` in this time is given up.
    pub slow: Duration,
    /// See `slow`.
    pub slow_bytes: u64,
}

impl Default for FetchSettings {
    fn default() -> FetchSettings {
        FetchSettings {
            at_once_max: 4,
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            slow: Duration::from_secs(30),
            slow_bytes: 64 << 10,
        }
    }
}

/// How far a fetch is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// The file.
    pub sha256: String,
    /// How much of it is here. It can shrink: what turned out wrong is thrown away.
    pub received_bytes: u64,
    /// How large it is.
    pub size_bytes: u64,
}

/// A fetch has ended.
#[derive(Debug)]
pub struct FetchEnd {
    /// The file.
    pub sha256: String,
    /// Which of the holders completed it, or what a node is told: `HashMismatch` if any of them sent something else.
    pub result: Result<usize, FetchError>,
    /// What went wrong on the way, with the holder that was asked.
    pub errors: Vec<(usize, DownloadError)>,
}

/// What a [`Fetcher`] says.
#[derive(Debug)]
pub enum FetchEvent {
    /// How far a fetch is; some are left out if nobody takes them.
    Progress(FetchProgress),
    /// A fetch has ended. A cancelled one ends without a word.
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

/// Fetches files. Dropping it cancels everything; what has arrived is kept, to go on with later.
#[derive(Debug)]
pub struct Fetcher {
    shared: Arc<FetcherShared>,
    threads: Vec<JoinHandle<()>>,
}

impl Fetcher {
    /// A fetcher that puts files into `files` and says so in `events`.
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

    /// Fetches `file` from one of `holders`, the preferred first: base addresses such as `http://10.0.0.7:8080`.
    ///
    /// A file that is being fetched already goes on as it is.
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
        if queue.workers >= self.shared.settings.at_once_max.max(1) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let spawned = thread::Builder::new()
            .name(format!("fetch {}", queue.workers + 1))
            .spawn(move || shared.work());
        match spawned {
            Ok(thread) => {
                queue.workers += 1;
                self.threads.push(thread);
            }
            // Those who work take it up.
            Err(_) if queue.workers > 0 => {}
            Err(why) => {
                let unstarted = queue.waiting.pop_back();
                drop(queue);
                if let Some(job) = unstarted {
                    self.shared.tell_unstarted(&job, &why);
                }
            }
        }
    }

    /// Ends the fetch of a file, if it has not ended. What has arrived is kept.
    pub fn cancel(&self, sha256: &str) {
        let mut queue = self.shared.queue();
        queue.waiting.retain(|job| job.file.sha256 != sha256);
        if let Some(is_cancelled) = queue.running.get(sha256) {
            is_cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Cancels everything and waits until no thread is left, at most as long as a holder may be silent.
    pub fn stop(mut self) {
        self.shared.cancel_all();
        for thread in self.threads.drain(..) {
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

    /// Does what waits, one after the other, until nothing does.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            let report = |received_bytes| {
                let progress = FetchProgress {
                    sha256: job.file.sha256.clone(),
                    received_bytes,
                    size_bytes: job.file.size_bytes,
                };
                // The next one says more.
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
            // First, so that who hears of the end can start it again.
            self.queue().running.remove(&job.file.sha256);
            if let DownloadEnd::Finished { result, errors } = ended {
                let sha256 = job.file.sha256.clone();
                self.tell(
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
            queue.workers -= 1;
            return None;
        };
        queue
            .running
            .insert(job.file.sha256.clone(), Arc::clone(&job.is_cancelled));
        Some(job)
    }

    fn tell_unstarted(&self, job: &FetchJob, why: &io::Error) {
        tracing::warn!(%why, "cannot start a thread that fetches files");
        let end = FetchEnd {
            sha256: job.file.sha256.clone(),
            result: Err(FetchError::Unreachable),
            errors: Vec::new(),
        };
        // Not with patience: who starts a fetch may be the one who reads the channel.
        let _ = self.events.try_send(FetchEvent::End(end));
    }

    /// An end is not left out. But who is stopped does not wait for those who do not listen any more.
    fn tell(&self, end: FetchEnd, is_cancelled: &AtomicBool) {
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
