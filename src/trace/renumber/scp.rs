//! Numbers in what SCP says, does and holds.

use super::{Numbering, Renumber};
use crate::scp::{
    BallotReason, Envelope, Evidence, QuorumSet, QuorumSetId, ScpEvent, SlotState, VoteReason,
};

impl Renumber for QuorumSet {
    fn renumber(&mut self, number: Numbering<'_>) {
        let QuorumSet {
            threshold: _,
            validators,
            inner,
        } = self;
        validators.renumber(number);
        inner.renumber(number);
    }
}

impl Renumber for QuorumSetId {
    fn renumber(&mut self, number: Numbering<'_>) {
        let QuorumSetId { owner, nth: _ } = self;
        owner.renumber(number);
    }
}

impl Renumber for Envelope {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Envelope {
            from,
            slot: _,
            quorum_set,
            statement: _,
        } = self;
        from.renumber(number);
        quorum_set.renumber(number);
    }
}

impl Renumber for ScpEvent {
    fn renumber(&mut self, number: Numbering<'_>) {
        match self {
            ScpEvent::RoundStarted {
                slot: _,
                round: _,
                leaders,
                timeout: _,
            } => {
                leaders.renumber(number);
                leaders.sort_unstable();
            }
            ScpEvent::VotedNominate {
                slot: _,
                value: _,
                reason,
            } => match reason {
                VoteReason::Echo(leader) => leader.renumber(number),
                VoteReason::OwnProposal | VoteReason::Extracted => {}
            },
            ScpEvent::AcceptedNominated {
                slot: _,
                value: _,
                evidence,
            }
            | ScpEvent::ConfirmedNominated {
                slot: _,
                value: _,
                evidence,
            }
            | ScpEvent::AcceptedPrepared {
                slot: _,
                ballot: _,
                evidence,
            }
            | ScpEvent::ConfirmedPrepared {
                slot: _,
                h: _,
                c: _,
                evidence,
            }
            | ScpEvent::AcceptedCommit {
                slot: _,
                value: _,
                n_c: _,
                n_h: _,
                evidence,
            }
            | ScpEvent::ConfirmedCommit {
                slot: _,
                value: _,
                n_c: _,
                n_h: _,
                evidence,
            }
            | ScpEvent::HeardFromQuorum {
                slot: _,
                n: _,
                evidence,
            } => evidence.renumber(number),
            ScpEvent::BallotChanged {
                slot: _,
                from: _,
                to: _,
                reason,
            } => match reason {
                BallotReason::CatchUp(evidence) => evidence.renumber(number),
                BallotReason::Candidate
                | BallotReason::Timeout
                | BallotReason::ConfirmedPrepared
                | BallotReason::AcceptedCommit => {}
            },
            ScpEvent::Refused {
                slot: _,
                from,
                why: _,
            } => from.renumber(number),
            ScpEvent::Composite { slot: _, value: _ }
            | ScpEvent::CommitVoteWithdrawn { slot: _, c: _ }
            | ScpEvent::NotFullyValidated { slot: _ } => {}
        }
    }
}

impl Renumber for Evidence {
    fn renumber(&mut self, number: Numbering<'_>) {
        let Evidence {
            rule: _,
            witness,
            envelopes,
        } = self;
        witness.renumber(number);
        envelopes.renumber(number);
        // Both are in the order of the numbers.
        witness.sort_unstable();
        envelopes.sort_by_key(|envelope| envelope.from);
    }
}

impl Renumber for SlotState {
    fn renumber(&mut self, number: Numbering<'_>) {
        let SlotState {
            phase: _,
            b: _,
            p: _,
            p_prime: _,
            h: _,
            c: _,
            z: _,
            heard_from_quorum: _,
            nominating: _,
            round: _,
            leaders,
            voted: _,
            accepted: _,
            candidates: _,
            composite: _,
            fully_validated: _,
            externalized: _,
        } = self;
        leaders.renumber(number);
    }
}
