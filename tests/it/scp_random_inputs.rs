//! Property tests of SCP with random inputs in random order: no panic, the invariants hold, a refused input changes
//! nothing, and the result does not depend on whether evidence is recorded.

use crate::scp_net::Choice;
use proptest::prelude::*;
use quorumscope::scp::{
    Ballot, Effect, Envelope, EvidenceMode, LocalNode, NodeId, QuorumSet, QuorumSetId, Scp,
    ScpEvent, ScpRefusal, ScpTimer, SlotIndex, SlotState, Statement, Value,
};
use std::sync::Arc;

const SLOTS: u64 = 2;

#[derive(Clone, Debug)]
enum Op {
    Nominate(u64, Option<Value>),
    Receive(Arc<Envelope>),
    Timer(u64, ScpTimer),
    SetQuorumSet(QuorumSetId),
    Stop(u64),
    Restore(Arc<Envelope>),
}

fn node() -> impl Strategy<Value = NodeId> {
    prop_oneof![
        20 => (0..5_u32).prop_map(NodeId),
        1 => Just(NodeId(u32::MAX)),
        1 => Just(NodeId(NodeId::LIMIT)),
    ]
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("")].prop_map(Value::from)
}

fn counter() -> impl Strategy<Value = u32> {
    prop_oneof![
        8 => 0..4_u32,
        1 => Just(u32::MAX),
        1 => Just(u32::MAX - 1),
    ]
}

fn ballot() -> impl Strategy<Value = Ballot> {
    (counter(), text()).prop_map(|(n, x)| Ballot::new(n, x))
}

fn statement() -> impl Strategy<Value = Statement> {
    let values = || proptest::collection::vec(text(), 0..3);
    let optional = || proptest::option::of(ballot());
    prop_oneof![
        (values(), values()).prop_map(|(voted, accepted)| Statement::Nominate { voted, accepted }),
        (ballot(), optional(), optional(), counter(), counter()).prop_map(
            |(ballot, prepared, prepared_prime, n_c, n_h)| Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            }
        ),
        (ballot(), counter(), counter(), counter()).prop_map(
            |(ballot, n_prepared, n_commit, n_h)| {
                Statement::Confirm {
                    ballot,
                    n_prepared,
                    n_commit,
                    n_h,
                }
            }
        ),
        (ballot(), counter()).prop_map(|(commit, n_h)| Statement::Externalize { commit, n_h }),
    ]
}

/// Ids of quorum sets; some do not exist.
fn set_id() -> impl Strategy<Value = QuorumSetId> {
    (0..9_u32).prop_map(|owner| QuorumSetId {
        owner: NodeId(owner),
        nth: 1,
    })
}

