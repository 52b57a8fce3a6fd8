//! Tests that records do not depend on executors, portions or steps, and that actions have their effects.

use super::{AdvanceMode, EXECUTOR, medium, ms, run, scenario, simulation};
use crate::net::{Latency, LinkRule, MediumSpec, Position};
use crate::node::{Application, Content, Input};
use crate::run::Session;
use crate::scenario::{Action, ActionRefused};
use crate::scp::NodeId;
use crate::sim::engine::Simulation;
use crate::sim::executor::{ExecutorKind, SimError};
use crate::time::{Span, Time};
use crate::trace::Record;
use proptest::prelude::*;
use std::sync::Arc;

fn events() -> Vec<(Time, Action)> {
    let note = |node: u32, text: &str| Action::Propose {
        node: NodeId(node),
        content: Content::Note(text.into()),
    };
    let place = |x_m| Position { x_m, y_m: 20.0 };
    vec![
        (Time::ZERO, Action::Silence { node: NodeId(3) }),
        (Time::ZERO, Action::Crash { node: NodeId(4) }),
        (Time(1), note(1, "pizza")),
        (Time(1), Action::Restart { node: NodeId(4) }),
        (
            Time(900),
            Action::AddNode {
                position: place(250.0),
            },
        ),
        (Time(900), Action::Crash { node: NodeId(2) }),
        (Time(1_500), Action::Unsilence { node: NodeId(3) }),
        (
            Time(2_000),
            Action::Partition {
                groups: vec![vec![NodeId(0), NodeId(1)]],
            },
        ),
        (Time(2_000), note(5, "panic")),
        (Time(3_000), Action::Restart { node: NodeId(2) }),
        (Time(3_000), Action::Restart { node: NodeId(5) }),
        (
            Time(5_000),
            Action::Move {
                node: NodeId(1),
                to: place(320.0),
            },
        ),
        (Time(6_000), Action::Heal),
        (Time(6_000), Action::Leave { node: NodeId(1) }),
        (Time(7_000), note(0, "burger")),
    ]
}

