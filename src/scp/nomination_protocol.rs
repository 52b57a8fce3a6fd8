//! Nomination: finding values that a quorum is willing to decide. X, Y, Z: voted, accepted, confirmed (NOTES 20-36).

use super::driver::{Driver, ValidationContext, Validity};
use super::event::{Evidence, ScpEvent, ScpRefusal, ScpTimer, VoteReason};
use super::leader::LeaderElection;
use super::protocol::NominateOutcome;
use super::quorum::node_set::NodeSet;
use super::slot::Emission;
use super::statement::{Envelope, Statement, StatementSource};
use super::transaction::{FollowUp, InvariantViolated, StatementKind, Transaction};
use super::undo::Undoable;
use super::value::Value;
use super::value_set::ValueSet;
use smallvec::SmallVec;
use std::borrow::Cow;
use std::sync::Arc;

/// The variables of nomination in one slot.
#[derive(Clone, Debug, Default)]
pub(super) struct NominationState {
    /// `nominate` was called and nomination was not called off since.
    pub(super) nominating: Undoable<bool>,
    /// The round; 0 before the first.
    pub(super) round: Undoable<u32>,
    /// The leaders of all rounds so far.
    pub(super) leaders: Undoable<NodeSet>,
    /// X: values voted for.
    pub(super) voted: ValueSet,
    /// Y: values accepted.
    pub(super) accepted: ValueSet,
    /// Z: candidates.
    pub(super) candidates: ValueSet,
    /// The latest combination of the candidates.
    pub(super) composite: Undoable<Option<Value>>,
    /// What the rounds are about; none before the first.
    pub(super) proposal: Undoable<Option<NominationInput>>,
    /// The last own NOMINATE that was newer than the one before; sent, if the node speaks.
    pub(super) last: Undoable<Option<Arc<Envelope>>>,
}

/// What `nominate` was last called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NominationInput {
    /// The node's own value; none if it only echoes.
    pub(super) value: Option<Value>,
    /// The decision of the slot before.
    pub(super) prev: Value,
}

impl NominationState {
    /// From here on can be undone.
    pub(super) fn checkpoint(&mut self) {
        self.nominating.checkpoint();
        self.round.checkpoint();
        self.leaders.checkpoint();
        self.voted.checkpoint();
        self.accepted.checkpoint();
        self.candidates.checkpoint();
        self.composite.checkpoint();
        self.proposal.checkpoint();
        self.last.checkpoint();
    }

    /// Nothing has happened yet; the memory is kept.
    pub(super) fn clear(&mut self) {
        let mut sets =
            [&mut self.voted, &mut self.accepted, &mut self.candidates].map(std::mem::take);
        sets.iter_mut().for_each(ValueSet::clear);
        let [voted, accepted, candidates] = sets;
        *self = NominationState {
            voted,
            accepted,
            candidates,
            ..NominationState::default()
        };
    }

    /// Makes everything again what it was at [`NominationState::checkpoint`].
    pub(super) fn rollback(&mut self) {
        self.nominating.rollback();
        self.round.rollback();
        self.leaders.rollback();
        self.voted.rollback();
        self.accepted.rollback();
        self.candidates.rollback();
        self.composite.rollback();
        self.proposal.rollback();
        self.last.rollback();
    }

    /// What must hold whenever no input is being worked off.
    ///
    /// # Errors
    /// Which invariant is broken.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        if self.candidates.difference(&self.accepted).next().is_some() {
            return Err("Z is part of Y");
        }
        if !*self.nominating && *self.round == 0 {
            // Restored, or never begun: X and Y are whatever was said before.
            return Ok(());
        }
        if self.leaders.is_empty() {
            return Err("a round has leaders");
        }
        Ok(())
    }
}

