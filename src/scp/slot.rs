//! `Slot`: everything one node knows and has done about one slot, and how a turn in it is undone.

use super::ballot_ledger::BallotLedger;
use super::ballot_protocol::BallotVars;
use super::event::{BallotPhase, SlotState};
use super::id::SlotIndex;
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
    fully_validated: bool,
    before: Before,
}

/// The variables as they were before this turn, for those that it has touched.
#[derive(Clone, Debug, Default)]
struct Before {
    nomination: Option<NominationVars>,
    ballot: Option<BallotVars>,
    fully_validated: Option<bool>,
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
            fully_validated: voice == Voice::Speaks,
            before: Before::default(),
        }
    }

    /// The variables of nomination.
    pub(super) fn nomination(&self) -> &NominationVars {
        &self.nomination
    }

    /// The variables of nomination, for changing them: the old ones are kept until the turn ends.
    pub(super) fn nomination_mut(&mut self) -> &mut NominationVars {
        if self.before.nomination.is_none() {
            self.before.nomination = Some(self.nomination.clone());
        }
        &mut self.nomination
    }

    /// The variables of the ballot protocol.
    pub(super) fn ballot(&self) -> &BallotVars {
        &self.ballot
    }

    /// The variables of the ballot protocol, for changing them: the old ones are kept until the turn ends.
    pub(super) fn ballot_mut(&mut self) -> &mut BallotVars {
        if self.before.ballot.is_none() {
            self.before.ballot = Some(self.ballot.clone());
        }
        &mut self.ballot
    }

    /// Does the node speak about this slot?
    pub(super) fn voice(&self) -> Voice {
        if self.fully_validated {
            Voice::Speaks
        } else {
            Voice::Silent
        }
    }

    /// From now on the node is silent about this slot.
    pub(super) fn fall_silent(&mut self) {
        self.before
            .fully_validated
            .get_or_insert(self.fully_validated);
        self.fully_validated = false;
    }

    /// From here on can be undone.
    pub(super) fn begin(&mut self) {
        self.before = Before::default();
        self.nominations.ledger_mut().begin();
        self.ballots.ledger_mut().begin();
    }

    /// Puts everything back as it was at [`Slot::begin`].
    pub(super) fn undo(&mut self) {
        let before = std::mem::take(&mut self.before);
        if let Some(nomination) = before.nomination {
            self.nomination = nomination;
        }
        if let Some(ballot) = before.ballot {
            self.ballot = ballot;
        }
        if let Some(fully_validated) = before.fully_validated {
            self.fully_validated = fully_validated;
        }
        self.nominations.undo();
        self.ballots.undo();
    }

    /// Checks what this turn may have broken.
    pub(super) fn check_touched(&self) -> Result<(), &'static str> {
        match self.before.ballot {
            Some(_) => self.ballot.check_invariants(),
            None => Ok(()),
        }
    }

    /// Checks all invariants.
    ///
    /// # Errors
    /// Which one is broken.
    pub(super) fn check_invariants(&self) -> Result<(), &'static str> {
        self.nomination.check_invariants()?;
        self.ballot.check_invariants()
    }

    /// The decision, once there is one.
    pub(super) fn externalized(&self) -> Option<&Value> {
        match self.ballot.phase {
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
            phase: ballot.phase,
            b: ballot.b.clone(),
            p: ballot.p.clone(),
            p_prime: ballot.p_prime.clone(),
            h: ballot.h.clone(),
            c: ballot.c.clone(),
            z: ballot.z.clone(),
            heard_from_quorum: ballot.heard_from_quorum,
            nominating: nomination.nominating,
            round: nomination.round,
            leaders: nomination.leaders.clone(),
            voted: nomination.voted.clone(),
            accepted: nomination.accepted.clone(),
            candidates: nomination.candidates.clone(),
            composite: nomination.composite.clone(),
            fully_validated: self.fully_validated,
            externalized: self.externalized().cloned(),
        }
    }
}
