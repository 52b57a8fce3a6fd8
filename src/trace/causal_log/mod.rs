//! `CausalLog`: the transitions of SCP and the statements behind them, folded from records.
//!
//! For each slot and node it holds the transitions, the statements that the node has sent, and the statements that it
//! has received, each with the way and the times of the copy that arrived first. So a transition leads to the messages
//! of its witnesses, and a message to the transition of its sender that produced it.
//!
//! | module | contents |
//! |---|---|
//! | `node_log` | transitions and statements of one node in one slot |
//! | `statements` | statements sent and received |
//! | `in_transit` | statements on their way |

mod in_transit;
mod node_log;
mod statements;

pub use in_transit::CopyInTransit;
pub use node_log::{NodeLog, Transition};
pub use statements::{ReceivedStatement, SentStatement};

use super::record::Record;
use crate::node::{Body, Input, Message, MessageRefusal, NodeEvent, Output};
use crate::scp::{Envelope, NodeId, ScpEvent, SlotIndex};
use crate::time::Time;
use in_transit::InTransit;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The slots that a log keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotsKept {
    /// The newest slots, this many.
    Newest(usize),
    /// The slots of a range.
    Range(RangeInclusive<SlotIndex>),
}

/// The place of a transition in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransitionId {
    /// The slot.
    pub slot: SlotIndex,
    /// The node.
    pub node: NodeId,
    /// Its number among the transitions of the node in the slot, from 0.
    pub nth: usize,
}

/// Transitions and statements of all nodes.
#[derive(Clone, Debug)]
pub struct CausalLog {
    kept: SlotsKept,
    slots: BTreeMap<SlotIndex, BTreeMap<NodeId, NodeLog>>,
    in_transit: InTransit,
}

impl CausalLog {
    /// The log before the first record.
    #[must_use]
    pub fn new(kept: SlotsKept) -> CausalLog {
        CausalLog {
            kept,
            slots: BTreeMap::new(),
            in_transit: InTransit::default(),
        }
    }

    /// Applies a record.
    pub fn apply(&mut self, record: &Record) {
        self.in_transit.advance_to(record.at());
        match record {
            Record::Stepped {
                at,
                node,
                input,
                outputs,
                ..
            } => {
                self.take_input(*at, *node, input);
                self.take_outputs(*at, *node, outputs);
            }
            Record::NodeAdded { config, .. } => self.forget_received(config.peer.id),
            Record::Sent { .. } | Record::Lost { .. } => self.in_transit.apply(record),
            Record::NodeReferenced { .. } | Record::Acted { .. } | Record::Chunk { .. } => {}
        }
    }

    /// The transitions and statements of `node` in `slot`.
    #[must_use]
    pub fn node(&self, slot: SlotIndex, node: NodeId) -> Option<&NodeLog> {
        self.slots.get(&slot)?.get(&node)
    }

    /// All nodes with transitions or statements in `slot`.
    pub fn nodes(&self, slot: SlotIndex) -> impl Iterator<Item = (NodeId, &NodeLog)> {
        let nodes = self.slots.get(&slot).into_iter().flatten();
        nodes.map(|(node, log)| (*node, log))
    }

    /// The transition with this number.
    #[must_use]
    pub fn transition(&self, id: TransitionId) -> Option<&Transition> {
        self.node(id.slot, id.node)?.transitions().get(id.nth)
    }

    /// The slots of the log, ascending.
    pub fn slots(&self) -> impl DoubleEndedIterator<Item = SlotIndex> {
        self.slots.keys().copied()
    }

