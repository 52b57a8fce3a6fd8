//! Tests of lanes: states, counts and partitions over time, within bounded memory.

use super::*;
use crate::net::Position;
use crate::node::{
    Application, JoinMode, NodeConfig, NodeSettings, Peer, Relaying, Threshold, TimerKind,
    TrustPolicy,
};
use crate::scp::{SlotState, Value};
use crate::time::Span;

fn settings() -> Arc<NodeSettings> {
    Arc::new(NodeSettings {
        application: Application::Log,
        min_nodes: 1,
        settle: Span::ZERO,
        refresh: Span::ZERO,
        announce: Span::ZERO,
        resend: Span::ZERO,
        proposal_ttl: Span::ZERO,
        forget_after: None,
        admission: None,
        relaying: Relaying::default(),
        relay_interval: Span::ZERO,
        choice_slots: 1,
    })
}

fn peer(node: u32) -> Peer {
    Peer {
        id: NodeId(node),
        name: format!("n{node}").into(),
        key: format!("key {node}").into(),
    }
}

fn ms(at: u64) -> Time {
    Time::from_ms(at)
}

fn added(at: u64, node: u32) -> Record {
    Record::NodeAdded {
        at: ms(at),
        config: Arc::new(NodeConfig {
            peer: peer(node),
            trust: TrustPolicy::Found,
            threshold: Threshold::TwoThirds,
            is_beacon: false,
            address_book: Arc::default(),
            initial_value: None,
            held_files: Vec::new(),
            join_mode: JoinMode::Founder,
            settings: settings(),
        }),
        position: Position::default(),
        organization: None,
    }
}

fn acted(at: u64, action: Action) -> Record {
    Record::Acted { at: ms(at), action }
}

fn event_record(at: u64, node: u32, event: NodeEvent) -> Record {
    Record::Stepped {
        at: ms(at),
        generation: 0,
        node: NodeId(node),
        input: Input::Timer(TimerKind::Settle),
        outputs: vec![Output::Event(event)],
    }
}

fn voted(at: u64, node: u32, slot: u64) -> Record {
    let state = SlotState {
        voted: [Value::from("a")].into(),
        ..SlotState::default()
    };
    let (slot, state) = (SlotIndex(slot), Arc::new(state));
    event_record(at, node, NodeEvent::Slot { slot, state })
}

fn recorded(at: u64, node: u32, slot: u64) -> Record {
    let event = NodeEvent::Recorded {
        slot: SlotIndex(slot),
        value: Value::from("a"),
        proposals: Vec::new(),
    };
    event_record(at, node, event)
}

fn lanes(records: &[Record]) -> Lanes {
    let mut lanes = Lanes::default();
    records.iter().for_each(|record| lanes.apply(record));
    lanes
}

/// The spans of a node: start in milliseconds, condition, phase.
fn spans(lanes: &Lanes, node: usize) -> Vec<(u64, NodeStatus, Phase)> {
    let spans = lanes.lanes()[node].spans().iter();
    spans
        .map(|span| (span.from.0 / 1000, span.state.status, span.state.phase))
        .collect()
}

#[test]
fn a_lane_shows_the_phases_and_faults_of_its_node() {
    use NodeStatus::{Crashed, Left, Running, Silent};
    use Phase::{Externalized, Idle, Nominate};
    let node = NodeId(0);
    let lanes = lanes(&[
        added(0, 0),
        voted(100, 0, 1),
        voted(120, 0, 1),
        recorded(200, 0, 1),
        acted(300, Action::Crash { node }),
        acted(400, Action::Restart { node }),
        acted(500, Action::Silence { node }),
        voted(600, 0, 2),
        acted(700, Action::Unsilence { node }),
        event_record(800, 0, NodeEvent::Left),
    ]);
    assert_eq!(
        spans(&lanes, 0),
        [
            (0, Running, Idle),
            (100, Running, Nominate),
            (200, Running, Externalized),
            (300, Crashed, Externalized),
            (400, Running, Externalized),
            (500, Silent, Externalized),
            (600, Silent, Nominate),
            (700, Running, Nominate),
            (800, Left, Nominate),
        ]
    );
    let lane = &lanes.lanes()[0];
    let (span, until) = lane.at(ms(150)).unwrap();
    assert_eq!((span.from, until), (ms(100), Some(ms(200))));
    assert_eq!(span.state.slot, Some(SlotIndex(1)));
    assert_eq!(lane.at(ms(900)).unwrap().1, None, "the span is open");
    let slots: Vec<_> = lanes
        .slots()
        .iter()
        .map(|(slot, at)| (slot.0, at.0))
        .collect();
    assert_eq!(slots, [(1, 100_000), (2, 600_000)]);
}

