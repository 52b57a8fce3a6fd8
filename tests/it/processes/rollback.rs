//! Data folders that are restored from an older copy, and one key on two machines.

use super::harness::{Network, NodeProcess, wait_until, wait_until_agreed};
use super::rest::check;
use std::fs;
use std::path::Path;

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn four(network: &Network) -> Vec<NodeProcess> {
    let nodes = network.start_many(4, &[]);
    wait_until("the four trust each other", || {
        nodes.iter().all(|node| node.trusts().len() == 4)
    });
    nodes
}

/// Proposes without waiting for the decision. The node has acknowledged the note when this returns.
fn acknowledge(node: &NodeProcess, note: &str) {
    let answer = node.post("/propose", &format!(r#"{{"note": "{note}"}}"#));
    assert_eq!(answer.status, 202);
}

#[test]
fn a_node_restored_from_an_older_copy_notices_it_and_loses_no_note() {
    let network = Network::new();
    let mut nodes = four(&network);
    nodes[3].propose("0");
    nodes.pop().unwrap().kill();
    let (data, copy) = (network.path("n4"), network.path("copy"));
    copy_folder(&data, &copy);

    nodes.push(network.start("n4", &[]));
    wait_until("n4 is ready", || nodes[3].status().readiness == "ready");
    let mut expected = vec!["0".to_owned()];
    for nth in 1..40 {
        expected.push(nth.to_string());
        nodes[3].propose(&nth.to_string());
    }
    nodes.pop().unwrap().kill();
    fs::remove_dir_all(&data).unwrap();
    copy_folder(&copy, &data);

    nodes.push(network.start("n4", &[]));
    let restored = &nodes[3];
    wait_until("n4 notices the rollback", || {
        restored.log().contains("ROLLBACK")
    });
    wait_until("n4 is ready again", || {
        restored.status().readiness == "ready"
    });
    assert_eq!(restored.counter("rollbacks"), 1);
    for nth in 40..50 {
        expected.push(nth.to_string());
        acknowledge(restored, &nth.to_string());
    }
    wait_until("all notes are decided", || {
        let mut notes = nodes[0].notes();
        notes.sort_by_key(|note| note.parse::<u32>().unwrap());
        notes == expected
    });
    let expected = nodes[0].notes();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    wait_until_agreed(&nodes, &expected);
    assert_eq!(restored.get("/healthz").status, 204);
}

#[test]
fn two_processes_with_one_key_accept_no_proposals() {
    let network = Network::new();
    let mut nodes = four(&network);
    nodes[3].propose("before");
    nodes.pop().unwrap().kill();
    copy_folder(&network.path("n4"), &network.path("duplicate"));
    nodes.push(network.start("n4", &[]));
    wait_until("n4 is ready", || nodes[3].status().readiness == "ready");
    let duplicate = network.start("duplicate", &[]);
    assert_eq!(duplicate.id, nodes[3].id);
    for process in [&nodes[3], &duplicate] {
        wait_until("the process detects the other one", || {
            process.counter("key_in_use") > 0
        });
        let answer = process.post("/propose", r#"{"note": "lost"}"#);
        check(&answer, 409, "another process uses the key of this node");
        check(
            &process.get("/healthz"),
            503,
            "another process uses the key",
        );
    }
    nodes[0].propose("after");
    assert_eq!(nodes[0].notes(), ["before", "after"]);
}
