//! Clients that propose continuously at all running nodes and record which proposals were acknowledged.

use super::TestRng;
use super::invariants::Acknowledged;
use super::measurements::Latencies;
use super::rest::Rest;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The addresses of the nodes; `None` while a node is down.
pub(crate) type Addresses = Arc<Mutex<Vec<Option<SocketAddr>>>>;

/// The results of all clients.
#[derive(Debug, Default)]
pub(crate) struct ClientResults {
    pub(crate) acknowledged: Vec<Acknowledged>,
    /// Hashes of all files that clients have tried to upload.
    pub(crate) files: BTreeSet<String>,
    pub(crate) latencies: Latencies,
    /// Calls that were refused temporarily, or got no response.
    pub(crate) unanswered: u64,
}

impl ClientResults {
    fn extend(&mut self, other: ClientResults) {
        self.acknowledged.extend(other.acknowledged);
        self.files.extend(other.files);
        self.latencies.extend(other.latencies);
        self.unanswered += other.unanswered;
    }
}

/// Clients that propose until they are stopped.
pub(crate) struct Clients {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<ClientResults>>,
}

impl Clients {
    /// Starts this many clients that propose notes, and one that proposes files.
    pub(crate) fn start(clients: u64, seed: u64, addresses: &Addresses) -> Clients {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..=clients).map(|client| {
            let (stop, addresses) = (Arc::clone(&stop), Arc::clone(addresses));
            let rng = TestRng::new(seed.wrapping_add(client + 1));
            thread::spawn(move || propose_until(&stop, &addresses, client, rng))
        });
        Clients {
            clients: clients.collect(),
            stop,
        }
    }

    /// Stops the clients and returns their results.
    pub(crate) fn stop(self) -> ClientResults {
        self.stop.store(true, Ordering::Relaxed);
        let mut results = ClientResults::default();
        for client in self.clients {
            results.extend(client.join().unwrap());
        }
        results
    }
}

fn propose_until(
    stop: &AtomicBool,
    addresses: &Addresses,
    client: u64,
    mut rng: TestRng,
) -> ClientResults {
    let rest = Rest::new(Duration::from_secs(30), None);
    let mut results = ClientResults::default();
    for nth in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let places = addresses.lock().unwrap().clone();
        let Some(http) = places[rng.between(0, places.len() as u64) as usize] else {
            continue;
        };
        let answer = if client == 0 {
            thread::sleep(Duration::from_millis(rng.between(100, 500)));
            let size = rng.between(10_000, 2_000_000) as usize;
            let content = rng.bytes(size);
            let digest = Sha256::digest(&content);
            results
                .files
                .insert(digest.iter().map(|byte| format!("{byte:02x}")).collect());
            // Some names are used again with other content.
            rest.file(http, &format!("file-{}.bin", nth % 50), &content)
        } else {
            thread::sleep(Duration::from_millis(rng.between(0, 50)));
            let wait_ms = [0, 0, 200, 3_000][rng.between(0, 4) as usize];
            rest.note(http, &format!("note {nth} of client {client}"), wait_ms)
        };
        match answer {
            Ok((200 | 202, answer)) => results.acknowledged.push(Acknowledged::read(&answer)),
            Ok((408 | 429 | 503, _)) | Err(_) => results.unanswered += 1,
            Ok((status, answer)) => panic!("status {status}: {answer}"),
        }
    }
    results
}

/// Proposes `count` notes on `connections` connections, spread over all nodes, and waits for each decision. Calls that
/// fail are retried at another node.
pub(crate) fn propose_all(
    count: usize,
    connections: usize,
    token: &str,
    nodes: &[SocketAddr],
    done: &AtomicUsize,
) -> ClientResults {
    let next = AtomicUsize::new(0);
    let mut results = ClientResults::default();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..connections)
            .map(|client| {
                let next = &next;
                scope.spawn(move || {
                    let rest = Rest::new(Duration::from_secs(620), Some(token));
                    let mut results = ClientResults::default();
                    let mut node = client;
                    loop {
                        let nth = next.fetch_add(1, Ordering::Relaxed);
                        if nth >= count {
                            return results;
                        }
                        let proposal =
                            propose_until_decided(&rest, nodes, &mut node, nth, &mut results);
                        results.acknowledged.push(proposal);
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        for client in clients {
            results.extend(client.join().unwrap());
        }
    });
    results
}

fn propose_until_decided(
    rest: &Rest,
    nodes: &[SocketAddr],
    node: &mut usize,
    nth: usize,
    results: &mut ClientResults,
) -> Acknowledged {
    let since = Instant::now();
    loop {
        match rest.note(nodes[*node % nodes.len()], &format!("note {nth}"), 600_000) {
            Ok((200, answer)) => {
                results.latencies.add(since.elapsed());
                return Acknowledged::read(&answer);
            }
            Ok((429 | 503, _)) => thread::sleep(Duration::from_millis(100)),
            // Acknowledged, but not decided in time.
            Ok((202, answer)) => results.acknowledged.push(Acknowledged::read(&answer)),
            Ok((status, answer)) => panic!("status {status}: {answer}"),
            Err(_) => {
                thread::sleep(Duration::from_millis(100));
                *node += 1;
            }
        }
        results.unanswered += 1;
    }
}
