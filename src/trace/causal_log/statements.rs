//! Statements that a node has sent or received.

use crate::node::MessageId;
use crate::scp::{Envelope, NodeId, QuorumSet};
use crate::time::Time;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// Most copies of a statement whose times of sending are kept. Older copies have arrived or are lost.
const COPIES_MAX: usize = 16;

/// A statement that a node has sent.
#[derive(Clone, Debug)]
pub struct SentStatement {
    /// The statement.
    pub envelope: Arc<Envelope>,
    /// The quorum set that it names.
    pub quorum_set: Arc<QuorumSet>,
    /// When it was sent first.
    pub sent_at: Time,
    /// The transitions of the step that sent it first: numbers among the transitions of the node in the slot.
    pub transitions: Range<usize>,
    /// The newest copies with their times of sending.
    copies: VecDeque<(MessageId, Time)>,
}

impl SentStatement {
    pub(super) fn new(
        at: Time,
        id: MessageId,
        (envelope, quorum_set): (&Arc<Envelope>, &Arc<QuorumSet>),
        transitions: Range<usize>,
    ) -> SentStatement {
        SentStatement {
            envelope: Arc::clone(envelope),
            quorum_set: Arc::clone(quorum_set),
            sent_at: at,
            transitions,
            copies: VecDeque::from([(id, at)]),
        }
    }

    /// The statement is sent again.
    pub(super) fn repeat(&mut self, at: Time, id: MessageId) {
        if self.copies.len() >= COPIES_MAX {
            self.copies.pop_front();
        }
        self.copies.push_back((id, at));
    }

    /// When the copy with this number was sent.
    pub(super) fn copy_sent_at(&self, id: MessageId) -> Option<Time> {
        let found = self.copies.iter().find(|(copy, _)| *copy == id);
        found.map(|(_, at)| *at)
    }
}

/// A statement that a node has received, with the way of the copy that arrived first.
#[derive(Clone, Debug)]
pub struct ReceivedStatement {
    /// The statement.
    pub envelope: Arc<Envelope>,
    /// The quorum set that it names.
    pub quorum_set: Arc<QuorumSet>,
    /// When this copy was sent; `None` if the step of the sender is not in the log.
    pub sent_at: Option<Time>,
    /// When it arrived.
    pub received_at: Time,
    /// The neighbour that transmitted it: the sender itself, or a relay.
    pub via: NodeId,
}
