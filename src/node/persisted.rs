//! What a node keeps over a crash, and the changes of it.
//!
//! A node says what has changed, not what there is: a store writes a few rows per step, however long the log has become.
//! [`Persisted::apply`] is the meaning of every change; whoever stores nodes another way has to end up with the same.

use super::config::TrustPolicy;
use super::event::{BackupAnswer, NodeEvent};
use super::pool::file_of;
use super::proposal::{FileInfo, Proposal, ProposalId, proposals_in};
use crate::scp::{Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One thing that must survive a crash from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateChange {
    /// The next slot is decided. Own statements about it are of no use any more.
    Decided {
        /// The slot after the last decided one.
        slot: SlotIndex,
        /// The decision.
        value: Value,
    },
    /// The node says this; it replaces the earlier statement of its kind (nomination or ballot) about the slot.
    #[serde(rename = "said")]
    OwnStatement(Arc<Envelope>),
    /// A certified proposal waits for its decision.
    Pooled(Arc<Proposal>),
    /// A proposal does not wait any longer: decided or expired.
    Unpooled(ProposalId),
    /// The node holds a file that its configuration does not name: backed up, or proposed by itself.
    Holds(FileInfo),
    /// What the node says to a backup.
    Answered {
        /// By which proposal.
        proposal: ProposalId,
        /// Its answer; it replaces an earlier one.
        answer: BackupAnswer,
    },
    /// A file that the network has decided to back up is here, whole.
    BackedUp {
        /// The file.
        file: FileInfo,
        /// From whom it came; the node itself if it had it already.
        from: NodeId,
    },
    /// Another quorum set of its own.
    QuorumSet {
        /// How many the node has had, this one included.
        nth: u32,
        /// The set.
        quorum_set: Arc<QuorumSet>,
    },
    /// Somebody has told the node whom to trust.
    Trust(TrustPolicy),
    /// Messages up to this number may have left. Numbers are reserved in blocks, so some may be unused.
    MessagesReserved(u64),
    /// How many proposals the node has made.
    Proposals(u32),
    /// How many announcements the node has made.
    Announcements(u64),
}

/// What a node keeps over a crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persisted {
    /// Decisions, ascending without gaps from slot 1.
    pub decided: Vec<(SlotIndex, Value)>,
    /// Own latest statements of undecided slots, at most one nomination and one ballot statement of each.
    pub statements: Vec<Arc<Envelope>>,
    /// Proposals that wait for a decision.
    pub pool: Vec<Arc<Proposal>>,
    /// Files it holds besides those of its configuration, by hash.
    pub files: BTreeMap<String, FileInfo>,
    /// What it said to backups.
    pub answers: Vec<(ProposalId, BackupAnswer)>,
    /// From whom backed up files came, by hash.
    pub sources: BTreeMap<String, NodeId>,
    /// No message with a higher number has been created.
    pub messages: u64,
    /// How many proposals the node has made.
    pub proposals: u32,
    /// How many announcements the node has made.
    pub announcements: u64,
    /// How many quorum sets the node has had.
    pub quorum_sets: u32,
    /// The newest of its quorum sets: a slot that was begun with it is finished with it.
    pub quorum_set: Option<Arc<QuorumSet>>,
    /// Whom it was told to trust, if not as its configuration says.
    pub trust: Option<TrustPolicy>,
}

impl Persisted {
    /// Takes over one change.
    pub fn apply(&mut self, change: &StateChange) {
        match change {
            StateChange::Decided { slot, value } => {
                self.decided.push((*slot, value.clone()));
                self.statements.retain(|said| said.slot > *slot);
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
            StateChange::MessagesReserved(messages) => self.messages = *messages,
            StateChange::Proposals(proposals) => self.proposals = *proposals,
            StateChange::Announcements(announcements) => self.announcements = *announcements,
        }
    }

    /// What is in the log and in the backup log beyond slot `after`, and the quorum set, as the events that told of it in
    /// the life before: a node does not tell it again when it starts.
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
            events.push(NodeEvent::QuorumSetChanged {
                id: QuorumSetId {
                    owner: me,
                    nth: self.quorum_sets,
                },
                quorum_set: Arc::clone(quorum_set),
                from_slot: self
                    .decided
                    .last()
                    .map_or(SlotIndex(1), |(slot, _)| SlotIndex(slot.0 + 1)),
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
        let Some(file) = file_of(proposal) else {
            return;
        };
        let answer = answers.get(&proposal.id).copied();
        events.push(NodeEvent::BackupAnswered {
            file: file.clone(),
            proposal: proposal.id,
            answer: answer.unwrap_or(BackupAnswer::NotAsked),
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
        let kind = envelope.statement.is_nominate();
        self.statements
            .retain(|said| said.slot != envelope.slot || said.statement.is_nominate() != kind);
        self.statements.push(Arc::clone(envelope));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Content, NodeKey};
    use crate::scp::{NodeId, QuorumSetId, Statement};

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
    fn a_newer_statement_replaces_the_older_one_and_a_decision_ends_both() {
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
    fn the_pool_loses_what_is_not_waited_for() {
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
