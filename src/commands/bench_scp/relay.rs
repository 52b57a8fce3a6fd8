//! `Baton`: a slot that is being run by the threads of the nodes, without anybody above them.
//!
//! Envelopes pass through one queue, but a generation of them at a time: all that nodes said in answer to the generation
//! before is worked off by each node in the order of the queue. What they say to that is put in the order in which a
//! single queue would have it: by the envelope that was answered, then by node. So every node hears the same in the same
//! order as inline.
//!
//! Whoever has done the last part of a generation puts together the next one and does its own part of it at once. A small
//! generation goes on from node to node; a large one of many nodes is shared out, and all work on it at the same time. Either way a
//! node is woken once for a generation, but for one that need not be woken at all.

use super::mailbox::Slit;
use super::network::FlatNetwork;
use super::slot::{BenchNode, Decisions, NodeOutput, SlotContext, SlotError, SlotWork};
use crate::scp::{Envelope, NodeId};
use crate::time::Time;
use std::sync::{Arc, Mutex, PoisonError};

/// From so many envelopes on, to so many nodes, a generation is shared out: then each part takes longer than waking the
/// others.
pub(super) const SHARED_MIN: usize = 12;

/// What a node is woken for.
pub(super) enum Job {
    /// To do its part and pass the baton on.
    Carry(Box<Baton>),
    /// To do its part while others do theirs; who is last has the baton.
    Share(Work, Shared),
    /// To end.
    End,
}

/// The baton of a generation that is shared out, until somebody takes it.
pub(super) type Shared = Arc<Mutex<Option<Box<Baton>>>>;

/// What all nodes are to do next, and when.
#[derive(Clone, Debug)]
pub(super) struct Work {
    now: Time,
    task: Task,
}

#[derive(Clone, Debug)]
enum Task {
    /// Begin this slot.
    Nominate(SlotContext),
    /// Take in these envelopes, but for its own.
    Deliver(Arc<[Arc<Envelope>]>),
    /// Let the timers run out that are due.
    Fire,
}

/// How a slot ended, and when the last timers ran out.
pub(super) type Answer = (Result<SlotWork, SlotError>, Time);

/// Who waits for the end of a slot. It hears of it even if the baton is lost with a thread that breaks down.
pub(super) struct Caller {
    slit: Slit<Answer>,
    answer: Option<Answer>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some(answer) = self.answer.take() {
            self.slit.post(answer);
        }
    }
}

/// Something that a node did: answering which envelope, which node, what.
type Moment = (usize, NodeId);

/// A slot that is being run.
pub(super) struct Baton {
    work: Work,
    /// Who is still to do its part; the last one is next.
    awaited: Vec<NodeId>,
    /// If the generation is shared out, how many have not yet done theirs.
    sharing: usize,
    /// What came of the work, in each node's own order.
    outputs: Vec<(Moment, NodeOutput)>,
    /// By node, when its next timer runs out.
    due: Vec<Option<Time>>,
    decisions: Decisions,
    deliveries: u64,
    broadcasts: u64,
    caller: Caller,
}

impl Baton {
    /// The slot of `context` among `nodes` nodes, before anybody has done anything. Whoever reads `slit` learns how it
    /// ended.
    pub(super) fn new(context: &SlotContext, nodes: usize, now: Time, slit: Slit<Answer>) -> Baton {
        let lost = SlotError::ThreadLost { slot: context.slot };
        Baton {
            work: Work {
                now,
                task: Task::Nominate(context.clone()),
            },
            awaited: (0..nodes as u32).rev().map(NodeId).collect(),
            sharing: 0,
            outputs: Vec::new(),
            due: vec![None; nodes],
            decisions: Decisions::new(context.slot, nodes),
            deliveries: 0,
            broadcasts: 0,
            caller: Caller {
                slit,
                answer: Some((Err(lost), now)),
            },
        }
    }

    /// Takes in what came of the part of `member`.
    fn add(&mut self, member: &BenchNode, outputs: &mut Vec<(Moment, NodeOutput)>) {
        self.outputs.append(outputs);
        if let Some(due) = self.due.get_mut(member.node().index()) {
            *due = member.next_due();
        }
    }

    /// All have done their part: puts together what is to be done next, by whom, beginning with `node`. None if the slot
    /// is over; then the caller knows.
    fn next_generation(mut self: Box<Baton>, node: NodeId) -> Option<Box<Baton>> {
        let over = match self.settle() {
            Ok(None) => None,
            Ok(Some(work)) => Some(Ok(work)),
            Err(error) => Some(Err(error)),
        };
        if let Some(result) = over {
            self.caller.answer = Some((result, self.work.now));
            return None;
        }
        let nodes = self.due.len() as u32;
        // Round about from `node`, which is next.
        let round = (0..nodes).rev().map(|step| NodeId((node.0 + step) % nodes));
        let now = self.work.now;
        let is_called = |node: &NodeId| match self.work.task {
            Task::Fire => self.due[node.index()].is_some_and(|due| due <= now),
            Task::Nominate(_) | Task::Deliver(_) => true,
        };
        self.awaited.clear();
        self.awaited.extend(round.filter(is_called));
        Some(self)
    }

