//! Captions: one sentence for each transition, with the reason from its evidence.

use super::worlds::{SLOT, Script};
use super::{Fixture, LAPTOP};
use quorumscope::net::Position;
use quorumscope::node::{NodeConfig, NodeEvent, TrustPolicy};
use quorumscope::picture::canvas::{LayerName, Shape};
use quorumscope::picture::theme::FONT_MEDIUM_PX;
use quorumscope::scp::{
    Ballot, BallotReason, Counter, Evidence, NodeId, QuorumSet, ScpEvent, Value, VoteReason,
    VotingRule,
};
use quorumscope::trace::Record;
use std::sync::Arc;

const A: NodeId = NodeId(0);

/// Nodes with the same fixed quorum set. Every three of them belong to one organisation.
fn network(nodes: u32, set: &QuorumSet) -> Script {
    let mut script = Script::radio(0, 1400.0);
    let template = Arc::clone(&Script::radio(1, 1400.0).world.nodes[0].config);
    for n in 0..nodes {
        let mut config = NodeConfig::clone(&template);
        config.peer.id = NodeId(n);
        config.peer.name = format!("n{n:02}").into();
        config.trust = TrustPolicy::Fixed(Arc::new(set.clone()));
        script.world.apply(&Record::NodeAdded {
            at: script.world.now,
            config: Arc::new(config),
            position: Position { x_m: 1.0, y_m: 1.0 },
            organization: Some(format!("org {}", n / 3).into()),
        });
    }
    script
}

/// Three nodes with a flat quorum set: two of three.
fn flat() -> Script {
    network(3, &QuorumSet::flat(2, (0..3).map(NodeId)))
}

fn evidence(rule: VotingRule, witness: &[u32]) -> Evidence {
    Evidence {
        rule,
        witness: witness.iter().copied().map(NodeId).collect(),
        envelopes: vec![],
    }
}

fn pizza() -> Value {
    Value::from("pizza")
}

/// The caption after an event of the first node.
fn caption(script: &mut Script, event: ScpEvent) -> String {
    script.event(A, NodeEvent::Scp(event));
    let fixture = Fixture::new(script.world.clone(), LAPTOP);
    let shapes = fixture.shapes(LayerName::Overlay);
    let mut captions = shapes.iter().filter_map(|shape| match shape {
        Shape::Text { text, size_px, .. } if *size_px == FONT_MEDIUM_PX => Some(text.clone()),
        _ => None,
    });
    captions.next_back().unwrap()
}

#[track_caller]
fn check(event: ScpEvent, expected: &str) {
    assert_eq!(caption(&mut flat(), event), expected);
}

