//! What happened, in one sentence each: the caption and the event log.
//!
//! Absent here: the statements that led to it; an inspector shows those.

use super::{ballot, content, count, number, value};
use crate::node::view::{
    BackupAnswer, NodeEvent, ProposalRefusal, SlotStart, TrustCause, TrustPolicy,
};
use crate::scp::{
    BallotReason, Counter, Evidence, NodeId, NodeSet, QuorumSet, ScpEvent, ScpRefusal, Value,
    VoteReason, VotingRule,
};
use crate::trace::{World, WorldNode};

/// One event of a node as a sentence without a full stop; `None` for what is no news to people.
#[must_use]
pub fn sentence(world: &World, node: NodeId, event: &NodeEvent) -> Option<String> {
    let name = world.name(node);
    Some(match event {
        NodeEvent::Discovered { peer, via } if *via == node || *via == peer.id => {
            format!("{name} discovers {}", peer.name)
        }
        NodeEvent::Discovered { peer, via } => {
            format!("{name} learns of {} from {}", peer.name, world.name(*via))
        }
        NodeEvent::TrustChanged { trusted, cause } => trust(&name, trusted.len(), *cause),
        NodeEvent::QuorumSetChanged {
            quorum_set,
            from_slot,
            ..
        } => format!(
            "{name} asks for {} of {} from slot {} on",
            quorum_set.threshold,
            quorum_set.validators.len() + quorum_set.inner.len(),
            from_slot.0
        ),
        NodeEvent::Ready { known } => {
            format!(
                "{name} knows {} and is ready to vote",
                count(*known as usize, "node", "nodes")
            )
        }
        NodeEvent::CatchingUp { from_slot } => {
            format!("{name} catches up from slot {}", from_slot.0)
        }
        NodeEvent::PeerLeft { node: gone } => {
            format!("{name} hears that {} leaves", world.name(*gone))
        }
        NodeEvent::Left => format!("{name} leaves"),
        NodeEvent::ProposalPooled { proposal, .. } if world.is_origin(node, proposal) => {
            format!("{name} proposes {}", content(&proposal.content))
        }
        NodeEvent::ProposalPooled { proposal, voucher } => {
            format!(
                "{name} takes in {}, vouched for by {}",
                content(&proposal.content),
                world.name(*voucher)
            )
        }
        NodeEvent::ProposalRefused { why, .. } => {
            format!("{name} refuses a proposal: {}", refused_proposal(*why))
        }
        NodeEvent::ProposalExpired { voted, missing, .. } => format!(
            "{name} gives a proposal up: {} voted for it, {} did not",
            number(voted.len() as u64),
            number(missing.len() as u64)
        ),
        NodeEvent::SlotStarted {
            slot,
            start: SlotStart::Own,
        } => format!("{name} opens slot {}", slot.0),
        NodeEvent::SlotStarted {
            slot,
            start: SlotStart::Echo,
        } => {
            format!("{name} joins slot {} and will echo", slot.0)
        }
        NodeEvent::Scp(event) => return transition(world, node, event),
        NodeEvent::Recorded {
            slot,
            value: decided,
            ..
        } => {
            format!("{name} records {} as slot {}", value(decided), slot.0)
        }
        NodeEvent::BackupAnswered { file, answer, .. } => {
            format!("{name} {} {}", backup_answer(*answer), file.name)
        }
        NodeEvent::BackedUp { file, from } if *from == node => {
            format!(
                "{name} has {} already and records it as backed up",
                file.name
            )
        }
        NodeEvent::BackedUp { file, from } => {
            format!(
                "{name} has backed up {}, fetched from {}",
                file.name,
                world.name(*from)
            )
        }
        NodeEvent::BackupFailed { file, .. } => {
            format!("{name} could not fetch {} and will try again", file.name)
        }
        NodeEvent::Refused { from, .. } => {
            format!("{name} refuses a message of {}", world.name(*from))
        }
        NodeEvent::Started { .. } | NodeEvent::Slot { .. } => return None,
    })
}

fn trust(name: &str, trusted: usize, cause: TrustCause) -> String {
    let whom = count(trusted, "node", "nodes");
    match cause {
        TrustCause::Configured => format!("{name} is set up to trust {whom}"),
        TrustCause::Discovered => format!("{name} now trusts {whom}: discovery found one more"),
        TrustCause::Refreshed => format!("{name} refreshes its trust: {whom}"),
        TrustCause::Departed => format!("{name} now trusts {whom}: one said goodbye"),
        TrustCause::Forgotten => format!("{name} now trusts {whom}: it forgot one that was silent"),
        TrustCause::Ordered => format!("{name} was told to trust {whom}"),
    }
}

fn refused_proposal(why: ProposalRefusal) -> &'static str {
    match why {
        ProposalRefusal::Malformed => "it is malformed",
        ProposalRefusal::InLog => "it is in the log already",
        ProposalRefusal::Untrusted => "nobody it trusts vouches for it",
        ProposalRefusal::WrongApplication => "this network agrees on something else",
        ProposalRefusal::NotParticipating => "it takes no part",
        ProposalRefusal::Stale => "it had expired before",
        ProposalRefusal::PoolFull => "the pool is full",
    }
}

