//! `Ledger`: the replicated state machine of a node, with its log, its pool of proposals and its backups.
//!
//! It certifies proposals of clients and peers, builds the values to nominate, and records the decisions of consensus.

use super::backup::Backup;
use super::config::Application;
use super::context::Context;
use super::discovery::Discovery;
use super::event::{BackupAnswer, FetchError, NodeEvent, ProposalRefusal};
use super::log::Log;
use super::message::{Body, Message};
use super::outbox::TrafficClass;
use super::persisted::{Persisted, StateChange};
use super::pool::{Certification, Pool};
use super::proposal::{
    Content, Decoder, Proposal, ProposalId, ProposalSet, is_well_formed, value_of,
};
use super::resend_backoff::is_proposal_due;
use crate::scp::{Envelope, NodeId, SlotIndex, Statement, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The state machine of one node.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    log: Log,
    pool: Pool,
    backup: Backup,
    decoder: Decoder,
    /// The number of proposals that the node has made.
    proposals: u32,
    /// That number at the start.
    proposals_restored: u32,
}

impl Ledger {
    pub(super) fn new(cx: &Context) -> Ledger {
        Ledger {
            log: Log::default(),
            pool: Pool::default(),
            backup: Backup::new(&cx.config().held_files),
            decoder: Decoder::default(),
            proposals: 0,
            proposals_restored: 0,
        }
    }

    /// Restores files and decisions from before a crash, without events. [`Ledger::restore_pool`] restores the pool,
    /// after the running slot.
    pub(super) fn restore(&mut self, cx: &Context, discovery: &Discovery, persisted: &Persisted) {
        self.proposals = persisted.proposals;
        self.proposals_restored = persisted.proposals;
        for file in persisted.files.values() {
            self.backup.add(file);
        }
        for (slot, value) in &persisted.decided {
            if *slot != self.log.next_slot() {
                break;
            }
            let decided = self.decode_decision(cx, value);
            self.log.append(value.clone(), &decided);
            for proposal in decided.values() {
                if let Some(file) = proposal.file()
                    && !self.backup.holds(&file.sha256)
                {
                    let origin = discovery.node_of(cx, proposal.id.origin);
                    self.backup.add_missing(file, origin.into_iter().collect());
                }
            }
        }
    }

    pub(super) fn restore_pool(&mut self, cx: &mut Context, pool: &[Arc<Proposal>]) {
        self.pool.restore(cx, &self.log, pool);
    }

    fn decode_decision(&self, cx: &Context, value: &Value) -> Arc<ProposalSet> {
        match cx.settings().application {
            Application::Log => self.decoder.decode(value).unwrap_or_default(),
            Application::Choice => Arc::default(),
        }
    }

    /// Creates a proposal for the log at the request of a client. Returns true if it is in the pool.
    pub(super) fn propose(&mut self, cx: &mut Context, content: Content) -> bool {
        self.proposals = self.proposals.saturating_add(1);
        cx.out.persist(StateChange::Proposals(self.proposals));
        let id = ProposalId {
            origin: cx.key(),
            nth: self.proposals,
        };
        let proposal = Arc::new(Proposal { id, content });
        if let Some(file) = proposal.file() {
            self.backup.add(file);
            cx.out.persist(StateChange::Holds(file.clone()));
        }
        let is_pooled = self.pool.add(cx, &proposal, cx.me());
        if is_pooled {
            cx.out
                .broadcast(TrafficClass::Progress, Body::Proposal(proposal));
        } else {
            refuse_proposal(cx, Some(id), cx.me(), ProposalRefusal::PoolFull);
        }
        is_pooled
    }

    /// The number of proposals that the node has made.
    pub(super) fn proposals(&self) -> u32 {
        self.proposals
    }

