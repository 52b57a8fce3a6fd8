//! Progress: states of proposals and of the network (pending, stuck, decided, outvoted, agreed, forked), and which
//! nodes count.

use super::worlds::{SLOT, Script};
use super::{Fixture, LAPTOP, texts};
use quorumscope::net::Position;
use quorumscope::node::{NodeConfig, NodeEvent, SlotStart, TrustPolicy};
use quorumscope::picture::canvas::LayerName;
use quorumscope::picture::view_state::{PlaybackState, QuorumIntersection};
use quorumscope::scenario::Action;
use quorumscope::scp::{NodeId, QuorumSet, QuorumSetId, ScpEvent, SlotState, Value, VoteReason};
use quorumscope::time::{Span, Time};
use quorumscope::trace::outcome::eligible_voters;
use quorumscope::trace::{ProposalState, Record};
use std::sync::Arc;

const A: NodeId = NodeId(0);
const B: NodeId = NodeId(1);
const C: NodeId = NodeId(2);
const D: NodeId = NodeId(3);
const E: NodeId = NodeId(4);

fn act(script: &mut Script, action: Action) {
    let at = script.world.now;
    script.world.apply(&Record::Acted { at, action });
}

fn votes(script: &mut Script, node: NodeId, value: &str) {
    let value = Value::from(value);
    script.event(
        node,
        NodeEvent::SlotStarted {
            slot: SLOT,
            start: SlotStart::Own,
        },
    );
    let event = ScpEvent::VotedNominate {
        slot: SLOT,
        value: value.clone(),
        reason: VoteReason::OwnProposal,
    };
    script.event(node, NodeEvent::Scp(event));
    let state = Arc::new(SlotState {
        voted: [value].into(),
        ..SlotState::default()
    });
    script.event(node, NodeEvent::Slot { slot: SLOT, state });
}

fn decides(script: &mut Script, node: NodeId, value: &str) {
    script.event(
        node,
        NodeEvent::Recorded {
            slot: SLOT,
            value: Value::from(value),
            proposals: vec![],
        },
    );
}

/// A and B vote for "pizza"; C, D and E vote for "burger".
fn split_vote() -> Script {
    let mut script = Script::radio(5, 1400.0).discovered();
    for (node, value) in [
        (A, "pizza"),
        (B, "pizza"),
        (C, "burger"),
        (D, "burger"),
        (E, "burger"),
    ] {
        votes(&mut script, node, value);
    }
    script
}

#[track_caller]
fn check_state(script: &Script, value: &str, expected: ProposalState) {
    let rows = script.world.proposals();
    let row = rows
        .iter()
        .find(|(_, row)| row.content.to_string() == value)
        .unwrap();
    assert_eq!(row.1.state, expected, "{value}");
}

#[track_caller]
fn check_says(fixture: &Fixture, expected: &[&str]) {
    let shapes = fixture.shapes(LayerName::Overlay);
    let shown = texts(&shapes);
    for text in expected {
        assert!(shown.contains(text), "{text:?} is not among {shown:?}");
    }
}

#[test]
fn a_value_is_outvoted_once_no_node_can_decide_it() {
    let mut script = split_vote();
    decides(&mut script, A, "pizza");
    check_state(&script, "pizza", ProposalState::Agreed(SLOT));
    check_state(&script, "burger", ProposalState::Pending);
    for node in [B, C, D] {
        decides(&mut script, node, "pizza");
        check_state(&script, "burger", ProposalState::Pending);
    }
    let mut other = split_vote();
    other.world = script.world.clone();
    decides(&mut script, E, "pizza");
    check_state(&script, "burger", ProposalState::Outvoted(SLOT));
    decides(&mut other, E, "burger");
    check_state(&other, "burger", ProposalState::Agreed(SLOT));
    assert!(other.world.fork().is_some());
}

#[test]
fn a_crashed_node_cannot_decide_until_it_restarts() {
    let mut script = split_vote();
    for node in [A, B, C, D] {
        decides(&mut script, node, "pizza");
    }
    act(&mut script, Action::Crash { node: E });
    check_state(&script, "burger", ProposalState::Outvoted(SLOT));
    act(&mut script, Action::Restart { node: E });
    check_state(&script, "burger", ProposalState::Pending);
    act(&mut script, Action::Silence { node: E });
    check_state(&script, "burger", ProposalState::Pending);
    assert!(
        !script.world.awaits_decision(),
        "some nodes have decided the slot"
    );
}

#[test]
fn the_proposal_list_counts_votes_and_decisions() {
    let mut script = split_vote();
    let before = Fixture::new(script.world.clone(), LAPTOP);
    check_says(
        &before,
        &["voting on slot 1", "2 of 5 voted", "3 of 5 voted"],
    );
    decides(&mut script, A, "pizza");
    decides(&mut script, B, "pizza");
    let some = Fixture::new(script.world.clone(), LAPTOP);
    check_says(&some, &["decided by 2 of 5", "pending", "3 of 5 voted"]);
    for node in [C, D, E] {
        decides(&mut script, node, "pizza");
    }
    let all = Fixture::new(script.world, LAPTOP);
    check_says(
        &all,
        &["agreed, slot 1", "outvoted, slot 1", "slot 1 agreed"],
    );
}

