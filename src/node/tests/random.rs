//! Property tests with random inputs and random durable states: no panic, no broken invariant, no nondeterminism.

use super::test_net::{finder, fixed, note, peer, photo, settings};
use super::*;
use crate::scp::{Ballot, Envelope, NodeId, QuorumSet, QuorumSetId, SlotIndex, Statement, Value};
use crate::time::{Span, Time};
use proptest::prelude::*;
use std::sync::Arc;

/// Slots: mostly the first few, sometimes far ahead or at the upper limit.
fn slots() -> impl Strategy<Value = SlotIndex> + Clone {
    let last = prop_oneof![Just(u64::MAX), Just(u64::MAX - 1)];
    prop_oneof![8 => 0u64..5, 1 => 60u64..70, 1 => last].prop_map(SlotIndex)
}

/// Sequence numbers of messages and announcements.
fn numbers() -> impl Strategy<Value = u64> {
    prop_oneof![12 => 0u64..40, 1 => Just(u64::MAX)]
}

/// Inputs of every kind, valid and invalid.
fn inputs() -> impl Strategy<Value = Input> {
    let node = (0u32..6).prop_map(NodeId);
    let odd_node = prop_oneof![Just(NodeId(u32::MAX)), (0u32..6).prop_map(NodeId)];
    let slot = slots();
    let timer = prop_oneof![
        slot.clone().prop_map(TimerKind::Nomination),
        slot.clone().prop_map(TimerKind::Ballot),
        Just(TimerKind::Announce),
        Just(TimerKind::Settle),
        Just(TimerKind::Refresh),
        Just(TimerKind::Resend),
        Just(TimerKind::Expire),
        Just(TimerKind::CatchUp),
        Just(TimerKind::Relay),
        Just(TimerKind::RelayRepeats),
    ];
    let announcement = (
        odd_node.clone(),
        numbers(),
        prop_oneof![0u32..3, Just(u32::MAX)],
        0..3,
    )
        .prop_map(|(id, nth, hops, kind)| {
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
        })
        .boxed();
    prop_oneof![
        4 => (odd_node.clone(), messages()).prop_map(|(from, message)| Input::Receive { from, message }),
        2 => (odd_node.clone(), prop::collection::vec(announcement.clone(), 0..3), prop::collection::vec(messages(), 0..4))
            .prop_map(|(from, announcements, messages)| Input::Relayed { from, bundle: Arc::new(Bundle { announcements, messages }) }),
        2 => (node.clone(), announcement).prop_map(|(from, announcement)| Input::ReceiveAnnouncement { from, announcement }),
        2 => timer.prop_map(Input::Timer),
        1 => contents().prop_map(Input::Propose),
        2 => prop_oneof![Just(Ok(NodeId(1))), Just(Err(FetchError::Unreachable))]
            .prop_map(|result| Input::Fetched { sha256: photo().sha256, result }),
        1 => prop_oneof![Just(TrustPolicy::Found), Just(TrustPolicy::InRange), Just(TrustPolicy::None)]
            .prop_map(Input::SetTrust),
        1 => (odd_node.clone(), prop::bool::ANY).prop_map(|(node, adds)| {
            Input::EditTrust(if adds { TrustEdit::Add(node) } else { TrustEdit::Remove(node) })
        }),
        1 => odd_node.prop_map(Input::Forget),
        1 => remembered().prop_map(|remembered| Input::Remembered(Arc::new(remembered))),
        1 => Just(Input::Start(None)),
    ]
}

/// What others may claim to remember, with statements of any form.
fn remembered() -> impl Strategy<Value = Remembered> {
    let statement = (slots(), 0u32..3, statements()).prop_map(|(slot, nth, statement)| {
        let owner = NodeId(0);
        let quorum_set = QuorumSetId { owner, nth };
        let envelope = Envelope {
            from: owner,
            slot,
            quorum_set,
            statement,
        };
        let set = QuorumSet::flat(2, (0..3).map(NodeId));
        (Arc::new(envelope), Arc::new(set))
    });
    let statements = prop::collection::vec(statement, 0..4);
    (numbers(), numbers(), 0u32..9, statements).prop_map(
        |(messages, announcements, proposals, statements)| Remembered {
            messages,
            announcements,
            proposals,
            statements,
        },
    )
}

