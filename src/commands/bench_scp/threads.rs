//! Every node on a thread of its own, named after it, with bounded channels in between.
//!
//! Envelopes pass through one queue here too, but a generation of them at a time: all that nodes said in answer to the
//! generation before is handed to all nodes at once, and each works it off in the order of the queue. What they say to
//! that is put in the order in which a single queue would have it: by the envelope that was answered, then by node. So
//! every node hears the same in the same order as inline, a node is woken once for many envelopes, and who hands them
//! out is woken once all nodes are done.

use super::network::FlatNetwork;
use super::slot::{Course, Decisions, Deed, Member, SlotError, SlotWork};
use crate::scp::{Envelope, NodeId, Recording};
use crate::time::Time;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::convert::Infallible;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Enough for a node; pages that are never touched cost nothing.
const STACK_BYTES: usize = 1 << 20;

/// What a node is to do next.
#[derive(Clone, Debug)]
struct Job {
    work: Work,
    /// Nothing is ever sent: all nodes are done when the last of these is gone, even with a thread that broke down.
    _done: Sender<Infallible>,
}

#[derive(Clone, Debug)]
enum Work {
    /// Begin this slot.
    Nominate(Course),
    /// Take in these envelopes, but for its own.
    Deliver(Arc<[Arc<Envelope>]>),
    /// Let the timers run out that are due at this time.
    Fire(Time),
}

/// What a node did with a job.
#[derive(Debug)]
struct Report {
    node: NodeId,
    /// With the position of the envelope that caused it, ascending.
    deeds: Vec<(usize, Deed)>,
    next_due: Option<Time>,
}

struct Worker {
    /// A node has at most one job at a time, so sending never waits.
    jobs: Sender<Job>,
    next_due: Option<Time>,
    handle: JoinHandle<()>,
}

/// A network with a thread per node. Dropping it ends and joins all threads.
pub struct Threads {
    workers: Vec<Worker>,
    reports: Receiver<Report>,
    course: Course,
    now: Time,
}

impl Threads {
    /// A network of `nodes` nodes before its first slot.
    ///
    /// # Errors
    /// If the system gives no further thread.
    pub fn new(nodes: usize, recording: Recording) -> Result<Threads, SlotError> {
        let network = Arc::new(FlatNetwork::new(nodes));
        // Room for all, so that no node ever waits for its report to be read.
        let (report, reports) = bounded(network.len());
        let mut threads = Threads {
            workers: Vec::with_capacity(network.len()),
            reports,
            course: Course::first(),
            now: Time::ZERO,
        };
        for node in network.nodes() {
            let host = Host {
                member: Member::new(&network, node, recording),
                network: Arc::clone(&network),
                course: Course::first(),
                now: Time::ZERO,
            };
            threads.workers.push(start(host, report.clone())?);
        }
        Ok(threads)
    }

    /// Runs the next slot until the last node has externalized; what is still under way then is dropped.
    ///
    /// # Errors
    /// If nodes disagree, nothing can happen any more, or a thread is lost.
    pub fn run_slot(&mut self) -> Result<SlotWork, SlotError> {
        let mut slot = Slot {
            decisions: Decisions::new(self.course.slot, self.workers.len()),
            deliveries: 0,
            broadcasts: 0,
        };
        let mut work = Work::Nominate(self.course.clone());
        loop {
            let reports = self.run(&work)?;
            let said = slot.settle(&work, reports)?;
            if let Some(value) = slot.decisions.of_all() {
                let decided = value.clone();
                self.course.advance(&decided);
                return Ok(SlotWork {
                    decided,
                    deliveries: slot.deliveries,
                    broadcasts: slot.broadcasts,
                });
            }
            work = if said.is_empty() {
                let due = self.workers.iter().filter_map(|worker| worker.next_due);
                self.now = due.min().ok_or_else(|| slot.decisions.stuck())?;
                Work::Fire(self.now)
            } else {
                Work::Deliver(said.into())
            };
        }
    }