#[test]
fn a_stuck_slot_counts_only_votes_that_other_nodes_receive() {
    let mut script = Script::radio(5, 1400.0).discovered();
    for node in [A, B, C, D, E] {
        votes(&mut script, node, "pizza");
    }
    act(&mut script, Action::Silence { node: A });
    act(&mut script, Action::Crash { node: D });
    let mut fixture = Fixture::new(script.world, LAPTOP);
    let started = fixture.world.now;
    // An image file of an unfinished run has the same text as the window.
    fixture.status.playback = PlaybackState::Finished;
    fixture.world.advance_to(started + Span::from_ms(4000));
    check_says(&fixture, &["voting on slot 1", "pending", "3 of 5 voted"]);
    fixture.world.advance_to(started + Span::from_ms(4001));
    check_says(
        &fixture,
        &["stuck in slot 1", "stuck", "3 of 5 votes received"],
    );
}

#[test]
fn a_slot_that_some_have_decided_is_not_stuck() {
    let mut script = split_vote();
    decides(&mut script, A, "pizza");
    decides(&mut script, B, "pizza");
    let mut fixture = Fixture::new(script.world, LAPTOP);
    fixture.world.advance_to(Time::from_ms(60_000));
    check_says(
        &fixture,
        &["slot 1: 2 of 5 agreed", "pending", "3 of 5 voted"],
    );
    fixture.status.playback = PlaybackState::Paused;
    check_says(&fixture, &["60.0 s, paused"]);
}

#[test]
fn nodes_that_left_are_not_counted() {
    let mut script = split_vote();
    for node in [A, B, C, D, E] {
        decides(&mut script, node, "pizza");
    }
    let fixture = Fixture::new(script.world.clone(), LAPTOP);
    check_says(&fixture, &["5", "5 of 5"]);
    script.event(E, NodeEvent::Left);
    let fixture = Fixture::new(script.world, LAPTOP);
    check_says(
        &fixture,
        &["4", "4 of 4", "slot 1 agreed", "agreed, slot 1"],
    );
    let shapes = fixture.shapes(LayerName::Overlay);
    assert!(!texts(&shapes).iter().any(|text| text.contains("of 5")));
}

/// Adds a node with another trust policy.
fn add(script: &mut Script, trust: TrustPolicy) -> NodeId {
    let id = NodeId(script.world.nodes.len() as u32);
    let mut config = NodeConfig::clone(&script.world.nodes[0].config);
    config.peer.id = id;
    config.trust = trust;
    script.world.apply(&Record::NodeAdded {
        at: script.world.now,
        config: Arc::new(config),
        position: Position { x_m: 1.0, y_m: 1.0 },
        organization: None,
    });
    id
}

#[test]
fn listeners_are_counted_separately() {
    let mut script = Script::radio(3, 1400.0);
    for _ in 0..4 {
        add(&mut script, TrustPolicy::None);
    }
    check_says(
        &Fixture::new(script.world.clone(), LAPTOP),
        &["7", "Listeners", "4", "discovering", "0 of 3"],
    );
    for node in [A, B, C] {
        script.event(node, NodeEvent::Ready { known: 7 });
    }
    check_says(
        &Fixture::new(script.world.clone(), LAPTOP),
        &["ready to vote"],
    );
    for node in [A, B, C] {
        votes(&mut script, node, "pizza");
        decides(&mut script, node, "pizza");
    }
    check_says(
        &Fixture::new(script.world, LAPTOP),
        &["Recorded by", "3 of 3", "slot 1 agreed"],
    );
}

#[test]
fn a_referenced_node_is_drawn_with_a_question_mark_until_it_appears() {
    let mut script = split_vote();
    let id = NodeId(5);
    let config = Arc::clone(&Script::radio(6, 1400.0).world.nodes[5].config);
    script.world.apply(&Record::NodeReferenced {
        at: script.world.now,
        peer: config.peer.clone(),
        position: Position {
            x_m: 500.0,
            y_m: 9.0,
        },
    });
    let all = Arc::new(QuorumSet::flat(4, (0..6).map(NodeId)));
    let event = NodeEvent::QuorumSetChanged {
        id: QuorumSetId { owner: A, nth: 1 },
        quorum_set: all,
        from_slot: SLOT,
    };
    script.event(A, event);
    let mut fixture = Fixture::new(script.world.clone(), LAPTOP);
    fixture.status.quorums = QuorumIntersection::Unknown;
    check_says(
        &fixture,
        &[
            "5, 1 referenced",
            "only referenced by others",
            "2 of 5 voted",
            "Quorum sets are missing",
        ],
    );
    assert!(texts(&fixture.shapes(LayerName::Nodes)).contains(&"?"));
    assert!(
        eligible_voters(&script.world)
            .iter()
            .all(|elector| elector != id)
    );
    assert!(script.world.depends_on_referenced());
    assert_eq!(script.world.participants().count(), 5);

    script.world.apply(&Record::NodeAdded {
        at: script.world.now,
        config,
        position: Position {
            x_m: 500.0,
            y_m: 9.0,
        },
        organization: None,
    });
    assert_eq!(script.world.nodes.len(), 6);
    assert!(!script.world.depends_on_referenced());
    let fixture = Fixture::new(script.world, LAPTOP);
    check_says(&fixture, &["6", "2 of 6 voted"]);
    assert!(!texts(&fixture.shapes(LayerName::Nodes)).contains(&"?"));
}
