//! Ballot protocol: records statements, takes the steps that they allow, and sends the node's own (NOTES 37-67).
//!
//! The steps are in `prepare`, `commit` and `counter`. Functions `attempt_*` test whether a step is allowed, functions
//! `set_*` apply it.

mod commit;
mod counter;
mod prepare;
mod state;

use super::ballot_ref::{BallotRef, HintBallots};
use super::context::{Context, Emission, FollowUp, InvariantViolated};
use super::driver::{Driver, ValidationContext, Validity};
use super::event::{BallotPhase, BallotReason, ScpEvent, ScpRefusal, SlotState};
use super::quorum::ballots::Ballots;
use super::quorum::latest_statements::{LatestStatement, LatestStatements, SenderSet};
use super::statement::{Ballot, Envelope, Statement, StatementSource};
use super::undo::{Rollback, Tracked};
use super::value::Value;
use state::BallotState;
use std::sync::Arc;

/// The limit on the nesting of the processing of own statements. The recorded statements bound the progress, so a slot
/// without Byzantine nodes needs only a few levels (NOTES 38).
const DEPTH_MAX: u32 = 50;

/// The ballot protocol in one slot.
#[derive(Clone, Debug, Default)]
pub(super) struct BallotProtocol {
    state: Tracked<BallotState>,
    votes: Ballots,
    /// The current nesting of the processing of own statements.
    depth: u32,
}

impl BallotProtocol {
    /// Checks and records a ballot statement (NOTES 10).
    pub(super) fn record<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        envelope: &Arc<Envelope>,
        source: StatementSource,
    ) -> Result<FollowUp, ScpRefusal> {
        let statement = &envelope.statement;
        if !statement.is_sane(source) {
            return Err(ScpRefusal::NotSane);
        }
        let set = cx.sender_set(self.votes.latest(), envelope);
        match set {
            SenderSet::Unknown => return Err(ScpRefusal::UnknownQuorumSet),
            SenderSet::Known(class) if !cx.is_sane(class) => {
                return Err(ScpRefusal::MalformedQuorumSet);
            }
            SenderSet::Known(_) | SenderSet::Singleton => {}
        }
        let latest = self.votes.latest().get(envelope.from);
        if latest.is_some_and(|latest| !envelope.supersedes(&latest.envelope)) {
            return Err(ScpRefusal::NotNewer);
        }
        let validity = validity(cx, statement);
        if validity == Validity::Invalid {
            return Err(ScpRefusal::InvalidValue);
        }
        let envelope = Arc::clone(envelope);
        if let Some(decided) = self.externalized() {
            if envelope.statement.ballot_value() != Some(decided) {
                return Err(ScpRefusal::OtherValueDecided);
            }
            self.votes.record(LatestStatement { envelope, set });
            return Ok(FollowUp::Done);
        }
        if validity == Validity::MaybeValid {
            cx.suppress_emission();
        }
        self.votes.record(LatestStatement { envelope, set });
        Ok(FollowUp::Needed)
    }

    /// Takes every step that a newer statement allows. Each step creates an own statement, which the node processes in
    /// the same way before this call returns. Only the outermost call checks counters (NOTES 38).
    pub(super) fn advance<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        hint: &Statement,
    ) -> Result<(), InvariantViolated> {
        self.depth = self.depth.saturating_add(1);
        if self.depth >= DEPTH_MAX {
            return Err(InvariantViolated);
        }
        let hint_ballots = HintBallots::of(hint);
        let mut worked = self.attempt_accept_prepared(cx, hint_ballots)?;
        worked |= self.attempt_confirm_prepared(cx, hint_ballots)?;
        worked |= self.attempt_accept_commit(cx, hint)?;
        worked |= self.attempt_confirm_commit(cx, hint)?;
        if self.depth == 1 {
            while self.attempt_catch_up(cx)? {
                worked = true;
            }
            self.check_heard_from_quorum(cx);
        }
        self.depth = self.depth.saturating_sub(1);
        if worked {
            self.send_latest(cx);
        }
        Ok(())
    }

    /// Processes the own statement that the variables imply, unless it is already recorded, and sends it (NOTES 62).
    fn emit_statement<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
    ) -> Result<(), InvariantViolated> {
        let envelope = cx.own_envelope(self.state.statement());
        let recorded = self.votes.latest().get(cx.local());
        if recorded.is_some_and(|recorded| *recorded.envelope == *envelope) {
            return Ok(());
        }
        let recorded = self.record(cx, &envelope, StatementSource::Own);
        if recorded.map_err(|_| InvariantViolated)? == FollowUp::Needed {
            self.advance(cx, &envelope.statement)?;
        }
        // Advancing may have made a newer statement already.
        let newer = |last: &Arc<Envelope>| envelope.supersedes(last);
        if envelope.statement.counter() > 0 && self.state.last.as_ref().is_none_or(newer) {
            self.state.get_mut().last.set(Some(envelope));
            self.send_latest(cx);
        }
        Ok(())
    }

    /// Repeats the latest own statement with the present quorum set, and takes the steps that the set allows. Does
    /// nothing before the first own statement and after the decision.
    pub(super) fn repeat_with_new_set<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
    ) -> Result<(), InvariantViolated> {
        if self.state.last.is_none() || self.externalized().is_some() {
            return Ok(());
        }
        self.emit_statement(cx)
    }

    /// Sends the latest own statement at the end of an outermost pass (NOTES 63).
    fn send_latest<D: Driver>(&mut self, cx: &mut Context<'_, D>) {
        if self.depth > 0 || cx.emission() == Emission::Suppressed {
            return;
        }
        let Some(last) = &*self.state.last else {
            return;
        };
        let sent = self.state.last_sent.as_ref();
        if sent.is_some_and(|sent| Arc::ptr_eq(sent, last)) {
            return;
        }
        let last = Arc::clone(last);
        self.state.get_mut().last_sent.set(Some(Arc::clone(&last)));
        cx.emit(last);
    }

    /// Makes `to` the current ballot. Clears h and c if they have another value, and "heard from quorum" if the counter
    /// changes.
    fn set_ballot<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        to: Ballot,
        reason: BallotReason,
    ) -> Result<(), InvariantViolated> {
        if to.n == 0 {
            return Err(InvariantViolated);
        }
        let from = self.state.b.as_ref().filter(|_| cx.wants_events()).cloned();
        let state = self.state.get_mut();
        if state.b.as_ref().is_none_or(|b| b.n != to.n) {
            state.heard_from_quorum.set(false);
        }
        if state.h.as_ref().is_some_and(|h| !h.is_compatible(&to)) {
            state.h.set(None);
            state.c.set(None);
        }
        state.b.set(Some(to.clone()));
        cx.event(|slot| ScpEvent::BallotChanged {
            slot,
            from,
            to,
            reason,
        });
        Ok(())
    }

    /// Makes `to` the current ballot if it is higher.
    fn raise_ballot<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        to: BallotRef<'_>,
        reason: BallotReason,
    ) -> Result<bool, InvariantViolated> {
        let b = self.state.b.as_ref();
        if b.is_some_and(|b| !to.is_above(b)) {
            return Ok(false);
        }
        self.set_ballot(cx, to.to_ballot(), reason)?;
        Ok(true)
    }

    /// Restores the variables from an own ballot statement (NOTES 69).
    pub(super) fn restore<D: Driver>(
        &mut self,
        cx: &mut Context<'_, D>,
        envelope: &Arc<Envelope>,
    ) -> Result<(), ScpRefusal> {
        if self.state.b.is_some() || self.votes.latest().get(cx.local()).is_some() {
            return Err(ScpRefusal::SlotAdvanced);
        }
        let set = cx.sender_set(self.votes.latest(), envelope);
        let recorded = Arc::clone(envelope);
        self.votes.record(LatestStatement {
            envelope: recorded,
            set,
        });
        self.state.get_mut().restore(envelope);
        Ok(())
    }

    /// The decision, once there is one.
    pub(super) fn externalized(&self) -> Option<&Value> {
        match *self.state.phase {
            BallotPhase::Externalize => self.state.c.as_ref().map(|c| &c.x),
            BallotPhase::Prepare | BallotPhase::Confirm => None,
        }
    }

    /// The latest ballot statement of each node.
    pub(super) fn latest(&self) -> &LatestStatements {
        self.votes.latest()
    }

    /// The latest own statement that was sent.
    pub(super) fn last_sent(&self) -> Option<&Arc<Envelope>> {
        self.state.last_sent.as_ref()
    }

    /// Writes the variables of the ballot protocol into `state`.
    pub(super) fn write_state(&self, state: &mut SlotState) {
        state.phase = *self.state.phase;
        state.b = Option::clone(&self.state.b);
        state.p = Option::clone(&self.state.p);
        state.p_prime = Option::clone(&self.state.p_prime);
        state.h = Option::clone(&self.state.h);
        state.c = Option::clone(&self.state.c);
        state.z = Option::clone(&self.state.z);
        state.heard_from_quorum = *self.state.heard_from_quorum;
        state.composite = Option::clone(&self.state.composite);
        state.externalized = self.externalized().cloned();
    }

    /// Resets the protocol for another slot. Keeps the allocations of the statements.
    pub(super) fn clear(&mut self) {
        *self.state.get_mut() = BallotState::default();
        self.votes.clear();
        self.depth = 0;
    }

    /// Checks the variables if they may have changed in this transaction.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_dirty(&self) -> Result<(), &'static str> {
        match self.state.is_dirty() {
            true => self.state.check_invariants(),
            false => Ok(()),
        }
    }

    /// Checks the invariants that hold between any two inputs.
    ///
    /// # Errors
    /// The violated invariant.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        self.state.check_invariants()?;
        if let Some(last) = &*self.state.last {
            self.votes.latest().check_own_statement(last)?;
        }
        self.state.check_last_sent()
    }
}

