//! Events as sentences: chooses the message of the caption namespace that describes an event of a node.
//!
//! `evidence.rs` forms the reason of a transition.

use super::evidence::{WitnessAction, reason};
use super::value::{ballot, content, value};
use super::{caption, format};
use crate::node::view::{
    BackupAnswer, NodeEvent, Proposal, ProposalRefusal, SlotStart, Standing, TrustCause,
};
use crate::scp::{
    BallotReason, Counter, Evidence, NodeId, ScpEvent, ScpRefusal, Value, VoteReason,
};
use crate::trace::World;

/// Largest number of leaders of a round that are named.
const LEADERS_MAX: usize = 3;

/// One event as a sentence without a full stop; `None` for events that are of no interest to a viewer.
#[must_use]
pub fn sentence(world: &World, node: NodeId, event: &NodeEvent) -> Option<String> {
    let name = &*world.name(node);
    Some(match event {
        NodeEvent::Discovered { peer, via } if *via == node || *via == peer.id => {
            caption::discovered(name, &peer.name)
        }
        NodeEvent::Discovered { peer, via } => {
            caption::discovered_via(name, &peer.name, &world.name(*via))
        }
        NodeEvent::TrustChanged { trusted, cause } => trust_changed(name, trusted.len(), *cause),
        NodeEvent::QuorumSetChanged {
            quorum_set,
            from_slot,
            ..
        } => caption::quorum_set_changed(
            name,
            quorum_set.threshold,
            quorum_set.entries(),
            *from_slot,
        ),
        NodeEvent::RolledBack { .. } => caption::rolled_back(name),
        NodeEvent::QuorumSetOverridden { slot } => caption::quorum_set_overridden(name, *slot),
        NodeEvent::StandingChanged { node, standing } => {
            standing_changed(name, &world.name(*node), *standing)
        }
        NodeEvent::Ready { known } => caption::ready(name, *known),
        NodeEvent::CatchingUp { from_slot } => caption::catching_up(name, *from_slot),
        NodeEvent::PeerLeft { node: peer } => caption::peer_left(name, &world.name(*peer)),
        NodeEvent::Left => caption::left(name),
        NodeEvent::ProposalPooled {
            proposal,
            certified_by,
        } => pooled(world, node, proposal, *certified_by),
        NodeEvent::ProposalRefused { why, .. } => proposal_refused(name, *why),
        NodeEvent::ProposalExpired { voted, missing, .. } => {
            caption::proposal_expired(name, voted.len(), missing.len())
        }
        NodeEvent::SlotStarted {
            slot,
            start: SlotStart::Own,
        } => caption::slot_opened(name, *slot),
        NodeEvent::SlotStarted {
            slot,
            start: SlotStart::Echo,
        } => caption::slot_joined(name, *slot),
        NodeEvent::Scp(event) => return transition(world, node, event),
        NodeEvent::Recorded {
            slot,
            value: decided,
            ..
        } => caption::recorded(name, &value(decided), *slot),
        NodeEvent::BackupAnswered { file, answer, .. } => match answer {
            BackupAnswer::Yes => caption::backup_yes(name, &file.name),
            BackupAnswer::NoHasIt => caption::backup_has_it(name, &file.name),
            BackupAnswer::DecidedBeforeVote => {
                caption::backup_decided_before_vote(name, &file.name)
            }
        },
        NodeEvent::BackedUp { file, from } if *from == node => {
            caption::backed_up_own(name, &file.name)
        }
        NodeEvent::BackedUp { file, from } => {
            caption::backed_up_from(name, &file.name, &world.name(*from))
        }
        NodeEvent::BackupFailed { file, .. } => caption::backup_failed(name, &file.name),
        NodeEvent::Refused { from, .. } => caption::message_refused(name, &world.name(*from)),
        NodeEvent::Started { .. } | NodeEvent::Slot { .. } => return None,
    })
}

fn trust_changed(name: &str, trusted: usize, cause: TrustCause) -> String {
    match cause {
        TrustCause::Configured => caption::trust_configured(name, trusted),
        TrustCause::Discovered => caption::trust_discovered(name, trusted),
        TrustCause::Refreshed => caption::trust_refreshed(name, trusted),
        TrustCause::Departed => caption::trust_departed(name, trusted),
        TrustCause::Forgotten => caption::trust_forgotten(name, trusted),
        TrustCause::PolicyReplaced => caption::trust_replaced(name, trusted),
        TrustCause::Admitted => caption::trust_admitted(name, trusted),
        TrustCause::Suspended => caption::trust_suspended(name, trusted),
        TrustCause::Edited => caption::trust_edited(name, trusted),
    }
}

fn standing_changed(name: &str, peer: &str, standing: Standing) -> String {
    match standing {
        Standing::Candidate => caption::standing_candidate(name, peer),
        Standing::Newcomer => caption::standing_newcomer(name, peer),
        Standing::Established => caption::standing_established(name, peer),
        Standing::Removed => caption::standing_removed(name, peer),
    }
}

fn pooled(world: &World, node: NodeId, proposal: &Proposal, certified_by: NodeId) -> String {
    let (name, proposed) = (world.name(node), content(&proposal.content));
    if world.is_origin(node, proposal) {
        caption::proposed(&name, &proposed)
    } else {
        caption::pooled(&name, &proposed, &world.name(certified_by))
    }
}

