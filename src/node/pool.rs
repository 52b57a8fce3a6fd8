//! `Pool`: certification of proposals, and the certified proposals that wait for a decision (a mempool).
//!
//! A proposal is certified if it is well formed, fresh, not in the log, and sent or relayed by a trusted node. A
//! trusted origin is not enough, because any node can write an origin into a proposal. Only certified proposals are
//! relayed. Until the node knows its trust set, proposals are deferred.
//!
//! A value that a leader nominates may contain proposals that have not arrived separately. The leader is in the quorum
//! set and certifies them.

use super::config::Application;
use super::context::{Context, Lifecycle};
use super::contract::TimerKind;
use super::event::{NodeEvent, ProposalRefusal};
use super::limits::{ValueBudget, proposal_bytes};
use super::log::Log;
use super::persisted::StateChange;
use super::proposal::{Content, Proposal, ProposalId, ProposalSet, is_well_formed};
use super::trust_set::TrustSet;
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The capacity of a pool, in proposals.
const POOL_MAX: usize = 4096;
/// The maximum number of proposals that are deferred until the node knows its trust set.
const DEFERRED_MAX: usize = 256;
/// The maximum number of expired proposals whose ids are stored, so that they are not certified again.
const EXPIRED_MAX: usize = 4096;

/// The result of certifying a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certification {
    /// It is certified and now in the pool.
    Pooled,
    /// It is stored until the node knows its trust set.
    Deferred,
    /// It is in the pool already.
    Known,
    Refused(ProposalRefusal),
}

/// The sender of a message with a proposal, and the neighbour that relayed it.
pub(super) type Certifiers = [NodeId; 2];

/// A certified proposal.
#[derive(Clone, Debug)]
struct PooledProposal {
    proposal: Arc<Proposal>,
    /// Its size in a value.
    bytes: usize,
    since: Time,
    /// Ticks of the re-send timer since it was pooled.
    ticks: u32,
}

/// The pool of one node.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pooled: BTreeMap<ProposalId, PooledProposal>,
    deferred: BTreeMap<ProposalId, (Certifiers, Arc<Proposal>)>,
    expired: BTreeSet<(Time, ProposalId)>,
    expired_ids: BTreeSet<ProposalId>,
}

impl Pool {
    pub(super) fn is_empty(&self) -> bool {
        self.pooled.is_empty()
    }

    /// Handles a proposal that has arrived.
    pub(super) fn receive(
        &mut self,
        cx: &mut Context,
        log: &Log,
        trust: &TrustSet,
        certifiers: Certifiers,
        proposal: &Arc<Proposal>,
    ) -> Certification {
        if let Some(result) = self.check(cx, log, proposal) {
            return result;
        }
        let is_ready = cx.lifecycle == Lifecycle::Ready;
        let certified_by = certifiers.into_iter().find(|&node| trust.contains(node));
        match certified_by {
            Some(certified_by) if is_ready => match self.add(cx, proposal, certified_by) {
                true => Certification::Pooled,
                false => Certification::Refused(ProposalRefusal::PoolFull),
            },
            None if is_ready || trust.never_votes() => {
                Certification::Refused(ProposalRefusal::Untrusted)
            }
            _ => {
                self.defer(certifiers, proposal);
                Certification::Deferred
            }
        }
    }

    /// The result that follows from the proposal itself, without its certifiers.
    fn check(&self, cx: &Context, log: &Log, proposal: &Proposal) -> Option<Certification> {
        let id = proposal.id;
        let refusal = if cx.settings().application != Application::Log {
            ProposalRefusal::WrongApplication
        } else if matches!(proposal.content, Content::Choice(_))
            || !is_well_formed(&proposal.content)
        {
            ProposalRefusal::Malformed
        } else if self.pooled.contains_key(&id) {
            return Some(Certification::Known);
        } else if log.slot_of(id).is_some() {
            ProposalRefusal::InLog
        } else if self.expired_ids.contains(&id) {
            ProposalRefusal::Stale
        } else {
            return None;
        };
        Some(Certification::Refused(refusal))
    }

    /// Certifies the deferred proposals, now that the node votes. Returns true if at least one was added.
    pub(super) fn certify_deferred(
        &mut self,
        cx: &mut Context,
        log: &Log,
        trust: &TrustSet,
    ) -> bool {
        let mut has_added = false;
        for (certifiers, proposal) in std::mem::take(&mut self.deferred).into_values() {
            match self.receive(cx, log, trust, certifiers, &proposal) {
                Certification::Refused(why) => {
                    let ([_, from], id) = (certifiers, Some(proposal.id));
                    cx.out.event(NodeEvent::ProposalRefused { id, from, why });
                }
                Certification::Pooled => has_added = true,
                Certification::Deferred | Certification::Known => {}
            }
        }
        has_added
    }

