//! The normal case: nodes discover each other, decide notes, and answer queries.

use super::harness::{
    Network, NodeProcess, own_file, quorumscope, text, wait_for, wait_until, wait_until_agreed,
    wait_until_together,
};
use crate::attach::{Watcher, opened};
use crate::cluster::{agreed, all_ready};
use quorumscope::live::attach::{AttachOptions, Targets};
use quorumscope::live::listen;
use quorumscope::live::wire::Datagram;
use quorumscope::node::AnnouncementKind;
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

/// A socket that receives the broadcasts of this network.
fn listener(port: u16) -> UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_reuse_address(true).unwrap();
    let any: SocketAddr = format!("0.0.0.0:{port}").parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(120)))
        .unwrap();
    socket.into()
}

/// Node name and kind of the next announcement in this network.
fn heard(socket: &UdpSocket, network: &str) -> (String, AnnouncementKind) {
    let mut buffer = [0; 2048];
    loop {
        let (length, _) = socket.recv_from(&mut buffer).unwrap();
        if let Ok((announcement, _)) = Datagram::read(&buffer[..length], network) {
            return (announcement.name, announcement.kind);
        }
    }
}

#[test]
fn nodes_are_silent_until_a_beacon_then_trust_each_other_and_decide() {
    let network = Network::new();
    let ears = listener(network.port);
    let more = ["--min-nodes", "5"];
    let start = |name, threshold: &[&str]| network.start(name, &[&more[..], threshold].concat());
    let mut nodes = vec![
        start("n2", &["--threshold", "majority"]),
        start("n3", &["--threshold", "5"]),
        start("n4", &["--threshold", "4"]),
        start("n5", &["--threshold", "2/3"]),
    ];
    for node in &nodes {
        // This is longer than the announcement interval of a beacon.
        wait_until("the node has run for a while", || {
            node.status().uptime_ms > 1_500
        });
        let status = node.status();
        assert_eq!(status.readiness, "discovering", "{}", node.name);
        assert_eq!(status.nodes.len(), 0, "{}", node.name);
        assert_eq!(node.counter("datagrams_sent"), 0, "{}", node.name);
    }
    nodes.push(start("n1", &["--beacon"]));
    let first = heard(&ears, &network.name);
    assert_eq!(first, ("n1".to_owned(), AnnouncementKind::Beacon));
    wait_until_together(&nodes);
    for (node, threshold) in nodes.iter().zip([3, 5, 4, 4, 4]) {
        let set = node.status().quorum_set.unwrap();
        assert_eq!(set.threshold, threshold, "{}", node.name);
        let mut ids: Vec<_> = nodes.iter().map(|node| node.id).collect();
        let mut named = set.validators;
        ids.sort();
        named.sort();
        assert_eq!(named, ids, "{}", node.name);
        assert!(set.inner.is_empty());
    }
    check_peers(&nodes);
    check_notes(&nodes);
    check_questions(&nodes);
    check_propose_command(&nodes[1].url);
}

/// A passive listener discovers all nodes, and no node discovers it.
#[test]
fn a_passive_listener_discovers_nodes_by_their_announcements() {
    let network = Network::new();
    let nodes = network.start_many(4, &[]);
    wait_until_together(&nodes);
    let broadcast = SocketAddr::from(([127, 255, 255, 255], network.port));
    let targets = || Targets {
        urls: Vec::new(),
        found: Some(listen(broadcast, &network.name).unwrap()),
    };
    let mut watcher = Watcher::of(opened(targets, &AttachOptions::default()));
    watcher.wait("all are attached and ready", |world| {
        world.nodes.len() == 4 && all_ready(world)
    });
    nodes[2].propose("tea");
    watcher.wait("all agree", |world| agreed(world, 1));
    assert!(nodes.iter().all(|node| node.status().nodes.len() == 3));
}

/// The trusted-node service lists all nodes, their addresses, and why they are known.
fn check_peers(nodes: &[NodeProcess]) {
    for node in nodes {
        let view = wait_for("the node has reached all others", || {
            let view = node.peers();
            let reached = view
                .peers
                .iter()
                .all(|peer| peer.is_reachable == Some(true));
            reached.then_some(view)
        });
        assert_eq!((view.id, view.policy.as_str()), (node.id, "found"));
        assert_eq!(view.peers.len(), nodes.len() - 1);
        for other in nodes.iter().filter(|other| other.id != node.id) {
            let peer = view.peers.iter().find(|peer| peer.id == other.id).unwrap();
            assert_eq!(peer.name, other.name);
            assert!(peer.is_trusted);
            assert_eq!(format!("http://{}", peer.http.unwrap()), other.url);
            let why = ["received its announcement", "reported by "];
            assert!(
                why.iter().any(|why| peer.why.starts_with(why)),
                "{}",
                peer.why
            );
        }
    }
}