/// Every transition that needs evidence, with this evidence and the beginning of its caption.
fn transitions(evidence: &Evidence) -> [(ScpEvent, &'static str); 6] {
    let ballot = Ballot { n: 2, x: pizza() };
    let (slot, value, evidence) = (SLOT, pizza(), evidence.clone());
    let (n_c, n_h) = (1, 2);
    [
        (
            ScpEvent::AcceptedNominated {
                slot,
                value: value.clone(),
                evidence: evidence.clone(),
            },
            r#"n00 accepts "pizza": "#,
        ),
        (
            ScpEvent::ConfirmedNominated {
                slot,
                value: value.clone(),
                evidence: evidence.clone(),
            },
            r#"n00 confirms "pizza" as a candidate: "#,
        ),
        (
            ScpEvent::AcceptedPrepared {
                slot,
                ballot: ballot.clone(),
                evidence: evidence.clone(),
            },
            r#"n00 accepts ballot 2 for "pizza" as prepared: "#,
        ),
        (
            ScpEvent::ConfirmedPrepared {
                slot,
                h: ballot,
                c: None,
                evidence: evidence.clone(),
            },
            r#"n00 confirms ballot 2 for "pizza" as prepared: "#,
        ),
        (
            ScpEvent::AcceptedCommit {
                slot,
                value: value.clone(),
                n_c,
                n_h,
                evidence: evidence.clone(),
            },
            r#"n00 accepts the commit of "pizza" in ballots 1 to 2: "#,
        ),
        (
            ScpEvent::ConfirmedCommit {
                slot,
                value,
                n_c,
                n_h,
                evidence,
            },
            r#"n00 externalizes "pizza" in slot 1: "#,
        ),
    ]
}

#[test]
fn captions_with_a_quorum_give_votes_or_acceptances_as_reason() {
    let of_quorum = evidence(VotingRule::Quorum, &[0, 2]);
    let verbs = [
        "voted for",
        "accepted",
        "voted for",
        "accepted",
        "voted for",
        "accepted",
    ];
    for ((event, sentence), verb) in transitions(&of_quorum).into_iter().zip(verbs) {
        check(
            event,
            &format!("{sentence}2 of 3 in its quorum set {verb} it"),
        );
    }
}

#[test]
fn captions_with_a_blocking_set_give_acceptances_as_reason() {
    let one = evidence(VotingRule::VBlocking, &[2]);
    for (event, sentence) in transitions(&one) {
        check(
            event,
            &format!("{sentence}n02 blocks every slice of n00 and has accepted it"),
        );
    }
    let two = evidence(VotingRule::VBlocking, &[1, 2]);
    for (event, sentence) in transitions(&two) {
        check(
            event,
            &format!("{sentence}2 nodes that block every slice of n00 have accepted it"),
        );
    }
}

#[test]
fn captions_call_the_whole_quorum_set_all() {
    let [(event, sentence), ..] = transitions(&evidence(VotingRule::Quorum, &[0, 1, 2]));
    check(
        event,
        &format!("{sentence}all 3 in its quorum set voted for it"),
    );
}

#[test]
fn captions_of_commits_name_the_covered_ballots() {
    let commit = |n_c, n_h| ScpEvent::AcceptedCommit {
        slot: SLOT,
        value: pizza(),
        n_c,
        n_h,
        evidence: evidence(VotingRule::Quorum, &[0, 2]),
    };
    let reason = "2 of 3 in its quorum set voted for it";
    check(
        commit(3, 3),
        &format!(r#"n00 accepts the commit of "pizza" in ballot 3: {reason}"#),
    );
    check(
        commit(3, Counter::MAX),
        &format!(r#"n00 accepts the commit of "pizza" in every ballot from 3 on: {reason}"#),
    );
}

#[test]
fn captions_of_ballot_changes_give_the_reason() {
    let ahead = evidence(VotingRule::VBlocking, &[1, 2]);
    for (reason, expected) in [
        (
            BallotReason::Candidate,
            r#"n00 starts ballot 2 for "pizza": nomination produced a value"#,
        ),
        (
            BallotReason::Timeout,
            r#"n00 moves to ballot 2 for "pizza": the previous ballot timed out"#,
        ),
        (
            BallotReason::CatchUp(ahead),
            r#"n00 moves to ballot 2 for "pizza": 2 nodes that block every slice of n00 are at higher ballots"#,
        ),
        (
            BallotReason::ConfirmedPrepared,
            r#"n00 moves to ballot 2 for "pizza": a higher ballot is confirmed as prepared"#,
        ),
        (
            BallotReason::AcceptedCommit,
            r#"n00 moves to ballot 2 for "pizza": another commit is accepted"#,
        ),
    ] {
        let to = Ballot { n: 2, x: pizza() };
        check(
            ScpEvent::BallotChanged {
                slot: SLOT,
                from: None,
                to,
                reason,
            },
            expected,
        );
    }
}

#[test]
fn captions_of_votes_name_the_echoed_leader() {
    for (reason, expected) in [
        (
            VoteReason::OwnProposal,
            r#"n00 leads the round and votes to nominate "pizza""#,
        ),
        (
            VoteReason::Echo(NodeId(2)),
            r#"n00 echoes n02 and votes to nominate "pizza""#,
        ),
        (
            VoteReason::Extracted,
            r#"n00 votes to nominate "pizza", the valid part of a leader's value"#,
        ),
    ] {
        check(
            ScpEvent::VotedNominate {
                slot: SLOT,
                value: pizza(),
                reason,
            },
            expected,
        );
    }
}

#[test]
fn captions_count_the_entries_of_nested_quorum_sets() {
    let organization = |n: u32| QuorumSet::flat(2, (3 * n..3 * n + 3).map(NodeId));
    let set = QuorumSet {
        threshold: 3,
        validators: vec![],
        inner: (0..4).map(organization).collect(),
    };
    let accepted = |rule, witness: &[u32], set: &QuorumSet| {
        let [(event, sentence), ..] = transitions(&evidence(rule, witness));
        caption(&mut network(12, set), event)
            .strip_prefix(sentence)
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        accepted(VotingRule::Quorum, &[0, 1, 3, 4, 7, 8, 9], &set),
        "3 of its 4 organisations voted for it, 3 are needed"
    );
    assert_eq!(
        accepted(VotingRule::VBlocking, &[0, 1, 3, 4], &set),
        "2 organisations that block every slice of n00 have accepted it"
    );
    let mut mixed = set.clone();
    mixed.validators.push(NodeId(11));
    assert_eq!(
        accepted(VotingRule::Quorum, &[0, 1, 3, 4, 11], &mixed),
        "3 of its 5 nodes and groups voted for it, 3 are needed"
    );
    let mut groups = set;
    groups.inner = (0..3)
        .map(|n| QuorumSet::flat(2, [n, n + 3, n + 6].map(NodeId)))
        .collect();
    assert_eq!(
        accepted(VotingRule::Quorum, &[0, 3, 1, 4, 2, 5], &groups),
        "3 of its 3 groups voted for it, 3 are needed"
    );
}
