//! The ballot protocol: its variables, how a statement is taken in, what the node says. The steps themselves are in
//! `ballot_prepare`, `ballot_commit` and `ballot_counter`: `attempt_*` decides, `set_*` changes.

mod commit;
mod counter;
mod prepare;

use super::ballot_ref::{BallotRef, HintBallots};
use super::driver::{Driver, ValidationContext, Validity};
use super::event::{BallotPhase, BallotReason, ScpEvent, ScpRefusal};
use super::id::Counter;
use super::protocol::EvidenceMode;
use super::quorum::latest::SenderSet;
use super::quorum::registry::SetClass;
use super::slot::Emission;
use super::statement::{Ballot, Envelope, Statement, StatementSource};
use super::transaction::{FollowUp, InvariantViolated, Transaction};
use super::undo::Undoable;
use super::value::Value;
use std::sync::Arc;

/// How deep the node may be in processing its own statements. Progress is bounded by what was recorded, so honest
/// slots need a handful (NOTES 38).
const LEVELS_MAX: u32 = 50;

/// The variables of the ballot protocol in one slot, in the paper's letters.
#[derive(Clone, Debug, Default)]
pub(super) struct BallotState {
    /// Where it stands.
    pub(super) phase: Undoable<BallotPhase>,
    /// Current ballot.
    pub(super) b: Undoable<Option<Ballot>>,
    /// Highest ballot accepted as prepared.
    pub(super) p: Undoable<Option<Ballot>>,
    /// Second highest, incompatible with p.
    pub(super) p_prime: Undoable<Option<Ballot>>,
    /// Highest ballot confirmed prepared; from CONFIRM on the highest accepted commit.
    pub(super) h: Undoable<Option<Ballot>>,
    /// Lowest ballot voted to commit; from CONFIRM on the lowest accepted commit.
    pub(super) c: Undoable<Option<Ballot>>,
    /// Value for new ballots, before the composite.
    pub(super) z: Undoable<Option<Value>>,
    /// A quorum is at b.n or above.
    pub(super) heard_from_quorum: Undoable<bool>,
    /// Under which quorum sets that was found: it can only cease to be true if those change.
    pub(super) heard_under_sets: Undoable<Option<(u64, Option<SetClass>)>>,
    /// The ballot timer is running.
    pub(super) timer_armed: Undoable<bool>,
    /// The newest own statement.
    pub(super) last: Undoable<Option<Arc<Envelope>>>,
    /// The newest own statement that was sent.
    pub(super) last_sent: Undoable<Option<Arc<Envelope>>>,
}

