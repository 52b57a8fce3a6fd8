//! A snapshot tells a latecomer what a node is now, exactly as those see it who have been there all the time.

use super::runs::{EVENTFUL, NETWORKS, records, scenario};
use quorumscope::node::Input;
use quorumscope::node::view::NodeView;
use quorumscope::scenario::Scenario;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::trace::{Record, Snapshot, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// After so many records, and at the end, all snapshots are looked at.
const EVERY: usize = 97;

/// The view that a latecomer gets of a node.
fn retold(
    scenario: &Arc<Scenario>,
    added: &[Record],
    node: NodeId,
    snapshot: &Snapshot,
) -> NodeView {
    let mut world = World::new(Arc::clone(scenario));
    added.iter().for_each(|record| world.apply(record));
    let mut last = None;
    for record in snapshot.records(node) {
        assert!(Some(record.at()) >= last, "in order");
        last = Some(record.at());
        world.apply(&record);
    }
    world.node(node).unwrap().view.clone()
}

/// One life of a node: what it told those who were there, and what it would tell a latecomer.
struct Life {
    told: World,
    snapshot: Snapshot,
}

#[test]
fn a_latecomer_sees_what_the_others_see() {
    let mut compared = 0;
    for (name, text) in NETWORKS {
        let scenario = Arc::new(scenario(name, 5, None, text));
        let mut added = Vec::new();
        let mut lives: BTreeMap<NodeId, Life> = BTreeMap::new();
        let all = records(&scenario, Inline, EVENTFUL);
        for (nth, record) in (1..).zip(&all) {
            match record {
                Record::NodeAdded { .. } => {
                    added.push(record.clone());
                    lives.values_mut().for_each(|life| life.told.apply(record));
                }
                Record::Stepped {
                    at,
                    node,
                    input,
                    outputs,
                    ..
                } => {
                    if matches!(input, Input::Start(_)) {
                        let mut told = World::new(Arc::clone(&scenario));
                        added.iter().for_each(|record| told.apply(record));
                        let snapshot = Snapshot::default();
                        lives.insert(*node, Life { told, snapshot });
                    }
                    let life = lives.get_mut(node).unwrap();
                    life.told.apply(record);
                    life.snapshot.note(*at, *node, input, outputs);
                }
                _ => {}
            }
            if nth % EVERY != 0 && nth != all.len() {
                continue;
            }
            for (node, life) in &lives {
                let mut expected = life.told.node(*node).unwrap().view.clone();
                expected.refused = 0;
                let found = retold(&scenario, &added, *node, &life.snapshot);
                assert_eq!(found, expected, "{name}: {node:?} after {nth} records");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn who_starts_again_is_known_by_what_it_had_kept() {
    let (name, text) = NETWORKS
        .iter()
        .find(|(_, text)| text.contains("restart"))
        .unwrap();
    let scenario = Arc::new(scenario(name, 5, None, text));
    let all = records(&scenario, Inline, EVENTFUL);
    let mut whole = World::new(Arc::clone(&scenario));
    all.iter().for_each(|record| whole.apply(record));
    let restarts = all
        .iter()
        .enumerate()
        .filter_map(|(place, record)| match record {
            Record::Stepped {
                node,
                input: Input::Start(Some(_)),
                ..
            } => Some((place, *node)),
            _ => None,
        });
    let mut found = 0;
    for (place, node) in restarts {
        let mut late = World::new(Arc::clone(&scenario));
        let added = |record: &&Record| matches!(record, Record::NodeAdded { .. });
        all[..place]
            .iter()
            .filter(added)
            .for_each(|record| late.apply(record));
        all[place..].iter().for_each(|record| late.apply(record));
        let values = |world: &World| -> Vec<_> {
            let log = &world.node(node).unwrap().view.log;
            log.iter()
                .map(|entry| (entry.slot, entry.value.clone()))
                .collect()
        };
        assert_eq!(values(&late), values(&whole), "{node:?}");
        found += values(&whole).len();
    }
    assert!(found > 0, "{name}");
}