fn contents() -> impl Strategy<Value = Content> {
    prop_oneof![
        Just(note("tea")),
        Just(note("")),
        Just(Content::File(photo())),
        Just(Content::Choice("1".into())),
    ]
}

fn proposals(
    content: impl Strategy<Value = Content>,
) -> impl Strategy<Value = (ProposalId, Arc<Proposal>)> {
    (0u32..4, 0u32..3, content).prop_map(|(origin, nth, content)| {
        let id = ProposalId {
            origin: NodeKey::of(&format!("GKEY{origin}")),
            nth,
        };
        (id, Arc::new(Proposal { id, content }))
    })
}

fn values() -> impl Strategy<Value = Value> {
    let proposal = proposals(contents());
    prop_oneof![
        Just(Value::from("garbage")),
        Just(Value::from("")),
        Just(Value::from("[]")),
        prop::collection::vec(proposal, 0..3)
            .prop_map(|list| value_of(&list.into_iter().collect())),
    ]
}

fn statements() -> impl Strategy<Value = Statement> {
    let counter = || prop_oneof![6 => 0u32..4, 1 => Just(u32::MAX)];
    (values(), values(), counter(), counter(), 0..5).prop_map(|(a, b, n, m, kind)| {
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
    })
}

fn messages() -> impl Strategy<Value = Arc<Message>> {
    let body = prop_oneof![
        6 => (0u32..6, slots(), 0u32..3, statements(), 0u32..4).prop_map(|(from, slot, nth, statement, threshold)| {
            let from = NodeId(from);
            let quorum_set = QuorumSetId { owner: from, nth };
            let envelope = Envelope { from, slot, quorum_set, statement };
            let set = QuorumSet::flat(threshold, (0..4).map(NodeId));
            Body::Scp { envelope: Arc::new(envelope), quorum_set: Arc::new(set) }
        }),
        2 => (0u32..6, 0u32..3, contents()).prop_map(|(origin, nth, content)| {
            let id = ProposalId { origin: NodeKey::of(&format!("GKEY{origin}")), nth };
            Body::Proposal(Arc::new(Proposal { id, content }))
        }),
        1 => Just(Body::PeersQuestion),
        1 => (0usize..6).prop_map(|id| Body::Peers(Arc::new(PeersAnswer { known: PeerList::from_iter([peer(id)]), trusted: Arc::from([]) }))),
        1 => slots().prop_map(|from_slot| Body::CatchUpQuestion { from_slot }),
        1 => (slots(), values()).prop_map(|(slot, value)| {
            Body::CatchUpAnswer { decided: Arc::from([(slot, value)]) }
        }),
    ];
    let to = prop_oneof![3 => Just(None), 1 => (0u32..3).prop_map(|id| Some(NodeId(id)))];
    let names = (0u32..6, numbers());
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

/// Decisions as a store may return them: consecutive from slot 1, or with any slots.
fn decisions() -> impl Strategy<Value = Vec<(SlotIndex, Value)>> {
    let content = prop_oneof![Just(note("tea")), Just(Content::File(photo()))];
    let recorded = prop::collection::vec(proposals(content), 1..3)
        .prop_map(|list| value_of(&list.into_iter().collect()));
    let consecutive = prop::collection::vec(recorded, 0..3)
        .prop_map(|values| (1..).map(SlotIndex).zip(values).collect());
    let any = prop::collection::vec((slots(), values()), 0..3);
    prop_oneof![3 => consecutive, 1 => any]
}

/// Durable states, also inconsistent ones. A decided file may be missing: a crash can precede its fetch.
fn stores() -> impl Strategy<Value = Option<Arc<Persisted>>> {
    let statement = (slots(), 0u32..3, statements()).prop_map(|(slot, nth, statement)| {
        let (from, quorum_set) = (
            NodeId(0),
            QuorumSetId {
                owner: NodeId(0),
                nth,
            },
        );
        Arc::new(Envelope {
            from,
            slot,
            quorum_set,
            statement,
        })
    });
    let statements = prop::collection::vec(statement, 0..3);
    let pooled = proposals(contents()).prop_map(|(_, proposal)| proposal);
    let pool = prop::collection::vec(pooled, 0..3);
    let counts = (numbers(), 0u32..3, 0u32..5);
    let flags = (prop::bool::ANY, prop::bool::ANY);
    let store = (decisions(), statements, pool, counts, flags).prop_map(
        |(decided, statements, pool, (number, quorum_sets, threshold), (has_policy, has_file))| {
            let files = [(photo().sha256, photo())];
            Arc::new(Persisted {
                decided,
                statements,
                pool,
                files: files.into_iter().filter(|_| has_file).collect(),
                answers: Vec::new(),
                sources: [(photo().sha256, NodeId(1))].into(),
                messages: number,
                proposals: quorum_sets,
                announcements: number,
                quorum_sets,
                quorum_set: Some(Arc::new(QuorumSet::flat(threshold, (0..4).map(NodeId)))),
                trust: has_policy.then_some(TrustPolicy::Found),
                standings: has_file.then(|| Standings {
                    established: [NodeId(1), NodeId(number as u32 % 7)].into(),
                    newcomers: [NodeId(2)].into(),
                    removed: [NodeId(3)].into(),
                }),
            })
        },
    );
    prop_oneof![Just(None), store.prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// No input makes a node panic or break an invariant, the same inputs give the same outputs, and a restart from the
    /// durable state keeps all decisions.
    #[test]
    fn random_inputs_keep_invariants_and_steps_are_deterministic(
        inputs in prop::collection::vec(inputs(), 1..120),
        relaying in prop_oneof![Just(Relaying::Flood), Just(Relaying::Direct)],
        application in prop_oneof![Just(Application::Log), Just(Application::Choice)],
        is_fixed in prop::bool::ANY,
        admission in prop::option::of(prop_oneof![
            Just(AdmissionPolicy::Anyone),
            Just(AdmissionPolicy::Friends),
            Just(AdmissionPolicy::Ask),
        ]),
        store in stores(),
    ) {
        let mut settings = settings(application);
        settings.min_nodes = 2;
        settings.relaying = relaying;
        settings.admission = admission.map(|policy| AdmissionSettings {
            policy,
            probation: Span::from_ms(2_000),
        });
        let set = QuorumSet::flat(2, (0..3).map(NodeId));
        let config = Arc::new(if is_fixed { fixed(0, &set, &settings) } else { finder(0, &settings) });
        let mut node = Node::new(Arc::clone(&config));
        let mut second = Node::new(config);
        let mut persisted = store.clone();
        let start = [Input::Start(store), Input::Timer(TimerKind::Settle)].into_iter();
        let mut now = Time::ZERO;
        for (nth, input) in start.chain(inputs).enumerate() {
            now = Time::from_ms(nth as u64 * 700);
            let outputs = node.step(now, input.clone());
            prop_assert_eq!(&outputs, &second.step(now, input));
            prop_assert!(node.check_invariants().is_ok());
            if let (0, Some(persisted)) = (nth, &mut persisted) {
                // The node uses an inconsistent state as far as it is consistent.
                Arc::make_mut(persisted).decided = node.decided().to_vec();
            }
            for output in outputs {
                if let Output::Persist(changes) = output {
                    let persisted = Arc::make_mut(persisted.get_or_insert_default());
                    changes.iter().for_each(|change| persisted.apply(change));
                }
            }
        }
        let mut restarted = Node::new(Arc::clone(node.config()));
        let outputs = restarted.step(now, Input::Start(persisted.clone()));
        prop_assert!(!outputs.is_empty());
        if persisted.is_some() {
            prop_assert_eq!(restarted.decided(), node.decided());
        }
    }
}
