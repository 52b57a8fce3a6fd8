//! Transaction: one input in one slot, which is processed completely or rolled back.

use super::ballot_protocol::BallotProtocol;
use super::context::{Context, FollowUp, InvariantViolated, NodeContext};
use super::driver::Driver;
use super::event::{ScpRefusal, ScpTimer};
use super::id::NodeId;
use super::nomination_protocol::{NominateOutcome, NominationInput, NominationProtocol};
use super::slot::Slot;
use super::statement::{Envelope, StatementSource};
use super::undo::Rollback;
use std::sync::Arc;

/// Runs `work` on `slot`. An error leaves the slot and the effects unchanged.
///
/// # Errors
/// The error of `work`, or [`ScpRefusal::BreaksInvariant`] if an invariant is violated afterwards.
pub(super) fn transact<D: Driver, T>(
    slot: &mut Slot,
    node: NodeContext<'_, D>,
    work: impl FnOnce(&mut Transaction<'_, D>) -> Result<T, ScpRefusal>,
) -> Result<T, ScpRefusal> {
    slot.checkpoint();
    let NodeContext { out, .. } = node;
    let effects_before = out.len();
    let result = {
        let node = NodeContext {
            driver: node.driver,
            local: node.local,
            sets: node.sets,
            evidence_mode: node.evidence_mode,
            out: &mut *out,
        };
        let (cx, nomination, ballot) = slot.step_parts(node);
        work(&mut Transaction {
            cx,
            nomination,
            ballot,
        })
    };
    let result = result.and_then(|value| match slot.check_dirty() {
        Ok(()) => Ok(value),
        Err(_) => Err(ScpRefusal::BreaksInvariant),
    });
    if result.is_err() {
        slot.rollback();
        out.truncate(effects_before);
    }
    result
}

/// The inputs of a slot, dispatched to its two protocols.
pub(super) struct Transaction<'a, D> {
    cx: Context<'a, D>,
    nomination: &'a mut NominationProtocol,
    ballot: &'a mut BallotProtocol,
}

impl<D: Driver> Transaction<'_, D> {
    /// The application nominates.
    pub(super) fn nominate(
        &mut self,
        input: NominationInput,
    ) -> Result<NominateOutcome, InvariantViolated> {
        self.nomination.nominate(&mut self.cx, self.ballot, input)
    }

    /// An armed timer expired.
    pub(super) fn timer_expired(&mut self, timer: ScpTimer) -> Result<(), InvariantViolated> {
        match timer {
            ScpTimer::Nomination => self.nomination.timer_expired(&mut self.cx, self.ballot),
            ScpTimer::Ballot => self.balloting(|ballot, cx| ballot.timer_expired(cx)),
        }
    }

    /// The quorum set of the local node was replaced: repeats the own statements with it.
    pub(super) fn repeat_with_new_set(&mut self) -> Result<(), InvariantViolated> {
        self.balloting(|ballot, cx| ballot.repeat_with_new_set(cx))?;
        match self.ballot.externalized() {
            Some(_) => Ok(()),
            None => self
                .nomination
                .repeat_with_new_set(&mut self.cx, self.ballot),
        }
    }

    /// A statement of another node arrived.
    pub(super) fn receive(&mut self, envelope: &Arc<Envelope>) -> Result<(), ScpRefusal> {
        if self.record(envelope)? == FollowUp::Needed {
            self.advance(envelope)?;
        }
        Ok(())
    }

    /// Several statements arrived together: all are recorded first, then each distinct one is followed up once. Refused
    /// statements are added to `refused`.
    pub(super) fn receive_batch(
        &mut self,
        envelopes: &[Arc<Envelope>],
        refused: &mut Vec<(NodeId, ScpRefusal)>,
    ) -> Result<(), InvariantViolated> {
        let mut pending: Vec<&Arc<Envelope>> = Vec::new();
        for envelope in envelopes {
            match self.record(envelope) {
                Ok(FollowUp::Needed) if self.is_worth_following(envelope, &pending) => {
                    pending.push(envelope);
                }
                Ok(FollowUp::Needed | FollowUp::Done) => {}
                Err(why) => refused.push((envelope.from, why)),
            }
        }
        for envelope in pending {
            let is_open = match envelope.statement.is_nominate() {
                true => self.nomination.is_nominating(),
                false => self.ballot.externalized().is_none(),
            };
            if is_open {
                self.advance(envelope)?;
            }
        }
        Ok(())
    }

    /// Equal statements have equal effects, except that a statement of a leader is also echoed.
    fn is_worth_following(&self, envelope: &Envelope, pending: &[&Arc<Envelope>]) -> bool {
        let is_leader =
            envelope.statement.is_nominate() && self.nomination.is_leader(envelope.from);
        is_leader
            || !pending
                .iter()
                .any(|other| other.statement == envelope.statement)
    }

    fn record(&mut self, envelope: &Arc<Envelope>) -> Result<FollowUp, ScpRefusal> {
        match envelope.statement.is_nominate() {
            true => self.nomination.record(&mut self.cx, envelope),
            false => {
                let source = StatementSource::Peer;
                self.ballot.record(&mut self.cx, envelope, source)
            }
        }
    }

    fn advance(&mut self, envelope: &Arc<Envelope>) -> Result<(), InvariantViolated> {
        match envelope.statement.is_nominate() {
            true => self.nomination.advance(&mut self.cx, self.ballot, envelope),
            false => self.balloting(|ballot, cx| ballot.advance(cx, &envelope.statement)),
        }
    }

    /// A step of the ballot protocol. A decision ends nomination (NOTES 33).
    fn balloting(
        &mut self,
        step: impl FnOnce(&mut BallotProtocol, &mut Context<'_, D>) -> Result<(), InvariantViolated>,
    ) -> Result<(), InvariantViolated> {
        let was_open = self.ballot.externalized().is_none();
        step(self.ballot, &mut self.cx)?;
        if was_open && self.ballot.externalized().is_some() {
            self.nomination.stop();
        }
        Ok(())
    }

    /// Restores the slot from an earlier envelope of the local node, without effects (NOTES 69).
    pub(super) fn restore(&mut self, envelope: &Arc<Envelope>) -> Result<(), ScpRefusal> {
        if !envelope.statement.is_sane(StatementSource::Peer) {
            return Err(ScpRefusal::NotSane);
        }
        match envelope.statement.is_nominate() {
            true => self.nomination.restore(&mut self.cx, envelope),
            false => self.ballot.restore(&mut self.cx, envelope),
        }
    }
}