impl Rollback for BallotProtocol {
    #[inline]
    fn checkpoint(&mut self) {
        self.state.checkpoint();
        self.votes.checkpoint();
    }

    fn rollback(&mut self) {
        self.state.rollback();
        self.votes.rollback();
        self.depth = 0;
    }
}

/// The worst validity of any value in a statement (NOTES 13).
fn validity<D: Driver>(cx: &Context<'_, D>, statement: &Statement) -> Validity {
    let validate = |x: &Value| cx.validate(x, ValidationContext::Ballot);
    match statement {
        Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            ..
        } => {
            let current = (ballot.n > 0).then_some(ballot);
            let others = [prepared.as_ref(), prepared_prime.as_ref()];
            // All three usually have the same value, which is then validated once.
            let mut validated: Option<(&Value, Validity)> = None;
            let mut worst = Validity::FullyValid;
            for ballot in std::iter::once(current).chain(others).flatten() {
                if validated.is_none_or(|(x, _)| *x != ballot.x) {
                    validated = Some((&ballot.x, validate(&ballot.x)));
                }
                worst = worst.min(validated.map_or(worst, |(_, validity)| validity));
            }
            worst
        }
        Statement::Confirm { ballot, .. } => validate(&ballot.x),
        Statement::Externalize { commit, .. } => validate(&commit.x),
        Statement::Nominate { .. } => Validity::Invalid,
    }
}
