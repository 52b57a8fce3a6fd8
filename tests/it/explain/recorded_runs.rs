//! Explanations of recorded runs: messages, causes and effects, copies in transit, impossible steps.

use crate::runs::{EVENTFUL, NETWORKS, records, scenario};
use quorumscope::explain::situation::Situation;
use quorumscope::explain::step::{Rule, Step, StepTaken};
use quorumscope::explain::why::{Explanation, Way, effects, explain, explain_all};
use quorumscope::explain::why_not::{MemberStanding, Remedy, WhyNot};
use quorumscope::scp::{NodeId, SlotIndex};
use quorumscope::sim::ExecutorKind;
use quorumscope::time::Time;
use quorumscope::trace::{CausalLog, Record, SlotsKept, TransitionId, World};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Records between two instants at which the missing steps are explained.
const STRIDE: usize = 97;

fn all_slots() -> SlotsKept {
    SlotsKept::Range(SlotIndex(0)..=SlotIndex(u64::MAX))
}

/// Networks in which a node stops and later forgets what it had received.
fn forgets(name: &str) -> bool {
    ["crash and restart", "changed quorum sets", "files"].contains(&name)
}

fn all(log: &CausalLog) -> Vec<Explanation<'_>> {
    let slots: Vec<SlotIndex> = log.slots().collect();
    let nodes = slots.iter().flat_map(|slot| {
        let nodes = log.nodes(*slot).map(|(node, _)| (*slot, node));
        nodes.collect::<Vec<_>>()
    });
    nodes
        .flat_map(|(slot, node)| explain_all(log, slot, node).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_transition_names_the_messages_that_counted() {
    let (mut relayed, mut checked) = (0, 0);
    for (name, text) in NETWORKS {
        let scenario = scenario(name, 1, None, text);
        let mut log = CausalLog::new(all_slots());
        for record in &records(&scenario, ExecutorKind::Inline, EVENTFUL) {
            log.apply(record);
        }
        for explanation in all(&log) {
            // The message of a leader is not part of the evidence.
            let is_forgotten = explanation.taken.rule == Rule::Leader && forgets(name);
            let is_complete = explanation.messages.len() == explanation.witness.len();
            assert!(is_complete || is_forgotten, "{name}: {explanation:#?}");
            for (message, witness) in explanation.messages.iter().zip(&explanation.witness) {
                assert_eq!(message.envelope.from, *witness);
                let claim = explanation.taken.claim.as_ref().unwrap();
                assert!(
                    claim.is_made_by(&message.envelope.statement),
                    "{name}: {message:?}"
                );
                let Some(received_at) = message.received_at else {
                    assert!(forgets(name), "{name}: {explanation:?}");
                    continue;
                };
                let sent_at = message
                    .sent_at
                    .unwrap_or_else(|| panic!("{name}: {explanation:#?}"));
                assert!(sent_at <= received_at && received_at <= explanation.at);
                assert_eq!(
                    message.way == Some(Way::Own),
                    *witness == explanation.id.node
                );
                relayed += usize::from(matches!(message.way, Some(Way::RelayedBy(_))));
                let produced_by = message.produced_by;
                let produced_by = produced_by.unwrap_or_else(|| panic!("{name}: {explanation:#?}"));
                let cause = log.transition(produced_by).unwrap();
                assert!(cause.at <= sent_at, "{name}: {message:?}");
                checked += 1;
            }
        }
    }
    assert!(checked > 2_000 && relayed > 20, "{checked} {relayed}");
}

/// All transitions that caused this one, directly or indirectly.
fn causes_of(log: &CausalLog, id: TransitionId) -> BTreeSet<TransitionId> {
    let mut seen = BTreeSet::new();
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(explain(log, id).unwrap().causes());
        }
    }
    seen
}

