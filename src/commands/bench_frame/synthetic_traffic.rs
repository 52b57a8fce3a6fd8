//! Synthetic session for `bench frame`: a network of any size with steady traffic.
//!
//! Nodes change their phase and send messages at a constant rate. The session runs neither protocol nor engine, so that
//! the measurement covers only the display.

use crate::net::{Latency, MediumSpec, Position};
use crate::node::view::FileInfo;
use crate::node::{
    Application, Input, JoinMode, MessageKind, NodeConfig, NodeEvent, NodeSettings, Output, Peer,
    Relaying, Threshold, TimerKind, TrustCause, TrustPolicy,
};
use crate::rng::{StreamPurpose, Streams};
use crate::run::{BatchKind, RunProgress, Session};
use crate::scenario::{Action, ActionRefused, Placement, Scenario};
use crate::scp::{Ballot, NodeId, SlotIndex, SlotState, Value};
use crate::text::terminal;
use crate::time::{Span, Time};
use crate::trace::{FlightId, Record};
use crate::window::{ScenarioChoice, ScenarioEntry, SessionFactory};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Latency of every message.
const LATENCY: Span = Span::from_ms(75);
/// Virtual time between two steps of the network. In each step, one node advances.
const STEP_INTERVAL: Span = Span(500);
/// Messages sent per step.
const MESSAGES_PER_STEP: usize = 2;

/// A synthetic network with steady traffic.
pub(super) struct SyntheticTraffic {
    scenario: Scenario,
    trusted: Vec<Arc<BTreeSet<NodeId>>>,
    now: Time,
    steps: u64,
    flights: u64,
    records: Vec<Record>,
}

impl SyntheticTraffic {
    /// A network of `nodes` nodes with about `edges` trust edges, placed at random.
    #[must_use]
    pub(super) fn new(nodes: usize, edges: usize, seed: u64) -> SyntheticTraffic {
        let scenario = scenario(nodes, seed);
        let streams = Streams::new(seed);
        let each = (edges / nodes.max(1)).min(nodes.saturating_sub(1)) as u64;
        let trusted = (0..nodes as u64)
            .map(|node| {
                let others = (0..2 * each)
                    .map(|nth| streams.draw(StreamPurpose::AddedNode, node, 1, nth) % nodes as u64);
                let mut members: BTreeSet<NodeId> = others
                    .filter(|other| *other != node)
                    .map(|other| NodeId(other as u32))
                    .take(each as usize)
                    .collect();
                members.insert(NodeId(node as u32));
                Arc::new(members)
            })
            .collect();
        let mut traffic = SyntheticTraffic {
            scenario,
            trusted,
            now: Time::ZERO,
            steps: 0,
            flights: 0,
            records: Vec::new(),
        };
        traffic.record_start();
        traffic
    }

    fn record_start(&mut self) {
        let at = Time::ZERO;
        for node in &self.scenario.nodes {
            let (config, position) = (Arc::clone(&node.config), node.position);
            self.records.push(Record::NodeAdded {
                at,
                config,
                position,
                organization: None,
            });
        }
        for (node, trusted) in self.trusted.clone().into_iter().enumerate() {
            let known = self.scenario.nodes.len() as u32;
            let trust = NodeEvent::TrustChanged {
                trusted,
                cause: TrustCause::Discovered,
            };
            let timer = Output::SetTimer(TimerKind::Nomination(SlotIndex(1)), Span::from_ms(1000));
            let ready = Output::Event(NodeEvent::Ready { known });
            let outputs = vec![Output::Event(trust), ready, timer];
            self.record_step(NodeId(node as u32), Input::Start(None), outputs);
        }
    }

    fn record_step(&mut self, node: NodeId, input: Input, outputs: Vec<Output>) {
        self.records.push(Record::Stepped {
            at: self.now,
            generation: 0,
            node,
            input,
            outputs,
        });
    }

    /// Moves one node to its next phase and sends messages to some of its trusted nodes.
    fn advance_one_node(&mut self) {
        let count = self.scenario.nodes.len() as u64;
        let streams = Streams::new(self.scenario.seed);
        let node = streams.draw(StreamPurpose::Proposal, self.steps, 0, 0) % count.max(1);
        let phase_nth = self.steps / count.max(1) + node;
        self.steps += 1;
        let id = NodeId(node as u32);
        let slot = SlotIndex(1);
        let state = Arc::new(slot_state(phase_nth % 4));
        let nomination = Output::SetTimer(TimerKind::Nomination(slot), Span::from_ms(1000));
        let outputs = vec![nomination, Output::Event(NodeEvent::Slot { slot, state })];
        self.record_step(id, Input::Timer(TimerKind::Nomination(slot)), outputs);
        let receivers: Vec<NodeId> = match self.trusted.get(node as usize) {
            Some(trusted) => trusted.iter().copied().filter(|to| *to != id).collect(),
            None => Vec::new(),
        };
        for nth in 0..MESSAGES_PER_STEP.min(receivers.len()) {
            let to = receivers[(phase_nth as usize + nth) % receivers.len()];
            self.flights += 1;
            self.records.push(Record::Sent {
                at: self.now,
                arrives_at: self.now + LATENCY,
                flight: FlightId(self.flights),
                from: id,
                to,
                kind: [
                    MessageKind::Vote,
                    MessageKind::Accept,
                    MessageKind::Externalize,
                ][(phase_nth % 3) as usize],
                message: None,
                housekeeping: false,
            });
        }
    }
}

