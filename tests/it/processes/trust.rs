//! Trust among strangers: announced keys without nodes behind them change nothing, newcomers get a vote only by taking
//! part, and an operator can free a halted slot.

use super::harness::{Network, NodeProcess, quorumscope, text, wait_until};
use super::stranger::{announce, announcement, serve_proofs};
use quorumscope::live::identity::Identity;
use quorumscope::node::Standing;
use serde_json::json;
use std::net::SocketAddr;

const NAMES: [&str; 4] = ["n1", "n2", "n3", "n4"];

/// Four nodes that trust each other.
fn four(network: &Network, more: &[&str]) -> Vec<NodeProcess> {
    let nodes = network.start_many(4, more);
    wait_until("the four trust each other", || {
        nodes.iter().all(|node| node.trusts() == NAMES)
    });
    nodes
}

fn secret(nth: u32) -> [u8; 32] {
    let mut secret = [0x55; 32];
    secret[..4].copy_from_slice(&nth.to_le_bytes());
    secret
}

#[test]
fn announcements_of_invented_keys_change_no_trust_set() {
    let network = Network::new();
    let nodes = four(&network, &[]);
    nodes[0].propose("before");
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    for nth in 0..200 {
        let invented = Identity::new(secret(nth));
        announce(
            &network,
            &invented,
            &announcement(&network, &invented, "x", nowhere),
        );
    }
    wait_until("addresses were checked", || {
        nodes[0].counter("addresses_not_proved") > 0
    });
    nodes[1].propose("after");
    for node in &nodes {
        assert_eq!(node.trusts(), NAMES);
        assert_eq!(node.status().nodes.len(), 3);
        wait_until("the node follows", || node.notes() == ["before", "after"]);
    }
}

#[test]
fn a_stranger_that_proves_its_address_and_never_votes_stays_a_candidate() {
    let network = Network::new();
    let nodes = four(&network, &["--probation-ms", "300"]);
    nodes[0].propose("before");
    for nth in 0..2 {
        let stranger = Identity::new(secret(nth));
        let http = serve_proofs(&network, secret(nth));
        let announcement = announcement(&network, &stranger, "stranger", http);
        announce(&network, &stranger, &announcement);
    }
    wait_until("both are known", || {
        nodes.iter().all(|node| node.status().nodes.len() == 5)
    });
    nodes[1].propose("after");
    let status = nodes[0].status();
    assert_eq!(nodes[0].trusts(), NAMES);
    let strangers = status.nodes.iter().filter(|node| node.name == "stranger");
    assert!(
        strangers
            .clone()
            .all(|node| node.standing == Some(Standing::Candidate))
    );
    assert_eq!(strangers.count(), 2);
}

#[test]
fn a_node_that_joins_later_gets_a_vote_by_taking_part() {
    let network = Network::new();
    let nodes = four(&network, &["--probation-ms", "300"]);
    nodes[0].propose("before");
    let fifth = network.start("n5", &["--probation-ms", "300"]);
    wait_until("the fifth counts everywhere", || {
        nodes[0].propose("more");
        nodes.iter().all(|node| node.trusts().len() == 5)
    });
    wait_until("it is established", || {
        fifth.propose("even more");
        let known = nodes[0].status().nodes;
        let fifth = known.iter().find(|node| node.name == "n5").unwrap();
        fifth.standing == Some(Standing::Established)
    });
}

#[test]
fn ask_admits_only_the_nodes_that_an_operator_adds() {
    let network = Network::new();
    let nodes = network.start_many(4, &["--admit", "ask"]);
    wait_until("all know each other", || {
        nodes.iter().all(|node| node.status().nodes.len() == 3)
    });
    assert!(nodes.iter().all(|node| node.trusts().len() == 1));
    for node in &nodes {
        for other in nodes.iter().filter(|other| other.id != node.id) {
            let added = quorumscope(&["trust", "add", &other.id.to_string(), "--to", &node.url]);
            assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
        }
    }
    nodes[0].propose("tea");
    let bad = quorumscope(&["trust", "add", "GABC", "--to", &nodes[0].url]);
    assert_eq!(bad.status.code(), Some(2));
    let own = quorumscope(&[
        "trust",
        "remove",
        &nodes[0].id.to_string(),
        "--to",
        &nodes[0].url,
    ]);
    assert_eq!(own.status.code(), Some(2));
    assert!(text(&own.stderr).contains("expected the key of another node"));
}

/// Six nodes, two of which stop before the first slot: the four others need one of them.
fn halted(network: &Network) -> (Vec<NodeProcess>, [String; 2]) {
    let mut nodes = network.start_many(6, &[]);
    wait_until("the six trust each other", || {
        nodes.iter().all(|node| node.trusts().len() == 6)
    });
    let gone = [nodes[4].id, nodes[5].id].map(|id| id.to_string());
    nodes.drain(4..).for_each(NodeProcess::kill);
    let answer = nodes[0].post("/propose?wait_ms=3000", r#"{"note": "tea"}"#);
    assert_eq!(answer.status, 202, "undecided");
    assert!(nodes.iter().all(|node| node.notes().is_empty()));
    (nodes, gone)
}

#[test]
fn removing_nodes_at_run_time_frees_a_halted_slot() {
    let network = Network::new();
    let (nodes, gone) = halted(&network);
    for node in &nodes {
        for key in &gone {
            let removed = quorumscope(&["trust", "remove", key, "--to", &node.url]);
            assert_eq!(removed.status.code(), Some(0), "{}", text(&removed.stderr));
        }
    }
    for node in &nodes {
        wait_until("the slot is decided", || node.notes() == ["tea"]);
        assert!(node.log().contains("OVERRIDE"));
        assert!(node.counter("quorum_sets_overridden") > 0);
    }
}

#[test]
fn a_quorum_set_file_frees_a_halted_slot_at_a_restart() {
    let network = Network::new();
    let (nodes, _) = halted(&network);
    let keys: Vec<String> = nodes.iter().map(|node| node.id.to_string()).collect();
    let set = json!({ "threshold": 3, "validators": keys });
    let file = network.file("trust.json", set.to_string());
    nodes.into_iter().for_each(NodeProcess::kill);
    let nodes = NAMES.map(|name| network.start(name, &["--trust", &file]));
    for node in &nodes {
        wait_until("the slot is decided", || node.notes() == ["tea"]);
        assert!(node.log().contains("OVERRIDE"));
    }
}
