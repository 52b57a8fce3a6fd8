//! Tests of the engine with participants that talk at random: executors, portions and steps cannot be seen in records.

use super::engine::Simulation;
use super::executor::{ExecutorKind, SimError};
use super::participant::Participant;
use crate::net::{Latency, LinkRule, LossReason, MediumSpec, Position};
use crate::node::{
    Announcement, AnnouncementKind, Application, Body, Bundle, Change, Content, FetchError,
    FileInfo, Input, Message, MessageId, MessageKind, NodeConfig, NodeEvent, NodeSettings, Output,
    Peer, Persisted, Recipient, Relaying, Threshold, TimerKind, TrustPolicy,
};
use crate::rng::{Purpose, Streams};
use crate::scenario::{Action, ActionRefused, NodeSpec, Placement, Scenario};
use crate::scp::{NodeId, SlotIndex};
use crate::session::{Progress, Session};
use crate::time::{Span, Time};
use crate::trace::Record;
use proptest::prelude::*;
use std::sync::Arc;

const ENDS: ExecutorKind = ExecutorKind::Inline;
const NODES: u32 = 6;

/// Does something else after everything that it was ever told; stops after so many steps.
struct Chatter {
    peer: Peer,
    steps: u64,
    memory: u64,
    kept: Persisted,
}

fn chatter(config: &Arc<NodeConfig>) -> Box<dyn Participant> {
    Box::new(Chatter {
        peer: config.peer.clone(),
        steps: 0,
        memory: u64::from(config.peer.id.0),
        kept: Persisted::default(),
    })
}

impl Chatter {
    fn draw(&mut self, below: u64) -> u64 {
        self.memory = Streams::new(self.memory).draw(Purpose::Proposal, self.steps, 0, 0);
        self.memory % below
    }

    fn message(&mut self) -> Arc<Message> {
        self.kept.messages += 1;
        let slot = SlotIndex(self.draw(1_000));
        let id = MessageId {
            sender: self.peer.id,
            nth: self.kept.messages,
        };
        Arc::new(Message {
            id,
            to: None,
            housekeeping: self.draw(4) == 0,
            body: Body::CatchUpQuestion { from_slot: slot },
        })
    }

    fn anything(&mut self) -> Output {
        let other = NodeId(self.draw(u64::from(NODES) + 1) as u32);
        match self.draw(9) {
            0 => Output::Announce(Arc::new(Announcement {
                peer: self.peer.clone(),
                kind: AnnouncementKind::Here,
                nth: self.steps,
                hops: 0,
            })),
            1 | 2 => Output::SetTimer(TimerKind::Settle, Span(self.draw(3) * self.draw(4_000))),
            3 => Output::SetTimer(TimerKind::Resend, Span(self.draw(30_000))),
            4 => Output::CancelTimer(TimerKind::Settle),
            5 => Output::Send {
                to: Recipient::Node(other),
                message: self.message(),
            },
            6 => Output::Send {
                to: Recipient::NeighboursExcept(other),
                message: self.message(),
            },
            7 => Output::Relay {
                to: Recipient::NeighboursExcept(other),
                bundle: Arc::new(Bundle {
                    announcements: Vec::new(),
                    messages: vec![self.message(), self.message()],
                }),
            },
            _ => Output::Fetch {
                file: file(3 * 64 * 1024),
                holders: vec![other, NodeId(0)],
            },
        }
    }
}

