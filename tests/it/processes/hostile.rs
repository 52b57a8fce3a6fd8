//! Strangers and slow clients: they cost a node little, and other calls are answered meanwhile.

use super::harness::{Network, NodeProcess, call, text, wait_for, wait_until};
use quorumscope::live::identity::Identity;
use quorumscope::live::wire::{WireBody, WireBundle, WireMessage};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Deadline of a read from a raw connection. Only a failing test takes this long.
const READ_TIMEOUT: Duration = Duration::from_secs(120);

/// Starts a node that decides alone.
fn lone_node(network: &Network, more: &[&str]) -> NodeProcess {
    let own = network.identity("n1");
    let set = json!({ "threshold": 1, "validators": [own.key().to_string()] });
    let trust = network.file("trust.json", set.to_string());
    let node = network.start("n1", &[&["--trust", &trust], more].concat());
    node.propose("first");
    node
}

/// A bundle of a stranger of nearly 4 MiB, as a body: 15,000 messages. All signatures are valid, so that a check of them
/// would not end early.
pub(crate) fn strange_bundle(network: &str) -> Vec<u8> {
    let stranger = Identity::new([9; 32]);
    let message = WireMessage {
        sender: stranger.key(),
        nth: 1,
        to: None,
        housekeeping: false,
        body: WireBody::PeersQuestion,
    };
    let bundle = WireBundle {
        from: stranger.key(),
        messages: vec![message.sign(&stranger, network).unwrap(); 15_000],
    };
    serde_json::to_vec(&bundle.sign(&stranger, network).unwrap()).unwrap()
}

fn connect(node: &NodeProcess) -> TcpStream {
    let place = node.url.strip_prefix("http://").unwrap();
    let stream = TcpStream::connect(place).unwrap();
    stream.set_read_timeout(Some(READ_TIMEOUT)).unwrap();
    stream
}

#[test]
fn a_strangers_bundle_is_refused_before_it_is_received() {
    let network = Network::new();
    let node = lone_node(&network, &[]);
    let body = strange_bundle(&network.name);
    assert!(
        body.len() > 3_500_000 && body.len() < 4 << 20,
        "{}",
        body.len()
    );
    let mut stream = connect(&node);
    let head = format!(
        "POST /relay HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The rest of the bundle is never sent.
    stream.write_all(&body[..1_000]).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    let response = text(&response);
    assert!(response.starts_with("HTTP/1.1 403 "), "{response}");
    let why = "the relaying node has not announced itself";
    assert!(response.contains(why), "{response}");
    assert_eq!(node.counter("bundles_of_outsiders"), 1);
}

/// Proposes 100 notes one after another. Returns how long each decision took, in ascending order.
fn decide_notes(node: &NodeProcess, name: &str) -> Vec<Duration> {
    let mut waits: Vec<Duration> = (0..100)
        .map(|nth| {
            let begun = Instant::now();
            node.propose(&format!("{name} {nth}"));
            begun.elapsed()
        })
        .collect();
    waits.sort();
    waits
}

#[test]
fn notes_are_decided_while_strangers_relay() {
    let network = Network::new();
    let node = lone_node(&network, &[]);
    let body = strange_bundle(&network.name);
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let url = format!("{}/relay", node.url);
    let before = decide_notes(&node, "before");
    let waits = thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    // The node may close the connection before it has received the whole body.
                    let headers = [("content-type", "application/json")];
                    if let Ok(answer) = call("POST", &url, &headers, &body) {
                        assert_eq!(answer.status, 403, "{}", text(&answer.body));
                    }
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        wait_until("strangers call", || calls.load(Ordering::Relaxed) > 20);
        let waits = decide_notes(&node, "during");
        stop.store(true, Ordering::Relaxed);
        waits
    });
    let calls = calls.load(Ordering::Relaxed);
    println!(
        "a note, before: median {:?}, p99 {:?}; during {calls} calls of strangers: median {:?}, p99 {:?}",
        before[50], before[98], waits[50], waits[98]
    );
    // The signature checks of one call would take about a second.
    let limit = Duration::from_secs(1).max(3 * before[98]);
    assert!(waits[98] < limit, "{waits:?}");
    assert_eq!(node.get("/healthz").status, 204);
}

#[test]
fn slow_readers_leave_places_and_are_disconnected() {
    let network = Network::new();
    let node = lone_node(&network, &["--client-timeout-ms", "1000"]);
    // More than the operating system buffers.
    let sha256 = node.propose_file("large.bin", &vec![7; 16 << 20]);
    let download = format!("GET /files/{sha256} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut readers: Vec<TcpStream> = (0..520)
        .map(|_| {
            let mut stream = connect(&node);
            drop(stream.write_all(download.as_bytes()));
            stream
        })
        .collect();
    assert_eq!(node.get("/healthz").status, 204);
    let vote = node.post("/vote", r#"{"messages": []}"#);
    assert_eq!(vote.status, 422, "{}", text(&vote.body));
    node.propose("meanwhile");
    let streams: Vec<u16> = (0..60)
        .map(|_| first_status(&mut connect(&node), "/events"))
        .collect();
    assert_eq!(node.get("/healthz").status, 204);
    assert!(streams.contains(&200), "{streams:?}");
    // After three times the timeout without a byte read, the connections are closed.
    let mut first = readers.swap_remove(0);
    thread::sleep(Duration::from_secs(5));
    let mut received = Vec::new();
    let read = first.read_to_end(&mut received);
    assert!(received.len() < 16 << 20, "{read:?}, {}", received.len());
    // Then there are places for others.
    drop(readers);
    wait_until("a download is answered", || {
        node.get(&format!("/files/{sha256}")).body.len() == 16 << 20
    });
}

#[test]
fn event_streams_have_fewer_places_than_other_calls() {
    let network = Network::new();
    let node = lone_node(&network, &[]);
    let mut streams: Vec<TcpStream> = (0..60).map(|_| connect(&node)).collect();
    let answers = streams.iter_mut();
    let statuses: Vec<u16> = answers
        .map(|stream| first_status(stream, "/events"))
        .collect();
    let open = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!((open, statuses[59]), (48, 503), "{statuses:?}");
    assert_eq!(node.get("/healthz").status, 204);
    drop(streams);
    wait_for("a place is free again", || {
        (first_status(&mut connect(&node), "/events") == 200).then_some(())
    });
}

/// The status of the answer to a `GET` of `path`.
fn first_status(stream: &mut TcpStream, path: &str) -> u16 {
    let call = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    stream.write_all(call.as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    text(&status[9..]).parse().unwrap()
}
