//! `Slot`: everything one node knows and has done about one slot, and how a transaction in it is undone.

use super::ballot_protocol::BallotState;
use super::event::{BallotPhase, SlotState};
use super::id::SlotIndex;
use super::nomination_protocol::NominationState;
use super::quorum::ballots::Ballots;
use super::quorum::nominations::Nominations;
use super::statement::Envelope;
use super::undo::Undoable;
use super::value::Value;
use std::sync::Arc;

/// One slot at one node.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) index: SlotIndex,
    pub(super) nominations: Nominations,
    pub(super) ballots: Ballots,
    nomination: NominationState,
    ballot: BallotState,
    nomination_dirty: Dirty,
    ballot_dirty: Dirty,
    fully_validated: Undoable<bool>,
}

/// Whether variables may have changed in this transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Dirty {
    #[default]
    Clean,
    Dirty,
}

/// Whether a node speaks about a slot at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Emission {
    /// It does.
    Enabled,
    /// It computes along in silence: not a validator, or a value could not be validated (NOTES 13, 67).
    Suppressed,
}

impl Slot {
    /// A slot about which nothing is known.
    pub(super) fn new(index: SlotIndex, emission: Emission) -> Slot {
        Slot {
            index,
            nominations: Nominations::default(),
            ballots: Ballots::default(),
            nomination: NominationState::default(),
            ballot: BallotState::default(),
            nomination_dirty: Dirty::Clean,
            ballot_dirty: Dirty::Clean,
            fully_validated: Undoable::new(emission == Emission::Enabled),
        }
    }

    /// Becomes another slot about which nothing is known; the memory is kept.
    pub(super) fn reuse(&mut self, index: SlotIndex, emission: Emission) {
        self.index = index;
        self.nominations.clear();
        self.ballots.clear();
        self.nomination.clear();
        self.ballot = BallotState::default();
        self.nomination_dirty = Dirty::Clean;
        self.ballot_dirty = Dirty::Clean;
        self.fully_validated = Undoable::new(emission == Emission::Enabled);
    }

    /// The variables of nomination.
    pub(super) fn nomination(&self) -> &NominationState {
        &self.nomination
    }

    /// The variables of nomination, for changing them until the transaction ends.
    pub(super) fn nomination_mut(&mut self) -> &mut NominationState {
        self.nomination_dirty = Dirty::Dirty;
        &mut self.nomination
    }

    /// The variables of the ballot protocol.
    pub(super) fn ballot(&self) -> &BallotState {
        &self.ballot
    }

    /// The variables of the ballot protocol, for changing them until the transaction ends.
    pub(super) fn ballot_mut(&mut self) -> &mut BallotState {
        self.ballot_dirty = Dirty::Dirty;
        &mut self.ballot
    }

    /// Does the node speak about this slot?
    pub(super) fn emission(&self) -> Emission {
        if *self.fully_validated {
            Emission::Enabled
        } else {
            Emission::Suppressed
        }
    }

    /// From now on the node is silent about this slot.
    pub(super) fn suppress_emission(&mut self) {
        self.fully_validated.set(false);
    }

    /// From here on can be undone.
    #[inline]
    pub(super) fn checkpoint(&mut self) {
        if std::mem::take(&mut self.nomination_dirty) == Dirty::Dirty {
            self.nomination.checkpoint();
        }
        if std::mem::take(&mut self.ballot_dirty) == Dirty::Dirty {
            self.ballot.checkpoint();
        }
        self.fully_validated.checkpoint();
        self.nominations.latest_mut().checkpoint();
        self.ballots.latest_mut().checkpoint();
    }

    /// Puts everything back as it was at [`Slot::checkpoint`].
    pub(super) fn rollback(&mut self) {
        self.nomination.rollback();
        self.ballot.rollback();
        self.fully_validated.rollback();
        self.nominations.rollback();
        self.ballots.rollback();
    }

    /// Checks what this transaction may have broken.
    pub(super) fn check_dirty(&self) -> Result<(), &'static str> {
        match self.ballot_dirty {
            Dirty::Dirty => self.ballot.check_invariants(),
            Dirty::Clean => Ok(()),
        }
    }

    /// Checks all invariants.
    ///
    /// # Errors
    /// Which one is broken.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        self.nomination.check_invariants()?;
        self.ballot.check_invariants()?;
        self.check_own_statements()
    }

    /// What a node says only grows: what it said last is on record or was followed by more, and nothing was sent beyond
    /// it.
    fn check_own_statements(&self) -> Result<(), &'static str> {
        let own = [
            (&*self.nomination.last, self.nominations.latest()),
            (&*self.ballot.last, self.ballots.latest()),
        ];
        for (last, latest) in own {
            let Some(last) = last else {
                continue;
            };
            let recorded = latest.statement(last.from);
            if recorded.is_none_or(|recorded| last.statement.is_newer_than(recorded)) {
                return Err("what was said last is on record");
            }
        }
        match (&*self.ballot.last_sent, &*self.ballot.last) {
            (None, _) => Ok(()),
            (Some(sent), Some(last)) if !sent.statement.is_newer_than(&last.statement) => Ok(()),
            (Some(_), _) => Err("nothing is sent beyond what was said last"),
        }
    }

    /// The decision, once there is one.
    pub(super) fn externalized(&self) -> Option<&Value> {
        match *self.ballot.phase {
            BallotPhase::Externalize => self.ballot.c.as_ref().map(|c| &c.x),
            BallotPhase::Prepare | BallotPhase::Confirm => None,
        }
    }

    /// What the node has last sent: NOMINATE, then the ballot statement. Nothing if it is silent about the slot.
    pub(super) fn own_statements(&self) -> impl Iterator<Item = &Arc<Envelope>> {
        let sent = [
            self.nomination.last.as_ref(),
            self.ballot.last_sent.as_ref(),
        ];
        sent.into_iter()
            .flatten()
            .filter(|_| self.emission() == Emission::Enabled)
    }

    /// Everything an inspector shows.
    pub(super) fn state(&self) -> SlotState {
        let (nomination, ballot) = (&self.nomination, &self.ballot);
        SlotState {
            phase: *ballot.phase,
            b: Option::clone(&ballot.b),
            p: Option::clone(&ballot.p),
            p_prime: Option::clone(&ballot.p_prime),
            h: Option::clone(&ballot.h),
            c: Option::clone(&ballot.c),
            z: Option::clone(&ballot.z),
            heard_from_quorum: *ballot.heard_from_quorum,
            nominating: *nomination.nominating,
            round: *nomination.round,
            leaders: nomination.leaders.iter().collect(),
            voted: nomination.voted.to_tree(),
            accepted: nomination.accepted.to_tree(),
            candidates: nomination.candidates.to_tree(),
            composite: Option::clone(&nomination.composite),
            fully_validated: *self.fully_validated,
            externalized: self.externalized().cloned(),
        }
    }
}