    /// Has all nodes do `work`; only those whose timer is due, if it is that.
    fn run(&mut self, work: &Work) -> Result<Vec<Report>, SlotError> {
        let (done, all_done) = bounded(0);
        let mut awaited = 0;
        for worker in &self.workers {
            if matches!(work, Work::Fire(now) if worker.next_due.is_none_or(|due| due > *now)) {
                continue;
            }
            let job = Job {
                work: work.clone(),
                _done: done.clone(),
            };
            // A thread that is gone is missed below.
            let _ = worker.jobs.send(job);
            awaited += 1;
        }
        drop(done);
        // Nothing comes; it ends when the last job is done.
        let _ = all_done.recv();
        let reports: Vec<Report> = self.reports.try_iter().collect();
        for report in &reports {
            if let Some(worker) = self.workers.get_mut(report.node.index()) {
                worker.next_due = report.next_due;
            }
        }
        if reports.len() < awaited {
            let slot = self.course.slot;
            return Err(SlotError::ThreadLost { slot });
        }
        Ok(reports)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // First all hear that there is no more work, then each is waited for.
        let workers = self.workers.drain(..);
        let handles: Vec<JoinHandle<()>> = workers.map(|worker| worker.handle).collect();
        for handle in handles {
            // Whoever ran a slot has heard of a thread that broke down.
            let _ = handle.join();
        }
    }
}

/// What has happened in the slot that is running.
struct Slot {
    decisions: Decisions,
    deliveries: u64,
    broadcasts: u64,
}

impl Slot {
    /// Puts what nodes did into the order of the queue, counts it up to the moment at which the last node decided, and
    /// returns what they said.
    fn settle(
        &mut self,
        work: &Work,
        reports: Vec<Report>,
    ) -> Result<Vec<Arc<Envelope>>, SlotError> {
        let of_node = |report: Report| {
            let node = report.node;
            let deeds = report.deeds.into_iter();
            deeds.map(move |(position, deed)| ((position, node), deed))
        };
        let mut deeds: Vec<_> = reports.into_iter().flat_map(of_node).collect();
        deeds.sort_by_key(|(moment, _)| *moment);
        let mut said = Vec::new();
        let mut end = None;
        for (moment, deed) in deeds {
            if end.is_some_and(|end| moment > end) {
                break;
            }
            match deed {
                Deed::Said(envelope) => said.push(envelope),
                Deed::Decided(value) => self.decisions.add(value)?,
            }
            if self.decisions.of_all().is_some() {
                end = Some(moment);
            }
        }
        self.broadcasts += said.len() as u64;
        if let Work::Deliver(envelopes) = work {
            self.deliveries += deliveries(envelopes, self.decisions.nodes(), end);
        }
        Ok(said)
    }
}

/// How many deliveries `envelopes` are to `nodes` nodes, up to that of envelope `end.0` to node `end.1`.
fn deliveries(envelopes: &[Arc<Envelope>], nodes: usize, end: Option<(usize, NodeId)>) -> u64 {
    let per_envelope = nodes as u64 - 1;
    let Some((position, node)) = end else {
        return envelopes.len() as u64 * per_envelope;
    };
    let from = envelopes.get(position).map(|envelope| envelope.from);
    let last = (0..=node.0).filter(|&to| Some(NodeId(to)) != from).count();
    position as u64 * per_envelope + last as u64
}

/// What lives on the thread of a node.
struct Host {
    member: Member,
    network: Arc<FlatNetwork>,
    course: Course,
    now: Time,
}

impl Host {
    fn work(&mut self, work: Work) -> Report {
        let mut deeds = Vec::new();
        let (member, network) = (&mut self.member, self.network.as_ref());
        match work {
            Work::Nominate(course) => {
                self.course = course;
                let notice = |deed| deeds.push((0, deed));
                member.nominate(network, &self.course, self.now, notice);
            }
            Work::Deliver(envelopes) => {
                for (position, envelope) in envelopes.iter().enumerate() {
                    if envelope.from != member.node() {
                        let notice = |deed| deeds.push((position, deed));
                        member.receive(network, envelope, self.now, notice);
                    }
                }
            }
            Work::Fire(now) => {
                self.now = now;
                let notice = |deed| deeds.push((0, deed));
                member.fire(network, &self.course, now, notice);
            }
        }
        Report {
            node: member.node(),
            deeds,
            next_due: member.next_due(),
        }
    }
}

fn start(mut host: Host, reports: Sender<Report>) -> Result<Worker, SlotError> {
    let (jobs, jobs_to_do) = bounded(1);
    let name = host.network.name(host.member.node());
    let thread = Builder::new().name(name.clone()).stack_size(STACK_BYTES);
    let live = move || {
        for Job { work, _done } in jobs_to_do {
            if reports.send(host.work(work)).is_err() {
                break;
            }
        }
    };
    let handle = thread
        .spawn(live)
        .map_err(|source| SlotError::NoThread { name, source })?;
    Ok(Worker {
        jobs,
        next_due: None,
        handle,
    })
}
