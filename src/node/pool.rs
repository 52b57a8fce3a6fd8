//! `Pool`: certified proposals that are not decided yet, and what was too old to wait any longer.
//!
//! Also here: the form of a proposal. Absent: certification (`proposing`), which needs to know whom the node trusts.

use super::decoding::ProposalSet;
use super::limits::{ValueBudget, proposal_bytes};
use super::proposal::{Content, FileInfo, Proposal, ProposalId};
use crate::scp::NodeId;
use crate::time::{Span, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest note and longest value of a `choice`, in bytes.
const TEXT_BYTES_MAX: usize = 1000;
/// Longest file name, in bytes.
const NAME_BYTES_MAX: usize = 255;
/// How many proposals a pool holds.
const POOL_MAX: usize = 4096;
/// How many proposals wait for the node to know whom it trusts.
const WAITING_MAX: usize = 256;
/// How many expired proposals are remembered, so that they do not come back.
const EXPIRED_MAX: usize = 4096;

/// Whether the content of a proposal has the form that it must have.
#[must_use]
pub fn is_well_formed(content: &Content) -> bool {
    match content {
        Content::Note(text) => {
            (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control)
        }
        Content::File(file) => is_plain_name(&file.name) && is_sha256(&file.sha256),
        Content::Choice(value) => (1..=TEXT_BYTES_MAX).contains(&value.as_bytes().len()),
    }
}

fn is_plain_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with("..")
        && name != "."
        && !name.contains(|c: char| c.is_control() || matches!(c, '/' | '\\' | ':'))
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The file that a proposal asks to back up.
pub(super) fn file_of(proposal: &Proposal) -> Option<&FileInfo> {
    match &proposal.content {
        Content::File(file) => Some(file),
        Content::Note(_) | Content::Choice(_) => None,
    }
}

/// A pooled proposal.
#[derive(Clone, Debug)]
struct PooledProposal {
    proposal: Arc<Proposal>,
    /// How much of a value it takes.
    bytes: usize,
    since: Time,
    ticks: u32,
}

/// The pool of a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool {
    pooled: BTreeMap<ProposalId, PooledProposal>,
    deferred: BTreeMap<ProposalId, ([NodeId; 2], Arc<Proposal>)>,
    expired: BTreeSet<(Time, ProposalId)>,
    expired_ids: BTreeSet<ProposalId>,
}

impl Pool {
    pub(super) fn is_empty(&self) -> bool {
        self.pooled.is_empty()
    }

    pub(super) fn contains(&self, id: ProposalId) -> bool {
        self.pooled.contains_key(&id)
    }

    /// Was it in the pool before, for too long?
    pub(super) fn has_expired(&self, id: ProposalId) -> bool {
        self.expired_ids.contains(&id)
    }