#[test]
fn states_without_duration_leave_no_span() {
    let lanes = lanes(&[
        added(0, 0),
        voted(100, 0, 1),
        recorded(100, 0, 1),
        voted(100, 0, 2),
    ]);
    let expected = [
        (0, NodeStatus::Running, Phase::Idle),
        (100, NodeStatus::Running, Phase::Nominate),
    ];
    assert_eq!(spans(&lanes, 0), expected);
    assert_eq!(lanes.now.phases, [0, 1, 0, 0, 0]);
}

#[test]
fn a_node_that_starts_over_keeps_its_earlier_spans() {
    let lanes = lanes(&[
        added(0, 0),
        added(0, 1),
        voted(100, 0, 1),
        acted(200, Action::Crash { node: NodeId(0) }),
        voted(500, 1, 1),
        // The node did not stop. It reports everything again from its start.
        added(0, 0),
        voted(100, 0, 1),
        recorded(300, 0, 1),
    ]);
    let expected = [
        (0, NodeStatus::Running, Phase::Idle),
        (100, NodeStatus::Running, Phase::Nominate),
        (200, NodeStatus::Crashed, Phase::Nominate),
        (500, NodeStatus::Running, Phase::Externalized),
    ];
    assert_eq!(spans(&lanes, 0), expected);
    assert_eq!(lanes.now.total(), 2);
}

#[test]
fn phase_counts_count_every_node_once() {
    let mut lanes = lanes(&[added(0, 0), added(0, 1), added(0, 2)]);
    for record in [
        voted(10, 0, 1),
        voted(20, 1, 1),
        recorded(30, 0, 1),
        acted(40, Action::Crash { node: NodeId(2) }),
    ] {
        lanes.apply(&record);
    }
    let at = |nth: usize| lanes.phase_counts()[nth];
    assert_eq!(
        at(0),
        (
            ms(0),
            PhaseCounts {
                phases: [3, 0, 0, 0, 0],
                absent: 0
            }
        )
    );
    assert_eq!(at(2).1.phases, [1, 2, 0, 0, 0]);
    assert_eq!(
        at(4),
        (
            ms(40),
            PhaseCounts {
                phases: [0, 1, 0, 0, 1],
                absent: 1
            }
        )
    );
    assert!(
        lanes
            .phase_counts()
            .iter()
            .all(|(_, shares)| shares.total() == 3)
    );
}

#[test]
fn a_partition_lasts_until_it_is_healed() {
    let groups = vec![vec![NodeId(0)], vec![NodeId(1)]];
    let lanes = lanes(&[
        added(0, 0),
        added(0, 1),
        acted(100, Action::Partition { groups }),
        acted(200, Action::Heal),
    ]);
    let is_cut = [99, 100, 199, 200].map(|at| lanes.is_partitioned(ms(at)));
    assert_eq!(is_cut, [false, true, true, false]);
    assert_eq!(lanes.partitions().len(), 2);
}

#[test]
fn memory_is_bounded_and_the_past_becomes_coarser() {
    let mut lanes = lanes(&(0..8).map(|node| added(0, node)).collect::<Vec<_>>());
    let each = SPANS_MAX / 8;
    for slot in 0..each as u64 {
        lanes.apply(&voted(2 * slot + 1, 0, slot + 1));
        lanes.apply(&recorded(2 * slot + 2, 0, slot + 1));
    }
    assert_eq!(lanes.lanes()[0].spans().len(), each);
    assert!(
        lanes.lanes()[0].at(ms(each as u64 / 2)).is_none(),
        "the oldest spans are dropped"
    );
    assert!(lanes.lanes()[0].at(ms(2 * each as u64)).is_some());
    let shares = lanes.phase_counts();
    assert!(shares.len() <= PHASE_COUNTS_MAX && shares.len() > PHASE_COUNTS_MAX / 3);
    assert_eq!(shares[0].0, Time::ZERO, "the beginning is kept");
    assert!(
        shares
            .iter()
            .zip(shares.iter().skip(1))
            .all(|(one, two)| one.0 < two.0)
    );
    assert!(lanes.slots().len() <= MARKS_MAX);
}
