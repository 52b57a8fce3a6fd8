//! Load test: ten thousand proposals at seven machines, with and without faults.

use super::Folder;
use super::clients::{ClientResults, propose_all};
use super::invariants::{check_logs, wait_until_idle};
use super::lan::{Lan, is_inside};
use super::measurements::{self, Usage};
use super::node::{NodeProcess, Plan};
use super::rest::Rest;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const MACHINES: usize = 7;
const PROPOSALS: usize = 10_000;
const CONNECTIONS: usize = 16 * MACHINES;
pub(crate) const TOKEN: &str = "0123456789-full-0123456789";

/// The nodes of a LAN: one per machine.
pub(crate) fn plans(lan: &Lan, folder: &Path, machines: usize, options: &[&str]) -> Vec<Plan> {
    let token = folder.join("token");
    fs::write(&token, TOKEN).unwrap();
    let plan = |machine: usize| {
        let mut all: Vec<String> = vec![
            format!("--http={}:8000", lan.address(machine)),
            format!("--broadcast={}", Lan::BROADCAST),
            format!("--token-file={}", token.display()),
            format!("--min-nodes={machines}"),
            "--calls-per-second=1000000".to_owned(),
            "--proposal-ttl-ms=3600000".to_owned(),
        ];
        if machine == 0 {
            all.push("--beacon".to_owned());
        }
        all.extend(options.iter().map(|option| (*option).to_owned()));
        Plan {
            name: format!("n{machine}"),
            folder: folder.to_owned(),
            options: all,
            namespace: Some(lan.namespace(machine)),
        }
    };
    (0..machines).map(plan).collect()
}

/// The faults during the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Faults {
    None,
    /// A node is killed and restarted; then a link is cut and restored.
    Some,
}

fn run_load(faults: Faults) {
    let lan = Lan::new(MACHINES);
    let folder = Folder::new();
    let plans = plans(&lan, folder.path(), MACHINES, &[]);
    let mut nodes: Vec<NodeProcess> = plans.iter().map(Plan::start).collect();
    let places: Vec<SocketAddr> = nodes.iter().map(|node| node.http).collect();
    let rest = Rest::new(Duration::from_secs(30), Some(TOKEN));
    wait_until_idle(&rest, &places);
    let mut usages = vec![Usage::default(); MACHINES];
    let done = AtomicUsize::new(0);
    let since = Instant::now();
    let results: ClientResults = thread::scope(|scope| {
        let propose_all =
            scope.spawn(|| propose_all(PROPOSALS, CONNECTIONS, TOKEN, &places, &done));
        if faults == Faults::Some {
            let wait_for = |share: usize| {
                while done.load(Ordering::Relaxed) < PROPOSALS * share / 100
                    && !propose_all.is_finished()
                {
                    thread::sleep(Duration::from_millis(20));
                }
            };
            wait_for(20);
            usages[2].add(&nodes[2]);
            nodes.remove(2).kill();
            thread::sleep(Duration::from_secs(1));
            nodes.insert(2, plans[2].start());
            wait_for(50);
            lan.cut(4);
            thread::sleep(Duration::from_secs(3));
            lan.heal(4);
        }
        propose_all.join().unwrap()
    });
    let took = since.elapsed();
    let slots = wait_until_idle(&rest, &places);
    for (usage, node) in usages.iter_mut().zip(&nodes) {
        usage.add(node);
    }
    measurements::print(
        &format!("{MACHINES} nodes, faults: {faults:?}"),
        took,
        &results.latencies,
        &usages,
        slots,
    );
    println!("  {} calls failed and were repeated", results.unanswered);
    let decided = check_logs(&rest, &places, &results.acknowledged);
    let mut notes: Vec<&String> = decided.values().map(|(_, note)| note).collect();
    notes.sort_unstable();
    notes.dedup();
    assert_eq!(notes.len(), PROPOSALS, "every note is in the log");
    if faults == Faults::None {
        assert_eq!(decided.len(), PROPOSALS, "nothing is in the log twice");
    }
}

#[test]
#[ignore = "see ./test --full"]
fn ten_thousand_proposals_are_decided_once_each() {
    if is_inside("fault_injection::load::ten_thousand_proposals_are_decided_once_each") {
        run_load(Faults::None);
    }
}

#[test]
#[ignore = "see ./test --full"]
fn ten_thousand_proposals_survive_a_kill_and_a_cut() {
    if is_inside("fault_injection::load::ten_thousand_proposals_survive_a_kill_and_a_cut") {
        run_load(Faults::Some);
    }
}
