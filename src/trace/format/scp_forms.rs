//! Forms of SCP types: quorum sets, envelopes, transitions with their evidence, variables of a slot.

use super::context::{Decode, Encode, Problem};
use super::serialized_form::{
    Form, Shared, Text, form_arc, form_enum, form_names, form_shared, form_struct, share,
};
use crate::scp::{
    Ballot, BallotPhase, BallotReason, Envelope, Evidence, NodeId, QuorumSet, QuorumSetId,
    ScpEvent, ScpRefusal, SlotIndex, SlotState, Statement, Value, VoteReason, VotingRule,
};
use crate::time::Span;
use std::collections::BTreeSet;
use std::sync::Arc;

form_struct!(QuorumSetForm for QuorumSet {
    threshold: u32,
    validators: Vec<NodeId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    inner: Vec<QuorumSet>,
});

/// `[owner, nth]`.
impl Form for QuorumSetId {
    type As<'a> = (Text<'a>, u32);

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> (Text<'a>, u32) {
        let QuorumSetId { owner, nth } = self;
        (owner.to_form(cx), *nth)
    }

    fn from_form((owner, nth): (Text<'_>, u32), cx: &mut Decode<'_>) -> Result<Self, Problem> {
        let owner = Form::from_form(owner, cx)?;
        Ok(QuorumSetId { owner, nth })
    }
}

/// `[counter, value]`.
impl Form for Ballot {
    type As<'a> = (u32, Text<'a>);

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> (u32, Text<'a>) {
        let Ballot { n, x } = self;
        (*n, x.to_form(cx))
    }

    fn from_form((n, x): (u32, Text<'_>), cx: &mut Decode<'_>) -> Result<Self, Problem> {
        Ok(Ballot::new(n, Form::from_form(x, cx)?))
    }
}

form_enum!(StatementForm for Statement {
    struct {
        Nominate { voted: Vec<Value>, accepted: Vec<Value> },
        Prepare {
            ballot: Ballot,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            prepared: Option<Ballot>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            prepared_prime: Option<Ballot>,
            n_c: u32,
            n_h: u32,
        },
        Confirm { ballot: Ballot, n_prepared: u32, n_commit: u32, n_h: u32 },
        Externalize { commit: Ballot, n_h: u32 },
    }
    tuple {}
    unit {}
});

form_struct!(EnvelopeForm for Envelope {
    from: NodeId,
    slot: SlotIndex,
    quorum_set: QuorumSetId,
    statement: Statement,
});

form_shared!(QuorumSet, Envelope);

form_names!(VotingRuleForm for VotingRule { Quorum, VBlocking });

form_struct!(EvidenceForm for UnorderedEvidence {
    rule: VotingRule,
    witness: Vec<NodeId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    envelopes: Vec<Arc<Envelope>>,
});

/// Evidence whose lists are in the order of the file.
struct UnorderedEvidence {
    rule: VotingRule,
    witness: Vec<NodeId>,
    envelopes: Vec<Arc<Envelope>>,
}

impl Form for Evidence {
    type As<'a> = EvidenceForm<'a>;

    fn to_form<'a>(&'a self, cx: &mut Encode<'a, '_>) -> EvidenceForm<'a> {
        let Evidence {
            rule,
            witness,
            envelopes,
        } = self;
        EvidenceForm {
            rule: rule.to_form(cx),
            witness: witness.to_form(cx),
            envelopes: envelopes.to_form(cx),
        }
    }

    /// Sorts both lists by the reader's node numbers, which may differ from those of the writer.
    fn from_form(form: EvidenceForm<'_>, cx: &mut Decode<'_>) -> Result<Evidence, Problem> {
        let UnorderedEvidence {
            rule,
            mut witness,
            mut envelopes,
        } = Form::from_form(form, cx)?;
        witness.sort_unstable();
        envelopes.sort_by_key(|envelope| envelope.from);
        Ok(Evidence {
            rule,
            witness,
            envelopes,
        })
    }
}

form_enum!(VoteReasonForm for VoteReason {
    struct {}
    tuple { Echo(leader: NodeId) }
    unit { OwnProposal, Extracted }
});

form_enum!(BallotReasonForm for BallotReason {
    struct {}
    tuple { CatchUp(evidence: Evidence) }
    unit { Candidate, Timeout, ConfirmedPrepared, AcceptedCommit }
});

form_names!(ScpRefusalForm for ScpRefusal {
    NotNewer,
    NotSane,
    UnknownQuorumSet,
    MalformedQuorumSet,
    InvalidValue,
    OtherValueDecided,
    BreaksInvariant,
    NotOwn,
    SlotAdvanced,
});

form_enum!(ScpEventForm for ScpEvent {
    struct {
        RoundStarted { slot: SlotIndex, round: u32, leaders: Vec<NodeId>, timeout: Span },
        VotedNominate { slot: SlotIndex, value: Value, reason: VoteReason },
        AcceptedNominated { slot: SlotIndex, value: Value, evidence: Evidence },
        ConfirmedNominated { slot: SlotIndex, value: Value, evidence: Evidence },
        Composite { slot: SlotIndex, value: Value },
        BallotChanged {
            slot: SlotIndex,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            from: Option<Ballot>,
            to: Ballot,
            reason: BallotReason,
        },
        AcceptedPrepared { slot: SlotIndex, ballot: Ballot, evidence: Evidence },
        ConfirmedPrepared {
            slot: SlotIndex,
            h: Ballot,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            c: Option<Ballot>,
            evidence: Evidence,
        },
        AcceptedCommit { slot: SlotIndex, value: Value, n_c: u32, n_h: u32, evidence: Evidence },
        ConfirmedCommit { slot: SlotIndex, value: Value, n_c: u32, n_h: u32, evidence: Evidence },
        CommitVoteWithdrawn { slot: SlotIndex, c: Ballot },
        HeardFromQuorum { slot: SlotIndex, n: u32, evidence: Evidence },
        NotFullyValidated { slot: SlotIndex },
        Refused { slot: SlotIndex, from: NodeId, why: ScpRefusal },
    }
    tuple {}
    unit {}
});

form_names!(BallotPhaseForm for BallotPhase { Prepare, Confirm, Externalize });

form_struct!(SlotStateForm for SlotState {
    phase: BallotPhase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    b: Option<Ballot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<Ballot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p_prime: Option<Ballot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    h: Option<Ballot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<Ballot>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    z: Option<Value>,
    heard_from_quorum: bool,
    nominating: bool,
    round: u32,
    leaders: BTreeSet<NodeId>,
    voted: BTreeSet<Value>,
    accepted: BTreeSet<Value>,
    candidates: BTreeSet<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    composite: Option<Value>,
    fully_validated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    externalized: Option<Value>,
});

form_arc!(SlotState, BTreeSet<NodeId>);
