//! Latest messages: the newest signed messages of every other node.
//!
//! A node whose data folder was replaced by an older copy does not know what it has sent since. It asks other nodes,
//! and they return its own signed messages, which no other node can make.

use crate::live::wire::{MessageName, Signed, VerifiedMessage, WireBody};
use crate::node::NodeKey;
use crate::scp::Statement;
use std::collections::BTreeMap;

/// Most nodes whose messages are stored.
const SENDERS_MAX: usize = 2_048;
/// Longest message that is stored, in bytes. Statements and proposals are shorter.
const MESSAGE_BYTES_MAX: usize = 128 << 10;

/// The kinds of messages of which the newest one is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Nomination,
    Ballot,
    Proposal,
    Other,
}

impl Kind {
    fn of(body: &WireBody) -> Kind {
        match body {
            WireBody::Statement(statement) => match statement.statement {
                Statement::Nominate { .. } => Kind::Nomination,
                _ => Kind::Ballot,
            },
            WireBody::Proposal { .. } => Kind::Proposal,
            _ => Kind::Other,
        }
    }
}

/// The newest message of each kind, by sender.
#[derive(Debug, Default)]
pub(super) struct LatestMessages {
    by_sender: BTreeMap<NodeKey, BTreeMap<Kind, (u64, Signed)>>,
}

impl LatestMessages {
    /// Stores a message that its sender has made, if it is the newest of its kind.
    pub(super) fn note(&mut self, verified: &VerifiedMessage) {
        let MessageName { sender, nth } = verified.name();
        let is_new = !self.by_sender.contains_key(&sender);
        if is_new && self.by_sender.len() >= SENDERS_MAX
            || verified.signed.message.get().len() > MESSAGE_BYTES_MAX
        {
            return;
        }
        let of_sender = self.by_sender.entry(sender).or_default();
        let kind = Kind::of(&verified.message.body);
        if of_sender.get(&kind).is_none_or(|(known, _)| *known < nth) {
            of_sender.insert(kind, (nth, verified.signed.clone()));
        }
    }

    /// The newest messages of a node.
    #[must_use]
    pub(super) fn of(&self, sender: NodeKey) -> Vec<Signed> {
        let of_sender = self.by_sender.get(&sender).into_iter().flatten();
        of_sender.map(|(_, (_, signed))| signed.clone()).collect()
    }
}
