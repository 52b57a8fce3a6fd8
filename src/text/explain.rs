//! Explanations as sentences: availability, verdicts, why a node took a step, and why it has not taken the next.

use super::catalogue::messages;
use super::value::{ballot, value};
use super::{event, format};
use crate::explain::MinimalSets;
use crate::explain::availability::Availability;
use crate::explain::missing::MissingStep;
use crate::explain::progress::Progress;
use crate::explain::step::{Rule, Step};
use crate::explain::verdict::{Agreement, Intactness, Verdict};
use crate::explain::why::{Explanation, Way, WitnessMessage};
use crate::explain::why_not::{MemberStanding, MissingMember, Remedy, SlotPhase, WhyNot};
use crate::node::view::NodeEvent;
use crate::scp::{Ballot, NodeId, SlotIndex};
use crate::time::Time;
use crate::trace::{CausalLog, World};

messages! { "explain":
    fn heading(scenario: &str, seed: &str, at: Time);
    fn available();
    fn available_without(missing: &str);
    fn unavailable(blocked: &str, missing: &str);
    fn unavailable_always(blocked: &str);
    fn no_decider();
    fn bring_back(sets: &str);
    fn idle();
    fn awaits_message(arrives_at: Time);
    fn awaits_timer(node: &str, due_at: Time);
    fn awaits_resend();
    fn stuck(nodes: &str);
    fn agreement_holds();
    fn agreement_broken(slot: SlotIndex);
    fn agreement_undefined();
    fn intact(nodes: &str);
    fn befouled(nodes: &str);
    fn ill_behaved(nodes: &str);
    fn intactness_undefined();
    fn intactness_unknown();
    fn no_nodes();
    fn both(first: &str, second: &str);
    fn either(first: &str, second: &str);
    fn either_more(sets: &str, count: u64);
    fn node(node: &str, slot: SlotIndex);

    fn phase_idle();
    fn phase_nominate();
    fn phase_prepare();
    fn phase_confirm();
    fn phase_externalize();

    fn taken(at: Time, sentence: &str);
    fn witness_quorum(nodes: &str);
    fn witness_blocking(nodes: &str);
    fn witness_leader(node: &str);
    fn message_own(node: &str, at: Time);
    fn message_direct(node: &str, sent_at: Time, received_at: Time);
    fn message_relayed(node: &str, sent_at: Time, received_at: Time, relay: &str);
    fn message_received(node: &str, received_at: Time);
    fn message_unknown(node: &str);

    fn step_vote_nominate();
    fn step_accept_nominated(value: &str);
    fn step_confirm_nominated(value: &str);
    fn step_ballot(ballot: &str);
    fn step_accept_prepared(ballot: &str);
    fn step_confirm_prepared(ballot: &str);
    fn step_accept_commit(ballot: &str);
    fn step_confirm_commit(ballot: &str);
    fn step_heard_from_quorum(ballot: &str);
    fn step_other();

    fn needs_vote(step: &str, sets: &str);
    fn needs_acceptance(step: &str, sets: &str);
    fn needs_nomination(step: &str, sets: &str);
    fn needs_counter(step: &str, sets: &str);
    fn needs_timer(step: &str, due_at: Time);
    fn needs_timer_unknown(step: &str);
    fn impossible(step: &str);

    fn standing_under_way(node: &str, arrives_at: Time);
    fn standing_relayed(node: &str);
    fn standing_lost(node: &str);
    fn standing_voted_other(node: &str);
    fn standing_accepted_other(node: &str);
    fn standing_no_statement(node: &str);
    fn standing_cut_off(node: &str);
    fn standing_silent(node: &str);
    fn standing_crashed(node: &str);
    fn standing_left(node: &str);
    fn standing_does_not_exist(node: &str);

    fn remedy_message();
    fn remedy_timer();
    fn remedy_resend();
    fn remedy_restart();
    fn remedy_heal();
    fn remedy_quorum_set();
    fn remedy_never();
}

/// Largest number of members of alternative sets in a line; the first set is always complete.
const MEMBERS_MAX: usize = 8;
/// Largest number of node names in a line.
const NAMES_MAX: usize = 12;

/// Whether quorums are available, and which nodes to bring back if not.
pub(crate) fn availability(world: &World, availability: &Availability) -> Vec<String> {
    let missing = names(world, &availability.without);
    let blocked = names(world, &availability.blocked);
    match (availability.available, availability.without.is_empty()) {
        (true, true) => return vec![available().to_owned()],
        (true, false) => return vec![available_without(&missing)],
        (false, _) if availability.blocked.is_empty() => return vec![no_decider().to_owned()],
        (false, _) => {}
    }
    match availability.bring_back.is_empty() {
        true => vec![unavailable_always(&blocked)],
        false => vec![
            unavailable(&blocked, &missing),
            bring_back(&sets(world, &availability.bring_back)),
        ],
    }
}