    /// Continues after proposal number `proposals`, which the node has made before it was rolled back. Proposals that it
    /// has made since its restart with lower numbers get new ones, because others take those numbers for the old
    /// proposals.
    pub(super) fn raise_proposals(&mut self, cx: &mut Context, proposals: u32) {
        if proposals <= self.proposals {
            return;
        }
        let own = cx.key();
        let reused = self.proposals_restored.saturating_add(1)..=proposals;
        let is_reused = |id: &ProposalId| id.origin == own && reused.contains(&id.nth);
        let renumbered = self.pool.remove(cx, is_reused);
        self.proposals = proposals;
        self.proposals_restored = proposals;
        cx.out.persist(StateChange::Proposals(proposals));
        for proposal in renumbered {
            self.propose(cx, proposal.content.clone());
        }
    }

    /// Certifies a proposal that `from` has transmitted. Returns the result and whether to relay the message.
    pub(super) fn receive_proposal(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        from: NodeId,
        message: &Message,
        proposal: &Arc<Proposal>,
    ) -> (Certification, bool) {
        let certifiers = [message.id.sender, from];
        let (log, trust) = (&self.log, discovery.trust());
        let result = self.pool.receive(cx, log, trust, certifiers, proposal);
        let is_relayed = match result {
            Certification::Pooled | Certification::Deferred => true,
            // Every holder re-sends its pool, so re-sent copies of known proposals are not relayed.
            Certification::Known => !message.housekeeping,
            Certification::Refused(why) => {
                if !message.housekeeping {
                    refuse_proposal(cx, Some(proposal.id), from, why);
                }
                false
            }
        };
        (result, is_relayed)
    }

    /// Certifies the deferred proposals. Returns true if the pool has grown.
    pub(super) fn certify_deferred(&mut self, cx: &mut Context, discovery: &Discovery) -> bool {
        self.pool.certify_deferred(cx, &self.log, discovery.trust())
    }

