//! Single-threaded network: delivers one envelope after another from a first-in-first-out queue.

use super::network::FlatNetwork;
use super::slot::{BenchNode, Decisions, NodeOutput, SlotContext, SlotError, SlotWork};
use crate::scp::{Envelope, EvidenceMode};
use crate::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// Approximate number of envelopes of each node that are in flight at a time.
const ENVELOPES_PER_NODE: usize = 3;

/// A network on the caller's thread.
#[derive(Debug)]
pub struct InlineNetwork {
    network: FlatNetwork,
    nodes: Vec<BenchNode>,
    context: SlotContext,
    now: Time,
}

/// A slot before its decision.
struct InlineSlot {
    /// Each envelope is delivered to all nodes except its sender, in ascending order, before the next envelope. The
    /// effect is that of a queue of single deliveries.
    queue: VecDeque<Arc<Envelope>>,
    deliveries: u64,
    broadcasts: u64,
    decisions: Decisions,
    failure: Option<SlotError>,
}

impl InlineSlot {
    fn add(&mut self, output: NodeOutput) {
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

impl InlineNetwork {
    /// A network of `nodes` nodes before its first slot.
    #[must_use]
    pub fn new(nodes: usize, evidence_mode: EvidenceMode) -> InlineNetwork {
        let network = FlatNetwork::new(nodes);
        let node = |node| BenchNode::new(&network, node, evidence_mode);
        InlineNetwork {
            nodes: network.nodes().map(node).collect(),
            network,
            context: SlotContext::first(),
            now: Time::ZERO,
        }
    }

    /// Runs the next slot until the last node has externalized. Envelopes still in flight are dropped.
    ///
    /// # Errors
    /// If nodes disagree, or nothing can happen any more.
    pub fn run_slot(&mut self) -> Result<SlotWork, SlotError> {
        let mut slot = InlineSlot {
            queue: VecDeque::with_capacity(self.nodes.len() * ENVELOPES_PER_NODE),
            deliveries: 0,
            broadcasts: 0,
            decisions: Decisions::new(self.context.slot, self.nodes.len()),
            failure: None,
        };
        for node in &mut self.nodes {
            if slot.is_over() {
                break;
            }
            node.nominate(&self.network, &self.context, self.now, |output| {
                slot.add(output);
            });
        }
        while !slot.is_over() {
            match slot.queue.pop_front() {
                Some(envelope) => self.deliver(&envelope, &mut slot),
                None => self.fire(&mut slot)?,
            }
        }
        if let Some(error) = slot.failure {
            return Err(error);
        }
        let decided = match slot.decisions.of_all() {
            Some(value) => value.clone(),
            None => return Err(slot.decisions.stuck()),
        };
        self.context.advance(&decided);
        Ok(SlotWork {
            decided,
            deliveries: slot.deliveries,
            broadcasts: slot.broadcasts,
        })
    }

    fn deliver(&mut self, envelope: &Arc<Envelope>, slot: &mut InlineSlot) {
        for node in &mut self.nodes {
            if node.node() == envelope.from {
                continue;
            }
            slot.deliveries += 1;
            node.receive(&self.network, envelope, self.now, |output| {
                slot.add(output);
            });
            if slot.is_over() {
                break;
            }
        }
    }

    /// Advances to the earliest timers and processes them.
    fn fire(&mut self, slot: &mut InlineSlot) -> Result<(), SlotError> {
        let due = self.nodes.iter().filter_map(BenchNode::next_due).min();
        self.now = due.ok_or_else(|| slot.decisions.stuck())?;
        for node in &mut self.nodes {
            if slot.is_over() {
                break;
            }
            node.fire(&self.network, &self.context, self.now, |output| {
                slot.add(output);
            });
        }
        Ok(())
    }
}
