//! Ballot counters: starting, timing out, catching up with a v-blocking set, hearing from a quorum (NOTES 55-61).

use super::driver::Driver;
use super::event::{BallotPhase, BallotReason, Evidence, Rule, ScpEvent, ScpTimer};
use super::id::Counter;
use super::node_set::NodeSet;
use super::pledge::Promise;
use super::statement::Ballot;
use super::turn::{Broken, Kind, Turn};
use super::value::Value;
use std::borrow::Cow;

impl<D: Driver> Turn<'_, D> {
    /// Nomination has a first candidate: ballot 1, unless there is a ballot already (NOTES 36).
    pub(super) fn start_balloting(&mut self, value: Value) -> Result<(), Broken> {
        if self.slot.ballot().b.is_none() {
            self.bump(1, value, BallotReason::Candidate)?;
        }
        Ok(())
    }

    /// The ballot timer ran out: the next counter (NOTES 57).
    pub(super) fn ballot_timed_out(&mut self) -> Result<(), Broken> {
        if *self.slot.ballot().timer_armed {
            self.slot.ballot_mut().timer_armed.set(false);
        }
        if *self.slot.ballot().phase == BallotPhase::Externalize {
            return Ok(());
        }
        let n = self.slot.ballot().b.as_ref().map_or(0, |b| b.n);
        let next = n.checked_add(1).ok_or(Broken)?;
        self.abandon_ballot(next, BallotReason::Timeout)?;
        Ok(())
    }

    /// Moves to counter `n` with the latest composite, or else the value it has; without any nothing happens.
    fn abandon_ballot(&mut self, n: Counter, reason: BallotReason) -> Result<bool, Broken> {
        let current = self.slot.ballot().b.as_ref().map(|b| &b.x);
        let value = self.slot.nomination().composite.as_ref().or(current);
        match value.cloned() {
            Some(value) => self.bump(n, value, reason),
            None => Ok(false),
        }
    }

    /// A new counter, with z if it is set and else `value`. Refused while c votes for another value (NOTES 55, 56).
    fn bump(&mut self, n: Counter, value: Value, reason: BallotReason) -> Result<bool, Broken> {
        let vars = self.slot.ballot();
        if *vars.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        let to = Ballot::new(n, Option::clone(&vars.z).unwrap_or(value));
        if vars.b.is_some() && vars.c.as_ref().is_some_and(|c| !c.is_compatible(&to)) {
            return Ok(false);
        }
        match &*vars.b {
            Some(b) if *b > to => return Err(Broken),
            Some(b) if *b == to => return Ok(false),
            Some(_) | None => {}
        }
        self.set_ballot(to, reason)?;
        self.say_ballot()?;
        self.check_heard_from_quorum();
        Ok(true)
    }

    /// While a v-blocking set has higher counters: jumps to the lowest counter at which it has not (NOTES 58).
    pub(super) fn attempt_catch_up(&mut self) -> Result<bool, Broken> {
        let vars = self.slot.ballot();
        if *vars.phase == BallotPhase::Externalize {
            return Ok(false);
        }
        let n = vars.b.as_ref().map_or(0, |b| b.n);
        if self.slot.ballots.highest_counter() <= n {
            return Ok(false);
        }
        let ahead = self.slot.ballots.makers(Promise::AboveCounter(n).of_any());
        let nodes = self.slot.ballots.nodes(&ahead);
        let Some(evidence) = self
            .electorate(Kind::Ballot)
            .blocking(nodes, self.recording)
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
        let ledger = self.slot.ballots.ledger();
        let mut counters: Vec<_> = ahead
            .iter()
            .filter_map(|node| Some((ledger.statement(node)?.counter(), node)))
            .collect();
        counters.sort_unstable();
        let electorate = self.electorate(Kind::Ballot);
        let mut above = ahead.clone();
        let mut same = counters.iter().peekable();
        while let Some(&(n, node)) = same.next() {
            above.remove(node);
            let last_of_n = same.peek().is_none_or(|&&(next, _)| next != n);
            if last_of_n && !electorate.is_v_blocking(&above) {
                return Some(n);
            }
        }
        None
    }

    /// Is a quorum at this counter or above? If so the ballot timer runs, else not (NOTES 59).
    pub(super) fn check_heard_from_quorum(&mut self) {
        let vars = self.slot.ballot();
        let Some(n) = vars.b.as_ref().map(|b| b.n) else {
            return;
        };
        let sets = (self.slot.ballots.ledger().set_changes(), self.local_set);
        if *vars.phase == BallotPhase::Externalize
            || (*vars.heard_from_quorum && *vars.heard_under == Some(sets))
        {
            return;
        }
        let there = self.slot.ballots.makers(Promise::AtCounter(n).of_any());
        let nodes = self.slot.ballots.nodes(&there);
        let quorum = self.electorate(Kind::Ballot).greatest_quorum(nodes);
        match quorum.map(Cow::into_owned) {
            Some(quorum) => {
                self.slot.ballot_mut().heard_under.set(Some(sets));
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
        self.event(|turn| {
            let electorate = turn.electorate(Kind::Ballot);
            let witness = electorate.minimal_quorum(&quorum);
            let evidence: Evidence = electorate.evidence(Rule::Quorum, &witness);
            ScpEvent::HeardFromQuorum {
                slot: turn.slot.index,
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
