//! Every node on a thread of its own, named after it; who asks for a slot sleeps until it is over.
//!
//! What the threads do among themselves is in `relay`, how they wake each other in `mailbox`. Those of a small network
//! take turns, all on one core (`affinity`).

use super::affinity::Core;
use super::mailbox::{Inbox, Slit, mailbox};
use super::network::FlatNetwork;
use super::relay::{Answer, Baton, Host, Job, SHARED_MIN};
use super::slot::{BenchNode, SlotContext, SlotError, SlotWork};
use crate::scp::EvidenceMode;
use crate::time::Time;
use crossbeam_channel::{Sender, bounded};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

/// Enough for a node; pages that are never touched cost nothing.
const STACK_BYTES: usize = 1 << 20;

/// A network with a thread per node. Dropping it ends and joins all threads.
pub struct Threads {
    mailboxes: Arc<[Slit<Job>]>,
    handles: Vec<JoinHandle<()>>,
    /// Where the end of a slot is told.
    end: (Slit<Answer>, Inbox<Answer>),
    context: SlotContext,
    now: Time,
}

impl Threads {
    /// A network of `nodes` nodes before its first slot; all threads are running.
    ///
    /// # Errors
    /// If the system gives no further thread.
    pub fn new(nodes: usize, evidence_mode: EvidenceMode) -> Result<Threads, SlotError> {
        let network = Arc::new(FlatNetwork::new(nodes));
        let (slits, inboxes): (Vec<_>, Vec<_>) = network.nodes().map(|_| mailbox()).unzip();
        let mut threads = Threads {
            mailboxes: slits.into(),
            handles: Vec::with_capacity(network.len()),
            end: mailbox(),
            context: SlotContext::first(),
            now: Time::ZERO,
        };
        // Nothing is shared out among so few.
        let core = (network.len() < SHARED_MIN).then(Core::of_caller);
        let (running, all_running) = bounded(network.len());
        for (node, inbox) in network.nodes().zip(inboxes) {
            let member = BenchNode::new(&network, node, evidence_mode);
            let mailboxes = Arc::clone(&threads.mailboxes);
            let host = Host::new(member, Arc::clone(&network), mailboxes);
            let started = start(network.name(node), host, inbox, core, running.clone());
            threads.handles.push(started?);
        }
        // Starting is no work of a slot.
        all_running.iter().take(network.len()).for_each(drop);
        Ok(threads)
    }

    /// Runs the next slot until the last node has externalized; what is still under way then is dropped.
    ///
    /// # Errors
    /// If nodes disagree, nothing can happen any more, or a thread is lost.
    pub fn run_slot(&mut self) -> Result<SlotWork, SlotError> {
        let (slit, inbox) = &self.end;
        let nodes = self.mailboxes.len();
        let baton = Baton::new(&self.context, nodes, self.now, slit.clone());
        if let Some(first) = self.mailboxes.first() {
            first.post(Job::Carry(Box::new(baton)));
        }
        let (result, now) = inbox.fetch();
        self.now = now;
        let work = result?;
        self.context.advance(&work.decided);
        Ok(work)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // First all hear that there is no more work, then each is waited for.
        for mailbox in self.mailboxes.iter() {
            mailbox.post(Job::End);
        }
        for handle in self.handles.drain(..) {
            // Whoever ran a slot has heard of a thread that broke down.
            let _ = handle.join();
        }
    }
}

fn start(
    name: &str,
    mut host: Host,
    inbox: Inbox<Job>,
    core: Option<Core>,
    running: Sender<()>,
) -> Result<JoinHandle<()>, SlotError> {
    let thread = Builder::new().name(name.to_owned()).stack_size(STACK_BYTES);
    let live = move || {
        if let Some(core) = core {
            core.adopt();
        }
        // Who waits for it has room for all.
        let _ = running.send(());
        drop(running);
        loop {
            match inbox.fetch() {
                Job::Carry(baton) => host.carry(baton),
                Job::Share(work, shared) => {
                    let baton = host.share(&work, &shared);
                    drop((work, shared));
                    if let Some(baton) = baton {
                        host.carry(baton);
                    }
                }
                Job::End => return,
            }
        }
    };
    thread.spawn(live).map_err(|source| SlotError::NoThread {
        name: name.to_owned(),
        source,
    })
}
