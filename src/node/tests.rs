//! Whole nodes in small networks: from discovery to decision, and everything that can go wrong on the way.

use super::testnet::{Net, finder, fixed, note, peer, photo, settings};
use super::*;
use crate::scp::{NodeId, QuorumSet, SlotIndex, Value};
use crate::time::Span;
use proptest::prelude::*;
use std::sync::Arc;

fn finders(count: usize, settings: &NodeSettings) -> Vec<NodeConfig> {
    (0..count).map(|id| finder(id, settings)).collect()
}

fn fixed_nodes(threshold: u32, count: usize, settings: &NodeSettings) -> Vec<NodeConfig> {
    let set = QuorumSet::flat(threshold, (0..count as u32).map(NodeId));
    (0..count).map(|id| fixed(id, &set, settings)).collect()
}

fn is_ready(event: &NodeEvent) -> bool {
    matches!(event, NodeEvent::Ready { .. })
}

/// Nodes in a row: each hears only the ones beside it.
fn row(_: u64, a: NodeId, b: NodeId) -> bool {
    a.0.abs_diff(b.0) == 1
}

fn answers(net: &Net, id: u32) -> Vec<BackupAnswer> {
    let answer = |event: &NodeEvent| match event {
        NodeEvent::BackupAnswered { answer, .. } => Some(*answer),
        _ => None,
    };
    net.told(id).filter_map(answer).collect()
}

#[test]
fn four_nodes_find_each_other_and_agree_on_a_note() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.propose(2, note("tea"));
    net.run_until(10_000);
    for id in 0..4 {
        assert_eq!(net.count(id, is_ready), 1);
        assert_eq!(net.texts(id), ["tea"]);
        let set = net.node(id).consensus.quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (3, 4));
    }
    let decided = net.log(0);
    assert!((1..4).all(|id| net.log(id) == decided));
}

#[test]
fn too_few_nodes_never_vote() {
    let mut net = Net::new(finders(3, &settings(Application::Log)));
    net.propose(0, note("tea"));
    net.run_until(20_000);
    assert!((0..3).all(|id| net.count(id, is_ready) == 0 && net.log(id).is_empty()));
    assert!(net.said.is_empty());
}

#[test]
fn without_a_beacon_nobody_speaks() {
    let mut configs = finders(4, &settings(Application::Log));
    configs[0].is_beacon = false;
    let mut net = Net::new(configs);
    net.run_until(60_000);
    assert_eq!(net.sent, 0);
}

#[test]
fn a_row_of_nodes_agrees_over_many_hops() {
    let mut settings = settings(Application::Log);
    settings.relaying = Relaying::Flood;
    let mut net = Net::new(finders(7, &settings));
    net.reach = Box::new(row);
    net.propose(6, note("far away"));
    net.propose(0, note("near"));
    net.run_until(30_000);
    for id in 0..7 {
        let mut texts = net.texts(id);
        texts.sort();
        assert_eq!(texts, ["far away", "near"], "{id}");
    }
}

#[test]
fn nodes_in_range_trust_whom_they_hear() {
    let mut settings = settings(Application::Log);
    settings.relaying = Relaying::Flood;
    let mut configs = finders(5, &settings);
    for config in &mut configs {
        config.trust = TrustPolicy::InRange;
    }
    let mut net = Net::new(configs);
    net.reach = Box::new(|_, a, b| a.0.abs_diff(b.0) <= 2);
    net.propose(4, note("tea"));
    net.run_until(30_000);
    let set = net.node(0).consensus.quorum_set().unwrap();
    assert_eq!(set.validators, [NodeId(0), NodeId(1), NodeId(2)]);
    assert!((0..5).all(|id| net.texts(id) == ["tea"]));
}

#[test]
fn slot_follows_slot_and_every_proposal_is_recorded_once() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    for nth in 0..12 {
        net.propose(nth % 4, note(&format!("note {nth}")));
        let now = 2_000 + u64::from(nth) * 30;
        net.run_until(now);
    }
    net.run_until(60_000);
    let mut texts = net.texts(0);
    assert_eq!(net.log(0), net.log(3));
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 12);
    assert_eq!(net.texts(0).len(), 12);
    assert!(net.log(0).len() > 1);
}

