//! Slot and proposal tables over all nodes: the data behind the list of proposals and the run summary.

use crate::node::{Content, MessageKind, NodeEvent, Proposal, ProposalId, proposals_in};
use crate::scp::{Counter, NodeId, ScpEvent, SlotIndex, Value};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Size of the cache of decoded values.
const DECODED_MAX: usize = 256;
/// Rows of a full proposal table. A new row then replaces the oldest row that is not pending.
const ROWS_MAX: usize = 200;

/// Summary of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSummary {
    /// When the first node joined the slot.
    pub started_at: Time,
    /// When a node last accepted, confirmed or decided something; initially the start. Votes and new rounds do not count:
    /// an isolated node has them, too.
    pub progress_at: Time,
    /// Decisions by node, with their times.
    pub decided: BTreeMap<NodeId, (Time, Value)>,
    /// Nodes that started or joined the slot.
    pub joined: BTreeSet<NodeId>,
    /// Highest nomination round of any node.
    pub rounds_max: u32,
    /// Highest ballot counter of any node.
    pub ballots_max: Counter,
    /// Statements transmitted while this was the newest slot; re-sent ones do not count.
    pub statements_sent: u64,
}

impl SlotSummary {
    /// Nodes by externalized value. Two values are a fork.
    #[must_use]
    pub fn nodes_by_value(&self) -> BTreeMap<Value, Vec<NodeId>> {
        let mut nodes_by_value: BTreeMap<Value, Vec<NodeId>> = BTreeMap::new();
        for (node, (_, value)) in &self.decided {
            nodes_by_value.entry(value.clone()).or_default().push(*node);
        }
        nodes_by_value
    }
}

/// State of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProposalState {
    /// No node has decided it.
    Pending,
    /// Decided in this slot.
    Agreed(SlotIndex),
    /// Expired without a decision.
    Rejected,
    /// `Choice`: every running node that joined the slot has decided another value. This state can change again: a crashed
    /// node that restarts may decide this value.
    Outvoted(SlotIndex),
}

/// Key of a row: a proposal, or (`Choice`) a value that a node voted for in a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKey {
    /// A proposal.
    Proposal(ProposalId),
    /// A value.
    Value(SlotIndex, Value),
}

/// The state of a proposal across the whole network.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposalRow {
    /// The proposed content.
    pub content: Content,
    /// When the first node pooled it or voted for it.
    pub at: Time,
    /// Rank by first appearance, from 1.
    pub nth: u64,
    /// Nodes that voted for a value that contains it.
    pub voted: BTreeSet<NodeId>,
    /// Nodes that recorded it in their logs.
    pub recorded: BTreeSet<NodeId>,
    /// Its state.
    pub state: ProposalState,
}

/// The table of slots and the table of proposals.
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
                // EXTERNALIZE counts as the highest possible counter, which no ballot reaches.
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

    /// Updates the undecided values of `slot`: outvoted once every running node that joined the slot has decided, and at
    /// least one node has; otherwise pending.
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

    /// Updates the undecided values of all slots, after nodes have stopped, started or left.
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

    /// Whether a proposal waits for its first decision.
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

/// The range of keys of a slot's values.
fn values_of(slot: SlotIndex) -> Range<RowKey> {
    RowKey::Value(slot, Value::from(""))..RowKey::Value(slot.next(), Value::from(""))
}
