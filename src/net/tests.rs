//! Tests of the medium: range, partition, silence, loss, latency, link rules, and the cache of neighbours.

use super::*;
use crate::rng::Streams;
use crate::scp::NodeId;
use crate::time::Span;
use proptest::prelude::*;

const STREAMS: Streams = Streams::new(5);

fn spec() -> MediumSpec {
    MediumSpec {
        latency: latency(20, 60),
        loss: 0.0,
        radio_range_m: None,
        links: Vec::new(),
    }
}

fn latency(min: u64, max: u64) -> Latency {
    Latency {
        min: Span::from_ms(min),
        max: Span::from_ms(max),
    }
}

fn at(x_m: f64, y_m: f64) -> Position {
    Position { x_m, y_m }
}

fn medium(spec: &MediumSpec, positions: &[Position]) -> Medium {
    let mut medium = Medium::new(spec);
    for position in positions {
        medium.add(*position);
    }
    medium
}

fn ids(numbers: &[u32]) -> Vec<NodeId> {
    numbers.iter().copied().map(NodeId).collect()
}

fn lost(medium: &mut Medium, from: u32, to: u32) -> Option<LossReason> {
    match medium
        .send(STREAMS, PayloadKind::Message, NodeId(from), NodeId(to))
        .1
    {
        Verdict::Lost(why) => Some(why),
        Verdict::Deliver { .. } => None,
    }
}

#[test]
fn radio_range_is_inclusive() {
    let spec = MediumSpec {
        radio_range_m: Some(100.0),
        ..spec()
    };
    let mut medium = medium(&spec, &[at(0.0, 0.0), at(100.0, 0.0), at(100.001, 0.0)]);
    assert!(medium.reaches(NodeId(0), NodeId(1)));
    assert_eq!(lost(&mut medium, 0, 2), Some(LossReason::OutOfRange));
    assert_eq!(medium.neighbours(NodeId(0)).collect::<Vec<_>>(), ids(&[1]));
    medium.move_to(NodeId(2), at(99.0, 0.0));
    assert_eq!(
        medium.neighbours(NodeId(0)).collect::<Vec<_>>(),
        ids(&[1, 2])
    );
    medium.remove(NodeId(1));
    assert_eq!(medium.neighbours(NodeId(0)).collect::<Vec<_>>(), ids(&[2]));
    assert_eq!(lost(&mut medium, 0, 1), Some(LossReason::ReceiverDown));
}

#[test]
fn partition_isolates_its_groups() {
    let mut medium = medium(&spec(), &[at(0.0, 0.0); 5]);
    medium.partition(&[ids(&[0, 1]), ids(&[2])]);
    let passes = |medium: &Medium, a, b| medium.reaches(NodeId(a), NodeId(b));
    assert!(passes(&medium, 0, 1) && passes(&medium, 3, 4));
    assert!(!passes(&medium, 0, 2) && !passes(&medium, 2, 3) && !passes(&medium, 4, 1));
    assert_eq!(
        medium.loss_reason_on_arrival(NodeId(0), NodeId(2)),
        Some(LossReason::Partitioned)
    );
    let late = medium.add(at(0.0, 0.0));
    assert!(medium.reaches(NodeId(3), late) && !medium.reaches(NodeId(0), late));
    medium.partition(&[ids(&[3])]);
    assert!(passes(&medium, 0, 2) && !passes(&medium, 3, 4));
    medium.heal();
    assert!(passes(&medium, 3, 4));
}

#[test]
fn first_matching_loss_rule_gives_the_reason() {
    let spec = MediumSpec {
        radio_range_m: Some(10.0),
        loss: 1.0,
        ..spec()
    };
    let mut medium = medium(&spec, &[at(0.0, 0.0), at(99.0, 0.0)]);
    medium.silence(NodeId(0));
    medium.partition(&[ids(&[0])]);
    assert_eq!(lost(&mut medium, 0, 1), Some(LossReason::SenderSilent));
    medium.unsilence(NodeId(0));
    assert_eq!(lost(&mut medium, 0, 1), Some(LossReason::Partitioned));
    medium.heal();
    assert_eq!(lost(&mut medium, 0, 1), Some(LossReason::OutOfRange));
    medium.move_to(NodeId(1), at(9.0, 0.0));
    assert_eq!(lost(&mut medium, 0, 1), Some(LossReason::Random));
}

#[test]
fn first_matching_link_rule_gives_the_latency() {
    let rule = |from: &[u32], to: &[u32], ms| LinkRule {
        from: ids(from),
        to: ids(to),
        latency: latency(ms, ms),
    };
    let spec = MediumSpec {
        links: vec![rule(&[2, 0], &[1], 7), rule(&[0], &[2, 1], 9)],
        ..spec()
    };
    let medium = medium(&spec, &[at(0.0, 0.0); 3]);
    let exactly = |from, to, ms| {
        let verdict = medium.verdict(STREAMS, PayloadKind::Message, NodeId(from), NodeId(to), 0);
        let after = Span::from_ms(ms);
        assert_eq!(verdict, Verdict::Deliver { after });
    };
    exactly(0, 1, 7);
    exactly(0, 2, 9);
    exactly(2, 1, 7);
    assert_eq!(medium.latency_max(NodeId(1), NodeId(0)), Span::from_ms(60));
    assert_eq!(medium.latency_min(), Span::from_ms(7));
}

