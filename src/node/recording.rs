//! The log and backups at work: recording a decision, fetching what it brings, taking up what survived a crash.

use super::config::Application;
use super::contract::{FetchError, Output, TimerKind};
use super::decoding::ProposalSet;
use super::event::{BackupAnswer, NodeEvent};
use super::node::Node;
use super::persisted::{Persisted, StateChange};
use super::pool::file_of;
use super::proposal::{FileInfo, Proposal};
use crate::scp::{NodeId, NodeSet, SlotIndex, Statement, Value};
use std::sync::Arc;

impl Node {
    /// Appends the decision of the next slot to the log. `claimants` are those whose word was taken for it, if it was
    /// not decided by SCP here.
    pub(super) fn record(&mut self, value: Value, claimants: &[NodeId]) {
        let slot = self.log.next_slot();
        let decoded = match self.config.settings.application {
            Application::Log => self.decoder.decode(&value).unwrap_or_default(),
            Application::Choice => Arc::default(),
        };
        self.log.append(value.clone(), &decoded);
        self.out.persist(StateChange::Decided {
            slot,
            value: value.clone(),
        });
        self.out.cancel(TimerKind::Nomination(slot));
        self.out.cancel(TimerKind::Ballot(slot));
        let proposals: Vec<Arc<Proposal>> = decoded.values().map(Arc::clone).collect();
        let recorded = proposals.clone();
        self.out.event(NodeEvent::Recorded {
            slot,
            value,
            proposals,
        });
        self.settle_pool(&decoded);
        for proposal in &recorded {
            self.back_up(slot, proposal, claimants);
        }
        self.start_fetches();
        let next = self.log.next_slot();
        self.pending.forget_before(next);
        self.resend.note_recorded(slot);
        self.catch_up.forget_before(next);
        self.consensus.forget_old_slots(next);
        if let Some(set) = self.consensus.quorum_set().cloned() {
            self.sets.rebuild(self.me, &set);
        }
    }

    fn settle_pool(&mut self, decided: &ProposalSet) {
        let was_empty = self.pool.is_empty();
        for id in self.pool.settle(decided) {
            self.out.persist(StateChange::Unpooled(id));
        }
        if self.pool.is_empty() && !was_empty {
            self.out.cancel(TimerKind::Expire);
        }
    }

    /// A decided proposal may bring a file.
    fn back_up(&mut self, slot: SlotIndex, proposal: &Proposal, claimants: &[NodeId]) {
        let Some(file) = file_of(proposal) else {
            return;
        };
        self.answer_backup(proposal, BackupAnswer::NotAsked);
        self.backup.forget_answer(proposal.id);
        if self.backup.holds(&file.sha256) {
            return self.backed_up(file.clone(), self.me);
        }
        let origin = self.node_of(proposal.id.origin);
        let mut holders: Vec<NodeId> = origin.into_iter().collect();
        holders.extend(
            claimants
                .iter()
                .copied()
                .filter(|&node| Some(node) != origin),
        );
        let decided = self.consensus.statements(slot).filter_map(|envelope| {
            let has_decided = matches!(envelope.statement, Statement::Externalize { .. });
            (has_decided && envelope.from != self.me).then_some(envelope.from)
        });
        for node in decided {
            if !holders.contains(&node) {
                holders.push(node);
            }
        }
        self.backup.want(file, holders);
    }

    /// Says, once per proposal, what the node says to a backup.
    pub(super) fn answer_backup(&mut self, proposal: &Proposal, answer: BackupAnswer) {
        if let Some(file) = file_of(proposal)
            && self.backup.answer(proposal.id, answer)
        {
            let (file, proposal) = (file.clone(), proposal.id);
            self.out.persist(StateChange::Answered { proposal, answer });
            self.out.event(NodeEvent::BackupAnswered {
                file,
                proposal,
                answer,
            });
        }
    }

    pub(super) fn start_fetches(&mut self) {
        let near: NodeSet = self
            .trust
            .members()
            .iter()
            .filter(|&node| self.roster.is_heard(node))
            .collect();
        for (file, holders) in self.backup.start_fetches(&near) {
            self.out.push(Output::Fetch { file, holders });
        }
    }

    /// A fetch ended. A failed one is tried again when statements are sent again.
    pub(super) fn fetched(&mut self, sha256: &str, result: Result<NodeId, FetchError>) {
        let Some(file) = self.backup.fetched(sha256, result) else {
            return;
        };
        match result {
            Ok(from) => self.backed_up(file, from),
            Err(why) => self.out.event(NodeEvent::BackupFailed { file, why }),
        }
    }

    fn backed_up(&mut self, file: FileInfo, from: NodeId) {
        self.out.persist(StateChange::BackedUp {
            file: file.clone(),
            from,
        });
        self.out.event(NodeEvent::BackedUp { file, from });
    }

    /// Takes up what survived a crash. What is recorded already is not told again.
    pub(super) fn restore(&mut self, persisted: &Persisted) {
        self.out.restore(persisted.messages);
        self.roster.restore(persisted.announcements);
        self.proposals = persisted.proposals;
        if let Some(policy) = &persisted.trust {
            self.trust.restore(policy.clone());
        }
        for file in persisted.files.values() {
            self.backup.acquire(file);
        }
        for (slot, value) in &persisted.decided {
            if *slot != self.log.next_slot() {
                break;
            }
            let decoded = match self.config.settings.application {
                Application::Log => self.decoder.decode(value).unwrap_or_default(),
                Application::Choice => Arc::default(),
            };
            self.log.append(value.clone(), &decoded);
            for proposal in decoded.values() {
                if let Some(file) = file_of(proposal)
                    && !self.backup.holds(&file.sha256)
                {
                    let origin = self.node_of(proposal.id.origin);
                    self.backup.want(file, origin.into_iter().collect());
                }
            }
        }
        self.restore_slot(
            persisted.quorum_sets,
            persisted.quorum_set.as_ref(),
            &persisted.statements,
        );
        self.restore_pool(&persisted.pool);
        self.start_fetches();
    }

    /// What waited goes on waiting, for as long again.
    fn restore_pool(&mut self, pool: &[Arc<Proposal>]) {
        for proposal in pool {
            if self.log.slot_of(proposal.id).is_none() {
                self.pool.insert(self.now, proposal);
            }
        }
        if !self.pool.is_empty() {
            self.out
                .timer(TimerKind::Expire, self.config.settings.proposal_ttl);
        }
    }
}
