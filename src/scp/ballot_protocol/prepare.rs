//! Ballots, first half: accepting and confirming that a ballot is prepared (NOTES 39-46).

use super::BallotProtocol;
use crate::scp::ballot_ref::{
    BallotRef, HintBallots, PrepareCandidates, collect_prepare_candidates,
};
use crate::scp::context::{Context, InvariantViolated};
use crate::scp::driver::Driver;
use crate::scp::event::{BallotPhase, BallotReason, Evidence, ScpEvent};
use crate::scp::id::Counter;
use crate::scp::quorum::predicate::Claim;
use crate::scp::statement::Ballot;
use crate::scp::value::Value;

impl BallotProtocol {
    /// Accepts as prepared the highest ballot that the hint supports and that changes p or p' (NOTES 40).
    pub(super) fn attempt_accept_prepared<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        mut hint: HintBallots<'_>,
    ) -> Result<bool, InvariantViolated> {
        if *self.state.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        if self.is_prepared_against_commit(&hint) {
            return Err(InvariantViolated);
        }
        hint.retain(|top| self.may_raise_prepared(top) && self.value_may_be_prepared(cx, top.x));
        if hint.is_empty() {
            return Ok(false);
        }
        for ballot in self.prepare_candidates(&hint) {
            if !self.may_raise_prepared(ballot) {
                continue;
            }
            let votes = Claim::VotesPrepare(ballot.n).about(ballot.x);
            let accepts = Claim::AcceptsPrepare(ballot.n).about(ballot.x);
            if let Some(evidence) = self.votes.accept(cx.voter(), votes, accepts) {
                return self.set_accepted_prepared(cx, ballot, evidence);
            }
        }
        Ok(false)
    }

    /// Whether accepting `ballot` would change p or p'. If not, neither would a lower compatible ballot.
    fn may_raise_prepared(&self, ballot: BallotRef<'_>) -> bool {
        let state = &self.state;
        match *state.phase {
            BallotPhase::Prepare => {
                let p = state.p.as_ref();
                !p.is_some_and(|p| ballot.is_below_compatible(p))
                    && state.p_prime.as_ref().is_none_or(|p| ballot.is_above(p))
            }
            BallotPhase::Confirm => {
                let raises = |p: &Ballot| p.n < ballot.n && p.x == *ballot.x;
                state.p.as_ref().is_some_and(raises)
            }
            BallotPhase::Externalize => false,
        }
    }

    /// Whether the hint would raise p while p and c have different values. Only Byzantine nodes can make a node accept
    /// a commit of one value while p is a higher ballot of another. In that state p must not rise (NOTES, section 7b).
    fn is_prepared_against_commit(&self, hint: &HintBallots<'_>) -> bool {
        match (*self.state.phase, &*self.state.p, &*self.state.c) {
            (BallotPhase::Confirm, Some(p), Some(c)) if !p.is_compatible(c) => {
                hint.iter().any(|top| p.n <= top.n && p.x == *top.x)
            }
            _ => false,
        }
    }

    /// Whether any ballot of value `x` that changes p or p' could be accepted. One test covers all counters, because
    /// prepare(n, x) has no more support than prepare(m, x) of a lower counter m.
    fn value_may_be_prepared<D: Driver>(&mut self, cx: &Context<'_, D>, x: &Value) -> bool {
        let floor = match &*self.state.p {
            Some(p) if p.x == *x => counter_above(Some(p), x),
            _ => counter_above(self.state.p_prime.as_ref(), x),
        };
        let votes = Claim::VotesPrepare(floor).about(x);
        let accepts = Claim::AcceptsPrepare(floor).about(x);
        self.votes.may_accept(cx.voter(), votes, accepts)
    }

    /// Whether any ballot of value `x` above h could be confirmed.
    fn value_may_be_confirmed<D: Driver>(&mut self, cx: &Context<'_, D>, x: &Value) -> bool {
        let floor = counter_above(self.state.h.as_ref(), x);
        let accepts = Claim::AcceptsPrepare(floor).about(x);
        self.votes.may_confirm(cx.voter(), accepts)
    }

    /// The ballots that the hint supports, descending: all ballots in any statement that are compatible with a hint
    /// ballot and not above it (NOTES 39).
    fn prepare_candidates<'a>(&self, hint: &HintBallots<'a>) -> PrepareCandidates<'a> {
        let mut found = PrepareCandidates::new();
        // Most statements name the same few ballots, so duplicates are dropped before sorting.
        let mut add = |candidate: BallotRef<'a>| {
            if !found.contains(&candidate) {
                found.push(candidate);
            }
        };
        for top in hint.iter() {
            for statement in self.votes.statements() {
                collect_prepare_candidates(statement, top, &mut add);
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    fn set_accepted_prepared<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: BallotRef<'_>,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        if !self.set_prepared(ballot) {
            return Ok(false);
        }
        cx.event(|slot| ScpEvent::AcceptedPrepared {
            slot,
            ballot: ballot.to_ballot(),
            evidence,
        });
        self.withdraw_commit_vote(cx)?;
        self.emit_statement(cx)?;
        Ok(true)
    }

    /// Updates p and p', the two highest incompatible ballots accepted as prepared (NOTES 41). False if neither
    /// changes.
    fn set_prepared(&mut self, ballot: BallotRef<'_>) -> bool {
        let state = self.state.get_mut();
        match &*state.p {
            None => state.p.set(Some(ballot.to_ballot())),
            Some(p) if ballot.is_above(p) => {
                if p.x != *ballot.x {
                    let p_prime = Option::clone(&state.p);
                    state.p_prime.set(p_prime);
                }
                state.p.set(Some(ballot.to_ballot()));
            }
            Some(p) => {
                let p_prime = state.p_prime.as_ref();
                let raises = p_prime.is_none_or(|p_prime| ballot.is_above(p_prime));
                if p.x == *ballot.x || !raises {
                    return false;
                }
                state.p_prime.set(Some(ballot.to_ballot()));
            }
        }
        true
    }

    /// Clears c when p or p' aborts h (NOTES 42).
    fn withdraw_commit_vote<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
    ) -> Result<(), InvariantViolated> {
        let (Some(c), Some(h)) = (Option::clone(&self.state.c), &*self.state.h) else {
            return Ok(());
        };
        if !self.is_aborted(BallotRef::of(h)) {
            return Ok(());
        }
        if *self.state.phase != BallotPhase::Prepare {
            return Err(InvariantViolated);
        }
        self.state.get_mut().c.set(None);
        cx.event(|slot| ScpEvent::CommitVoteWithdrawn { slot, c });
        Ok(())
    }

    /// Whether p or p' is a higher ballot with another value, which aborts `ballot`.
    fn is_aborted(&self, ballot: BallotRef<'_>) -> bool {
        let aborts = |p: &Ballot| ballot.is_below_incompatible(p);
        let prepared = [&*self.state.p, &*self.state.p_prime];
        prepared.into_iter().flatten().any(aborts)
    }

    /// Confirms as prepared the highest ballot above h that the hint supports, and determines c (NOTES 43, 44).
    pub(super) fn attempt_confirm_prepared<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        mut hint: HintBallots<'_>,
    ) -> Result<bool, InvariantViolated> {
        if *self.state.phase != BallotPhase::Prepare || self.state.p.is_none() {
            return Ok(false);
        }
        hint.retain(|top| self.is_above_h(top) && self.value_may_be_confirmed(cx, top.x));
        if hint.is_empty() {
            return Ok(false);
        }
        let candidates = self.prepare_candidates(&hint);
        for (at, ballot) in candidates.iter().enumerate() {
            if !self.is_above_h(*ballot) {
                break;
            }
            let accepts = Claim::AcceptsPrepare(ballot.n).about(ballot.x);
            if let Some(evidence) = self.votes.confirm(cx.voter(), accepts) {
                let from_h = candidates.get(at..).unwrap_or_default();
                let c = self.find_c(cx, from_h, *ballot);
                return self.set_confirmed_prepared(cx, c, *ballot, evidence);
            }
        }
        Ok(false)
    }

    fn is_above_h(&self, ballot: BallotRef<'_>) -> bool {
        let h = self.state.h.as_ref();
        h.is_none_or(|h| ballot.is_above(h))
    }

    /// The lowest ballot that the node may vote to commit together with `h`: the lowest of the compatible candidates
    /// from `h` down to b that are all confirmed prepared (NOTES 44).
    fn find_c<'a, D: Driver>(
        &mut self,
        cx: &Context<'_, D>,
        candidates: &[BallotRef<'a>],
        h: BallotRef<'_>,
    ) -> Option<BallotRef<'a>> {
        if self.state.c.is_some() || self.is_aborted(h) {
            return None;
        }
        let b = self.state.b.as_ref();
        let is_below_b = |ballot: &BallotRef<'_>| b.is_some_and(|b| *ballot < BallotRef::of(b));
        let mut c = None;
        for ballot in candidates {
            if is_below_b(ballot) {
                break;
            }
            if ballot.x != h.x {
                continue;
            }
            let accepts = Claim::AcceptsPrepare(ballot.n).about(ballot.x);
            if self.votes.confirm(cx.voter(), accepts).is_none() {
                break;
            }
            c = Some(*ballot);
        }
        c.filter(|c| c.n != 0)
    }

    /// Sets z, and h and c if b is compatible with h. b rises to h even if their values differ (NOTES 45, 46).
    fn set_confirmed_prepared<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        c: Option<BallotRef<'_>>,
        h: BallotRef<'_>,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        let state = self.state.get_mut();
        let mut is_new = state.z.as_ref() != Some(h.x);
        let mut worked = false;
        state.z.set(Some(h.x.clone()));
        if state.b.as_ref().is_none_or(|b| b.x == *h.x) {
            state.h.set(Some(h.to_ballot()));
            if let Some(c) = c {
                state.c.set(Some(c.to_ballot()));
            }
            worked = true;
        }
        is_new |= worked || state.b.as_ref().is_none_or(|b| h.is_above(b));
        if is_new {
            cx.event(|slot| ScpEvent::ConfirmedPrepared {
                slot,
                h: h.to_ballot(),
                c: c.filter(|_| worked).map(BallotRef::to_ballot),
                evidence,
            });
        }
        worked |= self.raise_ballot(cx, h, BallotReason::ConfirmedPrepared)?;
        if worked {
            self.emit_statement(cx)?;
        }
        Ok(worked)
    }
}

/// The counter of the lowest ballot of value `x` that can be above `floor`; 0 without a floor.
fn counter_above(floor: Option<&Ballot>, x: &Value) -> Counter {
    match floor {
        Some(floor) if floor.x == *x => floor.n.saturating_add(1),
        Some(floor) => floor.n,
        None => 0,
    }
}