    /// Adds a certified proposal. Returns false and changes nothing if the pool is full.
    pub(super) fn add(
        &mut self,
        cx: &mut Context,
        proposal: &Arc<Proposal>,
        certified_by: NodeId,
    ) -> bool {
        let was_empty = self.pooled.is_empty();
        if !self.insert(cx.now, proposal) {
            return false;
        }
        let proposal = Arc::clone(proposal);
        cx.out.persist(StateChange::Pooled(Arc::clone(&proposal)));
        cx.out.event(NodeEvent::ProposalPooled {
            proposal,
            certified_by,
        });
        if was_empty {
            cx.out.timer(TimerKind::Expire, cx.settings().proposal_ttl);
        }
        true
    }

    /// Restores the pool from before a crash. The time to live of all proposals starts again.
    pub(super) fn restore(&mut self, cx: &mut Context, log: &Log, pool: &[Arc<Proposal>]) {
        for proposal in pool {
            if log.slot_of(proposal.id).is_none() {
                self.insert(cx.now, proposal);
            }
        }
        if !self.pooled.is_empty() {
            cx.out.timer(TimerKind::Expire, cx.settings().proposal_ttl);
        }
    }

    fn insert(&mut self, now: Time, proposal: &Arc<Proposal>) -> bool {
        if self.pooled.len() >= POOL_MAX {
            return false;
        }
        self.deferred.remove(&proposal.id);
        let pooled = PooledProposal {
            proposal: Arc::clone(proposal),
            bytes: proposal_bytes(proposal),
            since: now,
            ticks: 0,
        };
        self.pooled.insert(proposal.id, pooled);
        true
    }

    fn defer(&mut self, certifiers: Certifiers, proposal: &Arc<Proposal>) {
        if self.deferred.len() < DEFERRED_MAX {
            self.deferred
                .insert(proposal.id, (certifiers, Arc::clone(proposal)));
        }
    }

    /// Removes decided proposals.
    pub(super) fn remove_decided(&mut self, cx: &mut Context, decided: &ProposalSet) {
        let was_empty = self.pooled.is_empty();
        for id in decided.keys() {
            self.deferred.remove(id);
            if self.pooled.remove(id).is_some() {
                cx.out.persist(StateChange::Unpooled(*id));
            }
        }
        if self.pooled.is_empty() && !was_empty {
            cx.out.cancel(TimerKind::Expire);
        }
    }

    /// Removes proposals and returns them.
    pub(super) fn remove(
        &mut self,
        cx: &mut Context,
        is_removed: impl Fn(&ProposalId) -> bool,
    ) -> Vec<Arc<Proposal>> {
        let ids: Vec<ProposalId> = self
            .pooled
            .keys()
            .copied()
            .filter(|id| is_removed(id))
            .collect();
        let mut removed = Vec::new();
        for id in ids {
            if let Some(entry) = self.pooled.remove(&id) {
                cx.out.persist(StateChange::Unpooled(id));
                cx.out.event(NodeEvent::ProposalExpired {
                    id,
                    voted: Vec::new(),
                    missing: Vec::new(),
                });
                removed.push(entry.proposal);
            }
        }
        removed
    }

    /// Removes proposals whose time to live is over. `voters` finds the nodes that voted for a proposal.
    pub(super) fn expire(
        &mut self,
        cx: &mut Context,
        trust: &TrustSet,
        voters: impl Fn(ProposalId) -> BTreeSet<NodeId>,
    ) {
        let ttl = cx.settings().proposal_ttl;
        for id in self.take_expired(cx.now, ttl) {
            cx.out.persist(StateChange::Unpooled(id));
            let voted = voters(id);
            let members = trust.members().iter();
            let missing = members.filter(|node| !voted.contains(node)).collect();
            let voted = voted.into_iter().collect();
            cx.out
                .event(NodeEvent::ProposalExpired { id, voted, missing });
        }
        if let Some(span) = self.next_expiry(cx.now, ttl) {
            cx.out.timer(TimerKind::Expire, span);
        }
    }

    fn take_expired(&mut self, now: Time, ttl: Span) -> Vec<ProposalId> {
        let due: Vec<_> = self
            .pooled
            .iter()
            .filter(|(_, pooled)| pooled.since + ttl <= now)
            .map(|(id, _)| *id)
            .collect();
        for id in &due {
            self.pooled.remove(id);
            self.expired.insert((now, *id));
            self.expired_ids.insert(*id);
        }
        while self.expired.len() > EXPIRED_MAX {
            if let Some((_, id)) = self.expired.pop_first() {
                self.expired_ids.remove(&id);
            }
        }
        due
    }

