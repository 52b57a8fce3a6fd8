//! Proposals at work: certification, passing on, expiry.
//!
//! Certified = well formed, fresh, not in the log, and told by a trusted node: its origin, or another one that vouches for
//! it by sending it, too, or by passing it on. That it names a trusted origin is not enough: anybody can write that. What
//! is not certified is not passed on. As long as the node does not know whom it trusts, proposals wait.
//!
//! A value that a leader nominates may contain proposals that have not come by themselves yet: the leader is in the
//! quorum set, and vouches for them.

use super::config::Application;
use super::contract::TimerKind;
use super::event::{NodeEvent, ProposalRefusal};
use super::message::{Body, Message};
use super::node::{Lifecycle, Node};
use super::outbox::TrafficClass;
use super::persisted::StateChange;
use super::pool::{file_of, is_well_formed};
use super::proposal::{Content, Proposal, ProposalId};
use crate::scp::{NodeId, Statement, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What became of a proposal that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certification {
    /// It is in the pool now.
    Pooled,
    /// It will be judged when the node knows whom it trusts.
    Deferred,
    /// It was in the pool already.
    Known,
    /// It was not certified.
    Refused(ProposalRefusal),
}

impl Node {
    /// Somebody asks this node to propose.
    pub(super) fn propose(&mut self, content: Content) {
        let is_choice = matches!(content, Content::Choice(_));
        let fits = is_choice == (self.config.settings.application == Application::Choice);
        let refusal = if self.trust.never_votes() {
            Some(ProposalRefusal::NotParticipating)
        } else if !fits {
            Some(ProposalRefusal::WrongApplication)
        } else if !is_well_formed(&content) {
            Some(ProposalRefusal::Malformed)
        } else {
            None
        };
        match (refusal, content) {
            (Some(why), _) => self.refuse_proposal(None, self.me, why),
            (None, Content::Choice(value)) => self.consensus.choose(value),
            (None, content) => self.propose_to_log(content),
        }
    }

    fn propose_to_log(&mut self, content: Content) {
        self.proposals = self.proposals.saturating_add(1);
        self.out.persist(StateChange::Proposals(self.proposals));
        let id = ProposalId {
            origin: self.key,
            nth: self.proposals,
        };
        let proposal = Arc::new(Proposal { id, content });
        if let Some(file) = file_of(&proposal) {
            self.backup.acquire(file);
            self.out.persist(StateChange::Holds(file.clone()));
        }
        if !self.pool_proposal(&proposal, self.me) {
            return self.refuse_proposal(Some(id), self.me, ProposalRefusal::PoolFull);
        }
        self.out
            .broadcast(TrafficClass::Progress, Body::Proposal(proposal));
    }

    /// A proposal arrives.
    pub(super) fn receive_proposal(
        &mut self,
        from: NodeId,
        message: &Arc<Message>,
        proposal: &Arc<Proposal>,
    ) {
        let verdict = self.certify([message.id.sender, from], proposal);
        let is_news = match verdict {
            Certification::Pooled | Certification::Deferred => true,
            // Every holder sends its pool again by itself: only news of it is worth passing on.
            Certification::Known => !message.housekeeping,
            Certification::Refused(why) => {
                if !message.housekeeping {
                    self.refuse_proposal(Some(proposal.id), from, why);
                }
                false
            }
        };
        if is_news {
            self.pass_on(from, message);
        }
    }

    /// Certifies what was written and passed on by these two.
    fn certify(&mut self, vouchers: [NodeId; 2], proposal: &Arc<Proposal>) -> Certification {
        let id = proposal.id;
        if self.config.settings.application != Application::Log {
            Certification::Refused(ProposalRefusal::WrongApplication)
        } else if matches!(proposal.content, Content::Choice(_))
            || !is_well_formed(&proposal.content)
        {
            Certification::Refused(ProposalRefusal::Malformed)
        } else if self.pool.contains(id) {
            Certification::Known
        } else if self.log.slot_of(id).is_some() {
            Certification::Refused(ProposalRefusal::InLog)
        } else if self.pool.has_expired(id) {
            Certification::Refused(ProposalRefusal::Stale)
        } else {
            self.certify_source(vouchers, proposal)
        }
    }

    fn certify_source(&mut self, vouchers: [NodeId; 2], proposal: &Arc<Proposal>) -> Certification {
        let voucher = vouchers.into_iter().find(|&node| self.trust.trusts(node));
        match voucher {
            Some(voucher) if self.lifecycle == Lifecycle::Ready => {
                if self.pool_proposal(proposal, voucher) {
                    Certification::Pooled
                } else {
                    Certification::Refused(ProposalRefusal::PoolFull)
                }
            }
            None if self.lifecycle == Lifecycle::Ready || self.trust.never_votes() => {
                Certification::Refused(ProposalRefusal::Untrusted)
            }
            _ => {
                self.pool.defer(vouchers, proposal);
                Certification::Deferred
            }
        }
    }

    /// The node votes from now on: what has waited is judged.
    pub(super) fn certify_deferred(&mut self) {
        for (vouchers, proposal) in self.pool.take_deferred() {
            if let Certification::Refused(why) = self.certify(vouchers, &proposal) {
                let [_, from] = vouchers;
                self.refuse_proposal(Some(proposal.id), from, why);
            }
        }
    }

    /// False if the pool is full.
    fn pool_proposal(&mut self, proposal: &Arc<Proposal>, voucher: NodeId) -> bool {
        let was_empty = self.pool.is_empty();
        let is_pooled = self.pool.insert(self.now, proposal);
        if is_pooled {
            let proposal = Arc::clone(proposal);
            self.out.persist(StateChange::Pooled(Arc::clone(&proposal)));
            self.out
                .event(NodeEvent::ProposalPooled { proposal, voucher });
            self.consensus.pool_grew();
            if was_empty {
                self.out
                    .timer(TimerKind::Expire, self.config.settings.proposal_ttl);
            }
        }
        is_pooled
    }

    fn refuse_proposal(&mut self, id: Option<ProposalId>, from: NodeId, why: ProposalRefusal) {
        self.out.event(NodeEvent::ProposalRefused { id, from, why });
    }

    /// Rejects what has been in the pool for too long, and says who voted for it and who did not.
    pub(super) fn expire_proposals(&mut self) {
        let ttl = self.config.settings.proposal_ttl;
        for id in self.pool.expire(self.now, ttl) {
            self.out.persist(StateChange::Unpooled(id));
            let voted = self.voters_for(id);
            let members = self.trust.members().iter();
            let missing = members.filter(|node| !voted.contains(node)).collect();
            let voted = voted.into_iter().collect();
            self.out
                .event(NodeEvent::ProposalExpired { id, voted, missing });
        }
        if let Some(span) = self.pool.next_expiry(self.now, ttl) {
            self.out.timer(TimerKind::Expire, span);
        }
    }

    /// Who has said anything in favour of a value with this proposal in it, in the slot that is not decided yet.
    fn voters_for(&self, id: ProposalId) -> BTreeSet<NodeId> {
        let contains = |value: &Value| {
            let proposals = self.decoder.decode(value);
            proposals.is_some_and(|proposals| proposals.contains_key(&id))
        };
        self.consensus
            .statements(self.log.next_slot())
            .filter(|envelope| match &envelope.statement {
                Statement::Nominate { voted, accepted } => {
                    voted.iter().chain(accepted).any(contains)
                }
                ballot => ballot.ballot_value().is_some_and(contains),
            })
            .map(|envelope| envelope.from)
            .collect()
    }
}
