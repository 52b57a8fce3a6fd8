//! What became of slots and proposals, over all nodes: the tables behind the proposals list and the summaries.

use crate::node::{Content, MessageKind, NodeEvent, Proposal, ProposalId, proposals_in};
use crate::scp::{Counter, NodeId, ScpEvent, SlotIndex, Value};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// How many decoded values are remembered.
const DECODED_MAX: usize = 256;
/// How many rows the list of proposals keeps; the oldest settled ones go first.
const ROWS_MAX: usize = 200;

/// What happened in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSummary {
    /// When the first node took part.
    pub started_at: Time,
    /// When a node last accepted, confirmed or decided something in it; until then, when it started. Votes and new
    /// rounds are no progress: nodes that nobody hears have these as well.
    pub progress_at: Time,
    /// Who decided what, and when.
    pub decided: BTreeMap<NodeId, (Time, Value)>,
    /// Who took part: started or joined it.
    pub joined: BTreeSet<NodeId>,
    /// Highest nomination round that any node reached.
    pub rounds_max: u32,
    /// Highest ballot counter that any node reached.
    pub ballots_max: Counter,
    /// Transmissions of statements while it was the newest slot, without housekeeping.
    pub statements_sent: u64,
}

impl SlotSummary {
    /// Who externalized which value. One camp is agreement, two are a fork.
    #[must_use]
    pub fn camps(&self) -> BTreeMap<Value, Vec<NodeId>> {
        let mut camps: BTreeMap<Value, Vec<NodeId>> = BTreeMap::new();
        for (node, (_, value)) in &self.decided {
            camps.entry(value.clone()).or_default().push(*node);
        }
        camps
    }
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// Not decided by anybody yet.
    Pending,
    /// Decided in this slot.
    Agreed(SlotIndex),
    /// Expired without a decision at a node that had it.
    Rejected,
    /// `Choice`: everybody who took part in the slot and still runs has decided it, for other values. Unlike the others
    /// this may be taken back: a crashed node that starts again can go on to decide this very value.
    Outvoted(SlotIndex),
}

/// Names a row: a proposal, or (`Choice`) a value that somebody voted for in a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKey {
    /// A proposal.
    Proposal(ProposalId),
    /// A value.
    Value(SlotIndex, Value),
}

/// One proposal, seen over the whole network.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposalRow {
    /// What is proposed.
    pub content: Content,
    /// When it appeared.
    pub at: Time,
    /// Number of its appearance, from 1.
    pub nth: u64,
    /// Nodes that voted for a value with it in it.
    pub voted: BTreeSet<NodeId>,
    /// Nodes that recorded it.
    pub recorded: BTreeSet<NodeId>,
    /// What became of it.
    pub state: ProposalState,
}

/// The tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) slots: BTreeMap<SlotIndex, SlotSummary>,
    rows: BTreeMap<RowKey, ProposalRow>,
    rows_seen: u64,
    decoded: BTreeMap<Value, Arc<[Arc<Proposal>]>>,
}

impl Tables {
    pub(super) fn proposals(&self) -> Vec<(RowKey, &ProposalRow)> {
        let mut rows: Vec<_> = self
            .rows
            .iter()
            .map(|(key, row)| (key.clone(), row))
            .collect();
        rows.sort_by_key(|(_, row)| row.nth);
        rows
    }

    pub(super) fn sent(&mut self, kind: MessageKind, housekeeping: bool) {
        let is_statement = matches!(
            kind,
            MessageKind::Vote | MessageKind::Accept | MessageKind::Externalize
        );
        if is_statement
            && !housekeeping
            && let Some(mut newest) = self.slots.last_entry()
        {
            newest.get_mut().statements_sent += 1;
        }
    }

    pub(super) fn note(&mut self, at: Time, node: NodeId, event: &NodeEvent) {
        match event {
            NodeEvent::SlotStarted { slot, .. } => {
                self.slot(at, *slot).joined.insert(node);
            }
            NodeEvent::ProposalPooled { proposal, .. } => {
                let key = RowKey::Proposal(proposal.id);
                self.row(at, key, &proposal.content);
            }
            NodeEvent::ProposalExpired { id, .. } => {
                if let Some(row) = self.rows.get_mut(&RowKey::Proposal(*id))
                    && row.state == ProposalState::Pending
                {
                    row.state = ProposalState::Rejected;
                }
            }
            NodeEvent::Recorded {
                slot,
                value,
                proposals,
            } => self.recorded(at, node, *slot, value, proposals),
            NodeEvent::Scp(event) => self.transition(at, node, event),
            _ => {}
        }
    }

    fn transition(&mut self, at: Time, node: NodeId, event: &ScpEvent) {
        match event {
            ScpEvent::RoundStarted { slot, round, .. } => {
                let summary = self.slot(at, *slot);
                summary.rounds_max = summary.rounds_max.max(*round);
            }
            ScpEvent::BallotChanged { slot, to, .. } => {
                let summary = self.slot(at, *slot);
                // EXTERNALIZE counts as the highest counter there is; that is no ballot anybody reached.
                if to.n < Counter::MAX {
                    summary.ballots_max = summary.ballots_max.max(to.n);
                }
            }
            ScpEvent::VotedNominate { slot, value, .. } => self.voted(at, node, *slot, value),
            ScpEvent::AcceptedNominated { slot, .. }
            | ScpEvent::ConfirmedNominated { slot, .. }
            | ScpEvent::AcceptedPrepared { slot, .. }
            | ScpEvent::ConfirmedPrepared { slot, .. }
            | ScpEvent::AcceptedCommit { slot, .. }
            | ScpEvent::ConfirmedCommit { slot, .. } => self.slot(at, *slot).progress_at = at,
            _ => {}
        }
    }