    /// The time from `now` until the next proposal expires.
    fn next_expiry(&self, now: Time, ttl: Span) -> Option<Span> {
        let oldest = self.pooled.values().map(|pooled| pooled.since).min()?;
        Some((oldest + ttl).since(now))
    }

    /// The proposals of the next value: the lowest ids that fulfil `condition`, as many as fit into one value.
    pub(super) fn selection(&self, condition: impl Fn(&Proposal) -> bool) -> ProposalSet {
        let mut budget = ValueBudget::new();
        self.pooled
            .values()
            .filter(|pooled| condition(&pooled.proposal))
            .take_while(|pooled| budget.take(pooled.bytes))
            .map(|pooled| (pooled.proposal.id, Arc::clone(&pooled.proposal)))
            .collect()
    }

    /// Counts a tick of the re-send timer and returns the proposals for which `is_due` holds. It considers only the
    /// proposals of the next value, because other nodes do not need the rest yet.
    pub(super) fn tick(&mut self, is_due: impl Fn(&Proposal, u32) -> bool) -> Vec<Arc<Proposal>> {
        let mut due = Vec::new();
        let mut budget = ValueBudget::new();
        let next = self.pooled.values_mut();
        for pooled in next.take_while(|pooled| budget.take(pooled.bytes)) {
            pooled.ticks = pooled.ticks.saturating_add(1);
            if is_due(&pooled.proposal, pooled.ticks) {
                due.push(Arc::clone(&pooled.proposal));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeKey;
    use crate::node::limits::{PROPOSALS_PER_VALUE, VALUE_BYTES_MAX, value_bytes};
    use crate::node::tests::test_net::context;
    use crate::node::value_of;

    fn note(nth: u32) -> Arc<Proposal> {
        let id = ProposalId {
            origin: NodeKey::of("G1"),
            nth,
        };
        let content = Content::Note(format!("note {nth}"));
        Arc::new(Proposal { id, content })
    }

    #[test]
    fn proposals_expire_in_order_of_arrival() {
        let (mut pool, ttl) = (Pool::default(), Span::from_ms(100));
        pool.insert(Time::from_ms(10), &note(2));
        pool.insert(Time::from_ms(20), &note(1));
        assert_eq!(
            pool.next_expiry(Time::from_ms(30), ttl),
            Some(Span::from_ms(80))
        );
        assert_eq!(pool.take_expired(Time::from_ms(109), ttl), []);
        assert_eq!(pool.take_expired(Time::from_ms(110), ttl), [note(2).id]);
        assert!(pool.expired_ids.contains(&note(2).id) && pool.expired_ids.len() == 1);
        assert_eq!(pool.selection(|_| true).len(), 1);
        assert_eq!(pool.selection(|proposal| proposal.id.nth > 1).len(), 0);
    }

    #[test]
    fn the_capacity_of_a_pool_is_bounded() {
        let (mut pool, mut cx) = (Pool::default(), context());
        for nth in 0..POOL_MAX as u32 + 9 {
            assert_eq!(pool.insert(Time::ZERO, &note(nth)), nth < POOL_MAX as u32);
        }
        let decided = pool.selection(|_| true);
        assert_eq!(decided.len(), PROPOSALS_PER_VALUE);
        pool.remove_decided(&mut cx, &decided);
        assert_eq!(pool.pooled.len(), POOL_MAX - PROPOSALS_PER_VALUE);
        assert!(!pool.pooled.contains_key(&note(0).id));
    }

    #[test]
    fn proposals_that_exceed_one_value_wait_for_the_next() {
        let (mut pool, mut cx) = (Pool::default(), context());
        for nth in 0..100 {
            let content = Content::Note("\"".repeat(1000));
            let id = note(nth).id;
            pool.insert(Time::ZERO, &Arc::new(Proposal { id, content }));
        }
        let mut values = 0;
        let mut recorded = BTreeSet::new();
        while !pool.is_empty() {
            let value = pool.selection(|_| true);
            assert!(value_bytes(&value_of(&value)) <= VALUE_BYTES_MAX);
            assert_eq!(pool.tick(|_, _| true).len(), value.len());
            pool.remove_decided(&mut cx, &value);
            recorded.extend(value.into_keys());
            values += 1;
        }
        assert_eq!(recorded.len(), 100);
        assert!(values > 5, "{values}");
    }
}
