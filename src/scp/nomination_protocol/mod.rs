//! Nomination protocol: finds values that a quorum is willing to decide (NOTES 20-36).
//!
//! X, Y and Z are the values voted for, accepted and confirmed. Functions `attempt_*` test whether a step is allowed,
//! functions `set_*` apply it.

mod state;
mod voting;

use super::ballot_protocol::BallotProtocol;
use super::context::{Context, Emission, FollowUp, InvariantViolated};
use super::driver::{Driver, ValidationContext, Validity};
use super::event::{Evidence, ScpEvent, ScpRefusal, ScpTimer, SlotState, VoteReason};
use super::id::NodeId;
use super::leader::LeaderElection;
use super::quorum::latest_statements::{LatestStatement, LatestStatements};
use super::quorum::node_set::NodeSet;
use super::quorum::nominations::Nominations;
use super::statement::{Envelope, Statement, StatementSource};
use super::undo::{Rollback, Tracked};
use super::value::Value;
use super::value_set::ValueSet;
use state::NominationState;
use std::sync::Arc;

/// The arguments of a call of `nominate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NominationInput {
    /// The node's own value. Without one the node only echoes its leaders.
    pub(super) value: Option<Value>,
    /// The decision of the previous slot.
    pub(super) prev: Value,
}

/// The result of [`Scp::nominate`](super::Scp::nominate).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NominateOutcome {
    /// The node has voted for something new.
    Updated,
    /// The node has not voted for anything new.
    Unchanged,
}

/// The nomination protocol in one slot.
#[derive(Clone, Debug, Default)]
pub(super) struct NominationProtocol {
    state: Tracked<NominationState>,
    votes: Nominations,
}