fn proposal_refused(name: &str, why: ProposalRefusal) -> String {
    match why {
        ProposalRefusal::Malformed => caption::proposal_malformed(name),
        ProposalRefusal::InLog => caption::proposal_in_log(name),
        ProposalRefusal::Untrusted => caption::proposal_untrusted(name),
        ProposalRefusal::WrongApplication => caption::proposal_wrong_application(name),
        ProposalRefusal::NotParticipating => caption::proposal_not_participating(name),
        ProposalRefusal::Stale => caption::proposal_stale(name),
        ProposalRefusal::PoolFull => caption::proposal_pool_full(name),
    }
}

fn transition(world: &World, node: NodeId, event: &ScpEvent) -> Option<String> {
    let name = &*world.name(node);
    let why = |evidence: &Evidence, action| reason(world, node, evidence, action);
    Some(match event {
        ScpEvent::RoundStarted {
            slot,
            round,
            leaders,
            ..
        } => {
            let leaders = leaders.iter().map(|leader| world.name(*leader).to_string());
            caption::round_started(name, *round, *slot, &format::list(leaders, LEADERS_MAX))
        }
        ScpEvent::VotedNominate { value, reason, .. } => voted(world, node, value, *reason),
        ScpEvent::AcceptedNominated {
            value: v, evidence, ..
        } => caption::accepted_nominated(name, &value(v), &why(evidence, WitnessAction::Voted)),
        ScpEvent::ConfirmedNominated {
            value: v, evidence, ..
        } => caption::confirmed_nominated(name, &value(v), &why(evidence, WitnessAction::Accepted)),
        ScpEvent::Composite { value: v, .. } => caption::composite(name, &value(v)),
        ScpEvent::BallotChanged { to, reason, .. } => {
            ballot_changed(world, node, &ballot(to), reason)
        }
        ScpEvent::AcceptedPrepared {
            ballot: b,
            evidence,
            ..
        } => caption::accepted_prepared(name, &ballot(b), &why(evidence, WitnessAction::Voted)),
        ScpEvent::ConfirmedPrepared { h, evidence, .. } => {
            caption::confirmed_prepared(name, &ballot(h), &why(evidence, WitnessAction::Accepted))
        }
        ScpEvent::AcceptedCommit {
            value: v,
            n_c,
            n_h,
            evidence,
            ..
        } => accepted_commit(
            name,
            &value(v),
            (*n_c, *n_h),
            &why(evidence, WitnessAction::Voted),
        ),
        ScpEvent::ConfirmedCommit {
            slot,
            value: v,
            evidence,
            ..
        } => caption::confirmed_commit(
            name,
            &value(v),
            *slot,
            &why(evidence, WitnessAction::Accepted),
        ),
        ScpEvent::CommitVoteWithdrawn { c, .. } => caption::commit_vote_withdrawn(name, &ballot(c)),
        ScpEvent::HeardFromQuorum { n, .. } => caption::heard_from_quorum(name, *n),
        ScpEvent::NotFullyValidated { slot } => caption::not_fully_validated(name, *slot),
        ScpEvent::Refused { from, why, .. } => statement_refused(name, &world.name(*from), *why)?,
    })
}

fn voted(world: &World, node: NodeId, voted: &Value, reason: VoteReason) -> String {
    let (name, voted) = (world.name(node), value(voted));
    match reason {
        VoteReason::OwnProposal => caption::voted_own(&name, &voted),
        VoteReason::Echo(leader) => caption::voted_echo(&name, &world.name(leader), &voted),
        VoteReason::Extracted => caption::voted_extracted(&name, &voted),
    }
}

fn ballot_changed(world: &World, node: NodeId, ballot: &str, why: &BallotReason) -> String {
    let name = world.name(node);
    match why {
        BallotReason::Candidate => caption::ballot_candidate(&name, ballot),
        BallotReason::Timeout => caption::ballot_timeout(&name, ballot),
        BallotReason::CatchUp(evidence) => caption::ballot_catch_up(
            &name,
            ballot,
            &reason(world, node, evidence, WitnessAction::Ahead),
        ),
        BallotReason::ConfirmedPrepared => caption::ballot_confirmed_prepared(&name, ballot),
        BallotReason::AcceptedCommit => caption::ballot_accepted_commit(&name, ballot),
    }
}

fn accepted_commit(
    name: &str,
    value: &str,
    (low, high): (Counter, Counter),
    reason: &str,
) -> String {
    match high {
        Counter::MAX => caption::accepted_commit_from(name, value, low, reason),
        high if high == low => caption::accepted_commit_one(name, value, low, reason),
        high => caption::accepted_commit_range(name, value, low, high, reason),
    }
}

fn statement_refused(name: &str, peer: &str, why: ScpRefusal) -> Option<String> {
    Some(match why {
        // Every duplicate is refused for this reason, so it is not worth a sentence.
        ScpRefusal::NotNewer => return None,
        ScpRefusal::NotSane => caption::refused_not_sane(name, peer),
        ScpRefusal::UnknownQuorumSet => caption::refused_unknown_quorum_set(name, peer),
        ScpRefusal::MalformedQuorumSet => caption::refused_malformed_quorum_set(name, peer),
        ScpRefusal::InvalidValue => caption::refused_invalid_value(name, peer),
        ScpRefusal::OtherValueDecided => caption::refused_other_value_decided(name, peer),
        ScpRefusal::BreaksInvariant => caption::refused_breaks_invariant(name, peer),
        ScpRefusal::NotOwn => caption::refused_not_own(name, peer),
        ScpRefusal::SlotAdvanced => caption::refused_too_late(name, peer),
    })
}
