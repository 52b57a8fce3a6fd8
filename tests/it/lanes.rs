//! Lanes and history of real runs agree with the world at every instant.

use super::runs::{EVENTFUL, NETWORKS, records, scenario};
use quorumscope::run::{Fold, History};
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::time::Time;
use quorumscope::trace::{Lanes, Record, World};
use std::sync::Arc;

/// The world is compared after each multiple of this number of records.
const EVERY: usize = 61;

/// The visible state of a world.
fn seen(world: &World) -> String {
    let nodes = world.nodes.iter();
    let seen: Vec<_> = nodes
        .map(|node| {
            (
                node.status,
                &node.view,
                node.position,
                &node.config.peer.name,
            )
        })
        .collect();
    format!("{seen:?} {:?} {:?}", world.counters, world.flights)
}

#[test]
fn lanes_show_the_phases_of_the_nodes() {
    let mut compared = 0;
    for (name, text) in NETWORKS {
        let scenario = Arc::new(scenario(name, 7, None, text));
        let all: Vec<Record> = records(&scenario, Inline, EVENTFUL);
        let mut world = World::new(Arc::clone(&scenario));
        let mut lanes = Lanes::default();
        for (nth, record) in all.iter().enumerate() {
            world.apply(record);
            lanes.apply(record);
            if nth % EVERY != 0 && nth + 1 != all.len() {
                continue;
            }
            assert_eq!(lanes.lanes().len(), world.nodes.len());
            for (lane, node) in lanes.lanes().iter().zip(&world.nodes) {
                let (span, until) = lane.at(world.now).unwrap();
                assert_eq!(until, None);
                assert_eq!(
                    (span.state.status, span.state.phase),
                    (node.status, node.view.phase())
                );
                compared += 1;
            }
            let (_, shares) = lanes.phase_counts().back().unwrap();
            assert_eq!(shares.total() as usize, world.nodes.len());
        }
        // Later records do not change the past.
        let lanes_of_all = lanes.clone();
        let half = Time(world.now.0 / 2);
        let early: Vec<_> = all.iter().filter(|record| record.at() <= half).collect();
        let mut lanes = Lanes::default();
        early.into_iter().for_each(|record| lanes.apply(record));
        for (then, later) in lanes.lanes().iter().zip(lanes_of_all.lanes()) {
            assert_eq!(
                then.at(half).map(|found| found.0),
                later.at(half).map(|found| found.0)
            );
        }
    }
    assert!(compared > 1_000, "{compared}");
}

#[test]
fn a_replayed_history_gives_the_same_worlds() {
    let (mut compared, mut skipped) = (0, 0);
    for (name, text) in NETWORKS {
        let scenario = Arc::new(scenario(name, 7, None, text));
        let all: Vec<Record> = records(&scenario, Inline, EVENTFUL);
        for kept_max in [usize::MAX, all.len() / 3] {
            let mut fold = Fold::new(Arc::clone(&scenario));
            let history = History::new(Arc::clone(&scenario), kept_max);
            let mut history = history.with_keyframe_interval(all.len() / 10);
            let mut looks = Vec::new();
            for (nth, record) in all.iter().enumerate() {
                fold.apply(record);
                history.push(fold.world.now, record.clone());
                history.add_keyframe(&fold);
                let world = &fold.world;
                let is_last_of_its_time = all.get(nth + 1).is_none_or(|next| next.at() > world.now);
                if nth % EVERY == 0 && is_last_of_its_time {
                    looks.push((world.now, seen(world)));
                }
            }
            assert_eq!(history.len(), all.len().min(kept_max));
            for (at, seen_then) in looks
                .iter()
                .filter(|(at, _)| *at >= history.start().world.now)
            {
                let (mut next, keyframe) = history.keyframe_before(*at);
                let mut again = keyframe.clone();
                skipped += next;
                // The window also plays in portions.
                loop {
                    let from = next;
                    next = history.play(&mut again, next, *at, 50);
                    if next == from {
                        break;
                    }
                }
                assert_eq!(&seen(&again.world), seen_then, "{name} at {at}");
                compared += 1;
            }
        }
    }
    assert!(compared > 20, "{compared}");
    assert!(skipped > 0, "no keyframe was used");
}

#[test]
fn a_history_finds_the_times_of_progress() {
    let (name, text) = NETWORKS[0];
    let scenario = Arc::new(scenario(name, 7, None, text));
    let mut history = History::new(Arc::clone(&scenario), usize::MAX);
    let all = records(&scenario, Inline, EVENTFUL);
    let mut now = Time::ZERO;
    for record in &all {
        now = now.max(record.at());
        history.push(now, record.clone());
    }
    let marks: Vec<Time> = all
        .iter()
        .filter(|record| !record.is_housekeeping())
        .map(Record::at)
        .collect();
    let last = *marks.last().unwrap();
    let before = marks.iter().rev().find(|mark| **mark < last).unwrap();
    assert_eq!(
        history.progress_before(history.len(), Time::MAX),
        Some(last)
    );
    assert_eq!(history.progress_before(history.len(), last), Some(*before));
    assert_eq!(history.progress_before(0, last), None);
    assert_eq!(history.progress_from(0), Some(marks[0]));
    assert_eq!(history.progress_from(history.len()), None);
}
