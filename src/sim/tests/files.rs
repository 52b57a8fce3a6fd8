//! Tests of file fetches, and of messages in flight while the network changes.

use super::{AdvanceMode, EXECUTOR, file, medium, ms, run, scenario};
use crate::net::{LossReason, MediumSpec, Position};
use crate::node::{FetchError, Input, MessageKind, NodeConfig, Output};
use crate::run::Session;
use crate::scenario::Action;
use crate::scp::NodeId;
use crate::sim::engine::Simulation;
use crate::sim::state_machine::StateMachine;
use crate::time::Time;
use crate::trace::Record;
use std::sync::Arc;

/// Fetches the file at its start, and does nothing else.
struct FetchingNode;

impl StateMachine for FetchingNode {
    fn step(&mut self, _: Time, input: Input) -> Vec<Output> {
        match input {
            Input::Start(_) => vec![Output::Fetch {
                file: file(3 * 64 * 1024),
                holders: vec![NodeId(3), NodeId(1), NodeId(0)],
            }],
            _ => Vec::new(),
        }
    }
}

fn fetch(
    medium: MediumSpec,
    events: Vec<(Time, Action)>,
) -> (Result<NodeId, FetchError>, Vec<u32>, Time) {
    let mut scenario = scenario(medium, 4, events);
    for (id, node) in scenario.nodes.iter_mut().enumerate() {
        let mut config = (*node.config).clone();
        config.held_files = [0, 1]
            .contains(&id)
            .then(|| file(3 * 64 * 1024))
            .into_iter()
            .collect();
        node.config = Arc::new(config);
    }
    let scenario = Arc::new(scenario);
    let factory = |config: &Arc<NodeConfig>| -> Box<dyn StateMachine> {
        match config.peer.id {
            NodeId(5) => Box::new(FetchingNode),
            _ => Box::new(SilentNode),
        }
    };
    let mut simulation = Simulation::with(scenario, EXECUTOR, factory).unwrap();
    simulation.advance(Time::MAX, usize::MAX);
    let records = simulation.take_records();
    let fetched = records.iter().find_map(|record| match record {
        Record::Stepped {
            at,
            node: NodeId(5),
            input: Input::Fetched { result, .. },
            ..
        } => Some((*result, *at)),
        _ => None,
    });
    let chunks = records.iter().filter_map(|record| match record {
        Record::Chunk { index, of: 3, .. } => Some(*index),
        _ => None,
    });
    let (result, at) = fetched.unwrap();
    let flew = |record: &&Record| {
        matches!(
            record,
            Record::Sent {
                kind: MessageKind::Chunk,
                ..
            } | Record::Lost {
                kind: MessageKind::Chunk,
                ..
            }
        )
    };
    let chunks: Vec<u32> = chunks.collect();
    assert_eq!(records.iter().filter(flew).count(), chunks.len());
    (result, chunks, at)
}

struct SilentNode;

impl StateMachine for SilentNode {
    fn step(&mut self, _: Time, _: Input) -> Vec<Output> {
        Vec::new()
    }
}

#[test]
fn fetches_chunks_from_the_first_reachable_holder() {
    let second = ms(1_000);
    let quiet = fetch(medium(10_000, 10_000), Vec::new());
    assert_eq!(quiet, (Ok(NodeId(1)), vec![0, 1, 2], ms(60)));
    let crashed = vec![(ms(25), Action::Crash { node: NodeId(1) })];
    let (result, chunks, _) = fetch(medium(10_000, 10_000), crashed);
    assert_eq!((result, chunks), (Ok(NodeId(0)), vec![0, 1, 2]));
    let lossy = MediumSpec {
        loss: 0.4,
        ..medium(0, 10_000)
    };
    let (result, chunks, at) = fetch(lossy, Vec::new());
    assert_eq!(result, Ok(NodeId(1)));
    assert!(
        chunks.len() > 3 && chunks.is_sorted() && at < second,
        "{chunks:?} {at}"
    );
    let gone = vec![(
        Time::ZERO,
        Action::Partition {
            groups: vec![vec![NodeId(5)]],
        },
    )];
    let (result, chunks, at) = fetch(medium(0, 0), gone);
    assert_eq!(
        (result, chunks, at),
        (Err(FetchError::Unreachable), vec![], second)
    );
}

#[test]
fn messages_in_flight_are_lost_when_the_receiver_becomes_unreachable() {
    let spec = MediumSpec {
        radio_range_m: Some(1_000.0),
        ..medium(2_000, 2_000)
    };
    let far = Position {
        x_m: 9_000.0,
        y_m: 0.0,
    };
    let faults = [
        (Action::Crash { node: NodeId(1) }, LossReason::ReceiverDown),
        (
            Action::Partition {
                groups: vec![vec![NodeId(1)]],
            },
            LossReason::Partitioned,
        ),
        (
            Action::Move {
                node: NodeId(1),
                to: far,
            },
            LossReason::OutOfRange,
        ),
    ];
    for (action, expected) in faults {
        let records = run(
            &scenario(spec.clone(), 2, vec![(Time(1_000), action)]),
            EXECUTOR,
            AdvanceMode::Unlimited,
        );
        let arrived_before = |at: &Time| *at > Time(1_000) && *at <= Time(3_000);
        let lost_on_arrival = records.iter().any(|record| {
            matches!(record, Record::Lost { at, to: NodeId(1), why, .. } if *why == expected && arrived_before(at))
        });
        assert!(lost_on_arrival, "{expected:?}");
    }
}