    /// Puts what nodes did into the order of the queue and counts it up to the moment at which the last node decided. Says
    /// what the slot took if that is so, and else sets the next work.
    fn settle(&mut self) -> Result<Option<SlotWork>, SlotError> {
        self.outputs.sort_by_key(|(moment, _)| *moment);
        let mut said = Vec::new();
        let mut end = None;
        for (moment, output) in self.outputs.drain(..) {
            if end.is_some_and(|end| moment > end) {
                break;
            }
            match output {
                NodeOutput::Broadcast(envelope) => said.push(envelope),
                NodeOutput::Decided(value) => self.decisions.add(value)?,
            }
            if self.decisions.of_all().is_some() {
                end = Some(moment);
            }
        }
        self.broadcasts += said.len() as u64;
        if let Task::Deliver(envelopes) = &self.work.task {
            self.deliveries += deliveries(envelopes, self.decisions.nodes(), end);
        }
        if let Some(value) = self.decisions.of_all() {
            return Ok(Some(SlotWork {
                decided: value.clone(),
                deliveries: self.deliveries,
                broadcasts: self.broadcasts,
            }));
        }
        self.work.task = if said.is_empty() {
            let due = self.due.iter().flatten().min().copied();
            self.work.now = due.ok_or_else(|| self.decisions.stuck())?;
            Task::Fire
        } else {
            Task::Deliver(said.into())
        };
        Ok(None)
    }

    fn is_large(&self) -> bool {
        self.due.len() >= SHARED_MIN
            && matches!(&self.work.task, Task::Deliver(envelopes) if envelopes.len() >= SHARED_MIN)
    }
}

/// How many deliveries `envelopes` are to `nodes` nodes, up to that of envelope `end.0` to node `end.1`.
fn deliveries(envelopes: &[Arc<Envelope>], nodes: usize, end: Option<Moment>) -> u64 {
    let per_envelope = nodes as u64 - 1;
    let Some((position, node)) = end else {
        return envelopes.len() as u64 * per_envelope;
    };
    let from = envelopes.get(position).map(|envelope| envelope.from);
    let last = (0..=node.0).filter(|&to| Some(NodeId(to)) != from).count();
    position as u64 * per_envelope + last as u64
}

/// What lives on the thread of a node.
pub(super) struct Host {
    member: BenchNode,
    network: Arc<FlatNetwork>,
    context: SlotContext,
    /// Everybody's mailbox, by node.
    mailboxes: Arc<[Slit<Job>]>,
    /// Of the part that is being done; kept for its memory.
    outputs: Vec<(Moment, NodeOutput)>,
}

impl Host {
    /// `member` before the first slot; everybody's jobs go into `mailboxes`.
    pub(super) fn new(
        member: BenchNode,
        network: Arc<FlatNetwork>,
        mailboxes: Arc<[Slit<Job>]>,
    ) -> Host {
        Host {
            member,
            network,
            context: SlotContext::first(),
            mailboxes,
            outputs: Vec::new(),
        }
    }

    /// The node.
    pub(super) fn node(&self) -> NodeId {
        self.member.node()
    }

    /// Does its part of a generation, and goes on until somebody else has the baton.
    pub(super) fn carry(&mut self, mut baton: Box<Baton>) {
        let node = self.node();
        loop {
            if baton.awaited.pop_if(|next| *next == node).is_some() {
                self.work(&baton.work);
                baton.add(&self.member, &mut self.outputs);
            }
            if let Some(&next) = baton.awaited.last() {
                return self.post(next, Job::Carry(baton));
            }
            let next = match baton.next_generation(node) {
                Some(next) if next.is_large() => self.share_out(next),
                next => next,
            };
            match next {
                Some(next) => baton = next,
                None => return,
            }
        }
    }

    /// Gives all others their parts and does its own.
    fn share_out(&mut self, mut baton: Box<Baton>) -> Option<Box<Baton>> {
        let work = baton.work.clone();
        let sharers = std::mem::take(&mut baton.awaited);
        baton.sharing = sharers.len();
        let shared = Arc::new(Mutex::new(Some(baton)));
        for node in sharers.into_iter().filter(|&node| node != self.node()) {
            self.post(node, Job::Share(work.clone(), Arc::clone(&shared)));
        }
        self.share(&work, &shared)
    }

    /// Does its part. Whoever is last has the baton.
    pub(super) fn share(&mut self, work: &Work, shared: &Shared) -> Option<Box<Baton>> {
        self.work(work);
        // Nothing that could break down is done while it is locked.
        let mut held = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(baton) = held.as_mut() {
            baton.add(&self.member, &mut self.outputs);
            baton.sharing -= 1;
        }
        held.take_if(|baton| baton.sharing == 0)
    }

    fn post(&self, node: NodeId, job: Job) {
        if let Some(mailbox) = self.mailboxes.get(node.index()) {
            mailbox.post(job);
        }
    }

    fn work(&mut self, work: &Work) {
        let (member, network, outputs) = (&mut self.member, &*self.network, &mut self.outputs);
        let (node, now) = (member.node(), work.now);
        match &work.task {
            Task::Nominate(context) => {
                self.context = context.clone();
                let notice = |output| outputs.push(((0, node), output));
                member.nominate(network, context, now, notice);
            }
            Task::Deliver(envelopes) => {
                for (position, envelope) in envelopes.iter().enumerate() {
                    if envelope.from != node {
                        let notice = |output| outputs.push(((position, node), output));
                        member.receive(network, envelope, now, notice);
                    }
                }
            }
            Task::Fire => {
                let notice = |output| outputs.push(((0, node), output));
                member.fire(network, &self.context, now, notice);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::mailbox::mailbox;
    use super::*;

    #[test]
    fn a_baton_that_is_lost_is_missed() {
        let (slit, inbox) = mailbox();
        let baton = Baton::new(&SlotContext::first(), 3, Time::ZERO, slit);
        let (gone, closed) = mailbox();
        drop(closed);
        gone.post(Job::Carry(Box::new(baton)));
        let (result, _) = inbox.fetch();
        assert!(matches!(result, Err(SlotError::ThreadLost { .. })));
    }
}