fn some_medium() -> impl Strategy<Value = MediumSpec> {
    let spans = prop_oneof![
        Just((0, 0)),
        Just((0, 1_500)),
        Just((1, 3)),
        Just((1_000, 1_000)),
        (1u64..500, 500u64..3_000)
    ];
    let radio = prop_oneof![Just(None), Just(Some(150.0)), Just(Some(300.0))];
    let loss = prop_oneof![Just(0.0), Just(0.2)];
    (spans, radio, loss, any::<bool>()).prop_map(|((min, max), radio_range_m, loss, has_rule)| {
        let latency = Latency {
            min: Span(700),
            max: Span(800),
        };
        let links = has_rule.then(|| LinkRule {
            from: vec![NodeId(0)],
            to: vec![NodeId(2), NodeId(1)],
            latency,
        });
        MediumSpec {
            loss,
            radio_range_m,
            links: links.into_iter().collect(),
            ..medium(min, max)
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn records_do_not_depend_on_executor_or_advance_mode(medium in some_medium(), seed: u64, has_events: bool) {
        let scenario = scenario(medium, seed, if has_events { events() } else { Vec::new() });
        let expected = run(&scenario, ExecutorKind::Inline, AdvanceMode::Unlimited);
        let flights = expected.iter().filter_map(|record| match record {
            Record::Sent { flight, .. } => Some(flight.0),
            _ => None,
        });
        prop_assert!(flights.clone().count() >= 5 && flights.is_sorted());
        prop_assert!(expected.iter().map(Record::at).is_sorted());
        let portions = |micros, records_max| AdvanceMode::Portions { span: Span(micros), records_max };
        for (kind, advance_mode) in [
            (ExecutorKind::Threads, AdvanceMode::Unlimited),
            (ExecutorKind::Inline, portions(777, usize::MAX)),
            (ExecutorKind::Inline, portions(1_000_000, 1)),
            (ExecutorKind::Threads, portions(5_000, 100)),
            (ExecutorKind::Inline, AdvanceMode::Steps),
        ] {
            prop_assert!(run(&scenario, kind, advance_mode) == expected, "{kind} {advance_mode:?}");
        }
    }
}

/// The actions of a user give the same records as scenario events with the same actions and times.
#[test]
fn user_actions_equal_scenario_events() {
    let without_restart =
        |(_, action): &(Time, Action)| *action != Action::Restart { node: NodeId(4) };
    let all: Vec<_> = events()
        .split_off(2)
        .into_iter()
        .filter(without_restart)
        .collect();
    for (min, max) in [(0, 0), (300, 2_000)] {
        for seed in 0..5 {
            let expected = run(
                &scenario(medium(min, max), seed, all.clone()),
                EXECUTOR,
                AdvanceMode::Unlimited,
            );
            let by_hand = scenario(medium(min, max), seed, Vec::new());
            let mut simulation = simulation(&by_hand, ExecutorKind::Threads);
            for (at, action) in &all {
                simulation.advance(*at, usize::MAX);
                let refused = simulation.act(action.clone());
                assert_eq!(
                    refused.is_err(),
                    matches!(action, Action::Move { .. }),
                    "{action:?}"
                );
            }
            simulation.advance(Time::MAX, usize::MAX);
            assert!(
                simulation.take_records() == expected,
                "{min}..{max}, seed {seed}"
            );
        }
    }
}

#[test]
fn initial_faults_precede_the_first_step() {
    let mut simulation = simulation(&scenario(medium(10, 20), 1, events()), EXECUTOR);
    let records = simulation.take_records();
    let acted = |record: &&Record| matches!(record, Record::Acted { .. });
    assert_eq!(records.iter().filter(acted).count(), 2);
    simulation.advance(Time::ZERO, usize::MAX);
    let records = simulation.take_records();
    let stepped = |id: u32| {
        records
            .iter()
            .any(|it| matches!(it, Record::Stepped { node, .. } if node.0 == id))
    };
    assert!(stepped(3) && !stepped(4));
    let escaped = |record: &Record| {
        matches!(
            record,
            Record::Sent {
                from: NodeId(3),
                ..
            }
        )
    };
    assert!(!records.iter().any(escaped));
}

#[test]
fn panicking_node_is_recorded_as_crashed() {
    for kind in [ExecutorKind::Inline, ExecutorKind::Threads] {
        let mut simulation = simulation(&scenario(medium(10, 20), 1, Vec::new()), kind);
        let node = NodeId(2);
        let content = Content::Note("panic".into());
        simulation.act(Action::Propose { node, content }).unwrap();
        let action = Action::Crash { node };
        let at = Time::ZERO;
        assert_eq!(
            simulation.take_records().last(),
            Some(&Record::Acted { at, action })
        );
        let refused = simulation.act(Action::Leave { node });
        assert_eq!(refused, Err(ActionRefused::NotRunning("n02".into())));
        simulation.act(Action::Restart { node }).unwrap();
        let last = simulation.take_records();
        let is_start = |it: &Record| {
            matches!(
                it,
                Record::Stepped {
                    node: NodeId(2),
                    input: Input::Start(_),
                    ..
                }
            )
        };
        assert!(last.iter().any(is_start));
    }
}

#[test]
fn crash_ends_the_silence_of_a_node() {
    let node = NodeId(3);
    let mut simulation = simulation(&scenario(medium(10, 20), 1, Vec::new()), EXECUTOR);
    simulation.act(Action::Silence { node }).unwrap();
    simulation.advance(ms(1), usize::MAX);
    let sends = |records: &[Record]| {
        let of_node = |it: &Record| matches!(it, Record::Sent { from, .. } if *from == node);
        records.iter().any(of_node)
    };
    assert!(!sends(&simulation.take_records()), "a silenced node sends");
    simulation.act(Action::Crash { node }).unwrap();
    simulation.act(Action::Restart { node }).unwrap();
    simulation.advance(ms(2), usize::MAX);
    assert!(
        sends(&simulation.take_records()),
        "a restarted node is silent"
    );
}

#[test]
fn refused_actions_change_nothing() {
    let mut simulation = simulation(&scenario(medium(10, 20), 1, Vec::new()), EXECUTOR);
    simulation.advance(ms(1), usize::MAX);
    simulation.take_records();
    let (node, unknown) = (NodeId(1), NodeId(99));
    let value = Content::Choice("1".into());
    let to = Position::default();
    for (action, expected) in [
        (
            Action::Crash { node: unknown },
            ActionRefused::NoSuchNode(unknown),
        ),
        (
            Action::Restart { node },
            ActionRefused::NotCrashed("n01".into()),
        ),
        (Action::Move { node, to }, ActionRefused::NotPhysical),
        (
            Action::Partition {
                groups: vec![vec![unknown]],
            },
            ActionRefused::NoSuchNode(unknown),
        ),
        (
            Action::Propose {
                node,
                content: value,
            },
            ActionRefused::WrongContent {
                application: Application::Log,
            },
        ),
    ] {
        assert_eq!(simulation.act(action), Err(expected));
    }
    assert!(simulation.take_records().is_empty());
}

#[test]
fn rejects_empty_and_oversized_networks() {
    let mut scenario = scenario(medium(10, 20), 1, Vec::new());
    let node = scenario.nodes[0].clone();
    scenario.nodes = vec![node; 2_001];
    let made = Simulation::new(Arc::new(scenario.clone()), ExecutorKind::Threads);
    assert!(matches!(
        made,
        Err(SimError::TooManyNodes { nodes: 2_001, .. })
    ));
    scenario.nodes.clear();
    let made = Simulation::new(Arc::new(scenario), ExecutorKind::Threads);
    assert!(matches!(made, Err(SimError::NoNodes)));
}
