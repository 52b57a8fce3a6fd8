//! `Step` and `Rule`: the transitions of SCP and the rules that allow them, as explanations name them.

use crate::scp::{
    Ballot, BallotReason, Claim, Evidence, Interval, NodeId, ScpEvent, Statement, Value,
    VoteReason, VotingRule,
};
use serde::Serialize;

/// A transition of SCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// To vote for the nomination of a value.
    VoteNominate,
    /// To accept the nomination of a value.
    AcceptNominated,
    /// To confirm the nomination of a value: it becomes a candidate.
    ConfirmNominated,
    /// To combine the candidates.
    Composite,
    /// To start or change the current ballot.
    Ballot,
    /// To accept a ballot as prepared.
    AcceptPrepared,
    /// To confirm a ballot as prepared, and so to vote for its commit.
    ConfirmPrepared,
    /// To accept the commit of a ballot.
    AcceptCommit,
    /// To confirm the commit of a ballot, which decides the slot.
    ConfirmCommit,
    /// To have received statements of a quorum at the current counter or above, which starts the ballot timer.
    HeardFromQuorum,
    /// To withdraw the vote for a commit.
    CommitVoteWithdrawn,
}

/// Why a step is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A quorum that contains a slice of the node makes the claim.
    Quorum,
    /// A v-blocking set makes the claim.
    VBlocking,
    /// The node follows a leader of nomination.
    Leader,
    /// A timer expired.
    Timer,
    /// A v-blocking set is at higher counters.
    CatchUp,
    /// The node does it on its own, as a consequence of its earlier steps.
    Own,
}

/// What a statement must claim to count for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementClaim {
    /// It nominates any value.
    Nominates,
    /// It votes for or accepts the nomination of this value.
    VotesNominate(Value),
    /// It accepts the nomination of this value.
    AcceptsNominate(Value),
    /// It makes this claim of balloting about this value.
    Ballot(Claim, Value),
    /// It makes this claim of balloting, with any value.
    Counter(Claim),
}

impl StatementClaim {
    /// Whether `statement` makes the claim.
    #[must_use]
    pub fn is_made_by(&self, statement: &Statement) -> bool {
        match (self, statement) {
            (StatementClaim::Nominates, Statement::Nominate { .. }) => true,
            (StatementClaim::VotesNominate(value), Statement::Nominate { voted, accepted }) => {
                voted.contains(value) || accepted.contains(value)
            }
            (StatementClaim::AcceptsNominate(value), Statement::Nominate { accepted, .. }) => {
                accepted.contains(value)
            }
            (StatementClaim::Ballot(claim, value), statement) => claim.is_made_by(statement, value),
            (StatementClaim::Counter(claim), statement) => {
                let any = statement.ballot_value();
                any.is_some_and(|value| claim.is_made_by(statement, value))
            }
            _ => false,
        }
    }

    /// Whether NOMINATE statements make the claim. If not, ballot statements do.
    #[must_use]
    pub fn is_nomination(&self) -> bool {
        matches!(
            self,
            StatementClaim::Nominates
                | StatementClaim::VotesNominate(_)
                | StatementClaim::AcceptsNominate(_)
        )
    }

    /// For a claim of acceptance: the vote for the same.
    pub(super) fn vote(&self) -> Option<StatementClaim> {
        Some(match self {
            StatementClaim::AcceptsNominate(value) => StatementClaim::VotesNominate(value.clone()),
            StatementClaim::Ballot(Claim::AcceptsPrepare(n), value) => {
                StatementClaim::Ballot(Claim::VotesPrepare(*n), value.clone())
            }
            StatementClaim::Ballot(Claim::AcceptsCommit(interval), value) => {
                StatementClaim::Ballot(Claim::VotesCommit(*interval), value.clone())
            }
            _ => return None,
        })
    }

    /// The value, if the claim is about one.
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        match self {
            StatementClaim::VotesNominate(value)
            | StatementClaim::AcceptsNominate(value)
            | StatementClaim::Ballot(_, value) => Some(value),
            StatementClaim::Nominates | StatementClaim::Counter(_) => None,
        }
    }
}

/// An event of SCP as a step: what it is about, and why it was allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTaken<'a> {
    /// The step.
    pub step: Step,
    /// The rule.
    pub rule: Rule,
    /// The value that it is about, if any.
    pub value: Option<&'a Value>,
    /// The ballot that it is about, if any.
    pub ballot: Option<Ballot>,
    /// The claim of each witness; `None` without witnesses.
    pub claim: Option<StatementClaim>,
    /// The recorded evidence, if the rule has some.
    pub evidence: Option<&'a Evidence>,
    /// The leader whose value the node echoes.
    pub leader: Option<NodeId>,
}

impl<'a> StepTaken<'a> {
    /// The step that `event` reports. `None` for the start of a round and for refusals.
    #[must_use]
    pub fn of(event: &'a ScpEvent) -> Option<StepTaken<'a>> {
        nomination_step(event).or_else(|| ballot_step(event))
    }

    fn own(step: Step) -> StepTaken<'a> {
        StepTaken {
            step,
            rule: Rule::Own,
            value: None,
            ballot: None,
            claim: None,
            evidence: None,
            leader: None,
        }
    }

