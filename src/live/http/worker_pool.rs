//! Worker pool: two threads (`qs-check-N`) for the expensive work of calls between nodes, such as signatures.
//!
//! The HTTP server has one thread, which must never be busy for long. Both queues are bounded; a call that finds its
//! queue full is refused with 503. Work is small or large by the size of its call. One thread does only small work, so
//! that a large call never delays a vote, and large calls together use at most one core.

use super::problem::ProblemDetails;
use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded, select};
use std::io;
use std::thread;
use tokio::sync::oneshot;

/// Longest call in bytes whose work is small.
pub(super) const SMALL_BYTES: usize = 64 << 10;
/// Capacity of the queue of small work.
const SMALL_JOBS_MAX: usize = 512;
/// Capacity of the queue of large work. Each job may hold a body of 4 MiB.
const LARGE_JOBS_MAX: usize = 16;

type Job = Box<dyn FnOnce() + Send>;

/// The queues of the pool. Its threads end when it is dropped.
#[derive(Debug)]
pub(super) struct WorkerPool {
    small: Sender<Job>,
    large: Sender<Job>,
}

impl WorkerPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn start() -> io::Result<WorkerPool> {
        let (small, small_jobs) = bounded::<Job>(SMALL_JOBS_MAX);
        let (large, large_jobs) = bounded::<Job>(LARGE_JOBS_MAX);
        let only_small = small_jobs.clone();
        start_thread("qs-check-1", move || {
            only_small.iter().for_each(|job| job());
        })?;
        start_thread("qs-check-2", move || work(&small_jobs, &large_jobs))?;
        Ok(WorkerPool { small, large })
    }

    /// Runs `work` for a call of `bytes` bytes on a thread of the pool.
    ///
    /// # Errors
    /// 503 if the queue is full, or the pool is ending.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ProblemDetails> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            // The caller may have disconnected while the job waited.
            if !reply.is_closed() {
                drop(reply.send(work()));
            }
        });
        let queue = match bytes <= SMALL_BYTES {
            true => &self.small,
            false => &self.large,
        };
        queue.try_send(job).map_err(|_| {
            ProblemDetails::unavailable("too many calls wait for the check of their messages")
        })?;
        answer
            .await
            .map_err(|_| ProblemDetails::unavailable("the node is stopping"))
    }
}

fn start_thread(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
}

/// Does all work, small work first, until the pool is dropped.
fn work(small: &Receiver<Job>, large: &Receiver<Job>) {
    loop {
        let next = match small.try_recv() {
            Ok(job) => Some(job),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => select! {
                recv(small) -> job => job.ok(),
                recv(large) -> job => job.ok(),
            },
        };
        match next {
            Some(job) => job(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::{Arc, Barrier};

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(future)
    }

    #[test]
    fn small_work_goes_on_while_large_work_fills_its_queue() {
        let pool = WorkerPool::start().unwrap();
        let begun = Arc::new(Barrier::new(2));
        let (release, released) = bounded::<u8>(0);
        block_on(async {
            let first = {
                let begun = Arc::clone(&begun);
                pool.run(SMALL_BYTES + 1, move || {
                    begun.wait();
                    // Returns when `release` is dropped.
                    assert!(released.recv().is_err());
                })
            };
            let mut first = std::pin::pin!(first);
            assert!(first.as_mut().now_or_never().is_none());
            begun.wait();
            let mut waiting: Vec<_> = (0..LARGE_JOBS_MAX)
                .map(|nth| Box::pin(pool.run(SMALL_BYTES + 1, move || nth)))
                .collect();
            for job in &mut waiting {
                assert!(job.as_mut().now_or_never().is_none());
            }
            let refused = pool.run(SMALL_BYTES + 1, || ()).await;
            assert!(refused.is_err(), "the queue of large work is full");
            assert_eq!(pool.run(SMALL_BYTES, || "vote").await.unwrap(), "vote");
            drop(release);
            first.await.unwrap();
            for (nth, job) in waiting.into_iter().enumerate() {
                assert_eq!(job.await.unwrap(), nth);
            }
        });
    }
}