impl<D: Driver> Transaction<'_, D> {
    /// Begins a round: chooses leaders, votes for what they say or for the own value, and says so.
    pub(super) fn nominate(
        &mut self,
        proposal: NominationInput,
    ) -> Result<NominateOutcome, InvariantViolated> {
        if !self.slot.nomination().candidates.is_empty() {
            return Ok(NominateOutcome::Unchanged);
        }
        self.look_up_unknown_sets();
        self.begin_round(proposal);
        let echoed = self.echo_leaders();
        let proposed = self.propose_own();
        if !(echoed || proposed) {
            return Ok(NominateOutcome::Unchanged);
        }
        self.emit_nomination()?;
        Ok(NominateOutcome::Updated)
    }

    /// The nomination timer ran out: the next round, about the same.
    pub(super) fn nomination_timed_out(&mut self) -> Result<(), InvariantViolated> {
        let nomination = self.slot.nomination();
        match Option::clone(&nomination.proposal) {
            Some(proposal) if *nomination.nominating => self.nominate(proposal).map(drop),
            _ => Ok(()),
        }
    }

    fn begin_round(&mut self, proposal: NominationInput) {
        let mut leaders = NodeSet::clone(&self.slot.nomination().leaders);
        let election = LeaderElection {
            driver: self.driver,
            slot: self.slot.index,
            prev: &proposal.prev,
            local: self.local.id,
            set: self.local_set.map(|class| self.sets.set(class).as_ref()),
        };
        let round = election.next_round(*self.slot.nomination().round, &mut leaders);
        let timeout = self.driver.nomination_timeout(round);
        let nomination = self.slot.nomination_mut();
        nomination.nominating.set(true);
        nomination.round.set(round);
        nomination.leaders.set(leaders);
        nomination.proposal.set(Some(proposal));
        self.event(|tx| ScpEvent::RoundStarted {
            slot: tx.slot.index,
            round,
            leaders: tx.slot.nomination().leaders.iter().collect(),
            timeout,
        });
        self.set_timer(ScpTimer::Nomination, timeout);
    }

    /// One value from each leader's latest message; true if any was new.
    fn echo_leaders(&mut self) -> bool {
        let leaders = NodeSet::clone(&self.slot.nomination().leaders);
        let mut any = false;
        for leader in leaders.iter() {
            let said = self.slot.nominations.latest().get(leader);
            if let Some(envelope) = said.map(|recorded| Arc::clone(&recorded.envelope)) {
                any |= self.echo(&envelope);
            }
        }
        any
    }

    /// Votes for one value of a leader's message: the one of highest hash that the node has not voted for yet.
    /// Accepted values go first: the others are looked at only if no accepted one is valid (NOTES 25).
    fn echo(&mut self, envelope: &Envelope) -> bool {
        let Statement::Nominate { voted, accepted } = &envelope.statement else {
            return false;
        };
        let found = self
            .best_echo(accepted)
            .or_else(|| self.best_echo(voted))
            .flatten();
        let Some(value) = found else {
            return false;
        };
        self.vote_nominate(value, VoteReason::Echo(envelope.from));
        true
    }

    /// The value to echo out of `values`: none if no value is valid, `Some(None)` if all valid ones have a vote or there
    /// is no room for another one.
    fn best_echo(&self, values: &[Value]) -> Option<Option<Value>> {
        let nomination = self.slot.nomination();
        let prev = &nomination.proposal.as_ref()?.prev;
        let hash = |value: &Value| {
            self.driver
                .value_hash(self.slot.index, prev, *nomination.round, value)
        };
        let votes = &nomination.voted;
        let mut of_leader: SmallVec<[&Value; 8]> = SmallVec::new();
        let mut fresh: SmallVec<[Cow<'_, Value>; 4]> = SmallVec::new();
        for value in values.iter().filter_map(|value| self.votable(value)) {
            match votes.get(&value) {
                Some(vote) => of_leader.push(vote),
                None => fresh.push(value),
            }
        }
        let any_valid = !(of_leader.is_empty() && fresh.is_empty());
        let mut best: Option<Cow<'_, Value>> = None;
        let mut best_hash = None;
        for value in fresh {
            if !self
                .driver
                .may_add_vote(votes.as_slice(), &of_leader, &value)
            {
                continue;
            }
            // Hashed only if there is a choice. Of equal hashes the last wins.
            if let Some(rival) = &best {
                let to_beat = *best_hash.get_or_insert_with(|| hash(rival));
                let own = hash(&value);
                if own < to_beat {
                    continue;
                }
                best_hash = Some(own);
            }
            best = Some(value);
        }
        any_valid.then(|| best.map(Cow::into_owned))
    }

    /// `value` if it may be voted for, or else what can be extracted from it.
    fn votable<'a>(&self, value: &'a Value) -> Option<Cow<'a, Value>> {
        match self.validate(value, ValidationContext::Nomination) {
            Validity::FullyValid => Some(Cow::Borrowed(value)),
            Validity::MaybeValid | Validity::Invalid => {
                self.driver.extract(self.slot.index, value).map(Cow::Owned)
            }
        }
    }

    /// A leader that has voted for nothing proposes its own value (NOTES 27).
    fn propose_own(&mut self) -> bool {
        let nomination = self.slot.nomination();
        let own = nomination.proposal.as_ref().and_then(|p| p.value.clone());
        match own {
            Some(value)
                if nomination.voted.is_empty() && nomination.leaders.contains(self.local.id) =>
            {
                self.vote_nominate(value, VoteReason::OwnProposal);
                true
            }
            _ => false,
        }
    }

    fn vote_nominate(&mut self, value: Value, reason: VoteReason) {
        self.slot.nomination_mut().voted.insert(&value);
        self.event(|tx| ScpEvent::VotedNominate {
            slot: tx.slot.index,
            value,
            reason,
        });
    }

    /// Takes in a NOMINATE, of the network or of the node itself.
    pub(super) fn process_nominate(&mut self, envelope: &Arc<Envelope>) -> Result<(), ScpRefusal> {
        match self.record_nominate(envelope)? {
            FollowUp::Needed => Ok(self.advance_nomination(envelope)?),
            FollowUp::Done => Ok(()),
        }
    }

    /// Judges and records a NOMINATE; what it brings about is another question.
    pub(super) fn record_nominate(
        &mut self,
        envelope: &Arc<Envelope>,
    ) -> Result<FollowUp, ScpRefusal> {
        let last = self.slot.nominations.latest().statement(envelope.from);
        if last.is_some_and(|last| !envelope.statement.is_newer_than(last)) {
            return Err(ScpRefusal::NotNewer);
        }
        if !envelope.statement.is_sane(StatementSource::Peer) {
            return Err(ScpRefusal::NotSane);
        }
        let set = self.sender_set(envelope);
        self.record(Arc::clone(envelope), set);
        match *self.slot.nomination().nominating {
            true => Ok(FollowUp::Needed),
            false => Ok(FollowUp::Done),
        }
    }

    /// Everything that a newer NOMINATE can bring about, in this order (NOTES 34).
    pub(super) fn advance_nomination(
        &mut self,
        envelope: &Envelope,
    ) -> Result<(), InvariantViolated> {
        self.look_up_unknown_sets();
        let mut changed = self.attempt_accept_nominated(&envelope.statement);
        let new_candidates = self.attempt_confirm_nominated();
        let nomination = self.slot.nomination();
        if nomination.candidates.is_empty() && nomination.leaders.contains(envelope.from) {
            changed |= self.echo(envelope);
        }
        if changed {
            self.emit_nomination()?;
        }
        if new_candidates {
            self.combine_candidates()?;
        }
        Ok(())
    }

    /// Tries to accept each value voted for in the message just received; true if X or Y grew (NOTES 29, 30).
    fn attempt_accept_nominated(&mut self, statement: &Statement) -> bool {
        let Statement::Nominate { voted, .. } = statement else {
            return false;
        };
        let mut changed = false;
        for value in voted {
            if self.slot.nomination().accepted.contains(value) {
                continue;
            }
            if let Some(evidence) = self.may_accept_nominated(value) {
                changed |= self.set_accepted_nominated(value, evidence);
            }
        }
        changed
    }

    fn may_accept_nominated(&self, value: &Value) -> Option<Evidence> {
        let support = self.slot.nominations.support(value)?;
        self.quorum_checker(StatementKind::Nomination).accept(
            &support.votes,
            &support.accepts,
            self.evidence_mode,
        )
    }

    fn set_accepted_nominated(&mut self, value: &Value, evidence: Evidence) -> bool {
        if self.validate(value, ValidationContext::Nomination) == Validity::FullyValid {
            let nomination = self.slot.nomination_mut();
            nomination.accepted.insert(value);
            nomination.voted.insert(value);
            self.event(|tx| ScpEvent::AcceptedNominated {
                slot: tx.slot.index,
                value: value.clone(),
                evidence,
            });
            return true;
        }
        match self.driver.extract(self.slot.index, value) {
            Some(valid) if !self.slot.nomination().voted.contains(&valid) => {
                self.vote_nominate(valid, VoteReason::Extracted);
                true
            }
            _ => false,
        }
    }

    /// Tries to confirm every accepted value; true if there are new candidates (NOTES 31).
    fn attempt_confirm_nominated(&mut self) -> bool {
        let nomination = self.slot.nomination();
        if nomination.accepted.len() == nomination.candidates.len() {
            return false;
        }
        let mut any = false;
        // Nothing is accepted meanwhile.
        for at in 0..nomination.accepted.len() {
            let nomination = self.slot.nomination();
            let value = &nomination.accepted.as_slice()[at];
            if nomination.candidates.contains(value) {
                continue;
            }
            let support = self.slot.nominations.support(value);
            let evidence = support.and_then(|support| {
                self.quorum_checker(StatementKind::Nomination)
                    .confirm(&support.accepts, self.evidence_mode)
            });
            if let Some(evidence) = evidence {
                self.set_confirmed_nominated(value.clone(), evidence);
                any = true;
            }
        }
        any
    }

    fn set_confirmed_nominated(&mut self, value: Value, evidence: Evidence) {
        self.slot.nomination_mut().candidates.insert(&value);
        self.event(|tx| ScpEvent::ConfirmedNominated {
            slot: tx.slot.index,
            value,
            evidence,
        });
        self.stop_timer(ScpTimer::Nomination);
    }

    /// Combines all candidates and starts balloting with the result, unless that has started (NOTES 34, 36).
    fn combine_candidates(&mut self) -> Result<(), InvariantViolated> {
        let candidates = &self.slot.nomination().candidates;
        let combined = self.driver.combine(self.slot.index, candidates.as_slice());
        // Most often it is one of them: then all nodes go on with one and the same value in memory.
        let composite = combined.map(|value| candidates.get(&value).cloned().unwrap_or(value));
        self.slot.nomination_mut().composite.set(composite.clone());
        let Some(value) = composite else {
            return Ok(());
        };
        self.event(|tx| ScpEvent::Composite {
            slot: tx.slot.index,
            value: value.clone(),
        });
        self.start_balloting(value)
    }

    /// Tells itself what it now votes for and accepts, then the others (NOTES 35).
    fn emit_nomination(&mut self) -> Result<(), InvariantViolated> {
        let nomination = self.slot.nomination();
        let envelope = self.own_envelope(Statement::Nominate {
            voted: nomination.voted.as_slice().to_vec(),
            accepted: nomination.accepted.as_slice().to_vec(),
        });
        self.process_nominate(&envelope)
            .map_err(|_| InvariantViolated)?;
        let last = self.slot.nomination().last.as_ref();
        if last.is_none_or(|last| envelope.statement.is_newer_than(&last.statement)) {
            let last = Some(Arc::clone(&envelope));
            self.slot.nomination_mut().last.set(last);
            if self.slot.emission() == Emission::Enabled {
                self.emit(envelope);
            }
        }
        Ok(())
    }

    /// Rebuilds X and Y from an own NOMINATE (NOTES 69).
    pub(super) fn restore_nomination(&mut self, envelope: &Arc<Envelope>) {
        if let Statement::Nominate { voted, accepted } = &envelope.statement {
            let nomination = self.slot.nomination_mut();
            let restore = |set: &mut ValueSet, values: &[Value]| {
                values.iter().for_each(|value| set.insert(value));
            };
            restore(&mut nomination.voted, voted);
            restore(&mut nomination.accepted, accepted);
            nomination.last.set(Some(Arc::clone(envelope)));
        }
    }
}
