//! `Probation`: Sybil resistance of discovery. It decides which discovered nodes get a vote, and when.
//!
//! Keys cost nothing, so a node that trusts every key that it finds can be halted by invented ones. Nodes that are found
//! before the first slot begins, or before this node learns a decision, are the *founders* and count at once, as every node
//! found is trusted. Later, each node goes through three standings:
//!
//! | standing | counts | next |
//! |---|---|---|
//! | candidate | no | newcomer, after it has sent messages throughout the probation time, under [`AdmissionPolicy::Friends`] also after a majority of the trusted nodes trusts it |
//! | newcomer | yes | established, after statements about [`SLOTS_TO_ESTABLISH`] slots; candidate again, after [`SILENT_SLOTS_MAX`] decided slots without a statement |
//! | established | yes | an operator can remove it |
//!
//! A candidate becomes a newcomer only if the established nodes that took part in the last slot still form a slice
//! without all newcomers. So newcomers that fall silent together cannot halt a slot.

use super::config::{AdmissionPolicy, AdmissionSettings};
use crate::scp::{NodeId, NodeSet, SlotIndex};
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The number of slots about which a newcomer makes statements before it is established.
const SLOTS_TO_ESTABLISH: u32 = 3;
/// The number of decided slots without a statement after which a newcomer is a candidate again.
const SILENT_SLOTS_MAX: u64 = 3;
/// The longest pause between two messages of a candidate, in probation times. A longer one restarts its probation.
const PAUSE_MAX: u64 = 4;

/// The standing of a discovered node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It does not count yet.
    Candidate,
    /// It counts and has not taken part for long.
    Newcomer,
    /// It counts.
    Established,
    /// An operator has removed it.
    Removed,
}

/// The standings that survive a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standings {
    /// The established nodes.
    pub established: BTreeSet<NodeId>,
    /// The newcomers.
    pub newcomers: BTreeSet<NodeId>,
    /// The nodes that an operator has removed.
    pub removed: BTreeSet<NodeId>,
}

/// An operator's change of the trust set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustEdit {
    /// Trusts a node from the next slot on, without probation.
    Add(NodeId),
    /// Removes a node at once, from the running slot, too.
    Remove(NodeId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// With the times of the first and the last message of this probation.
    Candidate {
        messages: Option<(Time, Time)>,
    },
    Newcomer {
        admitted: SlotIndex,
        slots: u32,
        last: Option<SlotIndex>,
    },
    Established,
    Removed,
}

impl State {
    const NEW: State = State::Candidate { messages: None };

    fn standing(self) -> Standing {
        match self {
            State::Candidate { .. } => Standing::Candidate,
            State::Newcomer { .. } => Standing::Newcomer,
            State::Established => Standing::Established,
            State::Removed => Standing::Removed,
        }
    }
}

/// The standings of all discovered nodes, without the node itself.
#[derive(Clone, Debug)]
pub(super) struct Probation {
    settings: AdmissionSettings,
    is_founding: bool,
    nodes: BTreeMap<NodeId, State>,
    /// The last slot about which each node has made a statement.
    last_statement: BTreeMap<NodeId, SlotIndex>,
    /// The trust sets that established nodes have sent.
    trusted_by: BTreeMap<NodeId, NodeSet>,
    /// The first slot without a decision.
    next: SlotIndex,
    /// Standings that no event has reported.
    unreported: Vec<(NodeId, Standing)>,
    is_unsaved: bool,
}

impl Probation {
    pub(super) fn new(settings: AdmissionSettings) -> Probation {
        Probation {
            settings,
            is_founding: true,
            nodes: BTreeMap::new(),
            last_statement: BTreeMap::new(),
            trusted_by: BTreeMap::new(),
            next: SlotIndex(1),
            unreported: Vec::new(),
            is_unsaved: false,
        }
    }

    /// Restores the standings from before a restart. A newcomer starts again with no slots to its credit.
    pub(super) fn restore(&mut self, standings: &Standings, next: SlotIndex) {
        self.is_founding = false;
        self.next = next;
        let newcomer = State::Newcomer {
            admitted: next,
            slots: 0,
            last: None,
        };
        let restored = [
            (&standings.established, State::Established),
            (&standings.newcomers, newcomer),
            (&standings.removed, State::Removed),
        ];
        for (nodes, state) in restored {
            self.nodes.extend(nodes.iter().map(|&node| (node, state)));
        }
    }

