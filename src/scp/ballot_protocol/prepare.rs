//! Ballots, first half: accepting and confirming that a ballot is prepared (NOTES 39-46).

use crate::scp::ballot_ref::{
    BallotRef, HintBallots, PrepareCandidates, collect_prepare_candidates,
};
use crate::scp::driver::Driver;
use crate::scp::event::{BallotPhase, BallotReason, Evidence, ScpEvent};
use crate::scp::id::Counter;
use crate::scp::quorum::predicate::{Claim, Predicate};
use crate::scp::statement::Ballot;
use crate::scp::transaction::{InvariantViolated, StatementKind, Transaction};
use crate::scp::value::Value;

impl<D: Driver> Transaction<'_, D> {
    /// Accepts the highest ballot as prepared that the hint mentions, a new one if there is one (NOTES 40).
    pub(in crate::scp) fn attempt_accept_prepared(
        &mut self,
        mut tops: HintBallots<'_>,
    ) -> Result<bool, InvariantViolated> {
        if *self.slot.ballot().phase == BallotPhase::Externalize {
            return Ok(false);
        }
        if self.has_prepared_against_commit(&tops) {
            return Err(InvariantViolated);
        }
        tops.retain(|top| self.may_raise_prepared(top) && self.value_may_be_prepared(top.x));
        if tops.is_empty() {
            return Ok(false);
        }
        for ballot in self.prepare_candidates(&tops) {
            if !self.may_raise_prepared(ballot) {
                continue;
            }
            let votes = Claim::VotesPrepare(ballot.n).about(ballot.x);
            let accepts = Claim::AcceptsPrepare(ballot.n).about(ballot.x);
            if let Some(evidence) = self.accept_evidence(votes, accepts) {
                return self.set_accepted_prepared(ballot, evidence);
            }
        }
        Ok(false)
    }

    /// Would accepting `ballot` change p or p'? What this says no to it also says no to for all that is ~ and lower.
    fn may_raise_prepared(&self, ballot: BallotRef<'_>) -> bool {
        let vars = self.slot.ballot();
        match *vars.phase {
            BallotPhase::Prepare => {
                !vars
                    .p
                    .as_ref()
                    .is_some_and(|p| ballot.is_below_compatible(p))
                    && vars.p_prime.as_ref().is_none_or(|p| ballot.is_above(p))
            }
            BallotPhase::Confirm => {
                let raises = |p: &Ballot| p.n < ballot.n && p.x == *ballot.x;
                vars.p.as_ref().is_some_and(raises)
            }
            BallotPhase::Externalize => false,
        }
    }

    /// Only liars bring a node to accept a commit of one value while p is a higher ballot of another. p must not rise
    /// from there (NOTES, section 7b).
    fn has_prepared_against_commit(&self, tops: &HintBallots<'_>) -> bool {
        let vars = self.slot.ballot();
        match (*vars.phase, &*vars.p, &*vars.c) {
            (BallotPhase::Confirm, Some(p), Some(c)) if !p.is_compatible(c) => {
                tops.iter().any(|top| p.n <= top.n && p.x == *top.x)
            }
            _ => false,
        }
    }

    /// Could any ballot of value `x` be accepted that changes p or p'? Answers from running tallies, for all counters at
    /// once: prepare(n, x) has no more support than prepare of a lower counter.
    fn value_may_be_prepared(&mut self, x: &Value) -> bool {
        let vars = self.slot.ballot();
        let floor = match &*vars.p {
            Some(p) if p.x == *x => counter_above(Some(p), x),
            _ => counter_above(vars.p_prime.as_ref(), x),
        };
        let votes = Claim::VotesPrepare(floor).about(x);
        let accepts = Claim::AcceptsPrepare(floor).about(x);
        self.may_reach_acceptance(votes, accepts)
    }

    /// Could any ballot of value `x` above h be confirmed?
    fn value_may_be_confirmed(&mut self, x: &Value) -> bool {
        let floor = counter_above(self.slot.ballot().h.as_ref(), x);
        self.may_reach_confirmation(Claim::AcceptsPrepare(floor).about(x))
    }

    /// The ballots that the hint may have helped: all ballots in any statement that are ~ and <= one of `tops`,
    /// descending (NOTES 39).
    fn prepare_candidates<'a>(&self, tops: &HintBallots<'a>) -> PrepareCandidates<'a> {
        let mut found = PrepareCandidates::new();
        // Most statements name the same few ballots.
        let mut add = |found_one: BallotRef<'a>| {
            if !found.contains(&found_one) {
                found.push(found_one);
            }
        };
        for top in tops.iter() {
            for statement in self.slot.ballots.statements() {
                collect_prepare_candidates(statement, top, &mut add);
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    fn set_accepted_prepared(
        &mut self,
        ballot: BallotRef<'_>,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        if !self.set_prepared(ballot) {
            return Ok(false);
        }
        self.event(|tx| ScpEvent::AcceptedPrepared {
            slot: tx.slot.index,
            ballot: ballot.to_ballot(),
            evidence,
        });
        self.withdraw_commit_vote()?;
        self.emit_ballot_statement()?;
        Ok(true)
    }

    /// Keeps p and p' the two highest incompatible ballots accepted as prepared (NOTES 41).
    fn set_prepared(&mut self, ballot: BallotRef<'_>) -> bool {
        let vars = self.slot.ballot_mut();
        match &*vars.p {
            None => vars.p.set(Some(ballot.to_ballot())),
            Some(p) if ballot.is_above(p) => {
                if p.x != *ballot.x {
                    let second = Option::clone(&vars.p);
                    vars.p_prime.set(second);
                }
                vars.p.set(Some(ballot.to_ballot()));
            }
            Some(p) => {
                let second = vars.p_prime.as_ref();
                let raises = second.is_none_or(|second| ballot.is_above(second));
                if p.x == *ballot.x || !raises {
                    return false;
                }
                vars.p_prime.set(Some(ballot.to_ballot()));
            }
        }
        true
    }

    /// c goes when h is aborted by p or p' (NOTES 42).
    fn withdraw_commit_vote(&mut self) -> Result<(), InvariantViolated> {
        let vars = self.slot.ballot();
        let (Some(c), Some(h)) = (Option::clone(&vars.c), &*vars.h) else {
            return Ok(());
        };
        let aborts = |p: &Ballot| h.is_below_incompatible(p);
        if ![&*vars.p, &*vars.p_prime].into_iter().flatten().any(aborts) {
            return Ok(());
        }
        if *vars.phase != BallotPhase::Prepare {
            return Err(InvariantViolated);
        }
        self.slot.ballot_mut().c.set(None);
        self.event(|tx| ScpEvent::CommitVoteWithdrawn {
            slot: tx.slot.index,
            c,
        });
        Ok(())
    }

    /// Confirms the highest ballot above h that the hint mentions as prepared, and looks for c (NOTES 43, 44).
    pub(in crate::scp) fn attempt_confirm_prepared(
        &mut self,
        mut tops: HintBallots<'_>,
    ) -> Result<bool, InvariantViolated> {
        let vars = self.slot.ballot();
        if *vars.phase != BallotPhase::Prepare || vars.p.is_none() {
            return Ok(false);
        }
        tops.retain(|top| self.is_above_h(top) && self.value_may_be_confirmed(top.x));
        if tops.is_empty() {
            return Ok(false);
        }
        let candidates = self.prepare_candidates(&tops);
        for (at, ballot) in candidates.iter().enumerate() {
            if !self.is_above_h(*ballot) {
                break;
            }
            let accepts = Claim::AcceptsPrepare(ballot.n).about(ballot.x);
            if let Some(evidence) = self.confirm_evidence(accepts) {
                let c = self.find_c(&candidates[at..], *ballot);
                return self.set_confirmed_prepared(c, *ballot, evidence);
            }
        }
        Ok(false)
    }

    fn is_above_h(&self, ballot: BallotRef<'_>) -> bool {
        let h = self.slot.ballot().h.as_ref();
        h.is_none_or(|h| ballot.is_above(h))
    }

    /// The lowest ballot that the node may vote to commit together with `h`: going down from `h` through those
    /// confirmed prepared, not below b (NOTES 44).
    fn find_c<'a>(
        &mut self,
        candidates: &[BallotRef<'a>],
        h: BallotRef<'_>,
    ) -> Option<BallotRef<'a>> {
        let vars = self.slot.ballot();
        let aborts = |p: &Ballot| h.is_below_incompatible(p);
        if vars.c.is_some() || [&*vars.p, &*vars.p_prime].into_iter().flatten().any(aborts) {
            return None;
        }
        let is_low =
            |ballot: &BallotRef<'_>| vars.b.as_ref().is_some_and(|b| *ballot < BallotRef::of(b));
        let reach = candidates.iter().position(is_low);
        let mut c = None;
        for ballot in &candidates[..reach.unwrap_or(candidates.len())] {
            if ballot.x != h.x {
                continue;
            }
            let accepts = Claim::AcceptsPrepare(ballot.n).about(ballot.x);
            if self.confirm_evidence(accepts).is_none() {
                break;
            }
            c = Some(*ballot);
        }
        c.filter(|c| c.n != 0)
    }

    /// h and c change only with a compatible b; b rises to h whatever its value (NOTES 45, 46).
    fn set_confirmed_prepared(
        &mut self,
        c: Option<BallotRef<'_>>,
        h: BallotRef<'_>,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        let vars = self.slot.ballot_mut();
        let mut news = vars.z.as_ref() != Some(h.x);
        let mut worked = false;
        vars.z.set(Some(h.x.clone()));
        if vars.b.as_ref().is_none_or(|b| b.x == *h.x) {
            vars.h.set(Some(h.to_ballot()));
            if let Some(c) = c {
                vars.c.set(Some(c.to_ballot()));
            }
            worked = true;
        }
        news |= worked || vars.b.as_ref().is_none_or(|b| h.is_above(b));
        if news {
            self.event(|tx| ScpEvent::ConfirmedPrepared {
                slot: tx.slot.index,
                h: h.to_ballot(),
                c: c.filter(|_| worked).map(BallotRef::to_ballot),
                evidence,
            });
        }
        worked |= self.raise_ballot(h, BallotReason::ConfirmedPrepared)?;
        if worked {
            self.emit_ballot_statement()?;
        }
        Ok(worked)
    }

    /// Federated voting: may the node accept? Counts everybody.
    pub(in crate::scp) fn accept_evidence(
        &mut self,
        votes: Predicate<&Value>,
        accepts: Predicate<&Value>,
    ) -> Option<Evidence> {
        let votes = self.slot.ballots.supporters(votes);
        let accepts = self.slot.ballots.supporters(accepts);
        let ballots = &self.slot.ballots;
        self.quorum_checker(StatementKind::Ballot).accept(
            ballots.nodes(&votes),
            ballots.nodes(&accepts),
            self.evidence_mode,
        )
    }

    /// Federated voting: may the node confirm?
    pub(in crate::scp) fn confirm_evidence(
        &mut self,
        accepts: Predicate<&Value>,
    ) -> Option<Evidence> {
        let accepts = self.slot.ballots.supporters(accepts);
        self.quorum_checker(StatementKind::Ballot)
            .confirm(self.slot.ballots.nodes(&accepts), self.evidence_mode)
    }

    /// A necessary condition for accepting anything that these pledges are part of.
    pub(in crate::scp) fn may_reach_acceptance(
        &mut self,
        votes: Predicate<&Value>,
        accepts: Predicate<&Value>,
    ) -> bool {
        let Some(local) = self.local_set.map(|class| self.sets.compiled(class)) else {
            return false;
        };
        let ballots = &mut self.slot.ballots;
        let votes = ballots.supporters(votes);
        if local.is_slice(ballots.nodes(&votes)) {
            return true;
        }
        let accepts = ballots.supporters(accepts);
        local.is_v_blocking(ballots.nodes(&accepts))
    }

    /// A necessary condition for confirming anything that this predicate is part of.
    pub(in crate::scp) fn may_reach_confirmation(&mut self, accepts: Predicate<&Value>) -> bool {
        let Some(local) = self.local_set.map(|class| self.sets.compiled(class)) else {
            return false;
        };
        let accepts = self.slot.ballots.supporters(accepts);
        local.is_slice(self.slot.ballots.nodes(&accepts))
    }
}

/// The counter of the lowest ballot of value `x` that can be above `floor`; without a floor the lowest there is.
fn counter_above(floor: Option<&Ballot>, x: &Value) -> Counter {
    match floor {
        Some(floor) if floor.x == *x => floor.n.saturating_add(1),
        Some(floor) => floor.n,
        None => 0,
    }
}