#[test]
fn latency_is_uniform_over_its_inclusive_range() {
    let spec = MediumSpec {
        latency: Latency {
            min: Span(3),
            max: Span(6),
        },
        ..spec()
    };
    let medium = medium(&spec, &[at(0.0, 0.0); 2]);
    let mut seen = [0u32; 10];
    for nth in 0..4_000 {
        match medium.verdict(STREAMS, PayloadKind::Message, NodeId(0), NodeId(1), nth) {
            Verdict::Deliver { after } => seen[after.0 as usize] += 1,
            Verdict::Lost(why) => panic!("lost: {why:?}"),
        }
    }
    assert!(
        seen[3..=6]
            .iter()
            .all(|&count| (850..1150).contains(&count)),
        "{seen:?}"
    );
    assert_eq!(seen[3..=6].iter().sum::<u32>(), 4_000);
}

#[test]
fn loss_rate_matches_the_probability() {
    for (loss, expected) in [(0.0, 0..=0), (0.3, 2_800..=3_200), (1.0, 10_000..=10_000)] {
        let mut medium = medium(&MediumSpec { loss, ..spec() }, &[at(0.0, 0.0); 2]);
        let count = (0..10_000)
            .filter(|_| lost(&mut medium, 0, 1).is_some())
            .count();
        assert!(expected.contains(&count), "{loss}: {count}");
    }
}

#[test]
fn link_use_counts_survive_leaving_and_returning() {
    let spec = MediumSpec {
        radio_range_m: Some(10.0),
        ..spec()
    };
    let mut medium = medium(&spec, &[at(0.0, 0.0), at(1.0, 0.0), at(2.0, 0.0)]);
    let mut out = Vec::new();
    let mut broadcast = |medium: &mut Medium, except| {
        medium.broadcast(STREAMS, NodeId(0), except, &mut out);
        out.iter()
            .map(|(to, nth, _)| (to.0, *nth))
            .collect::<Vec<_>>()
    };
    assert_eq!(broadcast(&mut medium, None), [(1, 0), (2, 0)]);
    assert_eq!(broadcast(&mut medium, Some(NodeId(1))), [(2, 1)]);
    medium.move_to(NodeId(2), at(50.0, 0.0));
    assert_eq!(broadcast(&mut medium, None), [(1, 1)]);
    assert_eq!(lost(&mut medium, 0, 2), Some(LossReason::OutOfRange));
    medium.move_to(NodeId(2), at(5.0, 0.0));
    assert_eq!(broadcast(&mut medium, None), [(1, 2), (2, 3)]);
}

#[derive(Clone, Debug)]
enum MediumChange {
    Add(f64, f64),
    Remove(u32),
    Move(u32, f64, f64),
    Ask(u32),
}

fn change() -> impl Strategy<Value = MediumChange> {
    let place = || -300.0..300.0;
    prop_oneof![
        (place(), place()).prop_map(|(x, y)| MediumChange::Add(x, y)),
        (0u32..12).prop_map(MediumChange::Remove),
        (0u32..12, place(), place()).prop_map(|(id, x, y)| MediumChange::Move(id, x, y)),
        (0u32..12).prop_map(MediumChange::Ask),
    ]
}

proptest! {
    /// The cached neighbours equal those found by comparing all pairs.
    #[test]
    fn cached_neighbours_match_brute_force(changes in prop::collection::vec(change(), 1..60), has_radio: bool) {
        let range = 100.0;
        let mut medium = Medium::new(&MediumSpec { radio_range_m: has_radio.then_some(range), ..spec() });
        let mut all: Vec<Option<Position>> = Vec::new();
        for change in changes {
            match change {
                MediumChange::Add(x, y) => {
                    medium.add(at(x, y));
                    all.push(Some(at(x, y)));
                }
                MediumChange::Remove(id) if (id as usize) < all.len() => {
                    medium.remove(NodeId(id));
                    all[id as usize] = None;
                }
                MediumChange::Move(id, x, y) if all.get(id as usize).is_some_and(Option::is_some) => {
                    medium.move_to(NodeId(id), at(x, y));
                    all[id as usize] = Some(at(x, y));
                }
                MediumChange::Ask(id) => if let Some(Some(me)) = all.get(id as usize) {
                    let expected: Vec<NodeId> = (0..).map(NodeId).zip(&all)
                        .filter(|(other, place)| other.0 != id && place.is_some_and(|place| !has_radio || me.distance_m(place) <= range))
                        .map(|(other, _)| other)
                        .collect();
                    prop_assert_eq!(medium.neighbours(NodeId(id)).collect::<Vec<_>>(), expected);
                },
                _ => {}
            }
        }
    }
}