    /// Removes proposals whose time to live is over. `statements` yields the statements about the running slot.
    pub(super) fn expire_proposals<'a, I>(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        statements: impl Fn() -> I,
    ) where
        I: Iterator<Item = &'a Arc<Envelope>>,
    {
        let decoder = &self.decoder;
        self.pool.expire(cx, discovery.trust(), |id| {
            voters_for(decoder, id, statements())
        });
    }

    /// The value that the node would nominate for the next slot: the proposals of its pool that it does not reject.
    pub(super) fn next_value(&self, cx: &Context) -> Option<Value> {
        let (backup, me) = (&self.backup, cx.key());
        let proposals = self.pool.selection(|one| !backup.rejects(me, one));
        (!proposals.is_empty()).then(|| value_of(&proposals))
    }

    /// Appends a decision to the log and starts the fetches of its files. `reporters` are the peers that
    /// reported the adopted decision; `deciders` are the peers that have externalized the slot.
    pub(super) fn record(
        &mut self,
        cx: &mut Context,
        discovery: &Discovery,
        value: Value,
        reporters: &[NodeId],
        deciders: &[NodeId],
    ) {
        let decided = self.decode_decision(cx, &value);
        self.log.record(cx, value, &decided);
        self.pool.remove_decided(cx, &decided);
        let own = decided.keys().filter(|id| id.origin == cx.key());
        let highest = own.map(|id| id.nth).max().unwrap_or(0);
        self.raise_proposals(cx, highest);
        for proposal in decided.values() {
            self.backup.decided(cx, proposal, |cx| {
                let origin = discovery.node_of(cx, proposal.id.origin);
                let mut holders: Vec<NodeId> = origin.into_iter().collect();
                let reporters = reporters.iter().filter(|&&node| Some(node) != origin);
                holders.extend(reporters);
                for &node in deciders {
                    if !holders.contains(&node) {
                        holders.push(node);
                    }
                }
                holders
            });
        }
        self.start_fetches(cx, discovery);
    }

    /// Answers "no" to the backups in a NOMINATE whose files the node holds already.
    pub(super) fn reject_backups(&mut self, cx: &mut Context, envelope: &Envelope) {
        let Statement::Nominate { voted, .. } = &envelope.statement else {
            return;
        };
        if cx.settings().application != Application::Log {
            return;
        }
        for value in voted {
            let decoded = self.decoder.decode(value);
            for proposal in decoded.iter().flat_map(|set| set.values()) {
                if self.backup.rejects(cx.key(), proposal) {
                    self.backup.answer(cx, proposal, BackupAnswer::NoHasIt);
                }
            }
        }
    }

    /// Answers "yes" to the backups in a value that the node has voted for.
    pub(super) fn accept_backups(&mut self, cx: &mut Context, value: &Value) {
        if cx.settings().application != Application::Log {
            return;
        }
        let decoded = self.decoder.decode(value);
        for proposal in decoded.iter().flat_map(|set| set.values()) {
            self.backup.answer(cx, proposal, BackupAnswer::Yes);
        }
    }

    pub(super) fn start_fetches(&mut self, cx: &mut Context, discovery: &Discovery) {
        self.backup
            .start_fetches(cx, &discovery.trusted_neighbours());
    }

    pub(super) fn fetched(
        &mut self,
        cx: &mut Context,
        sha256: &str,
        result: Result<NodeId, FetchError>,
    ) {
        self.backup.fetched(cx, sha256, result);
    }

    /// The re-send timer expired: restarts failed fetches and repeats undecided proposals.
    pub(super) fn resend(&mut self, cx: &mut Context, discovery: &Discovery) {
        self.start_fetches(cx, discovery);
        let own = cx.key();
        let is_due = |proposal: &Proposal, tick| is_proposal_due(tick, proposal.id.origin == own);
        for proposal in self.pool.tick(is_due) {
            let body = Body::Proposal(proposal);
            cx.out.broadcast(TrafficClass::Housekeeping, body);
        }
    }

    /// Whether [`Ledger::resend`] has any work.
    pub(super) fn has_work_to_resend(&self) -> bool {
        !self.pool.is_empty() || self.backup.is_waiting()
    }

    /// The first slot without a decision.
    pub(super) fn next_slot(&self) -> SlotIndex {
        self.log.next_slot()
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    pub(super) fn backup(&self) -> &Backup {
        &self.backup
    }

    pub(super) fn decoder(&self) -> &Decoder {
        &self.decoder
    }
}

/// The reason why a content cannot be proposed at this node; `None` if it can.
pub(super) fn check_content(
    cx: &Context,
    discovery: &Discovery,
    content: &Content,
) -> Option<ProposalRefusal> {
    let is_choice = matches!(content, Content::Choice(_));
    if discovery.trust().never_votes() {
        Some(ProposalRefusal::NotParticipating)
    } else if is_choice != (cx.settings().application == Application::Choice) {
        Some(ProposalRefusal::WrongApplication)
    } else if !is_well_formed(content) {
        Some(ProposalRefusal::Malformed)
    } else {
        None
    }
}

/// Reports a proposal that `from` has transmitted and that was not certified.
pub(super) fn refuse_proposal(
    cx: &mut Context,
    id: Option<ProposalId>,
    from: NodeId,
    why: ProposalRefusal,
) {
    cx.out.event(NodeEvent::ProposalRefused { id, from, why });
}

/// The nodes that have voted for, or accepted, a value with this proposal.
fn voters_for<'a>(
    decoder: &Decoder,
    id: ProposalId,
    statements: impl Iterator<Item = &'a Arc<Envelope>>,
) -> BTreeSet<NodeId> {
    let contains = |value: &Value| {
        let proposals = decoder.decode(value);
        proposals.is_some_and(|proposals| proposals.contains_key(&id))
    };
    statements
        .filter(|envelope| match &envelope.statement {
            Statement::Nominate { voted, accepted } => voted.iter().chain(accepted).any(contains),
            ballot => ballot.ballot_value().is_some_and(contains),
        })
        .map(|envelope| envelope.from)
        .collect()
}