impl Participant for Chatter {
    fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        self.steps += 1;
        let text = format!("{now:?} {input:?}");
        self.memory = text.bytes().fold(self.memory, |memory, byte| {
            (memory ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        match input {
            Input::Start(Some(kept)) => self.kept = (*kept).clone(),
            Input::Propose(Content::Note(text)) if text == "break down" => {
                // As a panic does, without the words on the terminal.
                std::panic::resume_unwind(Box::new("as it was told"))
            }
            Input::Leave => return vec![Output::Event(NodeEvent::Left)],
            _ => {}
        }
        if self.steps > 40 {
            return Vec::new();
        }
        let count = self.draw(3);
        let mut outputs: Vec<Output> = (0..count).map(|_| self.anything()).collect();
        if self.steps == 1 {
            let (to, message) = (Recipient::Neighbours, self.message());
            outputs.push(Output::Send { to, message });
        }
        outputs.push(Output::Persist(vec![Change::MessagesReserved(
            self.kept.messages,
        )]));
        outputs
    }
}

fn file(size_bytes: u64) -> FileInfo {
    FileInfo {
        name: "photo.jpg".into(),
        size_bytes,
        sha256: "ab".repeat(32),
    }
}

fn medium(min: u64, max: u64) -> MediumSpec {
    MediumSpec {
        latency: Latency {
            min: Span(min),
            max: Span(max),
        },
        loss: 0.0,
        radio_range_m: None,
        links: Vec::new(),
    }
}

/// `NODES` nodes in a row, 100 m apart; the first holds the file.
fn scenario(medium: MediumSpec, seed: u64, events: Vec<(Time, Action)>) -> Scenario {
    let settings = Arc::new(NodeSettings {
        application: Application::Log,
        min_nodes: 1,
        settle: Span::ZERO,
        refresh: Span::from_ms(1_000),
        announce: Span::from_ms(1_000),
        resend: Span::from_ms(1_000),
        proposal_ttl: Span::from_ms(1_000),
        forget_after: None,
        relaying: Relaying::Flood,
        relay_interval: Span::ZERO,
        choice_slots: 1,
    });
    let node = |id: u32| NodeSpec {
        config: Arc::new(NodeConfig {
            peer: Peer {
                id: NodeId(id),
                name: format!("n{id:02}").into(),
                key: "G".into(),
            },
            trust: TrustPolicy::Found,
            threshold: Threshold::TwoThirds,
            is_beacon: id == 0,
            address_book: Arc::new([]),
            initial_value: None,
            held_files: (id == 0).then(|| file(3 * 64 * 1024)).into_iter().collect(),
            joins_late: false,
            settings: Arc::clone(&settings),
        }),
        position: Position {
            x_m: 100.0 * f64::from(id),
            y_m: 0.0,
        },
        organization: None,
    };
    Scenario {
        name: "chatter".into(),
        title: String::new(),
        description: String::new(),
        seed,
        nodes: (0..NODES).map(node).collect(),
        area_m: (600.0, 100.0),
        placement: if medium.radio_range_m.is_some() {
            Placement::Physical
        } else {
            Placement::View
        },
        medium,
        settings: Arc::clone(&settings),
        events,
        remarks: Vec::new(),
    }
}

fn simulation(scenario: &Scenario, kind: ExecutorKind) -> Simulation {
    Simulation::with(Arc::new(scenario.clone()), kind, chatter).unwrap()
}

/// How a run is asked to go on.
#[derive(Clone, Copy, Debug)]
enum Pace {
    AtOnce,
    Portions { span: Span, records_max: usize },
    Steps,
}

fn run(scenario: &Scenario, kind: ExecutorKind, pace: Pace) -> Vec<Record> {
    let mut simulation = simulation(scenario, kind);
    let mut records = simulation.take_records();
    loop {
        let progress = match pace {
            Pace::AtOnce => simulation.advance(Time::MAX, usize::MAX),
            Pace::Portions { span, records_max } => {
                simulation.advance(simulation.now() + span, records_max)
            }
            Pace::Steps => simulation.step(),
        };
        records.append(&mut simulation.take_records());
        if progress == Progress::Finished {
            assert!(simulation.is_idle() && simulation.next_at().is_none());
            return records;
        }
    }
}

fn ms(ms: u64) -> Time {
    Time::from_ms(ms)
}

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
            Action::Cut {
                groups: vec![vec![NodeId(0), NodeId(1)]],
            },
        ),
        (Time(2_000), note(5, "break down")),
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
    fn executors_portions_and_steps_cannot_be_seen(medium in some_medium(), seed: u64, has_events: bool) {
        let scenario = scenario(medium, seed, if has_events { events() } else { Vec::new() });
        let expected = run(&scenario, ExecutorKind::Inline, Pace::AtOnce);
        let flights = expected.iter().filter_map(|record| match record {
            Record::Sent { flight, .. } => Some(flight.0),
            _ => None,
        });
        prop_assert!(flights.clone().count() >= 5 && flights.is_sorted());
        prop_assert!(expected.iter().map(Record::at).is_sorted());
        let portions = |micros, records_max| Pace::Portions { span: Span(micros), records_max };
        for (kind, pace) in [
            (ExecutorKind::Threads, Pace::AtOnce),
            (ExecutorKind::Inline, portions(777, usize::MAX)),
            (ExecutorKind::Inline, portions(1_000_000, 1)),
            (ExecutorKind::Threads, portions(5_000, 100)),
            (ExecutorKind::Inline, Pace::Steps),
        ] {
            prop_assert!(run(&scenario, kind, pace) == expected, "{kind} {pace:?}");
        }
    }
}

