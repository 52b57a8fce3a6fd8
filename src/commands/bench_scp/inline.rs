//! All nodes on the caller's thread: one envelope after the other, as the queue has them.

use super::network::FlatNetwork;
use super::slot::{BenchNode, Decisions, NodeOutput, SlotContext, SlotError, SlotWork};
use crate::scp::{Envelope, EvidenceMode};
use crate::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// About as many envelopes of each node are under way at once.
const ENVELOPES_PER_NODE: usize = 3;

/// A network whose nodes take turns on the caller's thread.
#[derive(Debug)]
pub struct Inline {
    network: FlatNetwork,
    members: Vec<BenchNode>,
    context: SlotContext,
    now: Time,
}

/// What is under way in a slot.
struct RunningSlot {
    /// Each goes to everybody but its sender, in order of nodes, before the next one goes to anybody: the same as a
    /// queue of single deliveries.
    queue: VecDeque<Arc<Envelope>>,
    deliveries: u64,
    broadcasts: u64,
    decisions: Decisions,
    failure: Option<SlotError>,
}

impl RunningSlot {
    fn notice(&mut self, output: NodeOutput) {
        match output {
            NodeOutput::Broadcast(envelope) => {
                self.broadcasts += 1;
                self.queue.push_back(envelope);
            }
            NodeOutput::Decided(value) => {
                if let Err(error) = self.decisions.add(value) {
                    self.failure.get_or_insert(error);
                }
            }
        }
    }

    fn is_over(&self) -> bool {
        self.failure.is_some() || self.decisions.of_all().is_some()
    }
}

impl Inline {
    /// A network of `nodes` nodes before its first slot.
    #[must_use]
    pub fn new(nodes: usize, evidence_mode: EvidenceMode) -> Inline {
        let network = FlatNetwork::new(nodes);
        let member = |node| BenchNode::new(&network, node, evidence_mode);
        Inline {
            members: network.nodes().map(member).collect(),
            network,
            context: SlotContext::first(),
            now: Time::ZERO,
        }
    }

    /// Runs the next slot until the last node has externalized; what is still under way then is dropped.
    ///
    /// # Errors
    /// If nodes disagree, or nothing can happen any more.
    pub fn run_slot(&mut self) -> Result<SlotWork, SlotError> {
        let mut running = RunningSlot {
            queue: VecDeque::with_capacity(self.members.len() * ENVELOPES_PER_NODE),
            deliveries: 0,
            broadcasts: 0,
            decisions: Decisions::new(self.context.slot, self.members.len()),
            failure: None,
        };
        for member in &mut self.members {
            if running.is_over() {
                break;
            }
            member.nominate(&self.network, &self.context, self.now, |output| {
                running.notice(output);
            });
        }
        while !running.is_over() {
            match running.queue.pop_front() {
                Some(envelope) => self.deliver(&envelope, &mut running),
                None => self.fire(&mut running)?,
            }
        }
        if let Some(error) = running.failure {
            return Err(error);
        }
        let decided = match running.decisions.of_all() {
            Some(value) => value.clone(),
            None => return Err(running.decisions.stuck()),
        };
        self.context.advance(&decided);
        Ok(SlotWork {
            decided,
            deliveries: running.deliveries,
            broadcasts: running.broadcasts,
        })
    }

    fn deliver(&mut self, envelope: &Arc<Envelope>, running: &mut RunningSlot) {
        for member in &mut self.members {
            if member.node() == envelope.from {
                continue;
            }
            running.deliveries += 1;
            member.receive(&self.network, envelope, self.now, |output| {
                running.notice(output);
            });
            if running.is_over() {
                break;
            }
        }
    }

    /// Lets the earliest timers run out.
    fn fire(&mut self, running: &mut RunningSlot) -> Result<(), SlotError> {
        let due = self.members.iter().filter_map(BenchNode::next_due).min();
        self.now = due.ok_or_else(|| running.decisions.stuck())?;
        for member in &mut self.members {
            if running.is_over() {
                break;
            }
            member.fire(&self.network, &self.context, self.now, |output| {
                running.notice(output);
            });
        }
        Ok(())
    }
}