    /// Whether the node counts.
    pub(super) fn counts(&self, node: NodeId) -> bool {
        matches!(
            self.nodes.get(&node),
            Some(State::Newcomer { .. } | State::Established)
        )
    }

    /// The nodes that count.
    pub(super) fn counted(&self) -> NodeSet {
        let nodes = self.nodes.keys().copied();
        nodes.filter(|&node| self.counts(node)).collect()
    }

    /// The node was discovered, or has come back.
    pub(super) fn discovered(&mut self, node: NodeId) {
        if self.nodes.contains_key(&node) {
            return;
        }
        let is_founder = self.is_founding && self.settings.policy != AdmissionPolicy::Ask;
        let state = match is_founder {
            true => State::Established,
            false => State::NEW,
        };
        self.set(node, state);
    }

    /// A message or announcement that `node` created has arrived.
    pub(super) fn note_message(&mut self, node: NodeId, now: Time) {
        let pause_max = Span(self.settings.probation.0.saturating_mul(PAUSE_MAX));
        if let Some(State::Candidate { messages }) = self.nodes.get_mut(&node) {
            let first = match *messages {
                Some((first, last)) if now.since(last) <= pause_max => first,
                _ => now,
            };
            *messages = Some((first, now));
        }
    }

    /// An established node has sent the nodes that it trusts.
    pub(super) fn note_trusted(&mut self, node: NodeId, trusted: impl Iterator<Item = NodeId>) {
        let is_wanted = self.settings.policy == AdmissionPolicy::Friends;
        if is_wanted && self.nodes.get(&node) == Some(&State::Established) {
            self.trusted_by.insert(node, trusted.collect());
        }
    }

    /// A statement of `node` about `slot` has arrived.
    pub(super) fn note_statement(&mut self, node: NodeId, slot: SlotIndex) {
        // The sender may name any slot. Only slots that this node can check count.
        if slot > self.next || !self.nodes.contains_key(&node) {
            return;
        }
        let latest = self.last_statement.entry(node).or_insert(slot);
        *latest = slot.max(*latest);
        let Some(State::Newcomer {
            admitted,
            slots,
            last,
        }) = self.nodes.get_mut(&node)
        else {
            return;
        };
        if slot < *admitted || last.is_some_and(|last| slot <= last) {
            return;
        }
        *slots = slots.saturating_add(1);
        *last = Some(slot);
        if *slots >= SLOTS_TO_ESTABLISH {
            self.set(node, State::Established);
        }
    }

    /// The first slot has begun: nodes that are discovered from now on are no founders.
    pub(super) fn end_founding(&mut self) {
        if std::mem::take(&mut self.is_founding) {
            self.is_unsaved = true;
        }
    }

    /// `next` is the first slot without a decision. Newcomers that were silent for too long are candidates again.
    /// A node that learns decisions without a part in them has no more founders either: the first slot has begun.
    pub(super) fn advance_to(&mut self, next: SlotIndex) {
        if next <= self.next {
            return;
        }
        self.next = next;
        self.end_founding();
        let is_silent = |state: &State| match state {
            State::Newcomer { admitted, last, .. } => {
                let from = last.map_or(admitted.0, |last| last.0.saturating_add(1));
                next.0.saturating_sub(from) >= SILENT_SLOTS_MAX
            }
            _ => false,
        };
        let silent: Vec<NodeId> = self
            .nodes
            .iter()
            .filter(|(_, state)| is_silent(state))
            .map(|(node, _)| *node)
            .collect();
        for node in silent {
            self.set(node, State::NEW);
        }
    }

