//! `Persisted` and `StateChange`: the durable state of a node, and the journal of changes to it.
//!
//! A node outputs changes instead of its whole state, so a store writes a few rows per step for a log of any length.
//! [`Persisted::apply`] defines the meaning of every change. Every store has to produce the same state.

use super::event::{BackupAnswer, NodeEvent};
use super::probation::Standings;
use super::proposal::{FileInfo, Proposal, ProposalId, proposals_in};
use super::trust_policy::TrustPolicy;
use crate::scp::{Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A change of the durable state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateChange {
    /// A slot is decided. The node no longer needs its statements about the slot.
    Decided {
        /// The slot, the first without a decision.
        slot: SlotIndex,
        /// The decision.
        value: Value,
    },
    /// The node makes a statement. It replaces the earlier one of its kind (nomination or ballot) about the slot.
    OwnStatement(Arc<Envelope>),
    /// A certified proposal is added to the pool.
    Pooled(Arc<Proposal>),
    /// A decided or expired proposal is removed from the pool.
    Unpooled(ProposalId),
    /// The node holds a file that its configuration does not name, because it has proposed the file itself.
    Holds(FileInfo),
    /// The node has answered a backup proposal.
    Answered {
        /// The proposal with the file.
        proposal: ProposalId,
        /// The answer; it replaces an earlier one.
        answer: BackupAnswer,
    },
    /// A file whose backup was decided is complete.
    BackedUp {
        /// The file.
        file: FileInfo,
        /// The node that delivered it; the node itself if it held the file already.
        from: NodeId,
    },
    /// The quorum set of the node has changed.
    QuorumSet {
        /// The number of quorum sets that it has had, this one included.
        nth: u32,
        /// The set.
        quorum_set: Arc<QuorumSet>,
    },
    /// A user has replaced the trust policy.
    Trust(TrustPolicy),
    /// The standings of discovered nodes have changed.
    Standings(Standings),
    /// Message numbers up to this one may be used. Numbers are reserved in blocks, so some may stay unused.
    MessagesReserved(u64),
    /// The number of proposals that the node has made.
    Proposals(u32),
    /// The number of announcements that the node has made.
    Announcements(u64),
}

/// The durable state of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persisted {
    /// Decisions, in ascending order from slot 1 without gaps.
    pub decided: Vec<(SlotIndex, Value)>,
    /// The node's latest statements about undecided slots: at most one nomination and one ballot statement per slot.
    pub statements: Vec<Arc<Envelope>>,
    /// Certified proposals without a decision.
    pub pool: Vec<Arc<Proposal>>,
    /// Files that the node holds in addition to those of its configuration, by hash.
    pub files: BTreeMap<String, FileInfo>,
    /// Answers to backup proposals.
    pub answers: Vec<(ProposalId, BackupAnswer)>,
    /// The nodes that delivered backed-up files, by hash.
    pub sources: BTreeMap<String, NodeId>,
    /// The highest reserved message number. No message with a higher number has been created.
    pub messages: u64,
    /// The number of proposals that the node has made.
    pub proposals: u32,
    /// The number of announcements that the node has made.
    pub announcements: u64,
    /// The number of quorum sets that the node has had.
    pub quorum_sets: u32,
    /// The newest quorum set. A slot that began with it ends with it.
    pub quorum_set: Option<Arc<QuorumSet>>,
    /// The trust policy, if a user has replaced that of the configuration.
    pub trust: Option<TrustPolicy>,
    /// The standings of discovered nodes; `None` before the first slot has begun, and without admission.
    pub standings: Option<Standings>,
}

impl Persisted {
    /// Applies one change.
    pub fn apply(&mut self, change: &StateChange) {
        match change {
            StateChange::Decided { slot, value } => {
                self.decided.push((*slot, value.clone()));
                self.statements.retain(|own| own.slot > *slot);
            }
            StateChange::OwnStatement(envelope) => self.replace_statement(envelope),
            StateChange::Pooled(proposal) => self.pool.push(Arc::clone(proposal)),
            StateChange::Unpooled(id) => self.pool.retain(|proposal| proposal.id != *id),
            StateChange::Holds(file) => {
                self.files.insert(file.sha256.clone(), file.clone());
            }
            StateChange::Answered { proposal, answer } => {
                self.answers.retain(|(known, _)| known != proposal);
                self.answers.push((*proposal, *answer));
            }
            StateChange::BackedUp { file, from } => {
                self.files.insert(file.sha256.clone(), file.clone());
                self.sources.insert(file.sha256.clone(), *from);
            }
            StateChange::QuorumSet { nth, quorum_set } => {
                self.quorum_sets = *nth;
                self.quorum_set = Some(Arc::clone(quorum_set));
            }
            StateChange::Trust(policy) => self.trust = Some(policy.clone()),
            StateChange::Standings(standings) => self.standings = Some(standings.clone()),
            StateChange::MessagesReserved(messages) => self.messages = *messages,
            StateChange::Proposals(proposals) => self.proposals = *proposals,
            StateChange::Announcements(announcements) => self.announcements = *announcements,
        }
    }

