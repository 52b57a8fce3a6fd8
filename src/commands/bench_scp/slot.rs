//! What both executors share: one node with its timers, who has decided, and what a slot took.

use super::network::FlatNetwork;
use crate::scp::{Effect, Envelope, EvidenceMode, NodeId, Scp, ScpTimer, SlotIndex, Value};
use crate::time::Time;
use std::sync::Arc;

/// The slot that is running, and the decision of the one before it.
#[derive(Clone, Debug)]
pub(super) struct SlotContext {
    pub(super) slot: SlotIndex,
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

    /// The slot after this one has decided `value`.
    pub(super) fn advance(&mut self, value: &Value) {
        self.slot = self.slot.next();
        self.prev = value.clone();
    }
}

/// What one slot took, up to the moment at which the last node externalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWork {
    /// The decision.
    pub decided: Value,
    /// Envelopes handed to a node.
    pub deliveries: u64,
    /// Envelopes that nodes gave out for everybody.
    pub broadcasts: u64,
}

/// Why a slot did not end as it should.
#[derive(Debug, thiserror::Error)]
pub enum SlotError {
    /// Nothing is under way and no timer runs.
    #[error("slot {slot}: nothing is under way and no timer runs, but only {decided} nodes have decided", slot = .slot.0)]
    Stuck {
        /// Which slot.
        slot: SlotIndex,
        /// How many have.
        decided: usize,
    },
    /// Two nodes decided differently.
    #[error("slot {slot}: both {one} and {other} were decided", slot = .slot.0)]
    Disagreement {
        /// Which slot.
        slot: SlotIndex,
        /// A decision.
        one: Value,
        /// Another.
        other: Value,
    },
    /// The system did not give another thread.
    #[error("no thread for node {name}: {source}; measure fewer nodes, or the executor `inline`")]
    NoThread {
        /// The node's name.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The thread of a node has ended before its time.
    #[error("slot {slot}: the thread of a node broke down", slot = .slot.0)]
    ThreadLost {
        /// Which slot.
        slot: SlotIndex,
    },
}

/// Who has decided in the slot that is running.
#[derive(Debug)]
pub(super) struct Decisions {
    slot: SlotIndex,
    nodes: usize,
    decided: usize,
    value: Option<Value>,
}

impl Decisions {
    /// Nobody of `nodes`.
    pub(super) fn new(slot: SlotIndex, nodes: usize) -> Decisions {
        Decisions {
            slot,
            nodes,
            decided: 0,
            value: None,
        }
    }

    /// Another node has decided.
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

    /// The decision, once everybody has decided.
    pub(super) fn of_all(&self) -> Option<&Value> {
        self.value.as_ref().filter(|_| self.decided == self.nodes)
    }

    /// How many nodes there are.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// The error of a slot in which nothing can happen any more.
    pub(super) fn stuck(&self) -> SlotError {
        SlotError::Stuck {
            slot: self.slot,
            decided: self.decided,
        }
    }
}

/// Something that others notice of a node.
#[derive(Clone, Debug)]
pub(super) enum NodeOutput {
    /// It says this to everybody.
    Broadcast(Arc<Envelope>),
    /// It has decided.
    Decided(Value),
}

/// One node and its timers.
#[derive(Debug)]
pub(super) struct BenchNode {
    node: NodeId,
    scp: Scp,
    proposal: Value,
    /// When each timer of the running slot runs out. Those of earlier slots do nothing any more.
    due: [Option<Time>; 2],
    /// Of the call being worked off; kept for its memory.
    effects: Vec<Effect>,
}

impl BenchNode {
    /// `node`, before it has heard anything.
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

    /// Its number.
    pub(super) fn node(&self) -> NodeId {
        self.node
    }

    /// Begins a slot: what was before is forgotten, and the node proposes.
    pub(super) fn nominate(
        &mut self,
        network: &FlatNetwork,
        context: &SlotContext,
        now: Time,
        notice: impl FnMut(NodeOutput),
    ) {
        self.due = [None; 2];
        self.scp.forget_slots_before(context.slot);
        let (value, prev) = (self.proposal.clone(), context.prev.clone());
        let effects = &mut self.effects;
        self.scp
            .nominate(network, context.slot, Some(value), prev, effects);
        self.carry_out(now, notice);
    }

    /// Takes in an envelope.
    pub(super) fn receive(
        &mut self,
        network: &FlatNetwork,
        envelope: &Arc<Envelope>,
        now: Time,
        notice: impl FnMut(NodeOutput),
    ) {
        // Overtaken statements are refused; that is everyday gossip.
        let _ = self.scp.receive(network, envelope, &mut self.effects);
        self.carry_out(now, notice);
    }

    /// When its next timer runs out.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.due.iter().flatten().min().copied()
    }

    /// Lets the timers run out that are due at `now`.
    pub(super) fn fire(
        &mut self,
        network: &FlatNetwork,
        context: &SlotContext,
        now: Time,
        mut notice: impl FnMut(NodeOutput),
    ) {
        for timer in [ScpTimer::Nomination, ScpTimer::Ballot] {
            let due = &mut self.due[at(timer)];
            if due.is_some_and(|due| due <= now) {
                *due = None;
                let effects = &mut self.effects;
                self.scp
                    .timer_expired(network, context.slot, timer, effects);
                self.carry_out(now, &mut notice);
            }
        }
    }

    fn carry_out(&mut self, now: Time, mut notice: impl FnMut(NodeOutput)) {
        if self.effects.is_empty() {
            return;
        }
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Emit(envelope) => notice(NodeOutput::Broadcast(envelope)),
                Effect::Externalized { value, .. } => notice(NodeOutput::Decided(value)),
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