    fn voted(&mut self, at: Time, node: NodeId, slot: SlotIndex, value: &Value) {
        let proposals = self.decode(value);
        if proposals.is_empty() {
            let row = self.row(
                at,
                RowKey::Value(slot, value.clone()),
                &Content::Choice(value.clone()),
            );
            row.voted.insert(node);
        }
        for proposal in proposals.iter() {
            let row = self.row(at, RowKey::Proposal(proposal.id), &proposal.content);
            row.voted.insert(node);
        }
    }

    fn recorded(
        &mut self,
        at: Time,
        node: NodeId,
        slot: SlotIndex,
        value: &Value,
        proposals: &[Arc<Proposal>],
    ) {
        let summary = self.slot(at, slot);
        summary.progress_at = at;
        summary.decided.entry(node).or_insert((at, value.clone()));
        for proposal in proposals {
            let row = self.row(at, RowKey::Proposal(proposal.id), &proposal.content);
            row.recorded.insert(node);
            row.state = ProposalState::Agreed(slot);
        }
        if let Some(row) = self.rows.get_mut(&RowKey::Value(slot, value.clone())) {
            row.recorded.insert(node);
            row.state = ProposalState::Agreed(slot);
        }
    }

    /// Settles the values of `slot` that nobody has decided: outvoted once everybody who joined it and `runs` has decided
    /// (somebody at all), pending as long as one of them has not.
    pub(super) fn settle(&mut self, slot: SlotIndex, runs: impl Fn(NodeId) -> bool) {
        let rows = self.rows.range_mut(values_of(slot));
        let mut open: Vec<&mut ProposalRow> = rows
            .map(|(_, row)| row)
            .filter(|row| !matches!(row.state, ProposalState::Agreed(_)))
            .collect();
        let Some(summary) = self.slots.get(&slot).filter(|_| !open.is_empty()) else {
            return;
        };
        let mut joined = summary.joined.iter();
        let is_over = !summary.decided.is_empty()
            && joined.all(|node| summary.decided.contains_key(node) || !runs(*node));
        for row in &mut open {
            row.state = if is_over {
                ProposalState::Outvoted(slot)
            } else {
                ProposalState::Pending
            };
        }
    }

    /// The same for every slot, after nodes have stopped, started or left.
    pub(super) fn settle_all(&mut self, runs: impl Fn(NodeId) -> bool) {
        let slot_of = |key: &RowKey| match key {
            RowKey::Value(slot, _) => Some(*slot),
            RowKey::Proposal(_) => None,
        };
        let slots: BTreeSet<SlotIndex> = self.rows.keys().filter_map(slot_of).collect();
        for slot in slots {
            self.settle(slot, &runs);
        }
    }

    /// Whether something proposed waits for a first decision.
    pub(super) fn awaits_decision(&self) -> bool {
        let undecided = |slot: &SlotIndex| {
            self.slots
                .get(slot)
                .is_none_or(|slot| slot.decided.is_empty())
        };
        self.rows.iter().any(|(key, row)| {
            row.state == ProposalState::Pending
                && match key {
                    RowKey::Proposal(_) => true,
                    RowKey::Value(slot, _) => undecided(slot),
                }
        })
    }

    fn slot(&mut self, at: Time, slot: SlotIndex) -> &mut SlotSummary {
        self.slots.entry(slot).or_insert_with(|| SlotSummary {
            started_at: at,
            progress_at: at,
            decided: BTreeMap::new(),
            joined: BTreeSet::new(),
            rounds_max: 0,
            ballots_max: 0,
            statements_sent: 0,
        })
    }

    fn row(&mut self, at: Time, key: RowKey, content: &Content) -> &mut ProposalRow {
        if self.rows.len() >= ROWS_MAX && !self.rows.contains_key(&key) {
            self.forget_oldest_settled();
        }
        let rows_seen = &mut self.rows_seen;
        self.rows.entry(key).or_insert_with(|| {
            *rows_seen += 1;
            ProposalRow {
                content: content.clone(),
                at,
                nth: *rows_seen,
                voted: BTreeSet::new(),
                recorded: BTreeSet::new(),
                state: ProposalState::Pending,
            }
        })
    }

    fn forget_oldest_settled(&mut self) {
        let settled = self
            .rows
            .iter()
            .filter(|(_, row)| row.state != ProposalState::Pending);
        if let Some(key) = settled
            .min_by_key(|(_, row)| row.nth)
            .map(|(key, _)| key.clone())
        {
            self.rows.remove(&key);
        }
    }

    fn decode(&mut self, value: &Value) -> Arc<[Arc<Proposal>]> {
        if let Some(known) = self.decoded.get(value) {
            return Arc::clone(known);
        }
        if self.decoded.len() >= DECODED_MAX {
            self.decoded.clear();
        }
        let proposals: Arc<[_]> = proposals_in(value)
            .unwrap_or_default()
            .into_values()
            .collect();
        self.decoded.insert(value.clone(), Arc::clone(&proposals));
        proposals
    }
}

/// The keys of all values of a slot.
fn values_of(slot: SlotIndex) -> Range<RowKey> {
    RowKey::Value(slot, Value::from(""))..RowKey::Value(slot.next(), Value::from(""))
}
