//! Ballots, second half: accepting and confirming a commit over an interval of counters (NOTES 48-54).

use super::BallotProtocol;
use crate::scp::ballot_ref::BallotRef;
use crate::scp::context::{Context, InvariantViolated};
use crate::scp::driver::Driver;
use crate::scp::event::{BallotPhase, BallotReason, Evidence, ScpEvent, ScpTimer};
use crate::scp::id::Counter;
use crate::scp::quorum::predicate::{Claim, Interval};
use crate::scp::statement::{Ballot, Statement};
use crate::scp::value::Value;
use smallvec::SmallVec;

impl BallotProtocol {
    /// Accepts the commit of the highest interval of the hint's value. In CONFIRM the interval must end above h (NOTES
    /// 49).
    pub(super) fn attempt_accept_commit<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        hint: &Statement,
    ) -> Result<bool, InvariantViolated> {
        let Some(x) = commit_value(hint) else {
            return Ok(false);
        };
        let floor = match (*self.state.phase, &*self.state.h) {
            (BallotPhase::Prepare, _) => 0,
            (BallotPhase::Confirm, Some(h)) if h.x == *x => h.n,
            (BallotPhase::Confirm | BallotPhase::Externalize, _) => return Ok(false),
        };
        let votes = Claim::VotesSomeCommit.about(x);
        let accepts = Claim::AcceptsSomeCommit.about(x);
        let beyond = Claim::CommitBeyond(floor).about(x);
        if !(beyond.holds_for(hint) || self.votes.any(beyond))
            || !self.votes.may_accept(cx.voter(), votes, accepts)
        {
            return Ok(false);
        }
        let found = self.find_interval(x, |protocol, interval| {
            let votes = Claim::VotesCommit(interval).about(x);
            let accepts = Claim::AcceptsCommit(interval).about(x);
            protocol.votes.accept_once(cx.voter(), votes, accepts)
        });
        match found {
            Some((interval, evidence)) if interval.high > floor => {
                self.set_accepted_commit(cx, x, interval, evidence)
            }
            _ => Ok(false),
        }
    }

    /// Sets c, h and z. b moves to h, even to a lower counter, if h is above b or has another value (NOTES 51).
    fn set_accepted_commit<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        x: &Value,
        interval: Interval,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        let c = BallotRef::new(interval.low, x);
        let h = BallotRef::new(interval.high, x);
        let state = self.state.get_mut();
        let enters = *state.phase == BallotPhase::Prepare;
        state.z.set(Some(x.clone()));
        let stays = |now: &Option<Ballot>, then| now.as_ref().map(BallotRef::of) == Some(then);
        if !enters && stays(&state.c, c) && stays(&state.h, h) {
            return Ok(false);
        }
        state.c.set(Some(c.to_ballot()));
        state.h.set(Some(h.to_ballot()));
        cx.event(|slot| ScpEvent::AcceptedCommit {
            slot,
            value: x.clone(),
            n_c: interval.low,
            n_h: interval.high,
            evidence,
        });
        if enters {
            let state = self.state.get_mut();
            state.phase.set(BallotPhase::Confirm);
            state.p_prime.set(None);
            if state.b.as_ref().is_some_and(|b| !h.is_below_compatible(b)) {
                self.set_ballot(cx, h.to_ballot(), BallotReason::AcceptedCommit)?;
            }
        }
        self.raise_ballot(cx, h, BallotReason::AcceptedCommit)?;
        self.emit_statement(cx)?;
        Ok(true)
    }

    /// Confirms the commit of the highest interval, which decides the slot (NOTES 53).
    pub(super) fn attempt_confirm_commit<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        hint: &Statement,
    ) -> Result<bool, InvariantViolated> {
        if matches!(hint, Statement::Prepare { .. }) {
            return Ok(false);
        }
        let Some(x) = commit_value(hint) else {
            return Ok(false);
        };
        let state = &self.state;
        let is_confirming = *state.phase == BallotPhase::Confirm
            && state.h.is_some()
            && state.c.as_ref().is_some_and(|c| c.x == *x);
        let accepts = Claim::AcceptsSomeCommit.about(x);
        if !is_confirming || !self.votes.may_confirm(cx.voter(), accepts) {
            return Ok(false);
        }
        let found = self.find_interval(x, |protocol, interval| {
            let accepts = Claim::AcceptsCommit(interval).about(x);
            protocol.votes.confirm_once(cx.voter(), accepts)
        });
        match found {
            Some((interval, evidence)) => self.set_confirmed_commit(cx, x, interval, evidence),
            None => Ok(false),
        }
    }

    /// Hands the decision to the application after the EXTERNALIZE statement is made and before it is sent (NOTES 54).
    fn set_confirmed_commit<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        x: &Value,
        interval: Interval,
        evidence: Evidence,
    ) -> Result<bool, InvariantViolated> {
        let h = BallotRef::new(interval.high, x);
        let state = self.state.get_mut();
        state.c.set(Some(Ballot::new(interval.low, x.clone())));
        state.h.set(Some(h.to_ballot()));
        self.raise_ballot(cx, h, BallotReason::AcceptedCommit)?;
        cx.event(|slot| ScpEvent::ConfirmedCommit {
            slot,
            value: x.clone(),
            n_c: interval.low,
            n_h: interval.high,
            evidence,
        });
        self.state.get_mut().phase.set(BallotPhase::Externalize);
        self.emit_statement(cx)?;
        cx.externalize(x.clone());
        if *self.state.timer_armed {
            self.state.get_mut().timer_armed.set(false);
            cx.stop_timer(ScpTimer::Ballot);
        }
        self.votes.stop_voting();
        Ok(true)
    }

    /// The interval that ends at the highest boundary for which `passes` holds and extends downwards over the
    /// boundaries while the whole interval passes. A commit of counter 0 is invalid, even if a statement claims it.
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

    /// All counters at which the claim of a statement about committing `x` begins or ends, descending.
    fn commit_boundaries(&self, x: &Value) -> SmallVec<[Counter; 8]> {
        let mut found: SmallVec<[Counter; 8]> = SmallVec::new();
        for statement in self.votes.statements() {
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
}

/// The value that a statement votes for or accepts to commit, if any.
fn commit_value(hint: &Statement) -> Option<&Value> {
    match hint {
        Statement::Prepare { n_c: 0, .. } | Statement::Nominate { .. } => None,
        Statement::Prepare { ballot, .. } | Statement::Confirm { ballot, .. } => Some(&ballot.x),
        Statement::Externalize { commit, .. } => Some(&commit.x),
    }
}
