//! Ballots, second half: accepting and confirming a commit, over intervals of counters (NOTES 48-54).

use crate::scp::ballot_ref::BallotRef;
use crate::scp::driver::Driver;
use crate::scp::event::{BallotPhase, BallotReason, Effect, Evidence, ScpEvent, ScpTimer};
use crate::scp::id::Counter;
use crate::scp::quorum::node_set::NodeSet;
use crate::scp::quorum::predicate::{Claim, Interval, Predicate};
use crate::scp::statement::{Ballot, Statement};
use crate::scp::transaction::{InvariantViolated, StatementKind, Transaction};
use crate::scp::value::Value;
use smallvec::SmallVec;

impl<D: Driver> Transaction<'_, D> {
    /// Accepts commit of the highest interval of the hint's value; again in CONFIRM if it reaches higher (NOTES 49).
    pub(in crate::scp) fn attempt_accept_commit(
        &mut self,
        hint: &Statement,
    ) -> Result<bool, InvariantViolated> {
        let Some(x) = commit_value(hint) else {
            return Ok(false);
        };
        let vars = self.slot.ballot();
        let floor = match (*vars.phase, &*vars.h) {
            (BallotPhase::Prepare, _) => 0,
            (BallotPhase::Confirm, Some(h)) if h.x == *x => h.n,
            (BallotPhase::Confirm | BallotPhase::Externalize, _) => return Ok(false),
        };
        let votes = Claim::VotesSomeCommit.about(x);
        let accepts = Claim::AcceptsSomeCommit.about(x);
        let beyond = Claim::CommitBeyond(floor).about(x);
        if !(beyond.holds_for(hint) || self.has_supporter(beyond))
            || !self.may_reach_acceptance(votes, accepts)
        {
            return Ok(false);
        }
        let found = self.find_interval(x, |tx, interval| {
            let votes = tx.count(Claim::VotesCommit(interval).about(x));
            let accepts = tx.count(Claim::AcceptsCommit(interval).about(x));
            tx.quorum_checker(StatementKind::Ballot)
                .accept(&votes, &accepts, tx.evidence_mode)
        });
        match found {
            Some((interval, evidence)) if interval.high > floor => {
                self.set_accepted_commit(x, interval, evidence)
            }
            _ => Ok(false),
        }
    }

    /// b moves to h if it does not cover it, even down (NOTES 51).
    fn set_accepted_commit(
        &mut self,
        x: &Value,
        interval: Interval,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        let c = BallotRef::new(interval.low, x);
        let h = BallotRef::new(interval.high, x);
        let vars = self.slot.ballot_mut();
        let enters = *vars.phase == BallotPhase::Prepare;
        vars.z.set(Some(x.clone()));
        let stays = |now: &Option<Ballot>, then| now.as_ref().map(BallotRef::of) == Some(then);
        if !enters && stays(&vars.c, c) && stays(&vars.h, h) {
            return Ok(false);
        }
        vars.c.set(Some(c.to_ballot()));
        vars.h.set(Some(h.to_ballot()));
        self.event(|tx| ScpEvent::AcceptedCommit {
            slot: tx.slot.index,
            value: x.clone(),
            n_c: interval.low,
            n_h: interval.high,
            evidence,
        });
        if enters {
            let vars = self.slot.ballot_mut();
            vars.phase.set(BallotPhase::Confirm);
            vars.p_prime.set(None);
            if vars.b.as_ref().is_some_and(|b| !h.is_below_compatible(b)) {
                self.set_ballot(h.to_ballot(), BallotReason::AcceptedCommit)?;
            }
        }
        self.raise_ballot(h, BallotReason::AcceptedCommit)?;
        self.emit_ballot_statement()?;
        Ok(true)
    }

    /// Confirms commit of the highest interval: the slot is decided (NOTES 53).
    pub(in crate::scp) fn attempt_confirm_commit(
        &mut self,
        hint: &Statement,
    ) -> Result<bool, InvariantViolated> {
        if matches!(hint, Statement::Prepare { .. }) {
            return Ok(false);
        }
        let Some(x) = commit_value(hint) else {
            return Ok(false);
        };
        let vars = self.slot.ballot();
        let is_confirming = *vars.phase == BallotPhase::Confirm
            && vars.h.is_some()
            && vars.c.as_ref().is_some_and(|c| c.x == *x);
        if !is_confirming || !self.may_reach_confirmation(Claim::AcceptsSomeCommit.about(x)) {
            return Ok(false);
        }
        let found = self.find_interval(x, |tx, interval| {
            let accepts = tx.count(Claim::AcceptsCommit(interval).about(x));
            tx.quorum_checker(StatementKind::Ballot)
                .confirm(&accepts, tx.evidence_mode)
        });
        match found {
            Some((interval, evidence)) => self.set_confirmed_commit(x, interval, evidence),
            None => Ok(false),
        }
    }

    /// The application learns the value before the others do; nomination ends (NOTES 33, 54).
    fn set_confirmed_commit(
        &mut self,
        x: &Value,
        interval: Interval,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        let h = BallotRef::new(interval.high, x);
        let vars = self.slot.ballot_mut();
        vars.c.set(Some(Ballot::new(interval.low, x.clone())));
        vars.h.set(Some(h.to_ballot()));
        self.raise_ballot(h, BallotReason::AcceptedCommit)?;
        self.event(|tx| ScpEvent::ConfirmedCommit {
            slot: tx.slot.index,
            value: x.clone(),
            n_c: interval.low,
            n_h: interval.high,
            evidence,
        });
        self.slot.ballot_mut().phase.set(BallotPhase::Externalize);
        self.emit_ballot_statement()?;
        self.slot.nomination_mut().nominating.set(false);
        let slot = self.slot.index;
        let value = x.clone();
        self.out.push(Effect::Externalized { slot, value });
        if *self.slot.ballot().timer_armed {
            self.slot.ballot_mut().timer_armed.set(false);
            self.stop_timer(ScpTimer::Ballot);
        }
        self.slot.ballots.stop_watching();
        Ok(true)
    }

    /// The highest counter that passes, extended downwards over the interesting counters while the whole interval
    /// passes. Counter 0 is no commit, whoever claims it.
    fn find_interval(
        &mut self,
        x: &Value,
        mut passes: impl FnMut(&mut Self, Interval) -> Option<Evidence>,
    ) -> Option<(Interval, Evidence)> {
        let mut found: Option<(Interval, Evidence)> = None;
        for n in self.commit_boundaries(x) {
            let high = found.as_ref().map_or(n, |(interval, _)| interval.high);
            let interval = Interval { low: n, high };
            match passes(self, interval) {
                Some(evidence) => found = Some((interval, evidence)),
                None if found.is_some() => break,
                None => {}
            }
        }
        found.filter(|(interval, _)| interval.low != 0)
    }

    /// All counters at which any statement about committing `x` begins or ends, descending.
    fn commit_boundaries(&self, x: &Value) -> SmallVec<[Counter; 8]> {
        let mut found: SmallVec<[Counter; 8]> = SmallVec::new();
        for statement in self.slot.ballots.statements() {
            match statement {
                Statement::Prepare {
                    ballot, n_c, n_h, ..
                } if *n_c != 0 && ballot.x == *x => found.extend([*n_c, *n_h]),
                Statement::Confirm {
                    ballot,
                    n_commit,
                    n_h,
                    ..
                } if ballot.x == *x => found.extend([*n_commit, *n_h]),
                Statement::Externalize { commit, n_h } if commit.x == *x => {
                    found.extend([commit.n, *n_h, Counter::MAX]);
                }
                _ => {}
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        found.dedup();
        found
    }

    fn has_supporter(&mut self, predicate: Predicate<&Value>) -> bool {
        let supporters = self.slot.ballots.supporters(predicate);
        !self.slot.ballots.nodes(&supporters).is_empty()
    }

    fn count(&self, predicate: Predicate<&Value>) -> NodeSet {
        self.slot.ballots.count(predicate)
    }
}

/// The value that a statement votes for or accepts to commit, if any.
fn commit_value(hint: &Statement) -> Option<&Value> {
    match hint {
        Statement::Prepare { n_c: 0, .. } | Statement::Nominate { .. } => None,
        Statement::Prepare { ballot, .. } | Statement::Confirm { ballot, .. } => Some(&ballot.x),
        Statement::Externalize { commit, .. } => Some(&commit.x),
    }
}
