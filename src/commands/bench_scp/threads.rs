//! Every node on a thread of its own, named after it, with bounded channels in between.
//!
//! Envelopes pass through one queue here too, but a generation of them at a time: all that nodes said in answer to the
//! generation before is handed to all nodes at once, and each works it off in the order of the queue. What they say to
//! that is put in the order in which a single queue would have it: by the envelope that was answered, then by node. So
//! every node hears the same in the same order as inline, and a node is woken once for many envelopes.

use super::network::FlatNetwork;
use super::slot::{Course, Decisions, Deed, Member, SlotError, SlotWork};
use crate::scp::{Envelope, NodeId, Recording};
use crate::time::Time;
use crossbeam_channel::{Receiver, Select, Sender, bounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Enough for a node; pages that are never touched cost nothing.
const STACK_BYTES: usize = 1 << 20;

/// What a node is to do next.
#[derive(Clone, Debug)]
enum Job {
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
    /// One for each node; none from a node that broke down.
    reports: Receiver<Option<Report>>,
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
        let mut job = Job::Nominate(self.course.clone());
        loop {
            let reports = self.run(&job)?;
            let said = slot.settle(&job, reports)?;
            if let Some(value) = slot.decisions.of_all() {
                let decided = value.clone();
                self.course.advance(&decided);
                return Ok(SlotWork {
                    decided,
                    deliveries: slot.deliveries,
                    broadcasts: slot.broadcasts,
                });
            }
            job = if said.is_empty() {
                let due = self.workers.iter().filter_map(|worker| worker.next_due);
                self.now = due.min().ok_or_else(|| slot.decisions.stuck())?;
                Job::Fire(self.now)
            } else {
                Job::Deliver(said.into())
            };
        }
    }

    /// Has all nodes do `job`; only those whose timer is due, if it is that.
    fn run(&mut self, job: &Job) -> Result<Vec<Report>, SlotError> {
        let lost = SlotError::ThreadLost {
            slot: self.course.slot,
        };
        let mut awaited = 0;
        for worker in &self.workers {
            match job {
                Job::Fire(now) if worker.next_due.is_none_or(|due| due > *now) => continue,
                _ if worker.jobs.send(job.clone()).is_err() => return Err(lost),
                _ => awaited += 1,
            }
        }
        let mut reports = Vec::with_capacity(awaited);
        while reports.len() < awaited {
            let Some(report) = receive(&self.reports).flatten() else {
                return Err(lost);
            };
            if let Some(worker) = self.workers.get_mut(report.node.index()) {
                worker.next_due = report.next_due;
            }
            reports.push(report);
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
            // What broke down in a node was caught and reported.
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
    fn settle(&mut self, job: &Job, reports: Vec<Report>) -> Result<Vec<Arc<Envelope>>, SlotError> {
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
        if let Job::Deliver(envelopes) = job {
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
    fn work(&mut self, job: Job) -> Report {
        let mut deeds = Vec::new();
        let (member, network) = (&mut self.member, self.network.as_ref());
        match job {
            Job::Nominate(course) => {
                self.course = course;
                let notice = |deed| deeds.push((0, deed));
                member.nominate(network, &self.course, self.now, notice);
            }
            Job::Deliver(envelopes) => {
                for (position, envelope) in envelopes.iter().enumerate() {
                    if envelope.from != member.node() {
                        let notice = |deed| deeds.push((position, deed));
                        member.receive(network, envelope, self.now, notice);
                    }
                }
            }
            Job::Fire(now) => {
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

fn start(mut host: Host, report: Sender<Option<Report>>) -> Result<Worker, SlotError> {
    let (jobs, work) = bounded(1);
    let name = host.network.name(host.member.node());
    let thread = Builder::new().name(name.clone()).stack_size(STACK_BYTES);
    let live = move || {
        while let Some(job) = receive(&work) {
            let done = catch_unwind(AssertUnwindSafe(|| host.work(job))).ok();
            if report.send(done).is_err() {
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

/// The next message; none once there can be no more. Sleeps at once if there is none yet: `Receiver::recv` would spin
/// and yield for a while first, which with a thread per node is the greater part of all work.
fn receive<T>(receiver: &Receiver<T>) -> Option<T> {
    let mut select = Select::new();
    select.recv(receiver);
    select.select().recv(receiver).ok()
}