/// Every action of `events`, done by hand when its time has come, gives what the scenario's own event gives.
#[test]
fn a_person_acts_as_a_scenario_does() {
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
                ENDS,
                Pace::AtOnce,
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
fn faults_at_the_very_start_come_before_the_first_step() {
    let mut simulation = simulation(&scenario(medium(10, 20), 1, events()), ENDS);
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
fn a_node_that_breaks_down_has_crashed() {
    for kind in [ExecutorKind::Inline, ExecutorKind::Threads] {
        let mut simulation = simulation(&scenario(medium(10, 20), 1, Vec::new()), kind);
        let node = NodeId(2);
        let content = Content::Note("break down".into());
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
fn impossible_actions_are_refused_and_leave_no_trace() {
    let mut simulation = simulation(&scenario(medium(10, 20), 1, Vec::new()), ENDS);
    simulation.advance(ms(1), usize::MAX);
    simulation.take_records();
    let (node, nobody) = (NodeId(1), NodeId(99));
    let value = Content::Choice("1".into());
    let to = Position::default();
    for (action, expected) in [
        (
            Action::Crash { node: nobody },
            ActionRefused::NoSuchNode(nobody),
        ),
        (
            Action::Restart { node },
            ActionRefused::NotCrashed("n01".into()),
        ),
        (Action::Move { node, to }, ActionRefused::NotPhysical),
        (
            Action::Cut {
                groups: vec![vec![nobody]],
            },
            ActionRefused::NoSuchNode(nobody),
        ),
        (
            Action::Propose {
                node,
                content: value,
            },
            ActionRefused::WrongContent {
                expected: "notes and files",
            },
        ),
    ] {
        assert_eq!(simulation.act(action), Err(expected));
    }
    assert!(simulation.take_records().is_empty());
}

#[test]
fn networks_that_are_too_small_or_too_large_are_refused() {
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

/// Asks for the file at the start; never says anything else.
struct Fetcher;

impl Participant for Fetcher {
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
    let birth = |config: &Arc<NodeConfig>| -> Box<dyn Participant> {
        match config.peer.id {
            NodeId(5) => Box::new(Fetcher),
            _ => Box::new(Mute),
        }
    };
    let mut simulation = Simulation::with(scenario, ENDS, birth).unwrap();
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

struct Mute;

impl Participant for Mute {
    fn step(&mut self, _: Time, _: Input) -> Vec<Output> {
        Vec::new()
    }
}

#[test]
fn a_file_comes_chunk_by_chunk_from_the_first_holder_within_reach() {
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
        Action::Cut {
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
fn what_arrives_at_a_changed_world_is_lost() {
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
            Action::Cut {
                groups: vec![vec![NodeId(1)]],
            },
            LossReason::Cut,
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
            ENDS,
            Pace::AtOnce,
        );
        let arrived_before = |at: &Time| *at > Time(1_000) && *at <= Time(3_000);
        let lost_on_arrival = records.iter().any(|record| {
            matches!(record, Record::Lost { at, to: NodeId(1), why, .. } if *why == expected && arrived_before(at))
        });
        assert!(lost_on_arrival, "{expected:?}");
    }
}
