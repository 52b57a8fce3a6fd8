//! `NodeLog`: transitions and statements of one node in one slot.

use super::is_same;
use super::statements::{ReceivedStatement, SentStatement};
use crate::node::MessageId;
use crate::scp::{Envelope, NodeId, QuorumSet, ScpEvent};
use crate::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A transition of a node.
#[derive(Clone, Debug)]
pub struct Transition {
    /// When it took place.
    pub at: Time,
    /// The event, with its evidence.
    pub event: Arc<ScpEvent>,
}

/// The sender of a statement, and whether it is a NOMINATE.
type SenderAndKind = (NodeId, bool);

/// Transitions and statements of one node in one slot, each in order of time.
#[derive(Clone, Debug, Default)]
pub struct NodeLog {
    transitions: Vec<Transition>,
    /// The first transition of the current step.
    step_start: usize,
    sent: Vec<SentStatement>,
    received: BTreeMap<SenderAndKind, Vec<ReceivedStatement>>,
}

impl NodeLog {
    /// The transitions.
    #[must_use]
    pub fn transitions(&self) -> &[Transition] {
        &self.transitions
    }

    /// The distinct statements that the node has sent.
    #[must_use]
    pub fn sent(&self) -> &[SentStatement] {
        &self.sent
    }

    /// The newest statement of the node: its NOMINATE, or its ballot statement.
    #[must_use]
    pub fn latest_sent(&self, is_nominate: bool) -> Option<&SentStatement> {
        let mut newest_first = self.sent.iter().rev();
        newest_first.find(|sent| sent.envelope.statement.is_nominate() == is_nominate)
    }

    /// The statement that the node has sent, if it has.
    #[must_use]
    pub fn find_sent(&self, envelope: &Arc<Envelope>) -> Option<&SentStatement> {
        self.sent
            .iter()
            .find(|sent| is_same(&sent.envelope, envelope))
    }

    /// The statement that the node has received, if it has.
    #[must_use]
    pub fn find_received(&self, envelope: &Arc<Envelope>) -> Option<&ReceivedStatement> {
        let key = (envelope.from, envelope.statement.is_nominate());
        let mut of_sender = self.received.get(&key)?.iter();
        of_sender.find(|received| is_same(&received.envelope, envelope))
    }

    /// The statements of `from` that the node has received, in order of arrival.
    #[must_use]
    pub fn received_from(&self, from: NodeId, is_nominate: bool) -> &[ReceivedStatement] {
        let of_sender = self.received.get(&(from, is_nominate));
        of_sender.map_or(&[], Vec::as_slice)
    }

    /// The statement of each sender that counts: the newest one, by its contents.
    pub fn latest_received(&self) -> impl Iterator<Item = &ReceivedStatement> {
        self.received.values().filter_map(|of_sender| {
            of_sender.iter().reduce(|latest, next| {
                match next.envelope.supersedes(&latest.envelope) {
                    true => next,
                    false => latest,
                }
            })
        })
    }

    pub(super) fn sent_at(&self, id: MessageId) -> Option<Time> {
        let newest_first = self.sent.iter().rev();
        newest_first.filter_map(|sent| sent.copy_sent_at(id)).next()
    }

    pub(super) fn begin_step(&mut self) {
        self.step_start = self.transitions.len();
    }

    pub(super) fn take_event(&mut self, at: Time, event: &ScpEvent) {
        if matches!(event, ScpEvent::Refused { .. }) {
            return;
        }
        let event = Arc::new(event.clone());
        self.transitions.push(Transition { at, event });
    }

    pub(super) fn send(
        &mut self,
        at: Time,
        id: MessageId,
        (envelope, quorum_set): (&Arc<Envelope>, &Arc<QuorumSet>),
    ) {
        let mut known = self.sent.iter_mut();
        match known.find(|sent| is_same(&sent.envelope, envelope)) {
            Some(known) => known.repeat(at, id),
            None => {
                let transitions = self.step_start..self.transitions.len();
                self.sent.push(SentStatement::new(
                    at,
                    id,
                    (envelope, quorum_set),
                    transitions,
                ));
            }
        }
    }

    pub(super) fn receive(&mut self, received: ReceivedStatement) {
        let envelope = &received.envelope;
        let key = (envelope.from, envelope.statement.is_nominate());
        let of_sender = self.received.entry(key).or_default();
        let is_known = of_sender
            .iter()
            .any(|known| is_same(&known.envelope, envelope));
        if !is_known {
            of_sender.push(received);
        }
    }

    pub(super) fn forget_received(&mut self) {
        self.received.clear();
    }

    /// Removes the statement of `from` that arrived last. False if there is none.
    pub(super) fn refuse_latest(&mut self, from: NodeId) -> bool {
        let of_sender = self.received.range_mut((from, false)..=(from, true));
        let latest = of_sender
            .map(|(_, received)| received)
            .filter(|received| !received.is_empty())
            .max_by_key(|received| received.last().map(|last| last.received_at));
        latest.is_some_and(|received| received.pop().is_some())
    }
}
