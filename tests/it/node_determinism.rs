//! Determinism of nodes: replaying the recorded inputs gives the recorded outputs, and every delivery in a trace was
//! sent.

use super::runs::{EVENTFUL, NETWORKS, records, scenario};
use quorumscope::node::{Input, MessageKind, Node, NodeConfig, Output, Persisted};
use quorumscope::scenario::Action;
use quorumscope::scp::NodeId;
use quorumscope::sim::ExecutorKind;
use quorumscope::time::Time;
use quorumscope::trace::{FlightId, Record};
use std::collections::BTreeMap;
use std::sync::Arc;

const SEED: u64 = 11;

/// Replays every recorded input on new nodes and compares the outputs.
pub(super) fn check_nodes(name: &str, records: &[Record]) {
    let mut configs: Vec<Arc<NodeConfig>> = Vec::new();
    let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
    let mut stored = BTreeMap::new();
    for record in records {
        match record {
            Record::NodeAdded { config, .. } => configs.push(Arc::clone(config)),
            Record::Acted {
                action: Action::Crash { node },
                ..
            } => drop(nodes.remove(node)),
            Record::Stepped {
                at,
                node: id,
                input,
                outputs,
                ..
            } => {
                if let Input::Start(persisted) = input {
                    assert_eq!(
                        persisted.as_ref(),
                        stored.get(id),
                        "{name}: {id:?} starts with its durable state"
                    );
                    nodes.insert(*id, Node::new(Arc::clone(&configs[id.index()])));
                }
                let node = nodes
                    .get_mut(id)
                    .unwrap_or_else(|| panic!("{name}: {id:?} steps at {at} but is not running"));
                let expected = node.step(*at, input.clone());
                assert!(
                    expected == *outputs,
                    "{name}: {id:?} at {at} on {input:?}: {outputs:?} instead of {expected:?}"
                );
                for output in outputs {
                    if let Output::Persist(changes) = output {
                        let stored: &mut Arc<Persisted> = stored.entry(*id).or_default();
                        let stored = Arc::make_mut(stored);
                        changes.iter().for_each(|change| stored.apply(change));
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(
        configs.len(),
        configs
            .iter()
            .map(|config| config.peer.id)
            .max()
            .unwrap()
            .index()
            + 1
    );
}

fn may_be_file_transfer(kind: MessageKind) -> bool {
    matches!(kind, MessageKind::Chunk | MessageKind::Service)
}

/// Checks that every transmission is delivered when it arrives unless it was lost, and that nothing else is delivered.
fn check_flights(name: &str, records: &[Record], until: Time) {
    type Delivery = (Time, NodeId, NodeId, Option<quorumscope::node::MessageId>);
    let mut in_flight: BTreeMap<FlightId, Delivery> = BTreeMap::new();
    let mut delivered: BTreeMap<Delivery, i64> = BTreeMap::new();
    let mut is_for_nodes = |record: &Record| {
        match record {
            Record::Sent {
                arrives_at,
                flight,
                from,
                to,
                kind,
                message,
                ..
            } => {
                // Transmissions without a message id: announcements, bundles, and the file transfers of the engine.
                let is_for_node = message.is_some() || !may_be_file_transfer(*kind);
                if is_for_node && *arrives_at <= until {
                    in_flight.insert(*flight, (*arrives_at, *from, *to, *message));
                }
            }
            Record::Lost { flight, .. } => drop(in_flight.remove(flight)),
            _ => {}
        }
    };
    records.iter().for_each(&mut is_for_nodes);
    for arrival in in_flight.into_values() {
        *delivered.entry(arrival).or_default() += 1;
    }
    for record in records {
        let Record::Stepped {
            at, node, input, ..
        } = record
        else {
            continue;
        };
        let arrival = match input {
            Input::Receive { from, message } => (*at, *from, *node, Some(message.id)),
            Input::ReceiveAnnouncement { from, .. } => (*at, *from, *node, None),
            Input::Relayed { from, bundle } if !may_be_file_transfer(bundle.kind()) => {
                (*at, *from, *node, None)
            }
            _ => continue,
        };
        *delivered.entry(arrival).or_default() -= 1;
    }
    let wrong = delivered.iter().find(|(_, count)| **count != 0);
    assert_eq!(
        wrong, None,
        "{name}: transmissions that were not delivered (1), or delivered without being sent (-1)"
    );
}

#[test]
fn replayed_inputs_give_recorded_outputs_and_every_delivery_was_sent() {
    for (name, text) in NETWORKS {
        for kind in [ExecutorKind::Inline, ExecutorKind::Threads] {
            let records = records(&scenario(name, SEED, None, text), kind, EVENTFUL);
            check_nodes(name, &records);
            check_flights(name, &records, Time::ZERO + EVENTFUL);
        }
    }
}