impl<D: Driver> Transaction<'_, D> {
    /// Takes in a ballot statement, of the network or of the node itself (NOTES 10).
    pub(super) fn process_ballot(
        &mut self,
        envelope: &Arc<Envelope>,
        source: StatementSource,
    ) -> Result<(), ScpRefusal> {
        match self.record_ballot(envelope, source)? {
            FollowUp::Needed => Ok(self.advance_ballot(&envelope.statement)?),
            FollowUp::Done => Ok(()),
        }
    }

    /// Judges and records a ballot statement; what it brings about is another question.
    pub(super) fn record_ballot(
        &mut self,
        envelope: &Arc<Envelope>,
        source: StatementSource,
    ) -> Result<FollowUp, ScpRefusal> {
        let statement = &envelope.statement;
        if !statement.is_sane(source) {
            return Err(ScpRefusal::NotSane);
        }
        let set = self.sender_set(envelope);
        match set {
            SenderSet::Unknown => return Err(ScpRefusal::UnknownQuorumSet),
            SenderSet::Known(class) if !self.sets.is_sane(class) => {
                return Err(ScpRefusal::MalformedQuorumSet);
            }
            SenderSet::Known(_) | SenderSet::Singleton => {}
        }
        let last = self.slot.ballots.latest().statement(envelope.from);
        if last.is_some_and(|last| !statement.is_newer_than(last)) {
            return Err(ScpRefusal::NotNewer);
        }
        let validity = self.ballot_validity(statement);
        if validity == Validity::Invalid {
            return Err(ScpRefusal::InvalidValue);
        }
        if let Some(decided) = self.slot.externalized() {
            if statement.ballot_value() != Some(decided) {
                return Err(ScpRefusal::OtherValueDecided);
            }
            self.record(Arc::clone(envelope), set);
            return Ok(FollowUp::Done);
        }
        if validity == Validity::MaybeValid {
            self.suppress_emission();
        }
        self.record(Arc::clone(envelope), set);
        Ok(FollowUp::Needed)
    }

    /// The worst verdict on any value of a statement (NOTES 13).
    fn ballot_validity(&self, statement: &Statement) -> Validity {
        let judge = |x: &Value| self.validate(x, ValidationContext::Ballot);
        match statement {
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                ..
            } => {
                let current = (ballot.n > 0).then_some(ballot);
                let others = [prepared.as_ref(), prepared_prime.as_ref()];
                // Most often all three are about one value: it is judged once.
                let mut judged: Option<(&Value, Validity)> = None;
                let mut worst = Validity::FullyValid;
                for ballot in std::iter::once(current).chain(others).flatten() {
                    if judged.is_none_or(|(x, _)| *x != ballot.x) {
                        judged = Some((&ballot.x, judge(&ballot.x)));
                    }
                    worst = worst.min(judged.map_or(worst, |(_, validity)| validity));
                }
                worst
            }
            Statement::Confirm { ballot, .. } => judge(&ballot.x),
            Statement::Externalize { commit, .. } => judge(&commit.x),
            Statement::Nominate { .. } => Validity::Invalid,
        }
    }

    /// Everything that a newer statement can bring about. Each success tells the node itself something new, which is
    /// processed in the same way before this returns; only the outermost call looks at counters (NOTES 38).
    pub(super) fn advance_ballot(&mut self, hint: &Statement) -> Result<(), InvariantViolated> {
        self.level += 1;
        if self.level >= LEVELS_MAX {
            return Err(InvariantViolated);
        }
        let hint_ballots = HintBallots::of(hint);
        let mut worked = self.attempt_accept_prepared(hint_ballots)?;
        worked |= self.attempt_confirm_prepared(hint_ballots)?;
        worked |= self.attempt_accept_commit(hint)?;
        worked |= self.attempt_confirm_commit(hint)?;
        if self.level == 1 {
            while self.attempt_catch_up()? {
                worked = true;
            }
            self.check_heard_from_quorum();
        }
        self.level -= 1;
        if worked {
            self.send_latest_envelope();
        }
        Ok(())
    }

    /// Tells itself what it now pledges, unless it is what it said last (NOTES 62).
    pub(super) fn emit_ballot_statement(&mut self) -> Result<(), InvariantViolated> {
        let envelope = self.own_envelope(self.slot.ballot().statement());
        let recorded = self.slot.ballots.latest().get(self.local.id);
        if recorded.is_some_and(|recorded| *recorded.envelope == *envelope) {
            return Ok(());
        }
        self.process_ballot(&envelope, StatementSource::Own)
            .map_err(|_| InvariantViolated)?;
        let ballot = self.slot.ballot();
        // `ballot` may have moved on while processing: then what was said in there is newer.
        let newer = |last: &Arc<Envelope>| envelope.statement.is_newer_than(&last.statement);
        if envelope.statement.counter() > 0 && ballot.last.as_ref().is_none_or(newer) {
            self.slot.ballot_mut().last.set(Some(envelope));
            self.send_latest_envelope();
        }
        Ok(())
    }

    /// Sends the newest own statement, at the end of an outermost pass (NOTES 63).
    fn send_latest_envelope(&mut self) {
        if self.level > 0 || self.slot.emission() == Emission::Suppressed {
            return;
        }
        let ballot = self.slot.ballot();
        let Some(last) = &*ballot.last else {
            return;
        };
        let sent = ballot.last_sent.as_ref();
        if sent.is_some_and(|sent| Arc::ptr_eq(sent, last)) {
            return;
        }
        let last = Arc::clone(last);
        let sent = Some(Arc::clone(&last));
        self.slot.ballot_mut().last_sent.set(sent);
        self.emit(last);
    }

    /// Makes `to` the current ballot. h and c of another value are forgotten; "heard" belongs to a counter.
    pub(super) fn set_ballot(
        &mut self,
        to: Ballot,
        reason: BallotReason,
    ) -> Result<(), InvariantViolated> {
        if to.n == 0 {
            return Err(InvariantViolated);
        }
        let from = match self.evidence_mode {
            EvidenceMode::Record => Option::clone(&self.slot.ballot().b),
            EvidenceMode::Skip => None,
        };
        let ballot = self.slot.ballot_mut();
        if ballot.b.as_ref().is_none_or(|b| b.n != to.n) {
            ballot.heard_from_quorum.set(false);
        }
        if ballot.h.as_ref().is_some_and(|h| !h.is_compatible(&to)) {
            ballot.h.set(None);
            ballot.c.set(None);
        }
        ballot.b.set(Some(to.clone()));
        self.event(|tx| ScpEvent::BallotChanged {
            slot: tx.slot.index,
            from,
            to,
            reason,
        });
        Ok(())
    }

    /// Makes `to` the current ballot if it is higher.
    pub(super) fn raise_ballot(
        &mut self,
        to: BallotRef<'_>,
        reason: BallotReason,
    ) -> Result<bool, InvariantViolated> {
        let b = self.slot.ballot().b.as_ref();
        if b.is_some_and(|b| !to.is_above(b)) {
            return Ok(false);
        }
        self.set_ballot(to.to_ballot(), reason)?;
        Ok(true)
    }

    /// Rebuilds the variables from an own ballot statement (NOTES 69).
    pub(super) fn restore_ballot(&mut self, envelope: &Arc<Envelope>) {
        let vars = self.slot.ballot_mut();
        let at = |n: Counter, x: &Value| (n != 0).then(|| Ballot::new(n, x.clone()));
        match &envelope.statement {
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            } => {
                vars.b.set(Some(ballot.clone()));
                vars.p.set(prepared.clone());
                vars.p_prime.set(prepared_prime.clone());
                vars.h.set(at(*n_h, &ballot.x));
                vars.c.set(at(*n_c, &ballot.x));
            }
            Statement::Confirm {
                ballot,
                n_prepared,
                n_commit,
                n_h,
            } => {
                vars.phase.set(BallotPhase::Confirm);
                vars.b.set(Some(ballot.clone()));
                vars.p.set(Some(Ballot::new(*n_prepared, ballot.x.clone())));
                vars.h.set(Some(Ballot::new(*n_h, ballot.x.clone())));
                vars.c.set(Some(Ballot::new(*n_commit, ballot.x.clone())));
            }
            Statement::Externalize { commit, n_h } => {
                let infinite = Ballot::new(Counter::MAX, commit.x.clone());
                vars.phase.set(BallotPhase::Externalize);
                vars.b.set(Some(infinite.clone()));
                vars.p.set(Some(infinite));
                vars.h.set(Some(Ballot::new(*n_h, commit.x.clone())));
                vars.c.set(Some(commit.clone()));
            }
            Statement::Nominate { .. } => return,
        }
        vars.last.set(Some(Arc::clone(envelope)));
        vars.last_sent.set(Some(Arc::clone(envelope)));
    }
}

