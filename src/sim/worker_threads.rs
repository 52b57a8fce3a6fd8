//! Thread pool with one named thread per worker. Jobs and results travel over bounded channels; an idle thread sleeps.
//!
//! The state of a worker lives on its thread and nowhere else. When the worker is stopped, the thread ends and the
//! state is gone. Dropping the pool ends and joins all threads.

use crossbeam_channel::{Receiver, Sender, bounded};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{Builder, JoinHandle};

/// Stack of a thread: enough for a node, and small enough for 2,000 nodes. Untouched pages use no memory.
const STACK_BYTES: usize = 1 << 20;
/// Most results that wait to be read. Further workers block until there is room.
const RESULTS_WAITING_MAX: usize = 256;

/// A job without a result.
#[derive(Debug)]
pub enum LostJob<J> {
    /// The worker is not running. The job was not started.
    NotRunning(J),
    /// The worker panicked in the job and has ended.
    Panicked,
}

type JobResult<J, R> = Result<R, LostJob<J>>;

struct Worker<J> {
    /// A worker has at most one job at a time, so sending never blocks.
    jobs: Sender<J>,
    handle: JoinHandle<()>,
}

/// The workers, by index.
pub struct WorkerThreads<J, R> {
    workers: Vec<Option<Worker<J>>>,
    result: Sender<JobResult<J, R>>,
    results: Receiver<JobResult<J, R>>,
}

impl<J: Send + 'static, R: Send + 'static> WorkerThreads<J, R> {
    /// A pool without workers.
    #[must_use]
    pub fn new() -> WorkerThreads<J, R> {
        let (result, results) = bounded(RESULTS_WAITING_MAX);
        WorkerThreads {
            workers: Vec::new(),
            result,
            results,
        }
    }

    /// Starts the worker at `index`; a running one is stopped first. `make` is called on the new thread.
    ///
    /// # Errors
    /// If the operating system starts no further thread.
    pub fn start<W>(
        &mut self,
        index: usize,
        name: &str,
        make: impl FnOnce() -> W + Send + 'static,
    ) -> io::Result<()>
    where
        W: FnMut(J) -> R,
    {
        self.stop(index);
        let (jobs, inbox) = bounded(1);
        let result = self.result.clone();
        // A thread name must not contain a zero byte.
        let thread = Builder::new()
            .name(name.replace('\0', ""))
            .stack_size(STACK_BYTES);
        let handle = thread.spawn(move || work_off(&inbox, &result, make()))?;
        if self.workers.len() <= index {
            self.workers.resize_with(index + 1, || None);
        }
        self.workers[index] = Some(Worker { jobs, handle });
        Ok(())
    }

    /// Ends the worker at `index`, if it is running.
    pub fn stop(&mut self, index: usize) {
        if let Some(worker) = self.workers.get_mut(index).and_then(Option::take) {
            drop(worker.jobs);
            join(worker.handle);
        }
    }

    /// Gives each worker its job, at most one per worker, and returns when all are done. The results have no fixed
    /// order.
    pub fn run(
        &mut self,
        jobs: impl IntoIterator<Item = (usize, J)>,
    ) -> Vec<Result<R, LostJob<J>>> {
        let mut done = Vec::new();
        let mut running = 0;
        for (index, job) in jobs {
            match self.workers.get(index) {
                Some(Some(worker)) => match worker.jobs.send(job) {
                    Ok(()) => running += 1,
                    Err(unsent) => done.push(Err(LostJob::NotRunning(unsent.into_inner()))),
                },
                _ => done.push(Err(LostJob::NotRunning(job))),
            }
        }
        // The pool holds a sender, too, so receiving does not fail before the last result.
        done.extend(self.results.iter().take(running));
        done
    }
}

impl<J: Send + 'static, R: Send + 'static> Default for WorkerThreads<J, R> {
    fn default() -> WorkerThreads<J, R> {
        WorkerThreads::new()
    }
}

impl<J, R> Drop for WorkerThreads<J, R> {
    fn drop(&mut self) {
        let workers: Vec<Worker<J>> = self.workers.drain(..).flatten().collect();
        // All channels are closed before the first thread is joined, so that the threads end in parallel.
        let handles: Vec<JoinHandle<()>> =
            workers.into_iter().map(|worker| worker.handle).collect();
        handles.into_iter().for_each(join);
    }
}

fn work_off<J, R>(
    jobs: &Receiver<J>,
    results: &Sender<JobResult<J, R>>,
    mut work: impl FnMut(J) -> R,
) {
    for job in jobs {
        let result = catch_unwind(AssertUnwindSafe(|| work(job))).map_err(|_| LostJob::Panicked);
        let has_panicked = result.is_err();
        if results.send(result).is_err() || has_panicked {
            break;
        }
    }
}

fn join(handle: JoinHandle<()>) {
    // A panic was reported as the result of its job.
    let _ = handle.join();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_has_a_result_even_if_its_worker_panics_or_is_missing() {
        let mut pool: WorkerThreads<u32, u32> = WorkerThreads::new();
        for index in 0..2 {
            let make = move || {
                move |job: u32| {
                    assert_ne!(job, 13, "a job that panics");
                    job + index
                }
            };
            pool.start(index as usize, &format!("worker-{index}"), make)
                .unwrap();
        }
        let mut sums: Vec<u32> = pool
            .run([(0, 10), (1, 20)])
            .into_iter()
            .filter_map(Result::ok)
            .collect();
        sums.sort_unstable();
        assert_eq!(sums, [10, 21]);
        let results = pool.run([(0, 13), (7, 5)]);
        let is_panic =
            |result: &Result<u32, LostJob<u32>>| matches!(result, Err(LostJob::Panicked));
        let is_missing =
            |result: &Result<u32, LostJob<u32>>| matches!(result, Err(LostJob::NotRunning(5)));
        assert!(results.iter().any(is_panic) && results.iter().any(is_missing));
        pool.stop(1);
        assert!(matches!(
            pool.run([(1, 1)])[..],
            [Err(LostJob::NotRunning(1))]
        ));
    }
}
