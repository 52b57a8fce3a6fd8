//! Crash, restart, leave and pause: what survives, and how other nodes react.

use super::harness::{
    Network, NodeProcess, quorumscope, text, wait_for, wait_until, wait_until_agreed,
    wait_until_together,
};
use quorumscope::node::NodeKey;
use serde_json::json;
use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::PathBuf;

/// The nodes in the quorum set of a node; empty before it has one.
fn named(node: &NodeProcess) -> BTreeSet<NodeKey> {
    let set = node.status().quorum_set;
    set.into_iter().flat_map(|set| set.validators).collect()
}

fn ids(nodes: &[NodeProcess]) -> BTreeSet<NodeKey> {
    nodes.iter().map(|node| node.id).collect()
}

#[test]
fn a_killed_node_recovers_and_the_network_survives_the_loss_of_its_beacon() {
    let network = Network::new();
    let mut nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    assert_eq!(nodes[2].propose("tea").0, 1);
    let photo = nodes[2].propose_file("list.txt", b"bread, milk");
    wait_until_agreed(&nodes, &["tea"]);

    // One node is killed. The others are a quorum.
    let dead = nodes.remove(2);
    let (id, url) = (dead.id, dead.url.clone());
    dead.kill();
    nodes[0].propose("cake");
    wait_until_agreed(&nodes, &["tea", "cake"]);
    wait_until("the killed node is reported as unreachable", || {
        let known = nodes[0].status().nodes;
        let dead = known.iter().find(|node| node.id == id).unwrap();
        dead.is_reachable == Some(false)
    });
    assert_eq!(nodes[0].trusts().len(), 4, "a silent node stays trusted");

    // It comes back at another address, because its old port is taken.
    let place = url.strip_prefix("http://").unwrap().to_owned();
    let _taken = TcpListener::bind(place);
    nodes.push(network.start("n3", &[]));
    let back = nodes.last().unwrap();
    assert_eq!(back.id, id);
    assert_ne!(back.url, url);
    wait_until_agreed(&nodes, &["tea", "cake"]);
    wait_until_together(&nodes);
    let back = nodes.last().unwrap();
    let (nth, _) = back.propose("scones");
    assert_eq!(nth, 3, "proposal numbers continue");
    wait_until_agreed(&nodes, &["tea", "cake", "scones"]);
    assert_eq!(back.get(&format!("/files/{photo}")).body, b"bread, milk");

    // The beacon is killed; new nodes find the others through another beacon. While a founder is down, newcomers get no
    // vote by themselves, so an operator adds them.
    nodes.remove(0).kill();
    nodes[0].propose("jam");
    let new = [network.start("n5", &["--beacon"]), network.start("n6", &[])];
    for node in &nodes {
        for added in &new {
            let key = added.id.to_string();
            let run = quorumscope(&["trust", "add", &key, "--to", &node.url]);
            assert_eq!(run.status.code(), Some(0), "{}", text(&run.stderr));
        }
    }
    for node in &nodes {
        wait_until("new nodes are trusted", || node.trusts().len() == 6);
    }
    nodes.extend(new);
    for node in &nodes[3..] {
        wait_until("a new node votes", || {
            // The killed node cannot prove its address to it.
            node.status().readiness == "ready" && node.trusts().len() == 5
        });
    }
    nodes.last().unwrap().propose("cream");
    wait_until_agreed(&nodes, &["tea", "cake", "scones", "jam", "cream"]);
    let newest = nodes.last().unwrap();
    wait_until("the new node has the old file, too", || {
        newest.get(&format!("/files/{photo}")).body == b"bread, milk"
    });
}

#[test]
fn the_log_survives_when_all_nodes_are_killed() {
    let network = Network::new();
    let nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    nodes[0].propose("tea");
    nodes[1].propose("cake");
    wait_until_agreed(&nodes, &["tea", "cake"]);
    let before = nodes[0].status();
    nodes.into_iter().for_each(NodeProcess::kill);

    let nodes = network.start_many(4, &[]);
    let log = nodes[0].status().log;
    assert_eq!(
        log.entries, before.log.entries,
        "the log is complete before any message arrives"
    );
    assert_eq!(log.hash, before.log.hash);
    assert_eq!(nodes[0].id, before.id);
    assert_eq!(nodes[0].status().quorum_set, before.quorum_set);
    wait_until_together(&nodes);
    let (nth, slot) = nodes[1].propose("scones");
    assert_eq!((nth, slot), (2, log.index + 1));
    wait_until_agreed(&nodes, &["tea", "cake", "scones"]);
    assert_eq!(nodes[3].notes().len(), 3, "no proposal is recorded twice");
}

#[test]
fn leaving_nodes_are_removed_from_quorum_sets_and_paused_nodes_are_not() {
    let network = Network::new();
    let mut nodes = network.start_many(4, &[]);
    nodes.push(network.start("n5", &["--on-stop", "pause"]));
    wait_until_together(&nodes);
    nodes[0].propose("tea");
    let (pausing, leaving) = (nodes.pop().unwrap(), nodes.pop().unwrap());
    let (paused, left) = (pausing.id, leaving.id);
    leaving.stop();
    for node in &nodes {
        wait_until("the node has left", || {
            !node.status().nodes.iter().any(|other| other.id == left)
        });
    }
    pausing.stop();
    // Three of the four nodes that still count are running.
    nodes[0].propose("cake");
    wait_until_agreed(&nodes, &["tea", "cake"]);
    let mut counted = ids(&nodes);
    counted.insert(paused);
    for node in &nodes {
        wait_until("quorum sets have shrunk", || named(node) == counted);
        assert_eq!(node.status().quorum_set.unwrap().threshold, 3);
        assert_eq!(node.trusts(), ["n1", "n2", "n3", "n5"]);
    }

    // Both come back.
    nodes.push(network.start("n5", &[]));
    nodes.push(network.start("n4", &[]));
    assert_eq!((nodes[3].id, nodes[4].id), (paused, left));
    wait_until_together(&nodes);
    nodes[4].propose("scones");
    wait_until_agreed(&nodes, &["tea", "cake", "scones"]);
    for node in &nodes {
        wait_until("quorum sets have grown", || named(node) == ids(&nodes));
    }
}

