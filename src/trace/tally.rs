//! What became of slots and proposals, over all nodes: the tables behind the proposals list and the summaries.

use crate::node::{Content, MessageKind, NodeEvent, Proposal, ProposalId, proposals_in};
use crate::scp::{Counter, NodeId, ScpEvent, SlotIndex, Value};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many decoded values are remembered.
const DECODED_KEPT: usize = 256;
/// How many rows the list of proposals keeps; the oldest settled ones go first.
const ROWS_KEPT: usize = 200;

/// What happened in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSummary {
    /// When the first node took part.
    pub started_at: Time,
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
    /// `Choice`: the slot was decided for other values.
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
    /// Who made it (for a value: who voted for it first).
    pub origin: NodeId,
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
pub(super) struct Tally {
    pub(super) slots: BTreeMap<SlotIndex, SlotSummary>,
    rows: BTreeMap<RowKey, ProposalRow>,
    rows_seen: u64,
    decoded: BTreeMap<Value, Arc<[Arc<Proposal>]>>,
}

impl Tally {
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
                self.row(at, key, proposal.id.origin, &proposal.content);
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
            _ => {}
        }
    }

    fn voted(&mut self, at: Time, node: NodeId, slot: SlotIndex, value: &Value) {
        let proposals = self.decode(value);
        if proposals.is_empty() {
            let row = self.row(
                at,
                RowKey::Value(slot, value.clone()),
                node,
                &Content::Choice(value.clone()),
            );
            row.voted.insert(node);
        }
        for proposal in proposals.iter() {
            let row = self.row(
                at,
                RowKey::Proposal(proposal.id),
                proposal.id.origin,
                &proposal.content,
            );
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
        self.slot(at, slot)
            .decided
            .entry(node)
            .or_insert((at, value.clone()));
        for proposal in proposals {
            let row = self.row(
                at,
                RowKey::Proposal(proposal.id),
                proposal.id.origin,
                &proposal.content,
            );
            row.recorded.insert(node);
            row.state = ProposalState::Agreed(slot);
        }
        let of_slot =
            RowKey::Value(slot, Value::from(""))..RowKey::Value(slot.next(), Value::from(""));
        for (key, row) in self.rows.range_mut(of_slot) {
            if matches!(key, RowKey::Value(_, of_row) if of_row == value) {
                row.recorded.insert(node);
                row.state = ProposalState::Agreed(slot);
            } else if row.state == ProposalState::Pending {
                row.state = ProposalState::Outvoted(slot);
            }
        }
    }

    fn slot(&mut self, at: Time, slot: SlotIndex) -> &mut SlotSummary {
        self.slots.entry(slot).or_insert_with(|| SlotSummary {
            started_at: at,
            decided: BTreeMap::new(),
            joined: BTreeSet::new(),
            rounds_max: 0,
            ballots_max: 0,
            statements_sent: 0,
        })
    }

    fn row(
        &mut self,
        at: Time,
        key: RowKey,
        origin: NodeId,
        content: &Content,
    ) -> &mut ProposalRow {
        if self.rows.len() >= ROWS_KEPT && !self.rows.contains_key(&key) {
            self.forget_oldest_settled();
        }
        let rows_seen = &mut self.rows_seen;
        self.rows.entry(key).or_insert_with(|| {
            *rows_seen += 1;
            ProposalRow {
                content: content.clone(),
                origin,
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
        if self.decoded.len() >= DECODED_KEPT {
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
