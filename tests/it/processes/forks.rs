//! A fork is stated although the logs have different lengths.

use super::harness::{Network, NodeProcess, text, wait_for, wait_until};
use super::rest::check;
use crate::attach::{Watcher, opened};
use quorumscope::live::attach::{AttachOptions, Targets};
use quorumscope::live::identity::Identity;
use serde_json::json;
use std::time::{Duration, Instant};

/// Starts a node that decides alone, and trusts another one.
fn start(network: &Network, name: &str, keys: &[Identity]) -> NodeProcess {
    let keys: Vec<String> = keys.iter().map(|key| key.key().to_string()).collect();
    let set = json!({ "threshold": 1, "validators": keys });
    let trust = network.file("trust.json", set.to_string());
    network.start(name, &["--trust", &trust, "--on-stop", "pause"])
}

#[test]
fn a_fork_below_the_heads_is_stated_by_both_nodes() {
    let mut network = Network::new();
    let keys = [network.identity("n1"), network.identity("n2")];
    let first = start(&network, "n1", &keys);
    // On another port it is alone.
    let port = std::mem::replace(&mut network.port, Network::new().port);
    let second = start(&network, "n2", &keys);
    for note in ["tea", "cake", "jam"] {
        first.propose(note);
    }
    second.propose("coffee");
    let hash = |node: &NodeProcess| node.status().log.hash;
    assert_ne!(hash(&first), hash(&second));
    assert_eq!(first.get("/healthz").status, 204);
    first.stop();
    second.stop();
    network.port = port;
    let nodes = ["n1", "n2"].map(|name| start(&network, name, &keys));
    wait_until("the nodes know each other", || {
        nodes.iter().all(|node| {
            let others = node.status().nodes;
            others.iter().any(|other| other.is_reachable == Some(true))
        })
    });
    let met = Instant::now();
    for node in &nodes {
        wait_for("the fork is stated", || {
            let answer = node.get("/healthz");
            (answer.status == 503).then(|| check(&answer, 503, "the network has forked"))
        });
    }
    let elapsed = met.elapsed();
    println!("the fork is stated after {elapsed:?}");
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    for (node, other) in nodes.iter().zip(nodes.iter().rev()) {
        let forks = node.status().forks;
        assert_eq!(forks.len(), 1);
        assert_eq!((forks[0].id, forks[0].is_trusted), (other.id, true));
        assert!(node.counter("logs_that_differ") >= 1);
        assert!(
            node.log().contains("the network has forked"),
            "{}",
            node.log()
        );
        let metrics = text(&node.get("/metrics").body);
        assert!(metrics.contains("\nquorumscope_forked 1\n"), "{metrics}");
    }
    // A window that is attached to one of them finds the other one, and shows the fork.
    let targets = || Targets {
        urls: vec![nodes[0].url.clone()],
        found: None,
    };
    let session = opened(targets, &AttachOptions::default());
    let mut watcher = Watcher::of(session);
    watcher.wait("the window shows the fork", |world| world.fork().is_some());
    let (slot, nodes_by_value) = watcher.world.fork().unwrap();
    assert_eq!((slot.0, nodes_by_value.len()), (1, 2));
}