#[test]
fn conflicting_choices_end_in_one_value() {
    for count in [4, 5, 7] {
        let mut settings = settings(Application::Choice);
        settings.choice_slots = 3;
        let threshold = Threshold::TwoThirds.of(count as u32);
        let mut configs = fixed_nodes(threshold, count, &settings);
        for (nth, config) in configs.iter_mut().enumerate() {
            config.initial_value = Some(Value::from(if nth % 2 == 0 { "0" } else { "1" }));
        }
        let mut net = Net::new(configs);
        net.run_until(60_000);
        assert_eq!(net.log(0).len(), 3, "three slots are played, no more");
        assert!((1..count as u32).all(|id| net.log(id) == net.log(0)));
        net.propose(1, Content::Choice("9".into()));
        net.run_until(120_000);
        assert_eq!(net.log(0).len(), 4, "a proposal starts another one");
        assert!((1..count as u32).all(|id| net.log(id) == net.log(0)));
    }
}

#[test]
fn wrong_proposals_are_refused_at_once() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.propose(0, Content::Choice("1".into()));
    net.propose(0, note(""));
    let refused: Vec<_> = net
        .told(0)
        .filter_map(|event| match event {
            NodeEvent::ProposalRefused { id, from, why } => Some((*id, from.0, *why)),
            _ => None,
        })
        .collect();
    let expected = [
        ProposalRefusal::WrongApplication,
        ProposalRefusal::Malformed,
    ];
    assert_eq!(refused, expected.map(|why| (None, 0, why)));
    let mut config = finder(4, &settings(Application::Log));
    config.trust = TrustPolicy::Nobody;
    net.add(config);
    net.propose(4, note("tea"));
    let why = ProposalRefusal::NotParticipating;
    let is_refused =
        |event: &NodeEvent| matches!(event, NodeEvent::ProposalRefused { why: w, .. } if *w == why);
    assert_eq!(net.count(4, is_refused), 1);
}

fn backup_net(holder: Option<usize>) -> Net {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    let mut configs = finders(3, &settings);
    for config in &mut configs {
        config.threshold = Threshold::Majority;
    }
    if let Some(holder) = holder {
        configs[holder].held_files.push(photo());
    }
    let mut net = Net::new(configs);
    net.propose(0, Content::File(photo()));
    net.run_until(20_000);
    net
}

fn sources(net: &Net, id: u32) -> Vec<u32> {
    let source = |event: &NodeEvent| match event {
        NodeEvent::BackedUp { from, .. } => Some(from.0),
        _ => None,
    };
    net.told(id).filter_map(source).collect()
}

#[test]
fn a_file_is_agreed_on_and_reaches_everybody() {
    let net = backup_net(None);
    for id in 0..3 {
        assert_eq!(net.texts(id), ["photo.jpg"]);
        assert!(net.node(id).backup.holds(&photo().sha256));
        assert_eq!(sources(&net, id), [0], "the origin holds it by itself");
        assert_eq!(answers(&net, id), [BackupAnswer::Yes]);
    }
}

#[test]
fn a_holder_says_no_and_goes_along_with_the_decision() {
    let net = backup_net(Some(2));
    for id in 0..3 {
        assert_eq!(net.texts(id), ["photo.jpg"]);
    }
    assert_eq!(answers(&net, 2), [BackupAnswer::NoHasIt]);
    assert_eq!(sources(&net, 2), [2]);
    assert_eq!(sources(&net, 1), [0]);
}

#[test]
fn a_backup_that_most_refuse_is_rejected_and_does_not_stand_in_the_way() {
    let mut settings = settings(Application::Log);
    settings.proposal_ttl = Span::from_ms(8_000);
    let mut configs = finders(4, &settings);
    for config in configs.iter_mut().skip(1) {
        config.held_files.push(photo());
    }
    let mut net = Net::new(configs);
    net.propose(0, Content::File(photo()));
    net.run_until(12_000);
    for id in 1..4 {
        assert_eq!(answers(&net, id), [BackupAnswer::NoHasIt]);
        let expired = net.told(id).find_map(|event| match event {
            NodeEvent::ProposalExpired { voted, missing, .. } => {
                Some((voted.clone(), missing.clone()))
            }
            _ => None,
        });
        let (voted, missing) = expired.unwrap();
        assert_eq!(voted, [NodeId(0)]);
        assert_eq!(missing, [NodeId(1), NodeId(2), NodeId(3)]);
    }
    net.propose(1, note("tea"));
    net.run_until(120_000);
    assert!((0..4).all(|id| net.texts(id).contains(&"tea".to_string())));
}