    /// The statements about `slot` on their way to `to`.
    pub fn in_transit_to(
        &self,
        slot: SlotIndex,
        to: NodeId,
    ) -> impl Iterator<Item = CopyInTransit<'_>> {
        self.in_transit.to(slot, to)
    }

    /// The statements about `slot` on their way to any node; relays may forward them.
    pub fn in_transit(&self, slot: SlotIndex) -> impl Iterator<Item = CopyInTransit<'_>> {
        self.in_transit.all(slot)
    }

    fn keeps(&self, slot: SlotIndex) -> bool {
        match &self.kept {
            SlotsKept::Range(range) => range.contains(&slot),
            SlotsKept::Newest(count) => {
                self.slots.len() < *count
                    || self
                        .slots
                        .keys()
                        .next()
                        .is_some_and(|oldest| slot >= *oldest)
            }
        }
    }

    fn node_mut(&mut self, slot: SlotIndex, node: NodeId) -> Option<&mut NodeLog> {
        if !self.keeps(slot) {
            return None;
        }
        self.slots.entry(slot).or_default();
        if let SlotsKept::Newest(count) = self.kept {
            while self.slots.len() > count.max(1) {
                self.slots.pop_first();
            }
        }
        Some(self.slots.get_mut(&slot)?.entry(node).or_default())
    }

    fn take_input(&mut self, at: Time, node: NodeId, input: &Input) {
        match input {
            Input::Receive { from, message } => self.receive(at, node, *from, message),
            Input::Relayed { from, bundle } => {
                for message in &bundle.messages {
                    self.receive(at, node, *from, message);
                }
            }
            Input::Start(_) => self.forget_received(node),
            _ => {}
        }
    }

    fn receive(&mut self, at: Time, node: NodeId, via: NodeId, message: &Arc<Message>) {
        let Body::Scp {
            envelope,
            quorum_set,
        } = &message.body
        else {
            return;
        };
        if envelope.from == node {
            return;
        }
        let sent = self.node(envelope.slot, envelope.from);
        let sent_at = sent.and_then(|sent| sent.sent_at(message.id));
        if let Some(log) = self.node_mut(envelope.slot, node) {
            log.receive(ReceivedStatement {
                envelope: Arc::clone(envelope),
                quorum_set: Arc::clone(quorum_set),
                sent_at,
                received_at: at,
                via,
            });
        }
    }

    /// A stopped process loses what it has received.
    fn forget_received(&mut self, node: NodeId) {
        for nodes in self.slots.values_mut() {
            if let Some(log) = nodes.get_mut(&node) {
                log.forget_received();
            }
        }
    }

    fn take_outputs(&mut self, at: Time, node: NodeId, outputs: &[Output]) {
        self.in_transit.begin_step(node, at);
        self.begin_step(node);
        for output in outputs {
            match output {
                Output::Event(NodeEvent::Scp(event)) => self.take_event(at, node, event),
                Output::Event(NodeEvent::Refused { from, why }) => self.refuse(node, *from, *why),
                Output::Send { message, .. } => {
                    self.in_transit.send(message);
                    if let Body::Scp {
                        envelope,
                        quorum_set,
                    } = &message.body
                        && let Some(log) = self.node_mut(envelope.slot, node)
                    {
                        log.send(at, message.id, (envelope, quorum_set));
                    }
                }
                Output::Relay { bundle, .. } => self.in_transit.relay(bundle),
                _ => {}
            }
        }
    }

    fn begin_step(&mut self, node: NodeId) {
        for nodes in self.slots.values_mut() {
            if let Some(log) = nodes.get_mut(&node) {
                log.begin_step();
            }
        }
    }

    fn take_event(&mut self, at: Time, node: NodeId, event: &ScpEvent) {
        if let Some(log) = self.node_mut(event.slot(), node) {
            log.take_event(at, event);
        }
    }

    /// The node has refused a statement: it does not count.
    fn refuse(&mut self, node: NodeId, from: NodeId, why: MessageRefusal) {
        if matches!(why, MessageRefusal::Malformed) {
            return;
        }
        for nodes in self.slots.values_mut().rev() {
            if let Some(log) = nodes.get_mut(&node)
                && log.refuse_latest(from)
            {
                return;
            }
        }
    }
}

/// Whether both are the same statement of the same node.
pub(super) fn is_same(one: &Arc<Envelope>, other: &Arc<Envelope>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}