/// All nodes propose at the same time.
fn check_notes(nodes: &[NodeProcess]) {
    let notes = ["tea", "cake", "scones", "jam", "cream"];
    thread::scope(|scope| {
        for (node, note) in nodes.iter().zip(notes) {
            scope.spawn(move || assert_eq!(node.propose(note).0, 1));
        }
    });
    wait_until_agreed(nodes, &notes);
    let log = nodes[0].status().log;
    let slots: Vec<u64> = log.entries.iter().map(|entry| entry.slot).collect();
    assert_eq!(slots, (1..=log.index).collect::<Vec<u64>>());
    assert_eq!(
        nodes[0].notes().len(),
        notes.len(),
        "nothing is recorded twice"
    );
}

/// Checks parts of the log, the logs of all nodes, health, metrics, and the OpenAPI description.
fn check_questions(nodes: &[NodeProcess]) {
    let node = &nodes[0];
    let part = node.get("/status?from_slot=1&limit=1").json();
    assert_eq!(part["log"]["entries"].as_array().unwrap().len(), 1);
    assert_eq!(part["log"]["entries"][0]["slot"], 1);
    let all = wait_for("all nodes answer", || node.status_of_all());
    for other in all["all"].as_array().unwrap() {
        assert_eq!(other["log"]["entries"], all["log"]["entries"]);
    }
    assert_eq!(all["all"].as_array().unwrap().len(), nodes.len() - 1);
    assert_eq!(node.get("/healthz").status, 204);
    let metrics = node.get("/metrics");
    assert!(metrics.header("content-type").starts_with("text/plain"));
    let metrics = text(&metrics.body);
    for line in ["quorumscope_known_nodes 5", "quorumscope_ready 1"] {
        assert!(metrics.lines().any(|one| one == line), "{line}: {metrics}");
    }
    let described = node.get("/openapi.json").json();
    for path in ["/propose", "/vote", "/peers", "/status", "/files/{sha256}"] {
        assert!(described["paths"][path].is_object(), "{path}");
    }
    let scheme = &described["components"]["securitySchemes"]["token"];
    assert_eq!(
        (&scheme["type"], &scheme["scheme"]),
        (&"http".into(), &"bearer".into())
    );
    for (path, method) in [("/propose", "post"), ("/events", "get")] {
        let asks = described["paths"][path][method]["security"]
            .as_array()
            .unwrap();
        assert!(
            asks.iter().any(|one| one["token"].is_array()),
            "{path}: {asks:?}"
        );
        assert!(
            asks.iter().any(|one| one.as_object().unwrap().is_empty()),
            "{path}: the token is optional"
        );
    }
}

/// Checks the output and the exit codes of `quorumscope propose`.
fn check_propose_command(url: &str) {
    let propose = |args: &[&str]| {
        let output = quorumscope(&[&["propose", "--to"], args].concat());
        let code = output.status.code().unwrap();
        (code, text(&output.stdout), text(&output.stderr))
    };
    let (code, out, error) = propose(&[url, "--note", "biscuits"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(out.contains(": agreed in slot "), "{out}");
    let (code, out, _) = propose(&[url, "--note", "milk", "--wait-ms", "0"]);
    assert_eq!(code, 0);
    assert!(out.contains(": pending"), "{out}");
    let photo = own_file("assets/photo.jpg");
    let (code, out, error) = propose(&[url, "--file", photo.to_str().unwrap()]);
    assert_eq!((code, error.as_str()), (0, ""), "{out}");
    let mut lines: Vec<&str> = out.lines().collect();
    assert!(lines.remove(0).contains(": agreed in slot "), "{out}");
    lines.sort_unstable();
    let everywhere = ["n1", "n2", "n3", "n4", "n5"].map(|name| format!("backed up at {name}"));
    assert_eq!(lines, everywhere);

    let refused = |args: &[&str], why: &str| {
        let (code, out, error) = propose(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {error}");
        assert!(error.contains(why), "{args:?}: {error}");
    };
    refused(
        &["nowhere", "--note", "tea"],
        "expected the address of a node",
    );
    let closed = "http://127.0.0.1:9";
    refused(&[closed, "--note", "tea"], "is a node running there?");
    refused(&[url, "--note", ""], "it is empty, too long");
    refused(&[url, "--file", "/nowhere/photo.jpg"], "photo.jpg: ");
    refused(&[url, "--file", "/"], "expected a file with a name");
}

#[test]
fn a_proposal_that_cannot_be_decided_stays_undecided() {
    let network = Network::new();
    let alone = network.start("n1", &["--beacon", "--proposal-ttl-ms", "5000"]);
    let output = quorumscope(&[
        "propose",
        "--to",
        &alone.url,
        "--note",
        "tea",
        "--wait-ms",
        "1",
    ]);
    assert_eq!(output.status.code(), Some(3));
    let out = text(&output.stdout);
    assert!(out.contains(": still pending after 1 ms"), "{out}");
    // The command waits longer than the time to live of the proposal.
    let output = quorumscope(&["propose", "--to", &alone.url, "--note", "cake"]);
    assert_eq!(output.status.code(), Some(3));
    let out = text(&output.stdout);
    assert!(
        out.contains(": rejected, because it was not decided in time"),
        "{out}"
    );
    assert_eq!(alone.status().log.index, 0);
    wait_until("both have expired", || alone.status().pool.is_empty());
}
