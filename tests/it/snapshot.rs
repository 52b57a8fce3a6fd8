//! Snapshots: a reader that joins late gets the same view of a node as a reader of all records.

use super::runs::{EVENTFUL, NETWORKS, records, scenario};
use quorumscope::node::Input;
use quorumscope::node::view::NodeView;
use quorumscope::scenario::Scenario;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind::Inline;
use quorumscope::trace::{Record, Snapshot, World};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All snapshots are compared after each multiple of this number of records, and at the end.
const EVERY: usize = 97;

/// The view of a node that is rebuilt from its snapshot.
fn rebuilt(
    scenario: &Arc<Scenario>,
    added: &[Record],
    node: NodeId,
    snapshot: &Snapshot,
) -> NodeView {
    let mut world = World::new(Arc::clone(scenario));
    added.iter().for_each(|record| world.apply(record));
    let mut last = None;
    for record in snapshot.records(node) {
        assert!(Some(record.at()) >= last, "snapshot records ascend by time");
        last = Some(record.at());
        world.apply(&record);
    }
    world.node(node).unwrap().view.clone()
}

/// One incarnation of a node: the world of a reader from the start, and the snapshot for a late one.
struct Incarnation {
    world: World,
    snapshot: Snapshot,
}

#[test]
fn a_snapshot_gives_the_view_of_all_records() {
    let mut compared = 0;
    for (name, text) in NETWORKS {
        let scenario = Arc::new(scenario(name, 5, None, text));
        let mut added = Vec::new();
        let mut incarnations: BTreeMap<NodeId, Incarnation> = BTreeMap::new();
        let all = records(&scenario, Inline, EVENTFUL);
        for (nth, record) in (1..).zip(&all) {
            match record {
                Record::NodeAdded { .. } => {
                    added.push(record.clone());
                    incarnations
                        .values_mut()
                        .for_each(|life| life.world.apply(record));
                }
                Record::Stepped {
                    at,
                    node,
                    input,
                    outputs,
                    ..
                } => {
                    if matches!(input, Input::Start(_)) {
                        let mut world = World::new(Arc::clone(&scenario));
                        added.iter().for_each(|record| world.apply(record));
                        let snapshot = Snapshot::default();
                        incarnations.insert(*node, Incarnation { world, snapshot });
                    }
                    let life = incarnations.get_mut(node).unwrap();
                    life.world.apply(record);
                    life.snapshot.note(*at, *node, input, outputs);
                }
                _ => {}
            }
            if nth % EVERY != 0 && nth != all.len() {
                continue;
            }
            for (node, life) in &incarnations {
                let mut expected = life.world.node(*node).unwrap().view.clone();
                expected.refused = 0;
                let found = rebuilt(&scenario, &added, *node, &life.snapshot);
                assert_eq!(found, expected, "{name}: {node:?} after {nth} records");
                compared += 1;
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn the_log_of_a_restarted_node_is_rebuilt_from_its_persisted_state() {
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