    /// The standings of discovered nodes. A store that an earlier version wrote has none: the nodes of its last quorum
    /// set are established. `None` before the first slot has begun.
    pub(crate) fn standings(&self) -> Option<Standings> {
        let has_begun = !self.decided.is_empty() || !self.statements.is_empty();
        self.standings.clone().or_else(|| {
            let established = self.quorum_set.as_ref().filter(|_| has_begun)?.nodes();
            Some(Standings {
                established: established.iter().collect(),
                ..Standings::default()
            })
        })
    }

    /// The events that this state replaces: the log and backup log after slot `after`, and the quorum set. A restarted
    /// node does not report them again.
    pub(crate) fn restored_events(&self, me: NodeId, after: Option<SlotIndex>) -> Vec<NodeEvent> {
        let answers: BTreeMap<ProposalId, BackupAnswer> = self.answers.iter().copied().collect();
        let mut events = Vec::new();
        for (slot, value) in &self.decided {
            if after.is_some_and(|after| *slot <= after) {
                continue;
            }
            let proposals: Vec<_> = proposals_in(value)
                .unwrap_or_default()
                .into_values()
                .collect();
            events.push(NodeEvent::Recorded {
                slot: *slot,
                value: value.clone(),
                proposals: proposals.clone(),
            });
            for proposal in &proposals {
                self.push_backup_events(proposal, &answers, &mut events);
            }
        }
        if let Some(quorum_set) = &self.quorum_set {
            let last = self.decided.last();
            events.push(NodeEvent::QuorumSetChanged {
                id: QuorumSetId {
                    owner: me,
                    nth: self.quorum_sets,
                },
                quorum_set: Arc::clone(quorum_set),
                from_slot: last.map_or(SlotIndex(1), |(slot, _)| slot.next()),
            });
        }
        events
    }

    fn push_backup_events(
        &self,
        proposal: &Proposal,
        answers: &BTreeMap<ProposalId, BackupAnswer>,
        events: &mut Vec<NodeEvent>,
    ) {
        let Some(file) = proposal.file() else {
            return;
        };
        let answer = answers.get(&proposal.id).copied();
        events.push(NodeEvent::BackupAnswered {
            file: file.clone(),
            proposal: proposal.id,
            answer: answer.unwrap_or(BackupAnswer::DecidedBeforeVote),
        });
        if let (true, Some(&from)) = (
            self.files.contains_key(&file.sha256),
            self.sources.get(&file.sha256),
        ) {
            let file = file.clone();
            events.push(NodeEvent::BackedUp { file, from });
        }
    }

    fn replace_statement(&mut self, envelope: &Arc<Envelope>) {
        let is_decided = self
            .decided
            .last()
            .is_some_and(|(slot, _)| envelope.slot <= *slot);
        if is_decided {
            return;
        }
        let is_nominate = envelope.statement.is_nominate();
        self.statements
            .retain(|own| own.slot != envelope.slot || own.statement.is_nominate() != is_nominate);
        self.statements.push(Arc::clone(envelope));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Content, NodeKey};
    use crate::scp::Statement;

    fn nominate(slot: u64, value: &str) -> Arc<Envelope> {
        let from = NodeId(0);
        Arc::new(Envelope {
            from,
            slot: SlotIndex(slot),
            quorum_set: QuorumSetId {
                owner: from,
                nth: 1,
            },
            statement: Statement::Nominate {
                voted: [Value::from(value)].into(),
                accepted: [].into(),
            },
        })
    }

    #[test]
    fn a_newer_statement_replaces_the_older_one_and_a_decision_removes_both() {
        let mut persisted = Persisted::default();
        persisted.apply(&StateChange::OwnStatement(nominate(1, "a")));
        persisted.apply(&StateChange::OwnStatement(nominate(1, "b")));
        assert_eq!(persisted.statements, [nominate(1, "b")]);
        let (slot, value) = (SlotIndex(1), Value::from("b"));
        persisted.apply(&StateChange::Decided { slot, value });
        persisted.apply(&StateChange::OwnStatement(nominate(1, "c")));
        persisted.apply(&StateChange::OwnStatement(nominate(2, "d")));
        assert_eq!(persisted.statements, [nominate(2, "d")]);
        assert_eq!(persisted.decided.len(), 1);
    }

    #[test]
    fn unpooled_proposals_are_removed_from_the_pool() {
        let mut persisted = Persisted::default();
        let proposal = |nth| {
            let id = ProposalId {
                origin: NodeKey::of("G3"),
                nth,
            };
            let content = Content::Note(format!("{nth}"));
            Arc::new(Proposal { id, content })
        };
        persisted.apply(&StateChange::Pooled(proposal(1)));
        persisted.apply(&StateChange::Pooled(proposal(2)));
        persisted.apply(&StateChange::Unpooled(proposal(1).id));
        assert_eq!(persisted.pool, [proposal(2)]);
    }
}
