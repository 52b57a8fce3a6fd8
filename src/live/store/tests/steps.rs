//! Random changes such as a node makes them.

use crate::live::store::Batch;
use crate::node::{
    BackupAnswer, Content, FileInfo, NodeKey, Persisted, Proposal, ProposalId, StateChange,
    TrustPolicy,
};
use crate::scp::{Ballot, Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Statement, Value};
use proptest::prelude::*;
use std::sync::Arc;

/// A change, before it is known to what.
#[derive(Clone, Debug)]
pub(super) enum Op {
    Decide(Vec<u8>),
    /// Slots after the last decided one but one, kind, value.
    Say(u64, Kind, Vec<u8>),
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
pub(super) enum Kind {
    Nomination,
    Ballot,
}

pub(super) fn ops() -> impl Strategy<Value = Vec<Op>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..40);
    let kind = prop_oneof![Just(Kind::Nomination), Just(Kind::Ballot)];
    let op = prop_oneof![
        2 => bytes().prop_map(Op::Decide),
        4 => (0..4u64, kind, bytes()).prop_map(|(slot, kind, value)| Op::Say(slot, kind, value)),
        3 => (0..6u32).prop_map(Op::Pool),
        2 => (0..6u32).prop_map(Op::Unpool),
        1 => any::<u8>().prop_map(Op::Hold),
        1 => (1..9u32).prop_map(Op::QuorumSet),
        1 => any::<u8>().prop_map(Op::Trust),
        2 => any::<u64>().prop_map(Op::Count),
        1 => Just(Op::Number),
        1 => (0..4u32, bytes()).prop_map(|(node, signed)| Op::Announcement(node, signed)),
    ];
    prop::collection::vec(op, 0..8)
}

/// What is kept, all of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kept {
    pub(super) persisted: Persisted,
    pub(super) numbers: Vec<NodeKey>,
    pub(super) announcements: std::collections::BTreeMap<NodeId, Vec<u8>>,
}

impl Kept {
    /// The meaning of a batch.
    pub(super) fn keep(&mut self, batch: &Batch) {
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

    /// What a node that has kept this might do next.
    pub(super) fn batch(&self, ops: &[Op]) -> Batch {
        let mut after = self.clone();
        let mut all = Batch::default();
        for op in ops {
            let batch = after.one(op);
            after.keep(&batch);
            append(&mut all, batch);
        }
        all
    }

    fn one(&self, op: &Op) -> Batch {
        let kept = &self.persisted;
        let last = kept.decided.last().map_or(0, |(slot, _)| slot.0);
        let changes = match op.clone() {
            Op::Decide(value) => vec![StateChange::Decided {
                slot: SlotIndex(last + 1),
                value: Value::from(value),
            }],
            Op::Say(slot, kind, value) => {
                vec![StateChange::OwnStatement(said(
                    last.max(1) + slot - u64::from(last > 0),
                    kind,
                    value,
                ))]
            }
            // A node pools nothing that it has.
            Op::Pool(nth) if kept.pool.iter().any(|p| p.id.nth == nth) => vec![],
            Op::Pool(nth) => vec![StateChange::Pooled(proposal(nth))],
            Op::Unpool(nth) => vec![StateChange::Unpooled(proposal(nth).id)],
            Op::Hold(nth) if nth % 3 == 0 => vec![StateChange::Holds(file(nth))],
            Op::Hold(nth) if nth % 3 == 1 => vec![StateChange::BackedUp {
                file: file(nth),
                from: NodeId(nth.into()),
            }],
            Op::Hold(nth) => vec![StateChange::Answered {
                proposal: proposal(nth.into()).id,
                answer: match nth % 2 {
                    0 => BackupAnswer::Yes,
                    _ => BackupAnswer::NoHasIt,
                },
            }],
            Op::QuorumSet(nth) => vec![StateChange::QuorumSet {
                nth,
                quorum_set: Arc::new(quorum_set(nth)),
            }],
            Op::Trust(which) => vec![StateChange::Trust(match which % 4 {
                0 => TrustPolicy::Found,
                1 => TrustPolicy::InRange,
                2 => TrustPolicy::None,
                _ => TrustPolicy::Fixed(Arc::new(quorum_set(u32::from(which)))),
            })],
            Op::Count(n) => vec![match n % 3 {
                0 => StateChange::MessagesReserved(n),
                1 => StateChange::Proposals(n as u32),
                _ => StateChange::Announcements(n),
            }],
            Op::Number => {
                let number = self.numbers.len() as u32;
                return Batch {
                    numbers: vec![(NodeId(number), NodeKey::of(&format!("n{number}")))],
                    ..Batch::default()
                };
            }
            Op::Announcement(node, signed) => {
                return Batch {
                    announcements: vec![(NodeId(node), signed)],
                    ..Batch::default()
                };
            }
        };
        Batch {
            changes,
            ..Batch::default()
        }
    }
}

/// `more` after `batch`, as one.
pub(super) fn append(batch: &mut Batch, more: Batch) {
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

fn said(slot: u64, kind: Kind, value: Vec<u8>) -> Arc<Envelope> {
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
            Kind::Nomination => Statement::Nominate {
                voted: [x].into(),
                accepted: [].into(),
            },
            Kind::Ballot => Statement::Prepare {
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