/// Whether the network decides, waits, or is stuck.
pub(crate) fn progress(world: &World, progress: &Progress) -> String {
    match progress {
        Progress::Idle => idle().to_owned(),
        Progress::AwaitsMessage(arrives_at) => awaits_message(*arrives_at),
        Progress::AwaitsTimer { node, due_at } => awaits_timer(&world.name(*node), *due_at),
        Progress::AwaitsResend => awaits_resend().to_owned(),
        Progress::Stuck(nodes) => stuck(&names(world, nodes)),
    }
}

/// Agreement, and which nodes depend on ill-behaved ones.
pub(crate) fn verdict(world: &World, verdict: &Verdict) -> Vec<String> {
    let mut lines = match &verdict.agreement {
        Agreement::Holds => vec![agreement_holds().to_owned()],
        Agreement::Undefined => vec![agreement_undefined().to_owned()],
        Agreement::Broken {
            slot,
            nodes_by_value,
        } => {
            let decided = nodes_by_value.iter().map(|(decided, nodes)| {
                super::terminal::slot_decided_by(*slot, &value(decided), &names(world, nodes))
            });
            std::iter::once(agreement_broken(*slot))
                .chain(decided)
                .collect()
        }
    };
    match &verdict.intactness {
        Intactness::Known {
            intact: well,
            befouled: dependent,
        } => {
            lines.push(intact(&names(world, well)));
            lines.push(befouled(&names(world, dependent)));
        }
        Intactness::NoIntersection => lines.push(intactness_undefined().to_owned()),
        Intactness::Unknown => lines.push(intactness_unknown().to_owned()),
    }
    lines.push(ill_behaved(&names(world, &verdict.ill_behaved)));
    lines
}

/// The phase of a node.
pub(crate) fn phase(phase: SlotPhase) -> &'static str {
    match phase {
        SlotPhase::Idle => phase_idle(),
        SlotPhase::Nominate => phase_nominate(),
        SlotPhase::Prepare => phase_prepare(),
        SlotPhase::Confirm => phase_confirm(),
        SlotPhase::Externalize => phase_externalize(),
    }
}

/// A transition as a sentence. `None` for one that is of no interest to a viewer.
pub(crate) fn step_taken(
    world: &World,
    log: &CausalLog,
    explanation: &Explanation<'_>,
) -> Option<String> {
    let transition = log.transition(explanation.id)?;
    let event = NodeEvent::Scp((*transition.event).clone());
    let sentence = event::sentence(world, explanation.id.node, &event)?;
    Some(taken(explanation.at, &sentence))
}

/// The witnesses of a transition, then the message of each.
pub(crate) fn witnesses(world: &World, explanation: &Explanation<'_>) -> Vec<String> {
    let witness = names(world, &explanation.witness);
    let first = match explanation.taken.rule {
        Rule::Quorum => witness_quorum(&witness),
        Rule::VBlocking | Rule::CatchUp => witness_blocking(&witness),
        Rule::Leader => witness_leader(&witness),
        Rule::Timer | Rule::Own => return Vec::new(),
    };
    let messages = explanation.messages.iter();
    let messages = messages.map(|message| witness_message(world, message));
    std::iter::once(first).chain(messages).collect()
}

fn witness_message(world: &World, message: &WitnessMessage) -> String {
    let node = &world.name(message.envelope.from);
    match (message.way, message.sent_at, message.received_at) {
        (Some(Way::Own), _, Some(at)) => message_own(node, at),
        (Some(Way::Direct), Some(sent_at), Some(received_at)) => {
            message_direct(node, sent_at, received_at)
        }
        (Some(Way::RelayedBy(relay)), Some(sent_at), Some(received_at)) => {
            message_relayed(node, sent_at, received_at, &world.name(relay))
        }
        (_, _, Some(received_at)) => message_received(node, received_at),
        (_, _, None) => message_unknown(node),
    }
}