#[test]
fn a_failed_fetch_is_repeated_after_the_next_refresh() {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    let mut configs = finders(3, &settings);
    for config in &mut configs {
        config.threshold = Threshold::Majority;
    }
    let mut net = Net::new(configs);
    net.propose(0, Content::File(photo()));
    while net.log(2).is_empty() {
        let now = net.now.0 / 1000;
        net.run_until(now + 1);
    }
    net.crash(0);
    net.crash(1);
    let sha256 = photo().sha256;
    let result = Err(FetchError::HashMismatch);
    net.give(
        NodeId(2),
        Input::Fetched {
            sha256: sha256.clone(),
            result,
        },
    );
    assert!(!net.node(2).backup.holds(&sha256));
    net.restart(0);
    let now = net.now.0 / 1000;
    net.run_until(now + 12_000);
    assert!(net.node(2).backup.holds(&sha256));
}

#[test]
fn a_newcomer_is_taken_in_and_learns_the_log() {
    let mut settings = settings(Application::Log);
    settings.min_nodes = 3;
    let mut net = Net::new(finders(4, &settings));
    net.propose(1, note("before"));
    net.run_until(5_000);
    let mut config = finder(4, &settings);
    config.joins_late = true;
    net.add(config);
    net.run_until(8_000);
    assert_eq!(net.texts(4), ["before"]);
    assert_eq!(
        net.count(4, |event| matches!(event, NodeEvent::CatchingUp { .. })),
        1
    );
    assert_eq!(net.count(4, is_ready), 1);
    assert!(
        net.said.keys().all(|(node, _)| node.0 != 4),
        "it has not voted on the past"
    );
    net.propose(4, note("after"));
    net.run_until(20_000);
    for id in 0..5 {
        assert_eq!(net.texts(id), ["before", "after"], "{id}");
        assert_eq!(
            net.node(id)
                .consensus
                .quorum_set()
                .unwrap()
                .validators
                .len(),
            5
        );
    }
}

#[test]
fn a_quorum_set_never_changes_inside_a_slot() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    net.propose(1, note("first"));
    net.run_until(2_020);
    let mut config = finder(4, &settings(Application::Log));
    config.joins_late = true;
    net.add(config);
    net.run_until(30_000);
    net.propose(2, note("second"));
    net.run_until(60_000);
    for ((node, slot), said) in &net.said {
        let sets: std::collections::BTreeSet<_> = said.iter().map(|one| one.quorum_set).collect();
        assert_eq!(sets.len(), 1, "{node:?} in {slot:?}");
    }
    assert!((0..5).all(|id| net.texts(id) == ["first", "second"]));
}

#[test]
fn who_leaves_is_missed_by_nobody_and_who_falls_silent_still_counts() {
    let mut net = Net::new(finders(5, &settings(Application::Log)));
    net.run_until(3_000);
    net.give(NodeId(4), Input::Leave);
    net.crash(3);
    net.run_until(4_000);
    net.propose(0, note("tea"));
    net.run_until(30_000);
    for id in 0..3 {
        let set = net.node(id).consensus.quorum_set().unwrap();
        assert_eq!((set.threshold, set.validators.len()), (3, 4));
        assert_eq!(net.texts(id), ["tea"]);
        assert_eq!(
            net.count(id, |event| matches!(event, NodeEvent::PeerLeft { .. })),
            1
        );
    }
    net.crash(2);
    net.propose(0, note("stuck"));
    net.run_until(90_000);
    assert_eq!(net.texts(0), ["tea"], "two of four are no quorum");
    assert!(net.give_nothing_after_leaving(4));
}

impl Net {
    fn give_nothing_after_leaving(&mut self, id: u32) -> bool {
        let before = self.events.len();
        self.propose(id, note("ghost"));
        self.events.len() == before
    }
}

#[test]
fn a_proposal_without_a_quorum_expires() {
    let mut settings = settings(Application::Log);
    settings.proposal_ttl = Span::from_ms(5_000);
    let mut net = Net::new(fixed_nodes(4, 4, &settings));
    net.crash(3);
    net.run_until(1_000);
    net.propose(0, note("tea"));
    net.run_until(7_000);
    for id in 0..3 {
        let missing = net.told(id).find_map(|event| match event {
            NodeEvent::ProposalExpired { missing, .. } => Some(missing.clone()),
            _ => None,
        });
        assert!(missing.unwrap().contains(&NodeId(3)));
    }
    net.run_until(60_000);
    assert!((0..3).all(|id| net.log(id).is_empty()));
}

