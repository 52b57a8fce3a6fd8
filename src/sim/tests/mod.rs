//! Tests of the engine with random nodes. This file defines these nodes and runs them in every mode.

mod files;
mod running;

use crate::net::{Latency, MediumSpec, Position};
use crate::node::{
    Announcement, AnnouncementKind, Application, Body, Bundle, Content, FileInfo, Input, JoinMode,
    Message, MessageId, NodeConfig, NodeEvent, NodeSettings, Output, Peer, Persisted, Recipient,
    Relaying, StateChange, Threshold, TimerKind, TrustPolicy,
};
use crate::rng::{StreamPurpose, Streams};
use crate::run::{RunProgress, Session};
use crate::scenario::{Action, NodeSpec, Placement, Scenario};
use crate::scp::{NodeId, SlotIndex};
use crate::sim::engine::Simulation;
use crate::sim::executor::ExecutorKind;
use crate::sim::state_machine::StateMachine;
use crate::time::{Span, Time};
use crate::trace::Record;
use std::sync::Arc;

const EXECUTOR: ExecutorKind = ExecutorKind::Inline;
const NODES: u32 = 6;

/// A node whose outputs follow from a hash of all its inputs. After 40 steps it has no more outputs.
struct RandomNode {
    peer: Peer,
    steps: u64,
    memory: u64,
    persisted: Persisted,
}

fn random_node(config: &Arc<NodeConfig>) -> Box<dyn StateMachine> {
    Box::new(RandomNode {
        peer: config.peer.clone(),
        steps: 0,
        memory: u64::from(config.peer.id.0),
        persisted: Persisted::default(),
    })
}

impl RandomNode {
    fn draw(&mut self, below: u64) -> u64 {
        self.memory = Streams::new(self.memory).draw(StreamPurpose::Proposal, self.steps, 0, 0);
        self.memory % below
    }

    fn message(&mut self) -> Arc<Message> {
        self.persisted.messages += 1;
        let slot = SlotIndex(self.draw(1_000));
        let id = MessageId {
            sender: self.peer.id,
            nth: self.persisted.messages,
        };
        Arc::new(Message {
            id,
            to: None,
            housekeeping: self.draw(4) == 0,
            body: Body::CatchUpQuestion { from_slot: slot },
        })
    }

    fn random_output(&mut self) -> Output {
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

impl StateMachine for RandomNode {
    fn step(&mut self, now: Time, input: Input) -> Vec<Output> {
        self.steps += 1;
        let text = format!("{now:?} {input:?}");
        self.memory = text.bytes().fold(self.memory, |memory, byte| {
            (memory ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        match input {
            Input::Start(Some(persisted)) => self.persisted = (*persisted).clone(),
            Input::Propose(Content::Note(text)) if text == "panic" => {
                // `resume_unwind` panics without printing a message.
                std::panic::resume_unwind(Box::new("requested"))
            }
            Input::Leave => return vec![Output::Event(NodeEvent::Left)],
            _ => {}
        }
        if self.steps > 40 {
            return Vec::new();
        }
        let count = self.draw(3);
        let mut outputs: Vec<Output> = (0..count).map(|_| self.random_output()).collect();
        if self.steps == 1 {
            let (to, message) = (Recipient::Neighbours, self.message());
            outputs.push(Output::Send { to, message });
        }
        outputs.push(Output::Persist(vec![StateChange::MessagesReserved(
            self.persisted.messages,
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

/// `NODES` nodes in a row, 100 m apart. The first one has the file.
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
        admission: None,
        relaying: Relaying::Flood,
        relay_interval: Span::ZERO,
        choice_slots: 1,
    });
    let node = |id: u32| NodeSpec {
        config: Arc::new(NodeConfig {
            peer: Peer {
                id: NodeId(id),
                name: format!("n{id:02}").into(),
                key: format!("G{id}").into(),
            },
            trust: TrustPolicy::Found,
            threshold: Threshold::TwoThirds,
            is_beacon: id == 0,
            address_book: Arc::new([]),
            initial_value: None,
            held_files: (id == 0).then(|| file(3 * 64 * 1024)).into_iter().collect(),
            join_mode: JoinMode::Founder,
            settings: Arc::clone(&settings),
        }),
        position: Position {
            x_m: 100.0 * f64::from(id),
            y_m: 0.0,
        },
        organization: None,
    };
    Scenario {
        name: "random_node".into(),
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
    Simulation::with(Arc::new(scenario.clone()), kind, random_node).unwrap()
}

/// How a test advances a run.
#[derive(Clone, Copy, Debug)]
enum AdvanceMode {
    Unlimited,
    Portions { span: Span, records_max: usize },
    Steps,
}

fn run(scenario: &Scenario, kind: ExecutorKind, advance_mode: AdvanceMode) -> Vec<Record> {
    let mut simulation = simulation(scenario, kind);
    let mut records = simulation.take_records();
    loop {
        let progress = match advance_mode {
            AdvanceMode::Unlimited => simulation.advance(Time::MAX, usize::MAX),
            AdvanceMode::Portions { span, records_max } => {
                simulation.advance(simulation.now() + span, records_max)
            }
            AdvanceMode::Steps => simulation.step(),
        };
        records.append(&mut simulation.take_records());
        if progress == RunProgress::Finished {
            assert!(simulation.is_idle() && simulation.next_at().is_none());
            return records;
        }
    }
}

fn ms(ms: u64) -> Time {
    Time::from_ms(ms)
}