    /// Puts a certified proposal in. False if the pool is full: then nothing has changed.
    pub(super) fn insert(&mut self, now: Time, proposal: &Arc<Proposal>) -> bool {
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

    /// Keeps a proposal, written and passed on by these two, until the node knows whom it trusts.
    pub(super) fn defer(&mut self, vouchers: [NodeId; 2], proposal: &Arc<Proposal>) {
        if self.deferred.len() < WAITING_MAX {
            self.deferred
                .insert(proposal.id, (vouchers, Arc::clone(proposal)));
        }
    }

    /// Takes out what has waited.
    pub(super) fn take_deferred(&mut self) -> Vec<([NodeId; 2], Arc<Proposal>)> {
        std::mem::take(&mut self.deferred).into_values().collect()
    }

    /// The proposals were decided. Those of them that were in the pool.
    pub(super) fn settle(&mut self, decided: &ProposalSet) -> Vec<ProposalId> {
        let ids = decided.keys().copied();
        ids.filter(|id| {
            self.deferred.remove(id);
            self.pooled.remove(id).is_some()
        })
        .collect()
    }

    /// What a value is made of: the first proposals by name that fulfil `condition`, as many as fit. The others stay.
    pub(super) fn selection(&self, condition: impl Fn(&Proposal) -> bool) -> ProposalSet {
        let mut filling = ValueBudget::new();
        self.pooled
            .values()
            .filter(|pooled| condition(&pooled.proposal))
            .take_while(|pooled| filling.take(pooled.bytes))
            .map(|pooled| (pooled.proposal.id, Arc::clone(&pooled.proposal)))
            .collect()
    }

    /// Takes out what has been in the pool for `ttl` or longer, and remembers its name.
    pub(super) fn expire(&mut self, now: Time, ttl: Span) -> Vec<ProposalId> {
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

    /// When the next proposal expires, counted from `now`.
    pub(super) fn next_expiry(&self, now: Time, ttl: Span) -> Option<Span> {
        let oldest = self.pooled.values().map(|pooled| pooled.since).min()?;
        Some((oldest + ttl).since(now))
    }

    /// Counts a tick of the re-send timer for those proposals that the next value is made of; those for which `is_due`
    /// says so are to be sent again. The others need not be known everywhere before it is their turn.
    pub(super) fn tick(&mut self, is_due: impl Fn(&Proposal, u32) -> bool) -> Vec<Arc<Proposal>> {
        let mut due = Vec::new();
        let mut filling = ValueBudget::new();
        let next = self.pooled.values_mut();
        for pooled in next.take_while(|pooled| filling.take(pooled.bytes)) {
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
    use crate::node::value_of;

    fn note(nth: u32) -> Arc<Proposal> {
        let id = ProposalId {
            origin: NodeKey::of("G1"),
            nth,
        };
        let content = Content::Note(format!("note {nth}"));
        Arc::new(Proposal { id, content })
    }

    fn file(name: &str, sha256: &str) -> Content {
        Content::File(FileInfo {
            name: name.into(),
            size_bytes: 1,
            sha256: sha256.into(),
        })
    }

    #[test]
    fn forms() {
        let hash = "0123456789abcdef".repeat(4);
        for good in [
            Content::Note("t\u{e9}".into()),
            Content::Note("x".repeat(1000)),
            file("photo.jpg", &hash),
            file(".profile", &hash),
            Content::Choice("0".into()),
        ] {
            assert!(is_well_formed(&good), "{good:?}");
        }
        for bad in [
            Content::Note(String::new()),
            Content::Note("x".repeat(1001)),
            Content::Note("two\nlines".into()),
            file("", &hash),
            file("..", &hash),
            file("../photo.jpg", &hash),
            file("a/b", &hash),
            file("a\\b", &hash),
            file("photo.jpg", &hash[1..]),
            file("photo.jpg", &hash.to_uppercase()),
            Content::Choice("".into()),
        ] {
            assert!(!is_well_formed(&bad), "{bad:?}");
        }
    }

    #[test]
    fn proposals_expire_in_the_order_of_their_arrival() {
        let (mut pool, ttl) = (Pool::default(), Span::from_ms(100));
        pool.insert(Time::from_ms(10), &note(2));
        pool.insert(Time::from_ms(20), &note(1));
        assert_eq!(
            pool.next_expiry(Time::from_ms(30), ttl),
            Some(Span::from_ms(80))
        );
        assert_eq!(pool.expire(Time::from_ms(109), ttl), []);
        assert_eq!(pool.expire(Time::from_ms(110), ttl), [note(2).id]);
        assert!(pool.has_expired(note(2).id) && !pool.has_expired(note(1).id));
        assert_eq!(pool.selection(|_| true).len(), 1);
        assert_eq!(pool.selection(|proposal| proposal.id.nth > 1).len(), 0);
    }

    #[test]
    fn a_pool_is_bounded() {
        let mut pool = Pool::default();
        for nth in 0..POOL_MAX as u32 + 9 {
            assert_eq!(pool.insert(Time::ZERO, &note(nth)), nth < POOL_MAX as u32);
        }
        assert_eq!(pool.selection(|_| true).len(), PROPOSALS_PER_VALUE);
        let decided = pool.selection(|_| true);
        assert_eq!(pool.settle(&decided).len(), decided.len());
        assert!(!pool.contains(note(0).id) && !pool.is_empty());
    }

    #[test]
    fn what_does_not_fit_into_a_value_stays_for_the_next_one() {
        let mut pool = Pool::default();
        let quotes = |nth| {
            let content = Content::Note("\"".repeat(1000));
            let id = note(nth).id;
            Arc::new(Proposal { id, content })
        };
        for nth in 0..100 {
            pool.insert(Time::ZERO, &quotes(nth));
        }
        let mut values = 0;
        let mut recorded = BTreeSet::new();
        while !pool.is_empty() {
            let value = pool.selection(|_| true);
            assert!(value_bytes(&value_of(&value)) <= VALUE_BYTES_MAX);
            assert_eq!(pool.tick(|_, _| true).len(), value.len());
            recorded.extend(pool.settle(&value));
            values += 1;
        }
        assert_eq!(recorded.len(), 100);
        assert!(values > 5, "{values}");
    }
}
