//! `Outbox`: collects the outputs of a step in order and numbers the messages that a node creates.
//!
//! It enforces "durable before sent": if a step changes persistent state, its first output is a `Persist`.

use super::contract::{Output, Recipient, TimerKind};
use super::event::NodeEvent;
use super::message::{Body, Message, MessageId};
use super::persisted::StateChange;
use crate::lists;
use crate::scp::NodeId;
use crate::time::Span;
use std::sync::Arc;

/// Message numbers are reserved in blocks of this size, so that most messages need no `Persist`.
const MESSAGES_RESERVED: u64 = 256;

/// Whether a message carries new information, or is periodic or re-sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrafficClass {
    /// The message moves the protocol forward.
    Progress,
    /// Outcome checks, idle detection and limits ignore the message.
    Housekeeping,
}

impl TrafficClass {
    /// The class of the answer to `question`.
    pub(super) fn of(question: &Message) -> TrafficClass {
        if question.housekeeping {
            TrafficClass::Housekeeping
        } else {
            TrafficClass::Progress
        }
    }
}

/// The outputs of the current step.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    me: NodeId,
    outputs: Vec<Output>,
    changes: Vec<StateChange>,
    /// The number of the latest message.
    messages: u64,
    /// Numbers up to this one are reserved durably.
    messages_reserved: u64,
}

impl Outbox {
    pub(super) fn new(me: NodeId) -> Outbox {
        Outbox {
            me,
            outputs: Vec::new(),
            changes: Vec::new(),
            messages: 0,
            messages_reserved: 0,
        }
    }

    /// Continues after a crash: `messages` is the highest number that may have been used.
    pub(super) fn restore(&mut self, messages: u64) {
        self.messages = messages;
        self.messages_reserved = messages;
    }

    /// The highest number that a message of this node can have.
    pub(super) fn reserved(&self) -> u64 {
        self.messages_reserved
    }

    /// Continues after the number `messages`, which the node has used before it was rolled back.
    pub(super) fn raise(&mut self, messages: u64) {
        if messages > self.messages_reserved {
            self.restore(messages);
            self.persist(StateChange::MessagesReserved(messages));
        }
    }

    /// Makes room for this many outputs. A recording keeps the outputs of all nodes, so spare room would cost memory.
    pub(super) fn reserve(&mut self, outputs: usize) {
        self.outputs.reserve_exact(outputs);
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push(output);
    }

    pub(super) fn event(&mut self, event: NodeEvent) {
        self.outputs.push(Output::Event(event));
    }

    /// Starts a timer. With a span of zero no timer starts, except for `Settle`, which then expires immediately.
    pub(super) fn timer(&mut self, kind: TimerKind, span: Span) {
        if span > Span::ZERO || kind == TimerKind::Settle {
            self.outputs.push(Output::SetTimer(kind, span));
        }
    }

    pub(super) fn cancel(&mut self, kind: TimerKind) {
        self.outputs.push(Output::CancelTimer(kind));
    }

    /// Makes a change durable before any other output of this step takes effect.
    pub(super) fn persist(&mut self, change: StateChange) {
        self.changes.push(change);
    }

    /// Creates a message for all nodes.
    pub(super) fn broadcast(&mut self, class: TrafficClass, body: Body) {
        let message = self.message(None, class, body);
        let to = Recipient::Neighbours;
        self.push(Output::Send { to, message });
    }

    /// Creates a message for one node. `via` is the node itself, or the neighbours that relay it.
    pub(super) fn send_to(
        &mut self,
        node: NodeId,
        via: Recipient,
        class: TrafficClass,
        body: Body,
    ) {
        let message = self.message(Some(node), class, body);
        self.push(Output::Send { to: via, message });
    }

    fn message(&mut self, to: Option<NodeId>, class: TrafficClass, body: Body) -> Arc<Message> {
        self.messages = self.messages.saturating_add(1);
        if self.messages > self.messages_reserved {
            self.messages_reserved = self.messages.saturating_add(MESSAGES_RESERVED);
            self.persist(StateChange::MessagesReserved(self.messages_reserved));
        }
        let id = MessageId {
            sender: self.me,
            nth: self.messages,
        };
        Arc::new(Message {
            id,
            to,
            housekeeping: class == TrafficClass::Housekeeping,
            body,
        })
    }

    /// Ends the step and returns its outputs, the `Persist` first.
    pub(super) fn take(&mut self) -> Vec<Output> {
        let mut outputs = std::mem::take(&mut self.outputs);
        if !self.changes.is_empty() {
            let changes = Output::Persist(std::mem::take(&mut self.changes));
            lists::insert(&mut outputs, 0, changes);
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(output: &Output) -> Option<u64> {
        match output {
            Output::Send { message, .. } => Some(message.id.nth),
            _ => None,
        }
    }

    #[test]
    fn message_numbers_are_unique_across_a_crash_and_reserved_in_blocks() {
        let mut outbox = Outbox::new(NodeId(3));
        let mut persists = 0;
        let mut durable = 0;
        for nth in 1..=600 {
            outbox.broadcast(TrafficClass::Progress, Body::PeersQuestion);
            let outputs = outbox.take();
            if let Some(Output::Persist(changes)) = outputs.first() {
                persists += 1;
                let [StateChange::MessagesReserved(reserved)] = changes[..] else {
                    panic!("{changes:?}");
                };
                durable = reserved;
            }
            assert!(
                nth <= durable,
                "message {nth} is sent with only {durable} reserved"
            );
            assert_eq!(outputs.iter().find_map(number), Some(nth));
        }
        assert_eq!(persists, 3);
        let mut restarted = Outbox::new(NodeId(3));
        restarted.restore(durable);
        restarted.broadcast(TrafficClass::Progress, Body::PeersQuestion);
        assert!(restarted.take().iter().find_map(number) > Some(600));
    }

    #[test]
    fn persist_comes_first_and_a_zero_span_sets_no_timer() {
        let mut outbox = Outbox::new(NodeId(0));
        outbox.timer(TimerKind::Refresh, Span::ZERO);
        outbox.cancel(TimerKind::Expire);
        outbox.persist(StateChange::Proposals(1));
        let outputs = outbox.take();
        assert!(matches!(
            outputs[..],
            [Output::Persist(_), Output::CancelTimer(_)]
        ));
        assert!(outbox.take().is_empty());
    }
}
