//! Strangers: they cost a node little, and other calls are answered meanwhile.

use super::harness::{Network, NodeProcess, call, text, wait_until};
use quorumscope::live::identity::{Identity, SignaturePurpose};
use quorumscope::live::wire::{Signed, WireBundle};
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

/// A bundle of a stranger of nearly 4 MiB, as a body: 17,500 messages whose signatures are invalid.
fn strange_bundle(network: &Network) -> Vec<u8> {
    let stranger = Identity::new([9; 32]);
    let content = json!({ "sender": stranger.key().to_string(), "nth": 1 });
    let name = &network.name;
    let signed = Signed::new(&stranger, name, SignaturePurpose::Bundle, &content).unwrap();
    let bundle = WireBundle {
        from: stranger.key(),
        messages: vec![signed; 17_500],
    };
    serde_json::to_vec(&bundle.sign(&stranger, name).unwrap()).unwrap()
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
    let body = strange_bundle(&network);
    assert!(
        body.len() > 4_000_000 && body.len() < 4 << 20,
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

#[test]
fn notes_are_decided_while_strangers_relay() {
    let network = Network::new();
    let node = lone_node(&network, &[]);
    let body = strange_bundle(&network);
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let url = format!("{}/relay", node.url);
    let mut waits = thread::scope(|scope| {
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
        let waits: Vec<Duration> = (0..100)
            .map(|nth| {
                let begun = Instant::now();
                node.propose(&format!("note {nth}"));
                begun.elapsed()
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        waits
    });
    waits.sort();
    let calls = calls.load(Ordering::Relaxed);
    println!(
        "median {:?}, p99 {:?}, {calls} calls of strangers",
        waits[50], waits[98]
    );
    // Signature checks of these calls would take minutes.
    assert!(waits[98] < Duration::from_secs(1), "{waits:?}");
    assert_eq!(node.get("/healthz").status, 204);
}