fn envelope() -> impl Strategy<Value = Arc<Envelope>> {
    (node(), 1..=SLOTS, set_id(), any::<bool>(), statement()).prop_map(
        |(from, slot, other, own, statement)| {
            let quorum_set = if own {
                QuorumSetId {
                    owner: from,
                    nth: 1,
                }
            } else {
                other
            };
            Arc::new(Envelope {
                from,
                slot: SlotIndex(slot),
                quorum_set,
                statement,
            })
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    let slot = || 1..=SLOTS;
    let timer = prop_oneof![Just(ScpTimer::Nomination), Just(ScpTimer::Ballot)];
    prop_oneof![
        2 => (slot(), proptest::option::of(text())).prop_map(|(slot, x)| Op::Nominate(slot, x)),
        20 => envelope().prop_map(Op::Receive),
        3 => (slot(), timer).prop_map(|(slot, timer)| Op::Timer(slot, timer)),
        1 => set_id().prop_map(Op::SetQuorumSet),
        1 => slot().prop_map(Op::Stop),
        1 => envelope().prop_map(Op::Restore),
    ]
}

/// Quorum sets over five nodes, valid ones and invalid ones.
fn sets() -> Vec<Arc<QuorumSet>> {
    let of =
        |threshold, nodes: &[u32]| QuorumSet::flat(threshold, nodes.iter().map(|&n| NodeId(n)));
    let nested = QuorumSet {
        threshold: 2,
        validators: vec![NodeId(2)],
        inner: vec![of(2, &[0, 1, 3]), of(1, &[4])],
    };
    [
        of(3, &[0, 1, 2, 3]),
        of(3, &[0, 1, 2, 3]),
        nested,
        of(2, &[1, 2]),
        of(4, &[0, 1, 2, 3, 4]),
        of(0, &[1, 2]),
        of(5, &[1, 2]),
        of(2, &[0, 0, 1]),
    ]
    .map(Arc::new)
    .into()
}

type Snapshot = Vec<(Option<SlotState>, Vec<Arc<Envelope>>)>;

fn snapshot(scp: &Scp) -> Snapshot {
    (1..=SLOTS)
        .map(SlotIndex)
        .map(|slot| {
            (
                scp.slot_state(slot),
                scp.statements(slot).cloned().collect(),
            )
        })
        .collect()
}

fn apply(scp: &mut Scp, driver: &Choice, op: &Op) -> (Result<(), String>, Vec<Effect>) {
    let mut out = Vec::new();
    let mut result = Ok(());
    match op.clone() {
        Op::Nominate(slot, value) => {
            scp.nominate(
                driver,
                SlotIndex(slot),
                value,
                Value::from("prev"),
                &mut out,
            );
        }
        Op::Receive(envelope) => {
            result = scp
                .receive(driver, &envelope, &mut out)
                .map_err(|why| format!("{why:?}"));
        }
        Op::Timer(slot, timer) => scp.timer_expired(driver, SlotIndex(slot), timer, &mut out),
        Op::SetQuorumSet(id) => scp.set_quorum_set(id),
        Op::Stop(slot) => scp.stop_nomination(SlotIndex(slot)),
        Op::Restore(envelope) => {
            result = scp
                .restore(driver, envelope, &mut out)
                .map_err(|why| format!("{why:?}"));
        }
    }
    (result, out)
}

fn fresh(recording: EvidenceMode) -> Scp {
    let local = LocalNode {
        id: NodeId(0),
        quorum_set: QuorumSetId {
            owner: NodeId(0),
            nth: 1,
        },
        is_validator: true,
    };
    Scp::new(local, recording)
}

fn not_event(effect: &Effect) -> bool {
    !matches!(effect, Effect::Event(_))
}

/// A node with an insane quorum set refuses its own first ballot statement (`tests/conformance/NOTES.md`, section 7d).
/// Here the nomination of the node would immediately lead to such a statement.
#[test]
fn a_nomination_that_would_break_an_invariant_is_refused_with_an_event() {
    let twice = QuorumSet::flat(1, [NodeId(0), NodeId(0)]);
    let driver = Choice {
        sets: vec![Arc::new(twice)],
    };
    let mut scp = fresh(EvidenceMode::Record);
    let before = snapshot(&scp);
    let (_, out) = apply(&mut scp, &driver, &Op::Nominate(1, Some(Value::from("a"))));
    let refused = ScpEvent::Refused {
        slot: SlotIndex(1),
        from: NodeId(0),
        why: ScpRefusal::BreaksInvariant,
    };
    assert_eq!(out, [Effect::Event(refused)]);
    assert_eq!(snapshot(&scp), before);
}

#[test]
fn a_refused_restore_causes_an_event_and_changes_nothing() {
    let driver = Choice { sets: sets() };
    let mut scp = fresh(EvidenceMode::Record);
    let envelope = |from: u32, n: u32| {
        let commit = Ballot::new(n, Value::from("a"));
        Arc::new(Envelope {
            from: NodeId(from),
            slot: SlotIndex(1),
            quorum_set: QuorumSetId {
                owner: NodeId(from),
                nth: 1,
            },
            statement: Statement::Externalize { commit, n_h: 5 },
        })
    };
    let attempts = [
        (envelope(1, 3), Err(ScpRefusal::NotOwn)),
        (envelope(0, 0), Err(ScpRefusal::NotSane)),
        (envelope(0, 3), Ok(())),
        (envelope(0, 4), Err(ScpRefusal::SlotAdvanced)),
    ];
    for (envelope, expected) in attempts {
        let before = snapshot(&scp);
        let (slot, from, mut out) = (envelope.slot, envelope.from, Vec::new());
        assert_eq!(scp.restore(&driver, envelope, &mut out), expected);
        let event = |why| Effect::Event(ScpEvent::Refused { slot, from, why });
        let events: Vec<Effect> = expected.err().map(event).into_iter().collect();
        assert_eq!(out, events);
        assert_eq!(snapshot(&scp) == before, expected.is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_inputs_keep_invariants_and_refusals_change_nothing(ops in proptest::collection::vec(op(), 1..60)) {
        let driver = Choice { sets: sets() };
        let (mut scp, mut silent) = (fresh(EvidenceMode::Record), fresh(EvidenceMode::Skip));
        for op in &ops {
            let before = snapshot(&scp);
            let (result, out) = apply(&mut scp, &driver, op);
            prop_assert_eq!(scp.check_invariants(), Ok(()));
            if result.is_err() {
                prop_assert_eq!(&snapshot(&scp), &before, "refused {:?}", op);
                prop_assert!(!out.iter().any(not_event));
            }
            let actions: Vec<Effect> = out.into_iter().filter(not_event).collect();
            prop_assert_eq!((result, actions), apply(&mut silent, &driver, op));
            prop_assert_eq!(snapshot(&scp), snapshot(&silent));
        }
    }
}