#[test]
fn crashes_and_restarts_never_make_a_node_contradict_itself() {
    for delay in (0..400).step_by(10) {
        let mut net = Net::new(finders(4, &settings(Application::Log)));
        net.run_until(2_000);
        net.propose(1, note("tea"));
        net.propose(3, note("coffee"));
        net.run_until(2_000 + delay);
        net.crash(3);
        net.run_until(2_000 + delay + 35);
        net.restart(3);
        net.run_until(40_000);
        assert_eq!(net.log(3), net.log(0), "crash after {delay} ms");
        assert!(
            net.texts(0).contains(&"tea".to_string()),
            "crash after {delay} ms"
        );
    }
}

#[test]
fn a_whole_network_that_restarts_goes_on_where_it_was() {
    for delay in (0..300).step_by(30) {
        let mut net = Net::new(fixed_nodes(3, 4, &settings(Application::Log)));
        net.run_until(2_000);
        net.propose(1, note("tea"));
        net.run_until(2_000 + delay);
        (0..4).for_each(|id| net.crash(id));
        net.run_until(4_000);
        (0..4).for_each(|id| net.restart(id));
        net.run_until(30_000);
        net.propose(2, note("coffee"));
        net.run_until(80_000);
        assert!(
            (1..4).all(|id| net.log(id) == net.log(0)),
            "after {delay} ms"
        );
        assert!(
            net.texts(0).contains(&"coffee".to_string()),
            "after {delay} ms"
        );
    }
}

#[test]
fn loss_only_costs_time() {
    for (seed, relaying) in (0..6).zip([Relaying::Direct, Relaying::Flood].into_iter().cycle()) {
        let mut settings = settings(Application::Log);
        settings.relaying = relaying;
        settings.proposal_ttl = Span::from_ms(1_000_000);
        let mut net = Net::new(finders(4, &settings));
        net.reach = Box::new(move |nth, _, _| {
            let mixed = (nth + seed * 1000).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            mixed % 10 >= 3
        });
        net.propose(0, note("tea"));
        net.propose(2, note("coffee"));
        net.run_until(400_000);
        for id in 0..4 {
            let mut texts = net.texts(id);
            texts.sort();
            assert_eq!(texts, ["coffee", "tea"], "node {id}, seed {seed}");
        }
    }
}

#[test]
fn the_cut_off_follow_after_healing() {
    let settings = settings(Application::Log);
    let configs = (0..5)
        .map(|id| {
            let others = (0..5).filter(|&node| node != id).map(NodeId);
            let others = QuorumSet::flat(2, others);
            let set = QuorumSet {
                threshold: 2,
                validators: vec![NodeId(id)],
                inner: vec![others],
            };
            fixed(id as usize, &set, &settings)
        })
        .collect();
    let mut net = Net::new(configs);
    net.run_until(1_000);
    net.reach = Box::new(|_, a, b| (a.0 < 3) == (b.0 < 3));
    for nth in 0..15 {
        net.propose(0, note(&format!("{nth}")));
        net.propose(4, note(&format!("lonely {nth}")));
        net.run_until(1_500 + nth * 500);
    }
    net.run_until(12_000);
    assert!(net.log(3).is_empty() && net.log(4).is_empty());
    assert!(net.log(0).len() > 10 && net.log(0) == net.log(2));
    net.reach = Box::new(|_, _, _| true);
    net.run_until(60_000);
    assert!((1..5).all(|id| net.log(id) == net.log(0)));
    assert!(net.texts(0).contains(&"lonely 3".to_string()));
}

#[test]
fn who_matters_to_nobody_is_refused_but_follows() {
    let settings = settings(Application::Log);
    let top = QuorumSet::flat(3, (0..4).map(NodeId));
    let mut configs: Vec<_> = (0..4).map(|id| fixed(id, &top, &settings)).collect();
    let follower = QuorumSet {
        threshold: 2,
        validators: vec![NodeId(4)],
        inner: vec![QuorumSet::flat(2, (0..4).map(NodeId))],
    };
    configs.push(fixed(4, &follower, &settings));
    let mut net = Net::new(configs);
    net.run_until(1_000);
    net.propose(0, note("one"));
    net.run_until(5_000);
    net.propose(0, note("two"));
    net.run_until(10_000);
    let is_outside = |event: &NodeEvent| {
        let why = RefusedWhy::OutsideClosure;
        matches!(event, NodeEvent::Refused { from: NodeId(4), why: w } if *w == why)
    };
    assert!(net.count(0, is_outside) > 0);
    assert!((0..5).all(|id| net.texts(id) == ["one", "two"]));
}