fn backup_answer(answer: BackupAnswer) -> &'static str {
    match answer {
        BackupAnswer::Yes => "says yes to backing up",
        BackupAnswer::NoHasIt => "says no, it already has",
        BackupAnswer::NotAsked => "was not asked about",
    }
}

fn transition(world: &World, node: NodeId, event: &ScpEvent) -> Option<String> {
    let name = world.name(node);
    let why =
        |evidence: &Evidence, action: WitnessAction| self::evidence(world, node, evidence, action);
    Some(match event {
        ScpEvent::RoundStarted {
            slot,
            round,
            leaders,
            ..
        } => {
            format!(
                "{name} starts round {round} of slot {}, following {}",
                slot.0,
                names(world, leaders)
            )
        }
        ScpEvent::VotedNominate {
            value: voted,
            reason,
            ..
        } => vote(world, node, voted, *reason),
        ScpEvent::AcceptedNominated {
            value: of,
            evidence,
            ..
        } => {
            format!(
                "{name} accepts {}: {}",
                value(of),
                why(evidence, WitnessAction::Vote)
            )
        }
        ScpEvent::ConfirmedNominated {
            value: of,
            evidence,
            ..
        } => {
            format!(
                "{name} has the candidate {}: {}",
                value(of),
                why(evidence, WitnessAction::Accept)
            )
        }
        ScpEvent::Composite { value: of, .. } => {
            format!("{name} combines its candidates into {}", value(of))
        }
        ScpEvent::BallotChanged { to, reason, .. } => {
            format!(
                "{name} moves to {}: {}",
                ballot(to),
                moved(world, node, reason)
            )
        }
        ScpEvent::AcceptedPrepared {
            ballot: of,
            evidence,
            ..
        } => {
            format!(
                "{name} accepts {} as prepared: {}",
                ballot(of),
                why(evidence, WitnessAction::Vote)
            )
        }
        ScpEvent::ConfirmedPrepared { h, evidence, .. } => {
            format!(
                "{name} confirms {} as prepared: {}",
                ballot(h),
                why(evidence, WitnessAction::Accept)
            )
        }
        ScpEvent::AcceptedCommit {
            value: of,
            n_c,
            n_h,
            evidence,
            ..
        } => format!(
            "{name} accepts the commit of {}{}: {}",
            value(of),
            counters(*n_c, *n_h),
            why(evidence, WitnessAction::Vote)
        ),
        ScpEvent::ConfirmedCommit {
            slot,
            value: of,
            evidence,
            ..
        } => {
            format!(
                "{name} externalizes {} in slot {}: {}",
                value(of),
                slot.0,
                why(evidence, WitnessAction::Accept)
            )
        }
        ScpEvent::CommitVoteWithdrawn { c, .. } => {
            format!("{name} takes back its vote to commit {}", ballot(c))
        }
        ScpEvent::HeardFromQuorum { n, .. } => {
            format!("{name} hears a quorum at ballot {n}; its timer starts")
        }
        ScpEvent::NotFullyValidated { slot } => format!(
            "{name} cannot judge a value and stays silent in slot {}",
            slot.0
        ),
        ScpEvent::Refused { from, why, .. } => refused(world, &name, *from, *why)?,
    })
}

fn vote(world: &World, node: NodeId, voted: &Value, reason: VoteReason) -> String {
    let (name, what) = (world.name(node), value(voted));
    match reason {
        VoteReason::OwnProposal => format!("{name} leads the round and nominates {what}"),
        VoteReason::Echo(leader) => {
            format!("{name} echoes {}: it votes for {what}", world.name(leader))
        }
        VoteReason::Extracted => format!("{name} votes for what it finds valid: {what}"),
    }
}

fn moved(world: &World, node: NodeId, reason: &BallotReason) -> String {
    match reason {
        BallotReason::Candidate => "nomination has a result".to_owned(),
        BallotReason::Timeout => "the ballot before took too long".to_owned(),
        BallotReason::CatchUp(evidence) => {
            self::evidence(world, node, evidence, WitnessAction::Ahead)
        }
        BallotReason::ConfirmedPrepared => "a higher one is confirmed as prepared".to_owned(),
        BallotReason::AcceptedCommit => "it accepted another commit".to_owned(),
    }
}

fn refused(world: &World, name: &str, from: NodeId, why: ScpRefusal) -> Option<String> {
    let why = match why {
        // Old news, and every duplicate, is of no interest.
        ScpRefusal::NotNewer => return None,
        ScpRefusal::NotSane => "it contradicts itself",
        ScpRefusal::UnknownQuorumSet => "its quorum set is unknown",
        ScpRefusal::MalformedQuorumSet => "its quorum set makes no sense",
        ScpRefusal::InvalidValue => "a value in it is not valid",
        ScpRefusal::OtherValueDecided => "the slot is decided, for another value",
        ScpRefusal::BreaksInvariant => "following it would break the protocol",
        ScpRefusal::NotOwn => "only its own statements can be taken up again",
        ScpRefusal::ComesTooLate => "the slot has gone on without it",
    };
    Some(format!(
        "{name} refuses a statement of {}: {why}",
        world.name(from)
    ))
}

