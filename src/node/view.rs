//! `NodeView`: the visible state of a node, computed as a fold over its events.
//!
//! Viewers use this module instead of the node itself. It re-exports the types that they need.

pub use super::{
    Announcement, AnnouncementKind, Application, BackupAnswer, Content, FileInfo, JoinMode,
    MessageKind, MessageRefusal, NodeConfig, NodeEvent, NodeSettings, Peer, Proposal, ProposalId,
    ProposalRefusal, Relaying, SlotStart, Standing, Threshold, TimerKind, TrustCause, TrustPolicy,
    proposals_in,
};

use crate::scp::{BallotPhase, NodeId, NodeSet, QuorumSet, SlotIndex, SlotState, Value};
use crate::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The number of slots that a view retains. The log contains the decisions of older slots.
pub(crate) const SLOTS_RETAINED: usize = 4;

/// The progress of a node in its newest slot, in ascending order. It determines the colour of the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It takes part in no slot.
    #[default]
    Idle,
    /// It has voted for a value or echoed one.
    Nominate,
    /// It has accepted a value as nominated, or a ballot as prepared.
    Accept,
    /// It has confirmed a ballot as prepared, or accepted its commit.
    Confirm,
    /// It has confirmed a commit: the slot is decided.
    Externalized,
}

/// Whether a node takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// It discovers peers, or waits for its roster to settle.
    #[default]
    Discovering,
    /// It fetches missed decisions before it votes.
    CatchingUp,
    /// It votes.
    Ready,
    /// It has announced that it leaves.
    Left,
}

/// A running timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningTimer {
    /// When it was started.
    pub set_at: Time,
    /// When it expires.
    pub due_at: Time,
}

/// A recorded decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The slot.
    pub slot: SlotIndex,
    /// When it was recorded here.
    pub at: Time,
    /// The decided value.
    pub value: Value,
    /// The proposals in the value (`Log` application).
    pub proposals: Vec<Arc<Proposal>>,
}

/// An entry of the backup log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupEntry {
    /// The file.
    pub file: FileInfo,
    /// The answer of the node.
    pub answer: BackupAnswer,
    /// When the file was complete, and the node that delivered it.
    pub backed_up: Option<(Time, NodeId)>,
}

/// The visible state of one node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    /// Whether it takes part.
    pub readiness: Readiness,
    /// The peers that it knows and that have not left.
    pub known: NodeSet,
    /// Its trust set, itself included.
    pub trusted: Arc<BTreeSet<NodeId>>,
    /// The standings of the nodes that it knows, if it admits them one by one.
    pub standings: BTreeMap<NodeId, Standing>,
    /// Its newest quorum set, and the first slot in which it is in effect.
    pub quorum_set: Option<(SlotIndex, Arc<QuorumSet>)>,
    /// The newest slots that it takes part in.
    pub slots: BTreeMap<SlotIndex, Arc<SlotState>>,
    /// Its running timers.
    pub timers: BTreeMap<TimerKind, RunningTimer>,
    /// Its log, in ascending order of slots.
    pub log: Vec<LogEntry>,
    /// Its backup log, by proposal.
    pub backup_log: BTreeMap<ProposalId, BackupEntry>,
    /// Its pool of proposals.
    pub pool: BTreeMap<ProposalId, Arc<Proposal>>,
    /// The number of messages that it has refused.
    pub refused: u64,
}

impl NodeView {
    /// Applies an event that the node reported at `at`.
    pub fn apply(&mut self, at: Time, event: &NodeEvent) {
        match event {
            NodeEvent::Started { .. } => self.readiness = Readiness::Discovering,
            NodeEvent::Discovered { peer, .. } => {
                self.known.insert(peer.id);
            }
            NodeEvent::PeerLeft { node } => {
                self.known.remove(*node);
            }
            NodeEvent::TrustChanged { trusted, .. } => self.trusted = Arc::clone(trusted),
            NodeEvent::QuorumSetChanged {
                quorum_set,
                from_slot,
                ..
            } => {
                self.quorum_set = Some((*from_slot, Arc::clone(quorum_set)));
            }
            NodeEvent::StandingChanged { node, standing } => {
                self.standings.insert(*node, *standing);
            }
            NodeEvent::Ready { .. } => self.readiness = Readiness::Ready,
            NodeEvent::CatchingUp { .. } => self.readiness = Readiness::CatchingUp,
            NodeEvent::Left => self.readiness = Readiness::Left,
            NodeEvent::ProposalPooled { proposal, .. } => {
                self.pool.insert(proposal.id, Arc::clone(proposal));
            }
            NodeEvent::ProposalExpired { id, .. } => {
                self.pool.remove(id);
                // An undecided file is not backed up.
                self.backup_log.remove(id);
            }
            NodeEvent::Slot { slot, state } => self.set_slot(*slot, state),
            NodeEvent::Recorded {
                slot,
                value,
                proposals,
            } => self.record(at, *slot, value, proposals),
            NodeEvent::BackupAnswered {
                file,
                proposal,
                answer,
            } => self.answer_backup(file, *proposal, *answer),
            NodeEvent::BackedUp { file, from } => self.back_up(at, file, *from),
            NodeEvent::Refused { .. } => self.refused = self.refused.saturating_add(1),
            NodeEvent::ProposalRefused { .. }
            | NodeEvent::SlotStarted { .. }
            | NodeEvent::QuorumSetOverridden { .. }
            | NodeEvent::RolledBack { .. }
            | NodeEvent::Scp(_)
            | NodeEvent::BackupFailed { .. } => {}
        }
    }

