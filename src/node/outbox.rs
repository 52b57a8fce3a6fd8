//! `Outbox`: what a step wants done, collected in order, and the numbers under which things leave the node.
//!
//! Absent here: deciding anything. The one rule kept here is "durable before sent": a step that changed what must
//! survive a crash begins with a `Persist`.

use super::contract::{Output, Recipient, TimerKind};
use super::event::NodeEvent;
use super::message::{Body, Message, MessageId};
use super::persisted::StateChange;
use crate::scp::NodeId;
use crate::time::Span;
use std::sync::Arc;

/// Numbers of messages are reserved in blocks of this size, so that not every message needs a `Persist` of its own.
const MESSAGES_RESERVED: u64 = 256;

/// Whether a message says something new, or is periodic or re-sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrafficClass {
    /// It moves the network forward.
    Progress,
    /// Verdicts, idleness and limits ignore it.
    Housekeeping,
}

impl TrafficClass {
    /// The class of an answer to `question`.
    pub(super) fn of(question: &Message) -> TrafficClass {
        if question.housekeeping {
            TrafficClass::Housekeeping
        } else {
            TrafficClass::Progress
        }
    }
}

/// Collects the outputs of a step.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    me: NodeId,
    outputs: Vec<Output>,
    changes: Vec<StateChange>,
    messages: u64,
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

    /// Continues after the highest number that may have been used before a crash.
    pub(super) fn restore(&mut self, messages: u64) {
        self.messages = messages;
        self.messages_reserved = messages;
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push(output);
    }

    pub(super) fn event(&mut self, event: NodeEvent) {
        self.outputs.push(Output::Event(event));
    }

    /// Starts a timer; a span of zero means that this kind of timer is switched off, except that a roster can have
    /// settled at once.
    pub(super) fn timer(&mut self, kind: TimerKind, span: Span) {
        if span > Span::ZERO || kind == TimerKind::Settle {
            self.outputs.push(Output::SetTimer(kind, span));
        }
    }

    pub(super) fn cancel(&mut self, kind: TimerKind) {
        self.outputs.push(Output::CancelTimer(kind));
    }

    /// This must survive a crash from now on.
    pub(super) fn persist(&mut self, change: StateChange) {
        self.changes.push(change);
    }

    /// Creates a message for everybody.
    pub(super) fn broadcast(&mut self, class: TrafficClass, body: Body) {
        let message = self.message(None, class, body);
        let to = Recipient::Neighbours;
        self.push(Output::Send { to, message });
    }

    /// Creates a message for one node: sent straight to it, or (`via` says so) to be relayed until it gets there.
    pub(super) fn address(
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

    /// Everything the step wants done; what must survive a crash comes first.
    pub(super) fn take(&mut self) -> Vec<Output> {
        let mut outputs = std::mem::take(&mut self.outputs);
        if !self.changes.is_empty() {
            outputs.insert(0, Output::Persist(std::mem::take(&mut self.changes)));
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
    fn no_number_is_used_twice_over_a_crash_and_most_messages_need_no_persist() {
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
                "message {nth} leaves while {durable} is durable"
            );
            assert_eq!(outputs.iter().find_map(number), Some(nth));
        }
        assert_eq!(persists, 3);
        let mut again = Outbox::new(NodeId(3));
        again.restore(durable);
        again.broadcast(TrafficClass::Progress, Body::PeersQuestion);
        assert!(again.take().iter().find_map(number) > Some(600));
    }

    #[test]
    fn persist_comes_first_and_zero_spans_set_no_timer() {
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
