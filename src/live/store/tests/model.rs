//! Random changes of a node's state, and a model of the store.

use crate::live::store::WriteBatch;
use crate::node::{
    BackupAnswer, Content, FileInfo, NodeKey, Persisted, Proposal, ProposalId, StateChange,
    TrustPolicy,
};
use crate::scp::{Ballot, Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Statement, Value};
use proptest::prelude::*;
use std::sync::Arc;

/// A change, before it is applied to a state.
#[derive(Clone, Debug)]
pub(super) enum ModelOp {
    Decide(Vec<u8>),
    /// Offset of the slot from the second to last decided one (or from slot 1), kind, value.
    Say(u64, ModelStatement, Vec<u8>),
    Pool(u32),
    Unpool(u32),
    Hold(u8),
    QuorumSet(u32),
    Trust(u8),
    Count(u64),
    Number,
    Announcement(u32, Vec<u8>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ModelStatement {
    Nomination,
    Ballot,
}

pub(super) fn ops() -> impl Strategy<Value = Vec<ModelOp>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let kind = prop_oneof![
        Just(ModelStatement::Nomination),
        Just(ModelStatement::Ballot)
    ];
    let op = prop_oneof![
        2 => bytes().prop_map(ModelOp::Decide),
        4 => (0..4u64, kind, bytes()).prop_map(|(slot, kind, value)| ModelOp::Say(slot, kind, value)),
        3 => (0..6u32).prop_map(ModelOp::Pool),
        2 => (0..6u32).prop_map(ModelOp::Unpool),
        1 => any::<u8>().prop_map(ModelOp::Hold),
        1 => (1..9u32).prop_map(ModelOp::QuorumSet),
        1 => any::<u8>().prop_map(ModelOp::Trust),
        2 => any::<u64>().prop_map(ModelOp::Count),
        1 => Just(ModelOp::Number),
        1 => (0..4u32, bytes()).prop_map(|(node, signed)| ModelOp::Announcement(node, signed)),
    ];
    prop::collection::vec(op, 0..8)
}

/// The whole stored state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct StoreModel {
    pub(super) persisted: Persisted,
    pub(super) numbers: Vec<NodeKey>,
    pub(super) announcements: std::collections::BTreeMap<NodeId, Vec<u8>>,
}

impl StoreModel {
    /// Applies a batch.
    pub(super) fn keep(&mut self, batch: &WriteBatch) {
        for change in &batch.changes {
            self.persisted.apply(change);
        }
        for (node, key) in &batch.numbers {
            assert_eq!(node.index(), self.numbers.len());
            self.numbers.push(*key);
        }
        self.announcements
            .extend(batch.announcements.iter().cloned());
    }

    /// A batch that a node in this state could commit next.
    pub(super) fn batch(&self, ops: &[ModelOp]) -> WriteBatch {
        let mut after = self.clone();
        let mut all = WriteBatch::default();
        for op in ops {
            let batch = after.one(op);
            after.keep(&batch);
            append(&mut all, batch);
        }
        all
    }

    fn one(&self, op: &ModelOp) -> WriteBatch {
        let kept = &self.persisted;
        let last = kept.decided.last().map_or(0, |(slot, _)| slot.0);
        let changes = match op.clone() {
            ModelOp::Decide(value) => vec![StateChange::Decided {
                slot: SlotIndex(last + 1),
                value: Value::from(value),
            }],
            ModelOp::Say(slot, kind, value) => {
                vec![StateChange::OwnStatement(envelope(
                    last.max(1) + slot - u64::from(last > 0),
                    kind,
                    value,
                ))]
            }
            // A node never pools a proposal twice.
            ModelOp::Pool(nth) if kept.pool.iter().any(|p| p.id.nth == nth) => vec![],
            ModelOp::Pool(nth) => vec![StateChange::Pooled(proposal(nth))],
            ModelOp::Unpool(nth) => vec![StateChange::Unpooled(proposal(nth).id)],
            ModelOp::Hold(nth) if nth % 3 == 0 => vec![StateChange::Holds(file(nth))],
            ModelOp::Hold(nth) if nth % 3 == 1 => vec![StateChange::BackedUp {
                file: file(nth),
                from: NodeId(nth.into()),
            }],
            ModelOp::Hold(nth) => vec![StateChange::Answered {
                proposal: proposal(nth.into()).id,
                answer: match nth % 2 {
                    0 => BackupAnswer::Yes,
                    _ => BackupAnswer::NoHasIt,
                },
            }],
            ModelOp::QuorumSet(nth) => vec![StateChange::QuorumSet {
                nth,
                quorum_set: Arc::new(quorum_set(nth)),
            }],
            ModelOp::Trust(which) => vec![StateChange::Trust(match which % 4 {
                0 => TrustPolicy::Found,
                1 => TrustPolicy::InRange,
                2 => TrustPolicy::None,
                _ => TrustPolicy::Fixed(Arc::new(quorum_set(u32::from(which)))),
            })],
            ModelOp::Count(n) => vec![match n % 3 {
                0 => StateChange::MessagesReserved(n),
                1 => StateChange::Proposals(n as u32),
                _ => StateChange::Announcements(n),
            }],
            ModelOp::Number => {
                let number = self.numbers.len() as u32;
                return WriteBatch {
                    numbers: vec![(NodeId(number), NodeKey::of(&format!("n{number}")))],
                    ..WriteBatch::default()
                };
            }
            ModelOp::Announcement(node, signed) => {
                return WriteBatch {
                    announcements: vec![(NodeId(node), signed)],
                    ..WriteBatch::default()
                };
            }
        };
        WriteBatch {
            changes,
            ..WriteBatch::default()
        }
    }
}

/// Appends `more` to `batch`.
pub(super) fn append(batch: &mut WriteBatch, more: WriteBatch) {
    batch.numbers.extend(more.numbers);
    batch.announcements.extend(more.announcements);
    batch.changes.extend(more.changes);
}

fn quorum_set(nth: u32) -> QuorumSet {
    QuorumSet {
        inner: vec![QuorumSet::flat(1, [NodeId(nth)])],
        ..QuorumSet::flat(2, [NodeId(0), NodeId(1)])
    }
}

fn envelope(slot: u64, kind: ModelStatement, value: Vec<u8>) -> Arc<Envelope> {
    let from = NodeId(0);
    let x = Value::from(value);
    Arc::new(Envelope {
        from,
        slot: SlotIndex(slot),
        quorum_set: QuorumSetId {
            owner: from,
            nth: 1,
        },
        statement: match kind {
            ModelStatement::Nomination => Statement::Nominate {
                voted: [x].into(),
                accepted: [].into(),
            },
            ModelStatement::Ballot => Statement::Prepare {
                ballot: Ballot { n: 1, x },
                prepared: None,
                prepared_prime: None,
                n_c: 0,
                n_h: 0,
            },
        },
    })
}

fn proposal(nth: u32) -> Arc<Proposal> {
    let origin = NodeKey::of(&format!("n{}", nth % 2));
    Arc::new(Proposal {
        id: ProposalId { origin, nth },
        content: match nth % 3 {
            0 => Content::Note(format!("note {nth} \u{1f355}")),
            1 => Content::File(file(nth as u8)),
            _ => Content::Choice(Value::from(vec![0xff, nth as u8])),
        },
    })
}

fn file(nth: u8) -> FileInfo {
    FileInfo {
        name: format!("{nth}.txt"),
        size_bytes: u64::from(nth),
        sha256: format!("{:02x}", nth % 5).repeat(32),
    }
}