    /// A timer was started at `at`.
    pub fn set_timer(&mut self, at: Time, kind: TimerKind, span: Span) {
        let timer = RunningTimer {
            set_at: at,
            due_at: at + span,
        };
        self.timers.insert(kind, timer);
    }

    /// A timer was stopped or expired.
    pub fn clear_timer(&mut self, kind: TimerKind) {
        self.timers.remove(&kind);
    }

    /// The newest slot that the node takes part in, with its state.
    #[must_use]
    pub fn current_slot(&self) -> Option<(SlotIndex, &Arc<SlotState>)> {
        self.slots
            .last_key_value()
            .map(|(slot, state)| (*slot, state))
    }

    /// The progress of the node in its newest slot. A decided slot counts until the next one starts.
    #[must_use]
    pub fn phase(&self) -> Phase {
        let newest = self.current_slot();
        let decided = self.log.last().map(|entry| entry.slot);
        match newest {
            Some((slot, state)) if decided.is_none_or(|decided| slot > decided) => phase_of(state),
            _ if decided.is_some() => Phase::Externalized,
            _ => Phase::Idle,
        }
    }

    fn set_slot(&mut self, slot: SlotIndex, state: &Arc<SlotState>) {
        self.slots.insert(slot, Arc::clone(state));
        while self.slots.len() > SLOTS_RETAINED {
            self.slots.pop_first();
        }
    }

    fn record(&mut self, at: Time, slot: SlotIndex, value: &Value, proposals: &[Arc<Proposal>]) {
        for proposal in proposals {
            self.pool.remove(&proposal.id);
        }
        let entry = LogEntry {
            slot,
            at,
            value: value.clone(),
            proposals: proposals.to_vec(),
        };
        self.log.push(entry);
    }

    fn answer_backup(&mut self, file: &FileInfo, proposal: ProposalId, answer: BackupAnswer) {
        let line = BackupEntry {
            file: file.clone(),
            answer,
            backed_up: None,
        };
        self.backup_log
            .entry(proposal)
            .and_modify(|known| known.answer = answer)
            .or_insert(line);
    }

    fn back_up(&mut self, at: Time, file: &FileInfo, from: NodeId) {
        for line in self
            .backup_log
            .values_mut()
            .filter(|line| line.file.sha256 == file.sha256)
        {
            line.backed_up = Some((at, from));
        }
    }
}

/// The progress of a slot with this state.
#[must_use]
pub fn phase_of(state: &SlotState) -> Phase {
    if state.externalized.is_some() || state.phase == BallotPhase::Externalize {
        Phase::Externalized
    } else if state.h.is_some() || state.phase == BallotPhase::Confirm {
        Phase::Confirm
    } else if state.p.is_some() || !state.accepted.is_empty() || !state.candidates.is_empty() {
        Phase::Accept
    } else if !state.voted.is_empty() || state.b.is_some() {
        Phase::Nominate
    } else {
        Phase::Idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::Ballot;

    #[test]
    fn phase_follows_the_state_of_a_slot() {
        let mut state = SlotState::default();
        assert_eq!(phase_of(&state), Phase::Idle);
        state.voted.insert(Value::from("a"));
        assert_eq!(phase_of(&state), Phase::Nominate);
        state.accepted.insert(Value::from("a"));
        assert_eq!(phase_of(&state), Phase::Accept);
        state.b = Some(Ballot {
            n: 1,
            x: Value::from("a"),
        });
        state.h = state.b.clone();
        assert_eq!(phase_of(&state), Phase::Confirm);
        state.phase = BallotPhase::Externalize;
        assert_eq!(phase_of(&state), Phase::Externalized);
    }

    #[test]
    fn a_decided_slot_stays_externalized_until_the_next_one_starts() {
        let mut view = NodeView::default();
        let slot = SlotIndex(1);
        let state = SlotState {
            voted: [Value::from("a")].into(),
            ..SlotState::default()
        };
        view.apply(
            Time::ZERO,
            &NodeEvent::Slot {
                slot,
                state: Arc::new(state.clone()),
            },
        );
        assert_eq!(view.phase(), Phase::Nominate);
        view.apply(
            Time::ZERO,
            &NodeEvent::Recorded {
                slot,
                value: Value::from("a"),
                proposals: vec![],
            },
        );
        assert_eq!(view.phase(), Phase::Externalized);
        view.apply(
            Time::ZERO,
            &NodeEvent::Slot {
                slot: slot.next(),
                state: Arc::new(state),
            },
        );
        assert_eq!(view.phase(), Phase::Nominate);
    }
}
