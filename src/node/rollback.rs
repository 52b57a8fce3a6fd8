//! `Rollback`: recovery of a node whose durable state was replaced by an older copy.
//!
//! Other nodes return the newest messages that this node has made ([`Remembered`]). If their numbers are higher than any
//! number that the node can have used, it was rolled back: it stops voting, takes numbers beyond those, fetches the log
//! that it has lost, and repeats its own newest statements about the running slot before it makes others. If it has
//! already made another statement about that slot, it stays silent until the slot is decided.

use crate::scp::{Envelope, QuorumSet, SlotIndex};
use std::sync::Arc;

/// The newest statements about a slot that are stored: a nomination and a ballot statement, of a few slots.
const STATEMENTS_MAX: usize = 8;

/// What another node remembers of this one. Every part was signed by this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The highest number of a message.
    pub messages: u64,
    /// The highest number of an announcement.
    pub announcements: u64,
    /// The highest number of a proposal.
    pub proposals: u32,
    /// The newest statements, with the quorum sets that they name.
    pub statements: Vec<(Arc<Envelope>, Arc<QuorumSet>)>,
}

/// The statements of this node that others remember and it does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Rollback {
    statements: Vec<(Arc<Envelope>, Arc<QuorumSet>)>,
    /// Whether the node has been rolled back and does not vote again yet.
    is_recovering: bool,
    /// The slot in which the node stays silent.
    silent_in: Option<SlotIndex>,
}

impl Rollback {
    /// Whether the node has been rolled back and does not vote again yet: other nodes still return statements.
    pub(super) fn is_recovering(&self) -> bool {
        self.is_recovering
    }

    /// The node votes again.
    pub(super) fn end(&mut self) {
        self.is_recovering = false;
    }

    /// Adds remembered statements. Of the statements of one kind about one slot, the newest stays.
    pub(super) fn add(&mut self, statements: &[(Arc<Envelope>, Arc<QuorumSet>)]) {
        self.is_recovering = true;
        for (envelope, set) in statements {
            let is_same_kind = |known: &Envelope| {
                known.slot == envelope.slot
                    && known.statement.is_nominate() == envelope.statement.is_nominate()
            };
            match self
                .statements
                .iter_mut()
                .find(|(known, _)| is_same_kind(known))
            {
                Some(known) if envelope.supersedes(&known.0) => {
                    *known = (Arc::clone(envelope), Arc::clone(set));
                }
                Some(_) => {}
                None => self
                    .statements
                    .push((Arc::clone(envelope), Arc::clone(set))),
            }
        }
        self.statements
            .sort_by_key(|(envelope, _)| std::cmp::Reverse(envelope.slot));
        self.statements.truncate(STATEMENTS_MAX);
    }

    /// Removes and returns the statements about `slot`, the nomination first. Drops those about earlier slots.
    pub(super) fn take(&mut self, slot: SlotIndex) -> Vec<(Arc<Envelope>, Arc<QuorumSet>)> {
        if self.statements.is_empty() {
            return Vec::new();
        }
        self.statements
            .retain(|(envelope, _)| envelope.slot >= slot);
        let (mut taken, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.statements)
            .into_iter()
            .partition(|(envelope, _)| envelope.slot == slot);
        self.statements = rest;
        taken.sort_by_key(|(envelope, _)| !envelope.statement.is_nominate());
        taken
    }

    /// Whether there is a statement about `slot`.
    pub(super) fn has_statement(&self, slot: SlotIndex) -> bool {
        self.statements
            .iter()
            .any(|(envelope, _)| envelope.slot == slot)
    }

    /// The node stays silent in `slot`.
    pub(super) fn stay_silent(&mut self, slot: SlotIndex) {
        self.silent_in = Some(slot);
    }

    /// Whether the node stays silent in `slot`.
    pub(super) fn is_silent(&self, slot: SlotIndex) -> bool {
        self.silent_in == Some(slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::{Ballot, NodeId, QuorumSetId, Statement, Value};

    fn statement(slot: u64, statement: Statement) -> (Arc<Envelope>, Arc<QuorumSet>) {
        let (from, slot) = (NodeId(0), SlotIndex(slot));
        let quorum_set = QuorumSetId {
            owner: from,
            nth: 1,
        };
        let envelope = Envelope {
            from,
            slot,
            quorum_set,
            statement,
        };
        (
            Arc::new(envelope),
            Arc::new(QuorumSet::flat(1, [NodeId(0)])),
        )
    }

    fn nominate(slot: u64, voted: &[&str]) -> (Arc<Envelope>, Arc<QuorumSet>) {
        let voted = voted.iter().map(|text| Value::from(*text)).collect();
        let accepted = Vec::new();
        statement(slot, Statement::Nominate { voted, accepted })
    }

    fn prepare(slot: u64, n: u32) -> (Arc<Envelope>, Arc<QuorumSet>) {
        let ballot = Ballot {
            n,
            x: Value::from("x"),
        };
        let prepare = Statement::Prepare {
            ballot,
            prepared: None,
            prepared_prime: None,
            n_c: 0,
            n_h: 0,
        };
        statement(slot, prepare)
    }

    #[test]
    fn the_newest_statements_of_each_kind_are_taken_once() {
        let mut rollback = Rollback::default();
        rollback.add(&[prepare(3, 2), nominate(3, &["a"]), nominate(2, &["a"])]);
        rollback.add(&[prepare(3, 1), nominate(3, &["a", "b"]), nominate(4, &["c"])]);
        assert!(rollback.has_statement(SlotIndex(3)));
        let taken = rollback.take(SlotIndex(3));
        assert_eq!(taken, [nominate(3, &["a", "b"]), prepare(3, 2)]);
        assert!(!rollback.has_statement(SlotIndex(3)) && !rollback.has_statement(SlotIndex(2)));
        assert_eq!(rollback.take(SlotIndex(4)), [nominate(4, &["c"])]);
    }
}