#[test]
fn the_unsafe_policy_lets_a_network_shrink() {
    let mut settings = settings(Application::Log);
    settings.forget_after = Some(Span::from_ms(12_000));
    let mut net = Net::new(finders(4, &settings));
    net.run_until(3_000);
    net.crash(2);
    net.crash(3);
    net.run_until(40_000);
    net.propose(0, note("tea"));
    net.run_until(60_000);
    assert_eq!(net.texts(0), ["tea"]);
    assert_eq!(
        net.node(1).consensus.quorum_set().unwrap().validators.len(),
        2
    );
}

#[test]
fn an_ordered_change_of_trust_counts_from_the_next_slot_on() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    let alone = Arc::new(QuorumSet::flat(1, [NodeId(0)]));
    net.give(
        NodeId(0),
        Input::SetTrust(TrustPolicy::Fixed(Arc::clone(&alone))),
    );
    let changed = net.told(0).filter_map(|event| match event {
        NodeEvent::QuorumSetChanged {
            quorum_set,
            from_slot,
            ..
        } => Some((quorum_set.clone(), *from_slot)),
        _ => None,
    });
    assert_eq!(changed.last(), Some((alone, SlotIndex(1))));
    net.propose(0, note("alone"));
    assert_eq!(net.texts(0), ["alone"]);
}

#[test]
fn a_quiet_network_says_nothing_but_housekeeping() {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.propose(0, note("tea"));
    net.run_until(20_000);
    let (events, statements) = (net.events.len(), net.said.len());
    net.run_until(120_000);
    assert_eq!((net.events.len(), net.said.len()), (events, statements));
}

/// Inputs of every kind, good and bad.
fn inputs() -> impl Strategy<Value = Input> {
    let node = (0u32..6).prop_map(NodeId);
    let odd_node = prop_oneof![Just(NodeId(u32::MAX)), (0u32..6).prop_map(NodeId)];
    let slot = (0u64..5).prop_map(SlotIndex);
    let timer = prop_oneof![
        slot.clone().prop_map(TimerKind::Nomination),
        slot.clone().prop_map(TimerKind::Ballot),
        Just(TimerKind::Announce),
        Just(TimerKind::Settle),
        Just(TimerKind::Refresh),
        Just(TimerKind::Resend),
        Just(TimerKind::Expire),
        Just(TimerKind::CatchUp),
    ];
    let announcement =
        (odd_node.clone(), 0u64..4, 0u32..3, 0..3).prop_map(|(id, nth, hops, kind)| {
            let kinds = [
                AnnouncementKind::Beacon,
                AnnouncementKind::Here,
                AnnouncementKind::Leaving,
            ];
            let (kind, peer) = (kinds[kind as usize], Peer { id, ..peer(0) });
            Arc::new(Announcement {
                peer,
                kind,
                nth,
                hops,
            })
        });
    prop_oneof![
        4 => (odd_node.clone(), messages()).prop_map(|(from, message)| Input::Receive { from, message }),
        2 => (node.clone(), announcement).prop_map(|(from, announcement)| Input::Heard { from, announcement }),
        2 => timer.prop_map(Input::Timer),
        1 => contents().prop_map(Input::Propose),
        1 => prop_oneof![Just(Ok(NodeId(1))), Just(Err(FetchError::Unreachable))]
            .prop_map(|result| Input::Fetched { sha256: photo().sha256, result }),
        1 => prop_oneof![Just(TrustPolicy::Found), Just(TrustPolicy::InRange), Just(TrustPolicy::Nobody)]
            .prop_map(Input::SetTrust),
        1 => Just(Input::Start(None)),
    ]
}

