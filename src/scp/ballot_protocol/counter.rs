//! Ballot counters: start, timeout, catching up with a v-blocking set, and "heard from quorum" (NOTES 55-61).

use super::BallotProtocol;
use crate::scp::context::{Context, InvariantViolated};
use crate::scp::driver::Driver;
use crate::scp::event::{BallotPhase, BallotReason, ScpEvent, ScpTimer};
use crate::scp::id::Counter;
use crate::scp::quorum::node_set::NodeSet;
use crate::scp::statement::Ballot;
use crate::scp::value::Value;

impl BallotProtocol {
    /// The latest combination of the nomination candidates, which ballots started from now on use unless z is set.
    pub(in crate::scp) fn set_composite(&mut self, composite: Option<Value>) {
        self.state.get_mut().composite.set(composite);
    }

    /// Nomination has a composite: starts ballot 1 unless the node has a ballot already (NOTES 34, 36).
    pub(in crate::scp) fn start<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        value: Value,
    ) -> Result<(), InvariantViolated> {
        if self.state.b.is_none() {
            self.bump(cx, 1, value, BallotReason::Candidate)?;
        }
        Ok(())
    }

    /// The ballot timer expired: moves to the next counter (NOTES 57).
    pub(in crate::scp) fn timer_expired<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
    ) -> Result<(), InvariantViolated> {
        if *self.state.timer_armed {
            self.state.get_mut().timer_armed.set(false);
        }
        if *self.state.phase == BallotPhase::Externalize {
            return Ok(());
        }
        let n = self.counter();
        let next = n.checked_add(1).ok_or(InvariantViolated)?;
        self.abandon_ballot(cx, next, BallotReason::Timeout)?;
        Ok(())
    }

    /// The current counter; 0 without a ballot.
    fn counter(&self) -> Counter {
        self.state.b.as_ref().map_or(0, |b| b.n)
    }

    /// Moves to counter `n` with the latest composite, or else with the current value. Without both, nothing happens.
    fn abandon_ballot<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        n: Counter,
        reason: BallotReason,
    ) -> Result<bool, InvariantViolated> {
        let current = self.state.b.as_ref().map(|b| &b.x);
        let value = self.state.composite.as_ref().or(current);
        match value.cloned() {
            Some(value) => self.bump(cx, n, value, reason),
            None => Ok(false),
        }
    }

    /// Moves to a new counter with z if it is set, or else with `value`. Nothing happens while c has another value
    /// (NOTES 55, 56).
    fn bump<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        n: Counter,
        value: Value,
        reason: BallotReason,
    ) -> Result<bool, InvariantViolated> {
        let state = &self.state;
        if *state.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        let to = Ballot::new(n, Option::clone(&state.z).unwrap_or(value));
        if state.b.is_some() && state.c.as_ref().is_some_and(|c| !c.is_compatible(&to)) {
            return Ok(false);
        }
        match &*state.b {
            Some(b) if *b > to => return Err(InvariantViolated),
            Some(b) if *b == to => return Ok(false),
            Some(_) | None => {}
        }
        self.set_ballot(cx, to, reason)?;
        self.emit_statement(cx)?;
        self.check_heard_from_quorum(cx);
        Ok(true)
    }

    /// If a v-blocking set has higher counters, jumps to the lowest counter above which no v-blocking set is (NOTES
    /// 58).
    pub(super) fn attempt_catch_up<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
    ) -> Result<bool, InvariantViolated> {
        if *self.state.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        let n = self.counter();
        match self.votes.catch_up_counter(cx.voter(), n) {
            Some((to, evidence)) => self.abandon_ballot(cx, to, BallotReason::CatchUp(evidence)),
            None => Ok(false),
        }
    }

    /// Updates "heard from quorum" and the ballot timer, which runs while a quorum is at this counter or above (NOTES
    /// 59).
    pub(super) fn check_heard_from_quorum<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        let Some(n) = self.state.b.as_ref().map(|b| b.n) else {
            return;
        };
        let sets = (self.votes.latest().set_version(), cx.local_set());
        if *self.state.phase == BallotPhase::Externalize
            || (*self.state.heard_from_quorum && *self.state.heard_under_sets == Some(sets))
        {
            return;
        }
        match self.votes.quorum_at_counter(cx.voter(), n) {
            Some(quorum) => {
                self.state.get_mut().heard_under_sets.set(Some(sets));
                if !*self.state.heard_from_quorum {
                    self.set_heard_from_quorum(cx, n, &quorum);
                }
            }
            None => self.set_not_heard_from_quorum(cx),
        }
    }

    fn set_heard_from_quorum<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        n: Counter,
        quorum: &NodeSet,
    ) {
        let state = self.state.get_mut();
        state.heard_from_quorum.set(true);
        state.timer_armed.set(true);
        if cx.wants_events() {
            let evidence = self.votes.quorum_evidence(cx.voter(), quorum);
            cx.event(|slot| ScpEvent::HeardFromQuorum { slot, n, evidence });
        }
        let span = cx.driver().ballot_timeout(n);
        cx.set_timer(ScpTimer::Ballot, span);
    }

    fn set_not_heard_from_quorum<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if *self.state.heard_from_quorum || *self.state.timer_armed {
            let state = self.state.get_mut();
            state.heard_from_quorum.set(false);
            if *state.timer_armed {
                state.timer_armed.set(false);
                cx.stop_timer(ScpTimer::Ballot);
            }
        }
    }
}
