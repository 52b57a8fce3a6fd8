//! The executor that gives every node a thread of its own, named after it. Work goes to a node and its report comes
//! back over bounded channels; whoever has nothing to do sleeps in one.
//!
//! A node's state lives on its thread and nowhere else: when the node crashes or leaves, the thread ends and the state
//! is gone. Dropping the executor ends and joins all threads.

use super::executor::{Delivery, Executor, Job, Outcome, Report, SimError, Step};
use super::host::Host;
use super::participant::Birth;
use crate::node::NodeConfig;
use crate::scp::NodeId;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Enough for a node, little enough for 2,000 of them; pages that are never touched cost nothing.
const STACK_BYTES: usize = 1 << 20;
/// Reports that wait to be read; nodes beyond it wait with theirs.
const REPORTS_WAITING_MAX: usize = 256;

struct Worker {
    /// A node has at most one job at a time, so sending never waits.
    jobs: Sender<Job>,
    handle: JoinHandle<()>,
}

/// All threads by node.
pub(super) struct Threads {
    birth: Birth,
    workers: Vec<Option<Worker>>,
    report: Sender<Report>,
    reports: Receiver<Report>,
}

impl Threads {
    pub(super) fn new(birth: Birth) -> Threads {
        let (report, reports) = bounded(REPORTS_WAITING_MAX);
        Threads {
            birth,
            workers: Vec::new(),
            report,
            reports,
        }
    }
}

impl Executor for Threads {
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError> {
        self.stop(node);
        let (jobs, work) = bounded(1);
        let (report, config, birth) = (self.report.clone(), Arc::clone(config), self.birth);
        let name = Arc::clone(&config.peer.name);
        // The system takes no zero byte in the name of a thread.
        let thread_name = format!("node-{}", name.replace('\0', ""));
        let thread = Builder::new().name(thread_name).stack_size(STACK_BYTES);
        let handle = thread
            .spawn(move || run_node(Host::new(node, &config, birth), &work, &report))
            .map_err(|source| SimError::NoThread { name, source })?;
        if self.workers.len() <= node.index() {
            self.workers.resize_with(node.index() + 1, || None);
        }
        self.workers[node.index()] = Some(Worker { jobs, handle });
        Ok(())
    }

    fn stop(&mut self, node: NodeId) {
        if let Some(worker) = self.workers.get_mut(node.index()).and_then(Option::take) {
            join(worker);
        }
    }

    fn run(&mut self, jobs: Vec<Job>) -> Vec<Report> {
        let mut reports = Vec::with_capacity(jobs.len());
        let mut awaited = 0;
        for job in jobs {
            match self.workers.get(job.node.index()) {
                Some(Some(worker)) => match worker.jobs.send(job) {
                    Ok(()) => awaited += 1,
                    Err(refused) => reports.push(gone(refused.into_inner())),
                },
                _ => reports.push(gone(job)),
            }
        }
        // `report` is held here too, so receiving fails only after the last report.
        reports.extend(self.reports.iter().take(awaited));
        reports
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let workers: Vec<Worker> = self.workers.drain(..).flatten().collect();
        // First all hear that there is no more work, then each is waited for.
        let handles: Vec<JoinHandle<()>> =
            workers.into_iter().map(|worker| worker.handle).collect();
        handles.into_iter().for_each(end);
    }
}

/// The life of a node's thread: until nobody has work for it any more.
fn run_node(mut host: Host, work: &Receiver<Job>, report: &Sender<Report>) {
    for job in work {
        if report.send(host.work(job)).is_err() {
            break;
        }
    }
}

fn join(worker: Worker) {
    drop(worker.jobs);
    end(worker.handle);
}

fn end(handle: JoinHandle<()>) {
    // A host catches what breaks down in its node, so a thread has nothing to say when it ends.
    let _ = handle.join();
}

/// What is reported for a thread that is not there.
fn gone(job: Job) -> Report {
    let step = |delivery: Delivery| Step {
        key: delivery.key,
        tag: delivery.tag,
        is_housekeeping: false,
        outcome: Outcome::Gone,
    };
    Report {
        node: job.node,
        steps: job.deliveries.into_iter().map(step).collect(),
        next: None,
        awaits_progress: false,
    }
}
