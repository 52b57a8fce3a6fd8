//! Floods of calls and slow readers at one of five nodes, which goes on deciding.

use super::Folder;
use super::clients::propose_all;
use super::invariants::{check_logs, wait_until_idle};
use super::lan::{Lan, is_inside};
use super::load::{TOKEN, plans};
use super::measurements::{self, Latencies, Usage};
use super::node::{NodeProcess, Plan};
use super::rest::Rest;
use crate::processes::hostile::strange_bundle;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const MACHINES: usize = 5;
const PROPOSALS: usize = 400;
const CONNECTIONS: usize = 5;
/// Strangers that relay at the same time.
const STRANGERS: usize = 10;
/// Clients that download a file and do not read it.
const SLOW_READERS: usize = 520;

/// Five nodes, and what their clients have measured.
pub(super) struct Fixture {
    nodes: Vec<NodeProcess>,
    places: Vec<SocketAddr>,
    rest: Rest,
    // Kept alive: the network and the data of the nodes.
    _lan: Lan,
    _folder: Folder,
}

impl Fixture {
    pub(super) fn new() -> Fixture {
        let (lan, folder) = (Lan::new(MACHINES), Folder::new());
        let plans = plans(&lan, folder.path(), MACHINES, &[]);
        Fixture::start(lan, folder, &plans)
    }

    /// Nodes with a fixed quorum set, which `file` makes of their ids.
    pub(super) fn with_quorum_set(file: impl Fn(&[String]) -> String) -> Fixture {
        let (lan, folder) = (Lan::new(MACHINES), Folder::new());
        let ids: Vec<String> = plans(&lan, folder.path(), MACHINES, &[])
            .iter()
            .map(Plan::id)
            .collect();
        let path = folder.path().join("trust.json");
        std::fs::write(&path, file(&ids)).unwrap();
        let option = format!("--trust={}", path.display());
        let plans = plans(&lan, folder.path(), MACHINES, &[&option]);
        Fixture::start(lan, folder, &plans)
    }

    fn start(lan: Lan, folder: Folder, plans: &[Plan]) -> Fixture {
        let nodes: Vec<NodeProcess> = plans.iter().map(Plan::start).collect();
        let places: Vec<SocketAddr> = nodes.iter().map(|node| node.http).collect();
        let rest = Rest::new(Duration::from_secs(30), Some(TOKEN));
        wait_until_idle(&rest, &places);
        Fixture {
            nodes,
            places,
            rest,
            _lan: lan,
            _folder: folder,
        }
    }

    pub(super) fn nodes(&self) -> &[NodeProcess] {
        &self.nodes
    }

    /// Proposes at all nodes, prints how long the decisions took, and checks the logs.
    pub(super) fn propose(&self, title: &str) -> Latencies {
        let since = Instant::now();
        let done = AtomicUsize::new(0);
        let results = propose_all(PROPOSALS, CONNECTIONS, TOKEN, &self.places, &done);
        let took = since.elapsed();
        let slots = wait_until_idle(&self.rest, &self.places);
        let mut usages = vec![Usage::default(); MACHINES];
        for (usage, node) in usages.iter_mut().zip(&self.nodes) {
            usage.add(node);
        }
        measurements::print(title, took, &results.latencies, &usages, slots);
        check_logs(&self.rest, &self.places, &results.acknowledged);
        results.latencies
    }
}

/// Checks that 99 of 100 decisions took less than a second, or on a slow machine less than twice as long as before.
pub(super) fn check_p99(during: &Latencies, before: &Latencies) {
    let limit_ms = 1_000.max(2 * before.percentile_ms(99));
    assert!(during.percentile_ms(99) < limit_ms);
}

#[test]
#[ignore = "see ./test --full"]
fn five_nodes_decide_while_strangers_relay() {
    if !is_inside("fault_injection::hostile::five_nodes_decide_while_strangers_relay") {
        return;
    }
    let fixture = Fixture::new();
    let before = fixture.propose("5 nodes, before the flood");
    let body = strange_bundle("quorumscope");
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let url = format!("http://{}/relay", fixture.places[0]);
    let latencies = thread::scope(|scope| {
        for _ in 0..STRANGERS {
            scope.spawn(|| {
                let agent = ureq::Agent::new_with_defaults();
                while !stop.load(Ordering::Relaxed) {
                    let call = agent.post(&url).content_type("application/json");
                    // Every call is refused, and the connection may break before that is read.
                    drop(call.send(&body[..]));
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let latencies = fixture.propose("5 nodes, 10 strangers relay bundles of 4 MB to node 0");
        stop.store(true, Ordering::Relaxed);
        latencies
    });
    println!("  {} calls of strangers", calls.load(Ordering::Relaxed));
    check_p99(&latencies, &before);
}

#[test]
#[ignore = "see ./test --full"]
fn five_nodes_decide_while_slow_readers_download() {
    if !is_inside("fault_injection::hostile::five_nodes_decide_while_slow_readers_download") {
        return;
    }
    let fixture = Fixture::new();
    let before = fixture.propose("5 nodes, before the slow readers");
    let node = fixture.places[0];
    let stored = fixture.rest.file(node, "large.bin", &vec![7; 32 << 20]);
    let (_, proposal) = stored.unwrap();
    let sha256 = proposal["proposal"]["file"]["sha256"].as_str().unwrap();
    let download = format!("GET /files/{sha256} HTTP/1.1\r\nhost: n0\r\n\r\n");
    let readers: Vec<TcpStream> = (0..SLOW_READERS)
        .filter_map(|_| {
            let mut stream = TcpStream::connect(node).ok()?;
            // The node closes connections above the share of this address.
            stream.write_all(download.as_bytes()).ok()?;
            Some(stream)
        })
        .collect();
    let latencies = fixture.propose("5 nodes, 520 slow readers at node 0");
    println!(
        "  {} connections of slow readers were opened",
        readers.len()
    );
    check_p99(&latencies, &before);
    let health = fixture.rest.get(node, "/healthz").unwrap();
    assert_eq!(health.0, 204);
}