    fn about(self, value: &'a Value) -> StepTaken<'a> {
        StepTaken {
            value: Some(value),
            ..self
        }
    }

    fn about_ballot(self, ballot: &'a Ballot) -> StepTaken<'a> {
        StepTaken {
            ballot: Some(ballot.clone()),
            ..self.about(&ballot.x)
        }
    }

    fn because(self, evidence: &'a Evidence, claim: StatementClaim) -> StepTaken<'a> {
        let rule = match evidence.rule {
            VotingRule::Quorum => Rule::Quorum,
            VotingRule::VBlocking => Rule::VBlocking,
        };
        StepTaken {
            rule,
            claim: Some(claim),
            evidence: Some(evidence),
            ..self
        }
    }
}

fn nomination_step(event: &ScpEvent) -> Option<StepTaken<'_>> {
    Some(match event {
        ScpEvent::VotedNominate { value, reason, .. } => {
            let step = StepTaken::own(Step::VoteNominate).about(value);
            match reason {
                VoteReason::Echo(leader) => StepTaken {
                    rule: Rule::Leader,
                    claim: Some(StatementClaim::VotesNominate(value.clone())),
                    leader: Some(*leader),
                    ..step
                },
                VoteReason::OwnProposal | VoteReason::Extracted => step,
            }
        }
        ScpEvent::AcceptedNominated {
            value, evidence, ..
        } => {
            let claim = match evidence.rule {
                VotingRule::Quorum => StatementClaim::VotesNominate(value.clone()),
                VotingRule::VBlocking => StatementClaim::AcceptsNominate(value.clone()),
            };
            StepTaken::own(Step::AcceptNominated)
                .about(value)
                .because(evidence, claim)
        }
        ScpEvent::ConfirmedNominated {
            value, evidence, ..
        } => StepTaken::own(Step::ConfirmNominated)
            .about(value)
            .because(evidence, StatementClaim::AcceptsNominate(value.clone())),
        ScpEvent::Composite { value, .. } => StepTaken::own(Step::Composite).about(value),
        _ => return None,
    })
}

fn ballot_step(event: &ScpEvent) -> Option<StepTaken<'_>> {
    let claim = |claim: Claim, value: &Value| StatementClaim::Ballot(claim, value.clone());
    Some(match event {
        ScpEvent::BallotChanged { to, reason, .. } => {
            let step = StepTaken::own(Step::Ballot).about_ballot(to);
            match reason {
                BallotReason::Timeout => StepTaken {
                    rule: Rule::Timer,
                    ..step
                },
                BallotReason::CatchUp(evidence) => StepTaken {
                    rule: Rule::CatchUp,
                    ..step.because(evidence, StatementClaim::Counter(above(event)))
                },
                BallotReason::Candidate
                | BallotReason::ConfirmedPrepared
                | BallotReason::AcceptedCommit => step,
            }
        }
        ScpEvent::AcceptedPrepared {
            ballot, evidence, ..
        } => {
            let of_rule = match evidence.rule {
                VotingRule::Quorum => Claim::VotesPrepare(ballot.n),
                VotingRule::VBlocking => Claim::AcceptsPrepare(ballot.n),
            };
            StepTaken::own(Step::AcceptPrepared)
                .about_ballot(ballot)
                .because(evidence, claim(of_rule, &ballot.x))
        }
        ScpEvent::ConfirmedPrepared { h, evidence, .. } => StepTaken::own(Step::ConfirmPrepared)
            .about_ballot(h)
            .because(evidence, claim(Claim::AcceptsPrepare(h.n), &h.x)),
        ScpEvent::AcceptedCommit { .. } | ScpEvent::ConfirmedCommit { .. } => {
            return commit_step(event);
        }
        ScpEvent::HeardFromQuorum { n, evidence, .. } => StepTaken::own(Step::HeardFromQuorum)
            .because(evidence, StatementClaim::Counter(Claim::AtCounter(*n))),
        ScpEvent::CommitVoteWithdrawn { c, .. } => {
            StepTaken::own(Step::CommitVoteWithdrawn).about_ballot(c)
        }
        _ => return None,
    })
}

fn commit_step(event: &ScpEvent) -> Option<StepTaken<'_>> {
    let (step, value, n_c, n_h, evidence) = match event {
        ScpEvent::AcceptedCommit {
            value,
            n_c,
            n_h,
            evidence,
            ..
        } => (Step::AcceptCommit, value, *n_c, *n_h, evidence),
        ScpEvent::ConfirmedCommit {
            value,
            n_c,
            n_h,
            evidence,
            ..
        } => (Step::ConfirmCommit, value, *n_c, *n_h, evidence),
        _ => return None,
    };
    let interval = Interval {
        low: n_c,
        high: n_h,
    };
    let claim = match (step, evidence.rule) {
        (Step::AcceptCommit, VotingRule::Quorum) => Claim::VotesCommit(interval),
        _ => Claim::AcceptsCommit(interval),
    };
    let step = StepTaken {
        ballot: Some(Ballot::new(n_h, value.clone())),
        ..StepTaken::own(step).about(value)
    };
    Some(step.because(evidence, StatementClaim::Ballot(claim, value.clone())))
}

/// The claim that counts for catching up: a counter above the one that the node had.
fn above(event: &ScpEvent) -> Claim {
    match event {
        ScpEvent::BallotChanged {
            from: Some(from), ..
        } => Claim::AboveCounter(from.n),
        _ => Claim::AboveCounter(0),
    }
}