/// What a node lacks for a step, the standing of each node whose statement is missing, and what would bring them.
pub(crate) fn not_taken(world: &World, why_not: &WhyNot) -> Vec<String> {
    let missing = &why_not.missing;
    let step = step(missing);
    let sets = sets(world, &missing.needs);
    let first = match (missing.rule, missing.step) {
        (Rule::Timer, _) => match why_not.timer_due_at {
            Some(due_at) => return vec![needs_timer(&step, due_at)],
            None => return vec![needs_timer_unknown(&step)],
        },
        _ if missing.needs.is_empty() => return vec![impossible(&step)],
        (Rule::Leader, _) => needs_nomination(&step, &sets),
        (_, Step::HeardFromQuorum | Step::Ballot) => needs_counter(&step, &sets),
        (Rule::VBlocking, _)
        | (_, Step::ConfirmNominated | Step::ConfirmPrepared | Step::ConfirmCommit) => {
            needs_acceptance(&step, &sets)
        }
        _ => needs_vote(&step, &sets),
    };
    let members = why_not.members.iter();
    let members = members.map(|(node, member)| standing(&world.name(*node), member));
    let last = remedy(why_not.by).to_owned();
    std::iter::once(first)
        .chain(members)
        .chain([last])
        .collect()
}

/// A step as the object of "to".
fn step(missing: &MissingStep) -> String {
    let of_value = missing.value.as_ref().map(value).unwrap_or_default();
    let of_ballot = |ballot_of: &Option<Ballot>| ballot_of.as_ref().map(ballot).unwrap_or_default();
    let of_ballot = of_ballot(&missing.ballot);
    match missing.step {
        Step::VoteNominate => step_vote_nominate().to_owned(),
        Step::AcceptNominated => step_accept_nominated(&of_value),
        Step::ConfirmNominated => step_confirm_nominated(&of_value),
        Step::Ballot => step_ballot(&of_ballot),
        Step::AcceptPrepared => step_accept_prepared(&of_ballot),
        Step::ConfirmPrepared => step_confirm_prepared(&of_ballot),
        Step::AcceptCommit => step_accept_commit(&of_ballot),
        Step::ConfirmCommit => step_confirm_commit(&of_ballot),
        Step::HeardFromQuorum => step_heard_from_quorum(&of_ballot),
        Step::Composite | Step::CommitVoteWithdrawn => step_other().to_owned(),
    }
}

fn standing(node: &str, member: &MissingMember) -> String {
    match (member.standing, member.arrives_at) {
        (MemberStanding::UnderWay, Some(arrives_at)) => standing_under_way(node, arrives_at),
        (MemberStanding::UnderWay, None) => standing_relayed(node),
        (MemberStanding::Lost, _) => standing_lost(node),
        (MemberStanding::VotedOther, _) => standing_voted_other(node),
        (MemberStanding::AcceptedOther, _) => standing_accepted_other(node),
        (MemberStanding::NoStatement, _) => standing_no_statement(node),
        (MemberStanding::CutOff, _) => standing_cut_off(node),
        (MemberStanding::Silent, _) => standing_silent(node),
        (MemberStanding::Crashed, _) => standing_crashed(node),
        (MemberStanding::Left, _) => standing_left(node),
        (MemberStanding::DoesNotExist, _) => standing_does_not_exist(node),
    }
}

fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Message => remedy_message(),
        Remedy::Timer => remedy_timer(),
        Remedy::Resend => remedy_resend(),
        Remedy::Restart => remedy_restart(),
        Remedy::Heal => remedy_heal(),
        Remedy::QuorumSet => remedy_quorum_set(),
        Remedy::Never => remedy_never(),
    }
}

fn names(world: &World, nodes: &[NodeId]) -> String {
    match nodes.is_empty() {
        true => no_nodes().to_owned(),
        false => format::list(
            nodes.iter().map(|node| world.name(*node).to_string()),
            NAMES_MAX,
        ),
    }
}

/// Alternative sets of nodes.
fn sets(world: &World, sets: &MinimalSets) -> String {
    let members = |set: &Vec<NodeId>| {
        let names = set.iter().map(|node| world.name(*node).to_string());
        names
            .reduce(|first, next| both(&first, &next))
            .unwrap_or_default()
    };
    let mut named = 0;
    let is_short = |set: &&Vec<NodeId>| {
        let is_first = named == 0;
        named += set.len();
        is_first || named <= MEMBERS_MAX
    };
    let short: Vec<&Vec<NodeId>> = sets.sets.iter().take_while(is_short).collect();
    let more = sets.more + (sets.sets.len() - short.len()) as u64;
    let listed = short.into_iter().map(members);
    let listed = listed
        .reduce(|first, next| either(&first, &next))
        .unwrap_or_default();
    match more {
        0 => listed,
        more => either_more(&listed, more),
    }
}