/// The protocol state of a node in phase `phase_nth` of four.
fn slot_state(phase_nth: u64) -> SlotState {
    let value = Value::from(if phase_nth.is_multiple_of(2) {
        "0"
    } else {
        "1"
    });
    let ballot = Some(Ballot {
        n: 1,
        x: value.clone(),
    });
    let mut state = SlotState {
        voted: [value.clone()].into(),
        round: 1,
        ..SlotState::default()
    };
    if phase_nth > 0 {
        state.accepted.insert(value);
    }
    if phase_nth > 1 {
        (state.b, state.p) = (ballot.clone(), ballot.clone());
    }
    if phase_nth > 2 {
        state.h = ballot;
    }
    state
}

impl Session for SyntheticTraffic {
    fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    fn now(&self) -> Time {
        self.now
    }

    fn next_at(&self) -> Option<Time> {
        Some(self.now + STEP_INTERVAL)
    }

    fn advance(&mut self, until: Time, records_max: usize) -> RunProgress {
        let most = self.records.len() + records_max;
        while self.now + STEP_INTERVAL <= until {
            if self.records.len() >= most {
                return RunProgress::Limited;
            }
            self.run_batch(until);
        }
        RunProgress::Reached
    }

    fn run_batch(&mut self, until: Time) -> Option<(Time, BatchKind)> {
        let at = self.next_at().filter(|at| *at <= until)?;
        self.now = at;
        self.advance_one_node();
        Some((at, BatchKind::Progress))
    }

    fn act(&mut self, _: Action) -> Result<(), ActionRefused> {
        Err(ActionRefused::Recorded)
    }

    fn take_records(&mut self) -> Vec<Record> {
        std::mem::take(&mut self.records)
    }
}

fn scenario(nodes: usize, seed: u64) -> Scenario {
    let settings = Arc::new(NodeSettings {
        application: Application::Choice,
        min_nodes: 1,
        settle: Span::ZERO,
        refresh: Span::from_ms(10_000),
        announce: Span::from_ms(10_000),
        resend: Span::from_ms(10_000),
        proposal_ttl: Span::from_ms(60_000),
        forget_after: None,
        admission: None,
        relaying: Relaying::default(),
        relay_interval: Span::ZERO,
        choice_slots: 1,
    });
    let streams = Streams::new(seed);
    let place = |node: u64, axis: u64| streams.unit(StreamPurpose::Placement, node, axis, 0);
    let node = |nth: u64| crate::scenario::NodeSpec {
        config: Arc::new(NodeConfig {
            peer: Peer {
                id: NodeId(nth as u32),
                name: format!("n{nth:03}").into(),
                key: format!("bench-{nth}").into(),
            },
            trust: TrustPolicy::Found,
            threshold: Threshold::TwoThirds,
            is_beacon: nth == 0,
            address_book: Arc::new([]),
            initial_value: None,
            held_files: Vec::new(),
            join_mode: JoinMode::Founder,
            settings: Arc::clone(&settings),
        }),
        position: Position {
            x_m: 1600.0 * place(nth, 0),
            y_m: 1000.0 * place(nth, 1),
        },
        organization: None,
    };
    Scenario {
        name: "bench".into(),
        title: terminal::frame_costs_title().to_owned(),
        description: terminal::frame_costs_description().to_owned(),
        seed,
        nodes: (0..nodes as u64).map(node).collect(),
        area_m: (1600.0, 1000.0),
        placement: Placement::View,
        medium: MediumSpec {
            latency: Latency {
                min: LATENCY,
                max: LATENCY,
            },
            loss: 0.0,
            radio_range_m: None,
            links: Vec::new(),
        },
        settings,
        events: Vec::new(),
        remarks: Vec::new(),
    }
}

/// Opens [`SyntheticTraffic`].
pub(super) struct SyntheticTrafficFactory {
    /// Number of nodes.
    pub(super) nodes: usize,
    /// Number of trust edges.
    pub(super) edges: usize,
}

impl SessionFactory for SyntheticTrafficFactory {
    fn scenarios(&self) -> Vec<ScenarioEntry> {
        Vec::new()
    }

    fn open(&self, choice: &ScenarioChoice) -> Result<Box<dyn Session + Send>, String> {
        Ok(Box::new(SyntheticTraffic::new(
            self.nodes,
            self.edges,
            choice.seed,
        )))
    }

    fn file_info(&self, path: &Path) -> Result<FileInfo, String> {
        let path = path.display().to_string();
        Err(terminal::frame_costs_propose_nothing(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::World;

    #[test]
    fn synthetic_network_has_requested_size_and_traffic() {
        let mut traffic = SyntheticTraffic::new(200, 2000, 1);
        let mut world = World::new(Arc::new(traffic.scenario().clone()));
        assert_eq!(
            traffic.advance(Time::from_ms(200), 100_000),
            RunProgress::Reached
        );
        traffic
            .take_records()
            .iter()
            .for_each(|record| world.apply(record));
        let edges: usize = world
            .nodes
            .iter()
            .map(|node| node.view.trusted.len() - 1)
            .sum();
        assert!(
            world.nodes.len() == 200 && (1800..=2000).contains(&edges),
            "{edges}"
        );
        assert!(world.flights.len() > 200, "{}", world.flights.len());
    }
}