impl NominationProtocol {
    /// Starts a round: elects leaders, votes for their values or the node's own value, and emits the votes.
    pub(super) fn nominate<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: &mut BallotProtocol,
        input: NominationInput,
    ) -> Result<NominateOutcome, InvariantViolated> {
        if !self.state.candidates.is_empty() {
            return Ok(NominateOutcome::Unchanged);
        }
        cx.look_up_unknown_sets(&mut self.votes);
        self.start_round(cx, input);
        let echoed = self.echo_leaders(cx);
        let proposed = self.vote_for_own(cx);
        if !(echoed || proposed) {
            return Ok(NominateOutcome::Unchanged);
        }
        self.emit_statement(cx, ballot)?;
        Ok(NominateOutcome::Updated)
    }

    /// The nomination timer expired: starts the next round with the same arguments.
    pub(super) fn timer_expired<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: &mut BallotProtocol,
    ) -> Result<(), InvariantViolated> {
        match Option::clone(&self.state.input) {
            Some(input) if *self.state.nominating => self.nominate(cx, ballot, input).map(drop),
            _ => Ok(()),
        }
    }

    fn start_round<D: Driver>(&mut self, cx: &mut Context<'_, D>, input: NominationInput) {
        let mut leaders = NodeSet::clone(&self.state.leaders);
        let election = LeaderElection {
            driver: cx.driver(),
            slot: cx.slot(),
            prev: &input.prev,
            local: cx.local(),
            set: cx.local_quorum_set(),
        };
        let round = election.next_round(*self.state.round, &mut leaders);
        let timeout = cx.driver().nomination_timeout(round);
        let state = self.state.get_mut();
        state.nominating.set(true);
        state.round.set(round);
        state.leaders.set(leaders);
        state.input.set(Some(input));
        cx.event(|slot| ScpEvent::RoundStarted {
            slot,
            round,
            leaders: self.state.leaders.iter().collect(),
            timeout,
        });
        cx.set_timer(ScpTimer::Nomination, timeout);
    }

    /// Stops nomination. A running timer continues and has no effect when it expires (NOTES 33).
    pub(super) fn stop(&mut self) {
        self.state.get_mut().nominating.set(false);
    }

    /// Checks and records a NOMINATE.
    pub(super) fn record<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        envelope: &Arc<Envelope>,
    ) -> Result<FollowUp, ScpRefusal> {
        let latest = self.votes.latest().get(envelope.from);
        if latest.is_some_and(|latest| !envelope.supersedes(&latest.envelope)) {
            return Err(ScpRefusal::NotNewer);
        }
        if !envelope.statement.is_sane(StatementSource::Peer) {
            return Err(ScpRefusal::NotSane);
        }
        self.record_unchecked(cx, envelope);
        match *self.state.nominating {
            true => Ok(FollowUp::Needed),
            false => Ok(FollowUp::Done),
        }
    }

    fn record_unchecked<D: Driver>(&mut self, cx: &mut Context<'_, D>, envelope: &Arc<Envelope>) {
        let set = cx.sender_set(self.votes.latest(), envelope);
        let envelope = Arc::clone(envelope);
        self.votes.record(LatestStatement { envelope, set });
    }

    /// Takes every step that a newer NOMINATE allows, in the order of stellar-core (NOTES 34).
    pub(super) fn advance<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: &mut BallotProtocol,
        envelope: &Envelope,
    ) -> Result<(), InvariantViolated> {
        cx.look_up_unknown_sets(&mut self.votes);
        let mut changed = self.attempt_accept(cx, &envelope.statement);
        let new_candidates = self.attempt_confirm(cx);
        if self.state.candidates.is_empty() && self.is_leader(envelope.from) {
            changed |= self.echo(cx, envelope);
        }
        if changed {
            self.emit_statement(cx, ballot)?;
        }
        if new_candidates {
            self.combine_candidates(cx, ballot)?;
        }
        Ok(())
    }

    /// Tries to accept each value that the statement votes for. True if X or Y grew (NOTES 29, 30).
    fn attempt_accept<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        statement: &Statement,
    ) -> bool {
        let Statement::Nominate { voted, .. } = statement else {
            return false;
        };
        let mut changed = false;
        for value in voted {
            if self.state.accepted.contains(value) {
                continue;
            }
            if let Some(evidence) = self.votes.accept(cx.voter(), value) {
                changed |= self.set_accepted(cx, value, evidence);
            }
        }
        changed
    }

    /// Accepts `value` if it is valid. Otherwise votes for the valid value that can be extracted from it.
    fn set_accepted<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        value: &Value,
        evidence: Evidence,
    ) -> bool {
        if cx.validate(value, ValidationContext::Nomination) == Validity::FullyValid {
            let state = self.state.get_mut();
            state.accepted.insert(value);
            state.voted.insert(value);
            cx.event(|slot| ScpEvent::AcceptedNominated {
                slot,
                value: value.clone(),
                evidence,
            });
            return true;
        }
        match cx.driver().extract(cx.slot(), value) {
            Some(valid) if !self.state.voted.contains(&valid) => {
                self.vote(cx, valid, VoteReason::Extracted);
                true
            }
            _ => false,
        }
    }

    /// Tries to confirm every accepted value. True if there are new candidates (NOTES 31).
    fn attempt_confirm<D: Driver>(&mut self, cx: &mut Context<'_, D>) -> bool {
        if self.state.accepted.len() == self.state.candidates.len() {
            return false;
        }
        let mut any = false;
        // By index: `accepted` does not change in this loop.
        for at in 0..self.state.accepted.len() {
            let Some(value) = self.state.accepted.as_slice().get(at) else {
                break;
            };
            if self.state.candidates.contains(value) {
                continue;
            }
            if let Some(evidence) = self.votes.confirm(cx.voter(), value) {
                let value = value.clone();
                self.set_confirmed(cx, value, evidence);
                any = true;
            }
        }
        any
    }

    fn set_confirmed<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        value: Value,
        evidence: Evidence,
    ) {
        self.state.get_mut().candidates.insert(&value);
        cx.event(|slot| ScpEvent::ConfirmedNominated {
            slot,
            value,
            evidence,
        });
        cx.stop_timer(ScpTimer::Nomination);
    }

    /// Combines all candidates, and starts the ballot protocol with the result unless it runs already (NOTES 34, 36).
    fn combine_candidates<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: &mut BallotProtocol,
    ) -> Result<(), InvariantViolated> {
        let candidates = &self.state.candidates;
        let combined = cx.driver().combine(cx.slot(), candidates.as_slice());
        // The composite is usually one of the candidates. Using the candidate makes nodes share one allocation.
        let composite = combined.map(|value| candidates.get(&value).cloned().unwrap_or(value));
        ballot.set_composite(composite.clone());
        let Some(value) = composite else {
            return Ok(());
        };
        cx.event(|slot| ScpEvent::Composite {
            slot,
            value: value.clone(),
        });
        let was_open = ballot.externalized().is_none();
        ballot.start(cx, value)?;
        if was_open && ballot.externalized().is_some() {
            self.stop();
        }
        Ok(())
    }

    /// Processes the own NOMINATE with the current X and Y, then broadcasts it (NOTES 35).
    fn emit_statement<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: &mut BallotProtocol,
    ) -> Result<(), InvariantViolated> {
        let envelope = cx.own_envelope(Statement::Nominate {
            voted: self.state.voted.as_slice().to_vec(),
            accepted: self.state.accepted.as_slice().to_vec(),
        });
        let recorded = self.record(cx, &envelope);
        if recorded.map_err(|_| InvariantViolated)? == FollowUp::Needed {
            self.advance(cx, ballot, &envelope)?;
        }
        // Advancing may have emitted a newer statement already.
        let last = self.state.last.as_ref();
        if last.is_none_or(|last| envelope.supersedes(last)) {
            self.state.get_mut().last.set(Some(Arc::clone(&envelope)));
            if cx.emission() == Emission::Enabled {
                cx.emit(envelope);
            }
        }
        Ok(())
    }

    /// Repeats the latest own NOMINATE with the present quorum set, and takes the steps that the set allows. Does
    /// nothing before the first own NOMINATE.
    pub(super) fn repeat_with_new_set<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        ballot: &mut BallotProtocol,
    ) -> Result<(), InvariantViolated> {
        match &*self.state.last {
            Some(_) => self.emit_statement(cx, ballot),
            None => Ok(()),
        }
    }

    /// Restores X and Y from an own NOMINATE (NOTES 69).
    pub(super) fn restore<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        envelope: &Arc<Envelope>,
    ) -> Result<(), ScpRefusal> {
        if *self.state.nominating || self.votes.latest().get(cx.local()).is_some() {
            return Err(ScpRefusal::SlotAdvanced);
        }
        self.record_unchecked(cx, envelope);
        if let Statement::Nominate { voted, accepted } = &envelope.statement {
            let state = self.state.get_mut();
            let restore = |set: &mut ValueSet, values: &[Value]| {
                values.iter().for_each(|value| set.insert(value));
            };
            restore(&mut state.voted, voted);
            restore(&mut state.accepted, accepted);
            state.last.set(Some(Arc::clone(envelope)));
        }
        Ok(())
    }

    /// Whether nomination is running.
    pub(super) fn is_nominating(&self) -> bool {
        *self.state.nominating
    }

    /// Whether `node` leads this round or led an earlier one.
    pub(super) fn is_leader(&self, node: NodeId) -> bool {
        self.state.leaders.contains(node)
    }

    /// The latest NOMINATE of each node.
    pub(super) fn latest(&self) -> &LatestStatements {
        self.votes.latest()
    }

    /// The latest own NOMINATE. It was sent if emission is enabled.
    pub(super) fn last_sent(&self) -> Option<&Arc<Envelope>> {
        self.state.last.as_ref()
    }

    /// Writes the variables of nomination into `state`.
    pub(super) fn write_state(&self, state: &mut SlotState) {
        state.nominating = *self.state.nominating;
        state.round = *self.state.round;
        state.leaders = self.state.leaders.iter().collect();
        state.voted = self.state.voted.to_tree();
        state.accepted = self.state.accepted.to_tree();
        state.candidates = self.state.candidates.to_tree();
    }

    /// Resets the protocol for another slot. Keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.state.get_mut().clear();
        self.votes.clear();
    }

    /// Checks the invariants that hold between any two inputs.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        self.state.check_invariants()?;
        match &*self.state.last {
            Some(last) => self.votes.latest().check_own_statement(last),
            None => Ok(()),
        }
    }
}

impl Rollback for NominationProtocol {
    #[inline]
    fn checkpoint(&mut self) {
        self.state.checkpoint();
        self.votes.checkpoint();
    }

    fn rollback(&mut self) {
        self.state.rollback();
        self.votes.rollback();
    }
}
