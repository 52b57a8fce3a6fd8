//! Types that both executors share: one node with its timers, the decisions of a slot, and its counters.

use super::network::FlatNetwork;
use crate::scp::{Effect, Envelope, EvidenceMode, NodeId, Scp, ScpTimer, SlotIndex, Value};
use crate::time::Time;
use std::sync::Arc;

/// The running slot and the decision of the previous one.
#[derive(Clone, Debug)]
pub(super) struct SlotContext {
    /// The running slot.
    pub(super) slot: SlotIndex,
    /// The decision of the previous slot.
    pub(super) prev: Value,
}

impl SlotContext {
    /// The first slot.
    pub(super) fn first() -> SlotContext {
        SlotContext {
            slot: SlotIndex(1),
            prev: Value::from("genesis"),
        }
    }

    /// Moves to the next slot. `value` is the decision of this one.
    pub(super) fn advance(&mut self, value: &Value) {
        self.slot = self.slot.next();
        self.prev = value.clone();
    }
}

/// The work of one slot up to the externalization of the last node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWork {
    /// The decision.
    pub decided: Value,
    /// Envelopes delivered to a node.
    pub deliveries: u64,
    /// Envelopes broadcast by a node.
    pub broadcasts: u64,
}

/// Why a slot did not end in agreement.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// No envelope is in flight and no timer runs.
    #[error("slot {slot}: no envelope is in flight and no timer runs, but only {decided} nodes have decided", slot = .slot.0)]
    Stuck {
        /// The slot.
        slot: SlotIndex,
        /// The number of nodes that have decided.
        decided: usize,
    },
    /// Two nodes decided differently.
    #[error("slot {slot}: nodes decided both \"{one}\" and \"{other}\"", slot = .slot.0)]
    Disagreement {
        /// The slot.
        slot: SlotIndex,
        /// A decision.
        one: Value,
        /// Another decision.
        other: Value,
    },
    /// No further thread could be started.
    #[error("no thread for node {name}: {source}; measure fewer nodes, or the executor `inline`")]
    NoThread {
        /// The node's name.
        name: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The thread of a node panicked.
    #[error("slot {slot}: the thread of a node panicked", slot = .slot.0)]
    ThreadLost {
        /// The slot.
        slot: SlotIndex,
    },
}

/// The decisions of the nodes in the running slot.
#[derive(Debug)]
pub(super) struct Decisions {
    slot: SlotIndex,
    nodes: usize,
    decided: usize,
    value: Option<Value>,
}

impl Decisions {
    /// The state in which none of `nodes` nodes has decided.
    pub(super) fn new(slot: SlotIndex, nodes: usize) -> Decisions {
        Decisions {
            slot,
            nodes,
            decided: 0,
            value: None,
        }
    }

    /// Records that another node has decided `value`.
    ///
    /// # Errors
    /// If an earlier node decided another value.
    pub(super) fn add(&mut self, value: Value) -> Result<(), SlotError> {
        self.decided += 1;
        let one = self.value.get_or_insert_with(|| value.clone());
        if *one == value {
            return Ok(());
        }
        Err(SlotError::Disagreement {
            slot: self.slot,
            one: one.clone(),
            other: value,
        })
    }

    /// The decision, once all nodes have decided.
    pub(super) fn of_all(&self) -> Option<&Value> {
        self.value.as_ref().filter(|_| self.decided == self.nodes)
    }

    /// The error of a slot in which nothing can happen any more.
    pub(super) fn stuck(&self) -> SlotError {
        SlotError::Stuck {
            slot: self.slot,
            decided: self.decided,
        }
    }
}

/// An output of a node.
#[derive(Clone, Debug)]
pub(super) enum NodeOutput {
    /// The node broadcasts an envelope.
    Broadcast(Arc<Envelope>),
    /// The node has decided this value.
    Decided(Value),
}

/// One node and its timers.
#[derive(Debug)]
pub(super) struct BenchNode {
    node: NodeId,
    scp: Scp,
    proposal: Value,
    /// The expiry of each timer of the running slot. Timers of earlier slots have no effect.
    due: [Option<Time>; 2],
    /// A buffer for the effects of one call.
    effects: Vec<Effect>,
}

impl BenchNode {
    /// `node` before it has received anything.
    pub(super) fn new(
        network: &FlatNetwork,
        node: NodeId,
        evidence_mode: EvidenceMode,
    ) -> BenchNode {
        BenchNode {
            node,
            scp: network.scp(node, evidence_mode),
            proposal: network.proposal(node),
            due: [None; 2],
            effects: Vec::new(),
        }
    }

    /// The id of the node.
    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    /// Starts a slot with the node's proposal. Earlier slots are forgotten.
    pub(super) fn nominate(
        &mut self,
        network: &FlatNetwork,
        context: &SlotContext,
        now: Time,
        emit: impl FnMut(NodeOutput),
    ) {
        self.due = [None; 2];
        self.scp.forget_slots_before(context.slot);
        let (value, prev) = (self.proposal.clone(), context.prev.clone());
        let effects = &mut self.effects;
        self.scp
            .nominate(network, context.slot, Some(value), prev, effects);
        self.carry_out(now, emit);
    }

    /// Processes an envelope.
    pub(super) fn receive(
        &mut self,
        network: &FlatNetwork,
        envelope: &Arc<Envelope>,
        now: Time,
        emit: impl FnMut(NodeOutput),
    ) {
        // SCP refuses statements that are older than a known one. They are normal in a network, so the error is
        // ignored.
        let _ = self.scp.receive(network, envelope, &mut self.effects);
        self.carry_out(now, emit);
    }

    /// The expiry of its next timer.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.iter().flatten().min().copied()
    }

    /// Processes the timers that are due at `now`.
    pub(super) fn fire(
        &mut self,
        network: &FlatNetwork,
        context: &SlotContext,
        now: Time,
        mut emit: impl FnMut(NodeOutput),
    ) {
        for timer in [ScpTimer::Nomination, ScpTimer::Ballot] {
            let due = &mut self.due[at(timer)];
            if due.is_some_and(|due| due <= now) {
                *due = None;
                let effects = &mut self.effects;
                self.scp
                    .timer_expired(network, context.slot, timer, effects);
                self.carry_out(now, &mut emit);
            }
        }
    }

    fn carry_out(&mut self, now: Time, mut emit: impl FnMut(NodeOutput)) {
        if self.effects.is_empty() {
            return;
        }
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Emit(envelope) => emit(NodeOutput::Broadcast(envelope)),
                Effect::Externalized { value, .. } => emit(NodeOutput::Decided(value)),
                Effect::SetTimer { timer, span, .. } => self.due[at(timer)] = Some(now + span),
                Effect::StopTimer { timer, .. } => self.due[at(timer)] = None,
                Effect::Event(_) => {}
            }
        }
    }
}

const fn at(timer: ScpTimer) -> usize {
    match timer {
        ScpTimer::Nomination => 0,
        ScpTimer::Ballot => 1,
    }
}
