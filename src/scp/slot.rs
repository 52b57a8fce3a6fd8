//! `Slot`: everything one node knows and has done about one slot, and how a turn in it is undone.

use super::ballot_ledger::BallotLedger;
use super::ballot_protocol::BallotVars;
use super::event::{BallotPhase, SlotState};
use super::id::SlotIndex;
use super::kept::Kept;
use super::nomination_ledger::NominationLedger;
use super::nomination_protocol::NominationVars;
use super::statement::Envelope;
use super::value::Value;
use std::sync::Arc;

/// One slot at one node.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) index: SlotIndex,
    pub(super) nominations: NominationLedger,
    pub(super) ballots: BallotLedger,
    nomination: NominationVars,
    ballot: BallotVars,
    nomination_touch: Touch,
    ballot_touch: Touch,
    fully_validated: Kept<bool>,
}

/// Whether variables may have changed in this turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Touch {
    #[default]
    Untouched,
    Touched,
}

/// Whether a node speaks about a slot at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// It does.
    Speaks,
    /// It computes along in silence: not a validator, or a value could not be validated (NOTES 13, 67).
    Silent,
}

impl Slot {
    /// A slot about which nothing is known.
    pub(super) fn new(index: SlotIndex, voice: Voice) -> Slot {
        Slot {
            index,
            nominations: NominationLedger::default(),
            ballots: BallotLedger::default(),
            nomination: NominationVars::default(),
            ballot: BallotVars::default(),
            nomination_touch: Touch::Untouched,
            ballot_touch: Touch::Untouched,
            fully_validated: Kept::new(voice == Voice::Speaks),
        }
    }

    /// Becomes another slot about which nothing is known; the memory is kept.
    pub(super) fn reuse(&mut self, index: SlotIndex, voice: Voice) {
        self.index = index;
        self.nominations.clear();
        self.ballots.clear();
        self.nomination.clear();
        self.ballot = BallotVars::default();
        self.nomination_touch = Touch::Untouched;
        self.ballot_touch = Touch::Untouched;
        self.fully_validated = Kept::new(voice == Voice::Speaks);
    }

    /// The variables of nomination.
    pub(super) fn nomination(&self) -> &NominationVars {
        &self.nomination
    }

    /// The variables of nomination, for changing them until the turn ends.
    pub(super) fn nomination_mut(&mut self) -> &mut NominationVars {
        self.nomination_touch = Touch::Touched;
        &mut self.nomination
    }

    /// The variables of the ballot protocol.
    pub(super) fn ballot(&self) -> &BallotVars {
        &self.ballot
    }

    /// The variables of the ballot protocol, for changing them until the turn ends.
    pub(super) fn ballot_mut(&mut self) -> &mut BallotVars {
        self.ballot_touch = Touch::Touched;
        &mut self.ballot
    }

    /// Does the node speak about this slot?
    pub(super) fn voice(&self) -> Voice {
        if *self.fully_validated {
            Voice::Speaks
        } else {
            Voice::Silent
        }
    }

    /// From now on the node is silent about this slot.
    pub(super) fn fall_silent(&mut self) {
        self.fully_validated.set(false);
    }

    /// From here on can be undone.
    #[inline]
    pub(super) fn begin(&mut self) {
        if std::mem::take(&mut self.nomination_touch) == Touch::Touched {
            self.nomination.begin();
        }
        if std::mem::take(&mut self.ballot_touch) == Touch::Touched {
            self.ballot.begin();
        }
        self.fully_validated.begin();
        self.nominations.ledger_mut().begin();
        self.ballots.ledger_mut().begin();
    }

    /// Puts everything back as it was at [`Slot::begin`].
    pub(super) fn undo(&mut self) {
        self.nomination.undo();
        self.ballot.undo();
        self.fully_validated.undo();
        self.nominations.undo();
        self.ballots.undo();
    }

    /// Checks what this turn may have broken.
    pub(super) fn check_touched(&self) -> Result<(), &'static str> {
        match self.ballot_touch {
            Touch::Touched => self.ballot.check_invariants(),
            Touch::Untouched => Ok(()),
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
            (&*self.nomination.last, self.nominations.ledger()),
            (&*self.ballot.last, self.ballots.ledger()),
        ];
        for (last, ledger) in own {
            let Some(last) = last else {
                continue;
            };
            let recorded = ledger.statement(last.from);
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
            .filter(|_| self.voice() == Voice::Speaks)
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
