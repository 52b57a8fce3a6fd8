//! Tests of nodes whose durable state is replaced by an older copy.

use super::test_net::{Net, note, settings};
use super::*;
use crate::scp::Envelope;
use std::sync::Arc;

/// Four nodes with three decisions. Returns a copy of the state of node 3 after the first one.
fn four_nodes_and_an_older_copy() -> (Net, Persisted) {
    let mut net = Net::new(finders(4, &settings(Application::Log)));
    net.run_until(2_000);
    net.propose(3, note("0"));
    net.run_until(4_000);
    let copy = net.persisted(3).clone();
    // More messages than one block of reserved numbers.
    for nth in 1..60 {
        net.propose(3, note(&nth.to_string()));
        let now_ms = net.now.0 / 1000;
        net.run_until(now_ms + 1_000);
    }
    (net, copy)
}

fn restart_from(net: &mut Net, id: u32, copy: &Persisted) {
    net.crash(id);
    net.roll_back(id, copy.clone());
    net.restart(id);
}

#[test]
fn a_rolled_back_node_takes_new_numbers_and_loses_no_proposal() {
    let (mut net, copy) = four_nodes_and_an_older_copy();
    let next = SlotIndex(net.log(0).len() as u64 + 1);
    let remembered = net.remembered(3, next);
    assert!(remembered.messages > copy.messages, "the copy is older");
    restart_from(&mut net, 3, &copy);
    net.give(NodeId(3), Input::Remembered(Arc::new(remembered.clone())));
    let rolled_back = NodeEvent::RolledBack {
        messages: remembered.messages,
    };
    assert_eq!(net.count(3, |event| *event == rolled_back), 1);
    let now_ms = net.now.0 / 1000;
    net.run_until(now_ms + 10_000);
    assert_eq!(net.log(3), net.log(0));
    assert!(net.persisted(3).messages > remembered.messages);
    // It has counted its proposals in the log.
    net.propose(3, note("after"));
    net.run_until(now_ms + 20_000);
    for id in 0..4 {
        assert_eq!(net.texts(id).last().unwrap(), "after");
    }
    // The same memory again is no news.
    net.give(NodeId(3), Input::Remembered(Arc::new(remembered)));
    let any = |event: &NodeEvent| matches!(event, NodeEvent::RolledBack { .. });
    assert_eq!(net.count(3, any), 1);
}

/// Runs until node 3 has made a ballot statement about the slot that is then running.
fn until_node_3_has_voted(net: &mut Net, text: &str) -> SlotIndex {
    let slot = SlotIndex(net.log(0).len() as u64 + 1);
    net.propose(0, note(text));
    let has_voted = |net: &Net| {
        let made = net.statements.get(&(NodeId(3), slot));
        made.is_some_and(|made| {
            made.iter()
                .any(|envelope| !envelope.statement.is_nominate())
        })
    };
    while !has_voted(net) {
        let now_ms = net.now.0 / 1000;
        net.run_until(now_ms + 1);
    }
    slot
}

fn newest(net: &Net, slot: SlotIndex) -> Arc<Envelope> {
    let made = &net.statements[&(NodeId(3), slot)];
    Arc::clone(made.last().unwrap())
}

#[test]
fn a_rolled_back_node_repeats_its_statements_about_the_running_slot() {
    let (mut net, copy) = four_nodes_and_an_older_copy();
    let slot = until_node_3_has_voted(&mut net, "tea");
    // Without node 3 there is no quorum, so the slot waits for it.
    net.crash(0);
    let before = newest(&net, slot);
    let remembered = net.remembered(3, slot);
    restart_from(&mut net, 3, &copy);
    net.give(NodeId(3), Input::Remembered(Arc::new(remembered)));
    let now_ms = net.now.0 / 1000;
    net.run_until(now_ms + 60_000);
    // `Net` checks that no statement contradicts an earlier one.
    assert_eq!(net.texts(3).last().unwrap(), "tea");
    assert!(newest(&net, slot).supersedes(&before));
}

#[test]
fn statements_in_later_answers_count_until_a_rolled_back_node_votes_again() {
    let (mut net, copy) = four_nodes_and_an_older_copy();
    let slot = until_node_3_has_voted(&mut net, "tea");
    net.crash(0);
    let before = newest(&net, slot);
    let remembered = net.remembered(3, slot);
    let numbers_only = Remembered {
        statements: Vec::new(),
        ..remembered.clone()
    };
    restart_from(&mut net, 3, &copy);
    for answer in [numbers_only, remembered] {
        net.give(NodeId(3), Input::Remembered(Arc::new(answer)));
    }
    let now_ms = net.now.0 / 1000;
    net.run_until(now_ms + 60_000);
    // `Net` checks that no statement contradicts an earlier one.
    assert_eq!(net.texts(3).last().unwrap(), "tea");
    assert!(newest(&net, slot).supersedes(&before));
}

#[test]
fn a_node_that_learns_too_late_stays_silent_until_the_slot_is_decided() {
    let (mut net, copy) = four_nodes_and_an_older_copy();
    let slot = until_node_3_has_voted(&mut net, "tea");
    let remembered = net.remembered(3, slot);
    // The copy contains an older statement about the same slot.
    let mut copy = Persisted {
        messages: copy.messages,
        ..net.persisted(3).clone()
    };
    copy.statements.retain(|own| own.statement.is_nominate());
    assert_eq!(copy.statements.len(), 1);
    restart_from(&mut net, 3, &copy);
    let made = net.statements[&(NodeId(3), slot)].len();
    net.give(NodeId(3), Input::Remembered(Arc::new(remembered)));
    let now_ms = net.now.0 / 1000;
    net.run_until(now_ms + 60_000);
    assert_eq!(net.texts(3).last().unwrap(), "tea");
    assert_eq!(net.statements[&(NodeId(3), slot)].len(), made);
    net.propose(3, note("later"));
    net.run_until(now_ms + 120_000);
    assert!((0..4).all(|id| net.texts(id).last().unwrap() == "later"));
}