impl BallotState {
    /// From here on can be undone.
    pub(super) fn checkpoint(&mut self) {
        self.phase.checkpoint();
        self.b.checkpoint();
        self.p.checkpoint();
        self.p_prime.checkpoint();
        self.h.checkpoint();
        self.c.checkpoint();
        self.z.checkpoint();
        self.heard_from_quorum.checkpoint();
        self.heard_under_sets.checkpoint();
        self.timer_armed.checkpoint();
        self.last.checkpoint();
        self.last_sent.checkpoint();
    }

    /// Makes everything again what it was at [`BallotState::checkpoint`].
    pub(super) fn rollback(&mut self) {
        self.phase.rollback();
        self.b.rollback();
        self.p.rollback();
        self.p_prime.rollback();
        self.h.rollback();
        self.c.rollback();
        self.z.rollback();
        self.heard_from_quorum.rollback();
        self.heard_under_sets.rollback();
        self.timer_armed.rollback();
        self.last.rollback();
        self.last_sent.rollback();
    }

    /// What these variables predicate. Without a current ballot it has counter 0 and is for the node itself only.
    fn statement(&self) -> Statement {
        let n = |ballot: &Option<Ballot>| ballot.as_ref().map_or(0, |ballot| ballot.n);
        let ballot = match &*self.b {
            Some(b) => b.clone(),
            None => Ballot::new(0, Value::from("")),
        };
        match (*self.phase, &*self.c) {
            (BallotPhase::Externalize, Some(c)) => Statement::Externalize {
                commit: c.clone(),
                n_h: n(&self.h),
            },
            (BallotPhase::Confirm, _) => Statement::Confirm {
                ballot,
                n_prepared: n(&self.p),
                n_commit: n(&self.c),
                n_h: n(&self.h),
            },
            (BallotPhase::Prepare | BallotPhase::Externalize, _) => Statement::Prepare {
                ballot,
                prepared: Option::clone(&self.p),
                prepared_prime: Option::clone(&self.p_prime),
                n_c: n(&self.c),
                n_h: n(&self.h),
            },
        }
    }

    /// What must hold whenever no input is being worked off.
    ///
    /// # Errors
    /// Which invariant is broken.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        let holds = |condition: bool, what| if condition { Ok(()) } else { Err(what) };
        match &*self.b {
            Some(b) => holds(b.n != 0, "b has a counter")?,
            None => holds(!*self.heard_from_quorum, "a quorum is heard about b")?,
        }
        if let (Some(p), Some(second)) = (&*self.p, &*self.p_prime) {
            holds(second.is_below_incompatible(p), "p' < p and p' !~ p")?;
        }
        holds(self.p.is_some() || self.p_prime.is_none(), "p' needs p")?;
        if let Some(h) = &*self.h {
            let covered = |b: &Ballot| h.is_below_compatible(b);
            holds(self.b.as_ref().is_some_and(covered), "h <= b and h ~ b")?;
        }
        if let Some(c) = &*self.c {
            let covered = |h: &Ballot| c.is_below_compatible(h);
            holds(self.h.as_ref().is_some_and(covered), "c <= h and c ~ h")?;
        }
        if *self.phase != BallotPhase::Prepare {
            holds(self.c.is_some(), "a commit is accepted")?;
            holds(self.p_prime.is_none(), "p' is empty after PREPARE")?;
        }
        Ok(())
    }
}