/// Two of four nodes leave, one after the other. If the last two nodes could decide alone, the other two could decide
/// something else after they come back.
#[test]
fn the_last_two_nodes_decide_nothing_until_others_come_back() {
    let network = Network::new();
    let mut nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    nodes[0].propose("tea");
    wait_until_agreed(&nodes, &["tea"]);
    nodes.pop().unwrap().stop();
    for node in &nodes {
        wait_until("the node has left", || node.trusts() == ["n1", "n2", "n3"]);
    }
    nodes[1].propose("three are enough");
    wait_until_agreed(&nodes, &["tea", "three are enough"]);
    nodes.pop().unwrap().stop();
    for node in &nodes {
        wait_until("the node has left", || node.trusts() == ["n1", "n2"]);
    }
    let alone = nodes[0].post("/propose?wait_ms=3000", r#"{"note": "two are not"}"#);
    assert_eq!(alone.status, 202, "{}", text(&alone.body));
    nodes.push(network.start("n4", &[]));
    nodes.push(network.start("n3", &[]));
    wait_until_agreed(&nodes, &["tea", "three are enough", "two are not"]);
    assert_eq!(nodes[0].counter("logs_that_differ"), 0);
}

/// The unsafe policy `--forget-after-ms`: silent nodes are removed from quorum sets, down to `--min-nodes`.
#[test]
fn silent_nodes_are_forgotten_under_the_unsafe_policy() {
    let network = Network::new();
    let more = ["--min-nodes", "2", "--forget-after-ms", "2500"];
    let mut nodes = network.start_many(4, &more);
    wait_until_together(&nodes);
    nodes[0].propose("tea");
    wait_until_agreed(&nodes, &["tea"]);
    nodes.pop().unwrap().kill();
    nodes.pop().unwrap().kill();
    for node in &nodes {
        wait_until("the silent nodes are forgotten", || {
            node.trusts() == ["n1", "n2"]
        });
    }
    nodes[1].propose("just the two of us");
    wait_until_agreed(&nodes, &["tea", "just the two of us"]);
    for name in ["n3", "n4"] {
        nodes.push(network.start(name, &more));
    }
    wait_until_together(&nodes);
    wait_until_agreed(&nodes, &["tea", "just the two of us"]);
}

#[test]
fn a_given_quorum_set_is_used_unchanged() {
    let network = Network::new();
    let keys = ["n1", "n2", "n3"].map(|name| network.identity(name).key().to_string());
    let set = json!({
        "threshold": 2,
        "validators": [keys[0], keys[1]],
        "inner": [{ "threshold": 1, "validators": [keys[2]] }],
    });
    let trust = network.file("trust.json", set.to_string());
    // No beacon is needed: a node with a fixed quorum set announces itself.
    let more = ["--trust", trust.as_str()];
    let nodes = ["n1", "n2", "n3"].map(|name| network.start(name, &more));
    let mut nodes = Vec::from(nodes);
    for (node, key) in nodes.iter().zip(&keys) {
        assert_eq!(node.id.to_string(), *key);
        wait_until("the node is ready to vote", || {
            node.status().readiness == "ready"
        });
        let used = serde_json::to_value(node.status().quorum_set).unwrap();
        assert_eq!(used, set);
        let view = wait_for("the node knows the others", || {
            let view = node.peers();
            (view.peers.len() == 2).then_some(view)
        });
        assert_eq!(view.policy, "fixed");
        for peer in view.peers {
            assert!(peer.is_trusted);
            assert_eq!(peer.why, "named in the quorum set");
        }
    }
    nodes[0].propose("tea");
    wait_until_agreed(&nodes, &["tea"]);

    // A node outside the quorum set follows the log, but its messages do not count.
    let outsider = network.start("n4", &more);
    wait_until("the outsider has the log", || outsider.notes() == ["tea"]);
    let answer = outsider.post("/propose", r#"{"note": "poison"}"#);
    assert_eq!(answer.status, 202, "{}", text(&answer.body));
    for node in &nodes {
        wait_until("messages of the outsider are refused", || {
            node.counter("messages_of_outsiders") > 0
        });
        assert!(!node.trusts().contains(&"n4".to_owned()));
    }
    nodes.remove(1).kill();
    nodes[0].propose("cake");
    wait_until_agreed(&nodes, &["tea", "cake"]);
    wait_until("the outsider follows the log", || {
        outsider.notes() == ["tea", "cake"]
    });
}

#[test]
fn a_node_leaves_when_its_standard_input_is_closed() {
    let network = Network::new();
    let mut nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    let mut ending = nodes.pop().unwrap();
    ending.close_stdin();
    assert_eq!(ending.ended().code(), Some(0));
    for node in &nodes {
        wait_until("the node has left", || node.trusts() == ["n1", "n2", "n3"]);
    }
    let store: PathBuf = network.path("n4");
    assert!(store.is_dir(), "the data of the node is kept");
}