fn contents() -> impl Strategy<Value = Content> {
    prop_oneof![
        Just(note("tea")),
        Just(note("")),
        Just(Content::File(photo())),
        Just(Content::Choice("1".into())),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let proposal = (0u32..4, 0u32..3, contents()).prop_map(|(origin, nth, content)| {
        let id = ProposalId {
            origin: NodeId(origin),
            nth,
        };
        (id, Arc::new(Proposal { id, content }))
    });
    prop_oneof![
        Just(Value::from("nonsense")),
        Just(Value::from("")),
        prop::collection::btree_map(
            (0u32..4).prop_map(|nth| ProposalId {
                origin: NodeId(0),
                nth
            }),
            Just(()),
            0..2
        )
        .prop_map(|_| Value::from("[]")),
        prop::collection::vec(proposal, 0..3)
            .prop_map(|list| value_of(&list.into_iter().collect())),
    ]
}

fn messages() -> impl Strategy<Value = Arc<Message>> {
    use crate::scp::{Ballot, Envelope, QuorumSetId, Statement};
    let statement = (values(), values(), 0u32..4, 0u32..4, 0..5).prop_map(|(a, b, n, m, kind)| {
        let ballot = Ballot { n, x: a.clone() };
        match kind {
            0 => Statement::Nominate {
                voted: vec![a],
                accepted: vec![],
            },
            1 => Statement::Nominate {
                voted: vec![a.clone(), b],
                accepted: vec![a],
            },
            2 => {
                let prepared = Some(Ballot { n: m, x: b });
                Statement::Prepare {
                    ballot,
                    prepared,
                    prepared_prime: None,
                    n_c: 0,
                    n_h: m,
                }
            }
            3 => Statement::Confirm {
                ballot,
                n_prepared: m,
                n_commit: 1,
                n_h: n,
            },
            _ => Statement::Externalize {
                commit: ballot,
                n_h: m,
            },
        }
    });
    let body = prop_oneof![
        6 => (0u32..6, 0u64..4, 0u32..3, statement, 0u32..4).prop_map(|(from, slot, nth, statement, threshold)| {
            let from = NodeId(from);
            let quorum_set = QuorumSetId { owner: from, nth };
            let envelope = Envelope { from, slot: SlotIndex(slot), quorum_set, statement };
            let set = QuorumSet::flat(threshold, (0..4).map(NodeId));
            Body::Scp { envelope: Arc::new(envelope), quorum_set: Arc::new(set) }
        }),
        2 => (0u32..6, 0u32..3, contents()).prop_map(|(origin, nth, content)| {
            let id = ProposalId { origin: NodeId(origin), nth };
            Body::Proposal(Arc::new(Proposal { id, content }))
        }),
        1 => Just(Body::PeersQuestion),
        1 => (0usize..6).prop_map(|id| Body::Peers { known: Arc::from([peer(id)]), trusted: Arc::from([]) }),
        1 => (0u64..9).prop_map(|slot| Body::CatchUpQuestion { from_slot: SlotIndex(slot) }),
        1 => (0u64..3, values()).prop_map(|(slot, value)| {
            Body::CatchUpAnswer { decided: Arc::from([(SlotIndex(slot), value)]) }
        }),
    ];
    let to = prop_oneof![3 => Just(None), 1 => (0u32..3).prop_map(|id| Some(NodeId(id)))];
    let names = (0u32..6, 0u64..40);
    (names, to, prop::bool::ANY, body).prop_map(|((sender, nth), to, housekeeping, body)| {
        let sender = match &body {
            Body::Scp { envelope, .. } if nth % 8 != 0 => envelope.from,
            _ => NodeId(sender),
        };
        Arc::new(Message {
            id: MessageId { sender, nth },
            to,
            housekeeping,
            body,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever arrives, a node neither panics nor breaks an invariant, and the same inputs give the same outputs.
    #[test]
    fn any_input_is_survived_and_steps_are_functions(
        inputs in prop::collection::vec(inputs(), 1..120),
        relaying in prop_oneof![Just(Relaying::Flood), Just(Relaying::Direct)],
        application in prop_oneof![Just(Application::Log), Just(Application::Choice)],
    ) {
        let mut settings = settings(application);
        settings.min_nodes = 2;
        settings.relaying = relaying;
        let config = Arc::new(finder(0, &settings));
        let mut node = Node::new(Arc::clone(&config));
        let mut twin = Node::new(config);
        let mut kept = None;
        let start = std::iter::once(Input::Start(None));
        for (nth, input) in start.chain(inputs).enumerate() {
            let now = crate::time::Time::from_ms(nth as u64 * 700);
            let outputs = node.step(now, input.clone());
            prop_assert_eq!(&outputs, &twin.step(now, input));
            prop_assert!(node.consensus.check_invariants().is_ok());
            for output in outputs {
                if let Output::Persist(state) = output {
                    kept = Some(state);
                }
            }
        }
        let mut again = Node::new(Arc::clone(&node.config));
        let outputs = again.step(node.now, Input::Start(kept));
        prop_assert!(!outputs.is_empty());
        prop_assert_eq!(again.log.decided(), node.log.decided());
    }
}