    /// Admits the candidates whose probation is over, the longest known first, while [the rule](self) allows it.
    /// `present` are the nodes that have not left. `slice_size` is the size of a slice of a trust set with that many
    /// nodes, this one included.
    pub(super) fn admit(&mut self, present: &NodeSet, slice_size: impl Fn(u32) -> u32) {
        let mut ready: Vec<(Time, NodeId)> = self
            .nodes
            .iter()
            .filter(|(node, _)| present.contains(**node))
            .filter_map(|(&node, state)| {
                Some((self.admissible_since(node, *state, present)?, node))
            })
            .collect();
        ready.sort_unstable();
        let active = self.active(present);
        for (_, node) in ready {
            // With the candidate and this node.
            let counted = self.counted().intersection_len(present).saturating_add(2);
            if slice_size(counted) > active {
                return;
            }
            let admitted = self.next;
            let newcomer = State::Newcomer {
                admitted,
                slots: 0,
                last: None,
            };
            self.set(node, newcomer);
        }
    }

    /// When the probation of a candidate began, if it is over and the policy admits the node.
    fn admissible_since(&self, node: NodeId, state: State, present: &NodeSet) -> Option<Time> {
        let State::Candidate {
            messages: Some((first, last)),
        } = state
        else {
            return None;
        };
        let is_admitted = match self.settings.policy {
            AdmissionPolicy::Anyone => true,
            AdmissionPolicy::Friends => self.is_trusted_by_majority(node, present),
            AdmissionPolicy::Ask => false,
        };
        let is_over = last.since(first) >= self.settings.probation;
        (is_admitted && is_over).then_some(first)
    }

    /// Whether a majority of the other established nodes trusts the node.
    fn is_trusted_by_majority(&self, node: NodeId, present: &NodeSet) -> bool {
        let established = self.established().filter(|&other| present.contains(other));
        let (mut count, mut votes) = (0_usize, 0_usize);
        for other in established {
            count = count.saturating_add(1);
            let trusts = self
                .trusted_by
                .get(&other)
                .is_some_and(|trusted| trusted.contains(node));
            votes = votes.saturating_add(trusts.into());
        }
        votes > count / 2
    }

    /// The number of established nodes that took part in the last decided slot, this node included.
    fn active(&self, present: &NodeSet) -> u32 {
        let last = SlotIndex(self.next.0.saturating_sub(1));
        let has_statement =
            |node: &NodeId| self.last_statement.get(node).is_some_and(|at| *at >= last);
        let took_part =
            |node: &NodeId| last.0 > 0 && present.contains(*node) && has_statement(node);
        let count = self.established().filter(took_part).count();
        u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn established(&self) -> impl Iterator<Item = NodeId> {
        let nodes = self.nodes.iter();
        nodes
            .filter(|(_, state)| **state == State::Established)
            .map(|(node, _)| *node)
    }

    /// The node is no longer known. Only a candidate loses its standing.
    pub(super) fn forget(&mut self, node: NodeId) {
        if matches!(self.nodes.get(&node), Some(State::Candidate { .. })) {
            self.nodes.remove(&node);
            self.last_statement.remove(&node);
        }
    }

    /// An operator changes the standing of a node.
    pub(super) fn edit(&mut self, edit: TrustEdit) {
        match edit {
            TrustEdit::Add(node) => self.set(node, State::Established),
            TrustEdit::Remove(node) => self.set(node, State::Removed),
        }
    }

    fn set(&mut self, node: NodeId, state: State) {
        let old = self.nodes.insert(node, state).map(State::standing);
        let new = state.standing();
        if old != Some(new) {
            self.unreported.push((node, new));
            // The founders are saved when the first slot begins.
            self.is_unsaved |= !self.is_founding && new != Standing::Candidate
                || old.is_some_and(|old| old != Standing::Candidate);
        }
    }

    /// The changes since the last call.
    pub(super) fn take_changes(&mut self) -> Vec<(NodeId, Standing)> {
        std::mem::take(&mut self.unreported)
    }

    /// The standings to store, if they have changed since the last call.
    pub(super) fn take_unsaved(&mut self) -> Option<Standings> {
        if !std::mem::take(&mut self.is_unsaved) {
            return None;
        }
        let with = |standing: Standing| {
            let nodes = self.nodes.iter();
            nodes
                .filter(|(_, state)| state.standing() == standing)
                .map(|(node, _)| *node)
                .collect()
        };
        Some(Standings {
            established: with(Standing::Established),
            newcomers: with(Standing::Newcomer),
            removed: with(Standing::Removed),
        })
    }
}