#[test]
fn every_decision_leads_back_to_a_proposal_and_forward_again() {
    let mut decisions = 0;
    for (name, text) in NETWORKS.iter().filter(|(name, _)| !forgets(name)) {
        let scenario = scenario(name, 1, None, text);
        let mut log = CausalLog::new(all_slots());
        for record in &records(&scenario, ExecutorKind::Inline, EVENTFUL) {
            log.apply(record);
        }
        for explanation in all(&log) {
            for cause in explanation.causes() {
                assert!(
                    effects(&log, cause).contains(&explanation.id),
                    "{name}: {cause:?}"
                );
            }
            if explanation.taken.step != Step::ConfirmCommit {
                continue;
            }
            let causes = causes_of(&log, explanation.id);
            let is_proposal = |id: &TransitionId| {
                let transition = log.transition(*id).unwrap();
                let taken = StepTaken::of(&transition.event).unwrap();
                taken.step == Step::VoteNominate && taken.rule == Rule::Own
            };
            assert!(causes.iter().any(is_proposal), "{name}: {explanation:?}");
            decisions += 1;
        }
        for (id, effect) in all(&log).iter().flat_map(|explanation| {
            let found = effects(&log, explanation.id);
            found.into_iter().map(|effect| (explanation.id, effect))
        }) {
            let causes = explain(&log, effect).unwrap().causes();
            assert!(causes.contains(&id), "{name}: {id:?} {effect:?}");
        }
    }
    assert!(decisions > 60, "{decisions}");
}

/// An explained instant of a run.
struct Explained {
    at: Time,
    slot: SlotIndex,
    node: NodeId,
    why_not: Vec<WhyNot>,
}

/// Explains all nodes at several instants of a run. Returns the final log, too.
fn explained(name: &str, text: &str) -> (Vec<Explained>, CausalLog, Vec<Record>) {
    let scenario = Arc::new(scenario(name, 1, None, text));
    let mut world = World::new(Arc::clone(&scenario));
    let mut log = CausalLog::new(all_slots());
    let records = records(&scenario, ExecutorKind::Inline, EVENTFUL);
    let mut found = Vec::new();
    for (nth, record) in records.iter().enumerate() {
        world.apply(record);
        log.apply(record);
        if nth % STRIDE != 0 {
            continue;
        }
        let situation = Situation::new(&world, &log);
        for node in (0..world.nodes.len() as u32).map(NodeId) {
            let current = world.node(node).and_then(|node| node.view.current_slot());
            if let Some((slot, _)) = current {
                let why_not = situation.why_not(slot, node);
                let at = world.now;
                found.push(Explained {
                    at,
                    slot,
                    node,
                    why_not,
                });
            }
        }
    }
    (found, log, records)
}

#[test]
fn copies_in_transit_arrive_and_impossible_steps_do_not_take_place() {
    let (mut arrived, mut entries) = (0, 0);
    for (name, text) in NETWORKS {
        let (explained, log, records) = explained(name, text);
        let has_faults = records
            .iter()
            .any(|record| matches!(record, Record::Acted { .. } | Record::Lost { .. }));
        for Explained {
            at,
            slot,
            node,
            why_not,
        } in explained
        {
            let of_node = log.node(slot, node).unwrap();
            for why in &why_not {
                entries += 1;
                let missing = &why.missing;
                let is_later_step = |later: &quorumscope::trace::Transition| {
                    let taken = StepTaken::of(&later.event);
                    later.at > at
                        && taken.is_some_and(|taken| {
                            taken.step == missing.step && taken.value == missing.value.as_ref()
                        })
                };
                if why.by == Remedy::Never {
                    assert!(
                        !of_node.transitions().iter().any(is_later_step),
                        "{name}: {why:?}"
                    );
                }
                for (member, state) in &why.members {
                    let (MemberStanding::UnderWay, Some(arrives_at)) =
                        (state.standing, state.arrives_at)
                    else {
                        continue;
                    };
                    assert!(arrives_at >= at);
                    let claim = missing.claim.as_ref().unwrap();
                    let received = of_node.received_from(*member, claim.is_nomination());
                    let has_arrived = received.iter().any(|received| {
                        received.received_at == arrives_at
                            && claim.is_made_by(&received.envelope.statement)
                    });
                    // Another copy may have arrived first, over a relay.
                    let is_known = received.iter().any(|received| {
                        received.received_at <= arrives_at
                            && claim.is_made_by(&received.envelope.statement)
                    });
                    let is_over = arrives_at > Time::ZERO + EVENTFUL;
                    assert!(
                        is_known || has_faults || is_over,
                        "{name}: {why:?} {member:?}"
                    );
                    arrived += usize::from(has_arrived);
                }
            }
        }
    }
    assert!(arrived > 200 && entries > 1_000, "{arrived} {entries}");
}