/// What the witnesses did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessAction {
    /// They voted for it or accepted it.
    Vote,
    /// They accepted it.
    Accept,
    /// They are at higher counters.
    Ahead,
}

/// Why a transition was allowed: how many of those that the node trusts did it. Where its quorum set has sets inside,
/// these are what the rule counts, and so does the sentence.
#[must_use]
pub fn evidence(world: &World, node: NodeId, evidence: &Evidence, action: WitnessAction) -> String {
    let nested = world
        .node(node)
        .and_then(quorum_set)
        .filter(|set| !set.inner.is_empty());
    let (who, number_of_them) = match (evidence.rule, nested) {
        (VotingRule::Quorum, Some(set)) => {
            let (met, [_, many]) = met(world, set, &evidence.witness, QuorumSet::is_slice);
            let who = format!("{met} of its {} {many}", set.entries());
            return format!(
                "{who} {}, {} are needed",
                action.of_many(evidence.rule),
                set.threshold
            );
        }
        (VotingRule::VBlocking, Some(set)) => {
            let (met, [one, many]) = met(world, set, &evidence.witness, QuorumSet::is_v_blocking);
            let who = format!("{} it cannot do without", count(met, one, many));
            (who, met)
        }
        (VotingRule::Quorum, None) => (trusted_witnesses(world, node, &evidence.witness), 2),
        (VotingRule::VBlocking, None) => {
            let all = evidence.witness.len();
            let who = format!("{} it cannot do without", count(all, "node", "nodes"));
            (who, all)
        }
    };
    match (number_of_them, action) {
        (1, WitnessAction::Vote | WitnessAction::Accept) => format!("{who} accepts it"),
        (1, WitnessAction::Ahead) => format!("{who} is ahead"),
        _ => format!("{who} {}", action.of_many(evidence.rule)),
    }
}

impl WitnessAction {
    /// What many did. A blocking set has always accepted; a vote would not be enough.
    fn of_many(self, rule: VotingRule) -> &'static str {
        match (self, rule) {
            (WitnessAction::Vote, VotingRule::Quorum) => "voted for it",
            (WitnessAction::Vote | WitnessAction::Accept, _) => "accept it",
            (WitnessAction::Ahead, _) => "are ahead",
        }
    }
}

/// The quorum set of a node, or the one it will have.
fn quorum_set(node: &WorldNode) -> Option<&QuorumSet> {
    match (&node.view.quorum_set, &node.config.trust) {
        (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => Some(set),
        (None, _) => None,
    }
}

/// How many entries of a set the witnesses meet, and what these entries are.
fn met(
    world: &World,
    set: &QuorumSet,
    witness: &[NodeId],
    is_met: fn(&QuorumSet, &NodeSet) -> bool,
) -> (usize, [&'static str; 2]) {
    let witness: NodeSet = witness.iter().copied().collect();
    let nodes = set
        .validators
        .iter()
        .filter(|node| witness.contains(**node));
    let inner = set.inner.iter().filter(|inner| is_met(inner, &witness));
    let word = if !set.validators.is_empty() {
        ["node or group", "nodes and groups"]
    } else if set.inner.iter().all(|inner| is_organization(world, inner)) {
        ["organisation", "organisations"]
    } else {
        ["group", "groups"]
    };
    (nodes.count() + inner.count(), word)
}

/// Whether the nodes of a set all belong to one organisation.
fn is_organization(world: &World, set: &QuorumSet) -> bool {
    let of = |node: &NodeId| world.node(*node)?.organization.as_deref();
    let Some(name) = set.validators.first().and_then(of) else {
        return false;
    };
    set.inner.is_empty() && set.validators.iter().all(|node| of(node) == Some(name))
}

fn trusted_witnesses(world: &World, node: NodeId, witness: &[NodeId]) -> String {
    let trusted = world.node(node).map(|node| &node.view.trusted);
    match trusted.filter(|set| !set.is_empty()) {
        Some(set) => {
            let among = witness.iter().filter(|id| set.contains(id)).count();
            format!("{among} of the {} it trusts", set.len())
        }
        None => format!("a quorum of {}", witness.len()),
    }
}

fn counters(low: Counter, high: Counter) -> String {
    if low == high {
        format!(" (ballot {low})")
    } else if high == Counter::MAX {
        format!(" (ballots from {low} on)")
    } else {
        format!(" (ballots {low} to {high})")
    }
}

/// Up to three names, and how many more.
fn names(world: &World, nodes: &[NodeId]) -> String {
    super::name_list(nodes.iter().map(|node| world.name(*node).to_string()), 3)
}
