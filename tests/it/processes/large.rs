//! Size limits with large notes: messages, catch-up answers and statuses are split.

use super::harness::{Network, wait_for, wait_until, wait_until_together};
use serde_json::json;
use std::collections::BTreeSet;

/// Number of notes: all values together exceed one catch-up answer.
const NOTES: usize = 280;
/// Maximum size of the decisions in a catch-up answer, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// A note of maximum length whose characters take four bytes each in a message.
fn quotes(nth: usize) -> String {
    format!("{nth:04}{}", "\"".repeat(996))
}

#[test]
fn the_largest_notes_are_decided_and_a_late_joiner_catches_up_in_several_answers() {
    let network = Network::new();
    let mut nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    let notes: BTreeSet<String> = (0..NOTES).map(quotes).collect();
    for (nth, note) in notes.iter().enumerate() {
        let body = json!({ "note": note }).to_string();
        assert_eq!(nodes[nth % 4].post("/propose", &body).status, 202);
    }
    let heads: BTreeSet<_> = nodes
        .iter()
        .map(|node| {
            wait_for("all notes are decided", || {
                let status = node.get("/status?limit=0").json();
                let (log, agreed) = (&status["log"], &status["counters"]["proposals_agreed"]);
                let head = || (log["index"].as_u64(), log["hash"].to_string());
                (*agreed == NOTES).then(head)
            })
        })
        .collect();
    assert_eq!(heads.len(), 1, "{heads:?}");

    // The default status contains the newest part of the log.
    let shown = nodes[0].get("/status");
    assert!(shown.body.len() < 2 << 20, "{}", shown.body.len());
    let (shown, whole) = (shown.json(), nodes[0].status());
    let entries = shown["log"]["entries"].as_array().unwrap();
    assert!(!entries.is_empty() && entries.len() < whole.log.entries.len());
    assert_eq!(entries.last().unwrap()["slot"], whole.log.index);
    assert_eq!(nodes[0].notes().into_iter().collect::<BTreeSet<_>>(), notes);
    let values = whole.log.entries.iter().map(|entry| &entry.value);
    let lengths = values.map(|value| serde_json::to_string(value).unwrap().len());
    let lengths: Vec<usize> = lengths.collect();
    assert!(
        lengths.iter().all(|length| *length <= (64 << 10) + 2),
        "{lengths:?}"
    );
    assert!(lengths.iter().sum::<usize>() > ANSWER_BYTES_MAX);

    let late = network.start("n5", &[]);
    let status = wait_for("the late node is ready to vote", || {
        let status = late.status();
        (status.readiness == "ready").then_some(status)
    });
    assert_eq!(
        status.log.hash, whole.log.hash,
        "the late node has the whole log before it votes"
    );
    assert_eq!(status.log.entries, whole.log.entries);
    nodes.push(late);
    wait_until_together(&nodes);
    let (_, slot) = nodes[4].propose("tea");
    for node in &nodes {
        wait_until("the new slot is recorded", || {
            node.status().log.index == slot
        });
        assert_eq!(node.counter("calls_refused"), 0, "{}", node.name);
    }
}
