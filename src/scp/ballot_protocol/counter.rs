//! Ballot counters: starting, timing out, catching up with a v-blocking set, hearing from a quorum (NOTES 55-61).

use crate::scp::driver::Driver;
use crate::scp::event::{BallotPhase, BallotReason, Evidence, ScpEvent, ScpTimer, VotingRule};
use crate::scp::id::Counter;
use crate::scp::quorum::node_set::NodeSet;
use crate::scp::quorum::predicate::Claim;
use crate::scp::statement::Ballot;
use crate::scp::transaction::{InvariantViolated, StatementKind, Transaction};
use crate::scp::value::Value;
use std::borrow::Cow;

impl<D: Driver> Transaction<'_, D> {
    /// Nomination has a first candidate: ballot 1, unless there is a ballot already (NOTES 36).
    pub(in crate::scp) fn start_balloting(
        &mut self,
        value: Value,
    ) -> Result<(), InvariantViolated> {
        if self.slot.ballot().b.is_none() {
            self.bump(1, value, BallotReason::Candidate)?;
        }
        Ok(())
    }

    /// The ballot timer ran out: the next counter (NOTES 57).
    pub(in crate::scp) fn ballot_timed_out(&mut self) -> Result<(), InvariantViolated> {
        if *self.slot.ballot().timer_armed {
            self.slot.ballot_mut().timer_armed.set(false);
        }
        if *self.slot.ballot().phase == BallotPhase::Externalize {
            return Ok(());
        }
        let n = self.slot.ballot().b.as_ref().map_or(0, |b| b.n);
        let next = n.checked_add(1).ok_or(InvariantViolated)?;
        self.abandon_ballot(next, BallotReason::Timeout)?;
        Ok(())
    }

    /// Moves to counter `n` with the latest composite, or else the value it has; without any nothing happens.
    fn abandon_ballot(
        &mut self,
        n: Counter,
        reason: BallotReason,
    ) -> Result<bool, InvariantViolated> {
        let current = self.slot.ballot().b.as_ref().map(|b| &b.x);
        let value = self.slot.nomination().composite.as_ref().or(current);
        match value.cloned() {
            Some(value) => self.bump(n, value, reason),
            None => Ok(false),
        }
    }

    /// A new counter, with z if it is set and else `value`. Refused while c votes for another value (NOTES 55, 56).
    fn bump(
        &mut self,
        n: Counter,
        value: Value,
        reason: BallotReason,
    ) -> Result<bool, InvariantViolated> {
        let vars = self.slot.ballot();
        if *vars.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        let to = Ballot::new(n, Option::clone(&vars.z).unwrap_or(value));
        if vars.b.is_some() && vars.c.as_ref().is_some_and(|c| !c.is_compatible(&to)) {
            return Ok(false);
        }
        match &*vars.b {
            Some(b) if *b > to => return Err(InvariantViolated),
            Some(b) if *b == to => return Ok(false),
            Some(_) | None => {}
        }
        self.set_ballot(to, reason)?;
        self.emit_ballot_statement()?;
        self.check_heard_from_quorum();
        Ok(true)
    }

    /// While a v-blocking set has higher counters: jumps to the lowest counter at which it has not (NOTES 58).
    pub(in crate::scp) fn attempt_catch_up(&mut self) -> Result<bool, InvariantViolated> {
        let vars = self.slot.ballot();
        if *vars.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        let n = vars.b.as_ref().map_or(0, |b| b.n);
        if self.slot.ballots.highest_counter() <= n {
            return Ok(false);
        }
        let ahead = self
            .slot
            .ballots
            .supporters(Claim::AboveCounter(n).about_counters());
        let nodes = self.slot.ballots.nodes(&ahead);
        let Some(evidence) = self
            .quorum_checker(StatementKind::Ballot)
            .blocking(nodes, self.evidence_mode)
        else {
            return Ok(false);
        };
        match self.counter_to_catch_up(nodes) {
            Some(to) => self.abandon_ballot(to, BallotReason::CatchUp(evidence)),
            None => Ok(false),
        }
    }

    /// The lowest counter of the nodes ahead above which they no longer block.
    fn counter_to_catch_up(&self, ahead: &NodeSet) -> Option<Counter> {
        let latest = self.slot.ballots.latest();
        let mut counters: Vec<_> = ahead
            .iter()
            .filter_map(|node| Some((latest.statement(node)?.counter(), node)))
            .collect();
        counters.sort_unstable();
        let checker = self.quorum_checker(StatementKind::Ballot);
        let mut above = ahead.clone();
        let mut same = counters.iter().peekable();
        while let Some(&(n, node)) = same.next() {
            above.remove(node);
            let last_of_n = same.peek().is_none_or(|&&(next, _)| next != n);
            if last_of_n && !checker.is_v_blocking(&above) {
                return Some(n);
            }
        }
        None
    }

    /// Is a quorum at this counter or above? If so the ballot timer runs, else not (NOTES 59).
    pub(in crate::scp) fn check_heard_from_quorum(&mut self) {
        let vars = self.slot.ballot();
        let Some(n) = vars.b.as_ref().map(|b| b.n) else {
            return;
        };
        let sets = (self.slot.ballots.latest().set_changes(), self.local_set);
        if *vars.phase == BallotPhase::Externalize
            || (*vars.heard_from_quorum && *vars.heard_under_sets == Some(sets))
        {
            return;
        }
        let there = self
            .slot
            .ballots
            .supporters(Claim::AtCounter(n).about_counters());
        let nodes = self.slot.ballots.nodes(&there);
        let quorum = self
            .quorum_checker(StatementKind::Ballot)
            .greatest_quorum(nodes);
        match quorum.map(Cow::into_owned) {
            Some(quorum) => {
                self.slot.ballot_mut().heard_under_sets.set(Some(sets));
                if !*self.slot.ballot().heard_from_quorum {
                    self.set_heard_from_quorum(n, quorum);
                }
            }
            None => self.set_not_heard_from_quorum(),
        }
    }

    fn set_heard_from_quorum(&mut self, n: Counter, quorum: NodeSet) {
        let vars = self.slot.ballot_mut();
        vars.heard_from_quorum.set(true);
        vars.timer_armed.set(true);
        self.event(|tx| {
            let checker = tx.quorum_checker(StatementKind::Ballot);
            let witness = checker.minimal_quorum(&quorum);
            let evidence: Evidence = checker.evidence(VotingRule::Quorum, &witness);
            ScpEvent::HeardFromQuorum {
                slot: tx.slot.index,
                n,
                evidence,
            }
        });
        let span = self.driver.ballot_timeout(n);
        self.set_timer(ScpTimer::Ballot, span);
    }

    fn set_not_heard_from_quorum(&mut self) {
        let vars = self.slot.ballot();
        if *vars.heard_from_quorum || *vars.timer_armed {
            let vars = self.slot.ballot_mut();
            vars.heard_from_quorum.set(false);
            if *vars.timer_armed {
                vars.timer_armed.set(false);
                self.stop_timer(ScpTimer::Ballot);
            }
        }
    }
}
