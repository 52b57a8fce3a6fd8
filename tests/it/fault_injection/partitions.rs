//! Partitions: three machines on a LAN whose links are cut.

use super::invariants::{
    Acknowledged, check_backup_logs, check_files, check_logs, wait_until_idle,
};
use super::lan::{Lan, is_inside};
use super::load::{TOKEN, plans};
use super::node::{NodeProcess, Plan};
use super::rest::Rest;
use super::{Folder, TestRng};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a decision that must not happen.
const NOTHING_MS: u64 = 3_000;

struct ThreeMachines {
    lan: Lan,
    plans: Vec<Plan>,
    nodes: Vec<NodeProcess>,
    rest: Rest,
    acknowledged: Vec<Acknowledged>,
    files: BTreeSet<String>,
    // Dropped after the nodes.
    _folder: Folder,
}

impl ThreeMachines {
    fn new(options: &[&str], prepare: impl FnOnce(&Lan)) -> ThreeMachines {
        let lan = Lan::new(3);
        prepare(&lan);
        let folder = Folder::new();
        let plans = plans(&lan, folder.path(), 3, options);
        let nodes: Vec<NodeProcess> = plans.iter().map(Plan::start).collect();
        let machines = ThreeMachines {
            lan,
            plans,
            nodes,
            rest: Rest::new(Duration::from_secs(130), Some(TOKEN)),
            acknowledged: Vec::new(),
            files: BTreeSet::new(),
            _folder: folder,
        };
        wait_until_idle(&machines.rest, &machines.places());
        machines
    }

    fn places(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.http).collect()
    }

    /// Proposes a note at a node and waits. Returns whether the note was decided.
    fn note(&mut self, at: usize, text: &str, wait_ms: u64) -> bool {
        let (status, answer) = self.rest.note(self.nodes[at].http, text, wait_ms).unwrap();
        assert!(matches!(status, 200 | 202), "{answer}");
        self.acknowledged.push(Acknowledged::read(&answer));
        status == 200
    }

    fn file(&mut self, at: usize, name: &str, content: &[u8]) {
        let digest = Sha256::digest(content);
        self.files
            .insert(digest.iter().map(|byte| format!("{byte:02x}")).collect());
        let (status, answer) = self.rest.file(self.nodes[at].http, name, content).unwrap();
        assert!(matches!(status, 200 | 202), "{answer}");
        self.acknowledged.push(Acknowledged::read(&answer));
    }

    fn status(&self, at: usize) -> Value {
        self.rest.get(self.nodes[at].http, "/status").unwrap().1
    }

    /// Waits until the network is idle and checks all invariants.
    fn check(&self) {
        let places = self.places();
        wait_until_idle(&self.rest, &places);
        check_logs(&self.rest, &places, &self.acknowledged);
        check_backup_logs(&self.rest, &places);
        check_files(&self.rest, &self.plans, &places, &self.files);
    }
}

#[test]
#[ignore = "see ./test --full"]
fn three_machines_find_each_other_and_back_up_a_photo() {
    if !is_inside("fault_injection::partitions::three_machines_find_each_other_and_back_up_a_photo")
    {
        return;
    }
    let mut machines = ThreeMachines::new(&[], |_| {});
    for at in 0..3 {
        assert!(machines.note(at, &format!("tea from {at}"), 120_000));
    }
    let photo = TestRng::new(1).bytes(3_000_000);
    machines.file(1, "photo.jpg", &photo);
    machines.check();
    for plan in &machines.plans {
        let copy = std::fs::read(plan.data().join("files/photo.jpg")).unwrap();
        assert!(copy == photo, "{} has another photo", plan.name);
    }
    // Calls from other machines need the token.
    let outsider = Rest::new(Duration::from_secs(30), None);
    let (status, answer) = outsider.note(machines.nodes[0].http, "coffee", 0).unwrap();
    assert_eq!(status, 401, "{answer}");
}

/// With a threshold of 2 of 3, two machines continue without the third. After the partition, the third machine catches
/// up and votes again.
#[test]
#[ignore = "see ./test --full"]
fn a_partitioned_machine_catches_up() {
    if !is_inside("fault_injection::partitions::a_partitioned_machine_catches_up") {
        return;
    }
    let mut machines = ThreeMachines::new(&["--threshold=majority"], |_| {});
    let mut rng = TestRng::new(2);
    // The last machine to be cut off is the beacon.
    for (round, cut) in [2, 1, 0].into_iter().enumerate() {
        let others: Vec<usize> = (0..3).filter(|&at| at != cut).collect();
        machines.lan.cut(cut);
        for nth in 0..20 {
            let at = others[nth % 2];
            assert!(machines.note(at, &format!("round {round}, note {nth}"), 120_000));
        }
        machines.file(
            others[0],
            &format!("meanwhile-{round}.bin"),
            &rng.bytes(500_000),
        );
        thread::sleep(Duration::from_millis(500));
        machines.lan.heal(cut);
        assert!(machines.note(cut, &format!("{cut} is back"), 120_000));
        machines.check();
    }
    // With two machines cut off no decision is possible.
    machines.lan.cut(2);
    machines.lan.cut(1);
    assert!(!machines.note(0, "alone", NOTHING_MS));
    machines.lan.heal(1);
    machines.lan.heal(2);
    machines.check();
}

/// Machines 0 and 1 reach only machine 2, and all three are needed for a quorum.
#[test]
#[ignore = "see ./test --full"]
fn messages_are_relayed_without_a_direct_connection() {
    if !is_inside("fault_injection::partitions::messages_are_relayed_without_a_direct_connection") {
        return;
    }
    let mut machines = ThreeMachines::new(&["--threshold=3"], |_| {});
    assert!(machines.note(0, "all talk to all", 120_000));
    machines.lan.isolate(0);
    machines.lan.isolate(1);
    for nth in 0..10 {
        assert!(machines.note(nth % 3, &format!("by way of 2: {nth}"), 120_000));
    }
    machines.file(2, "reachable.bin", &TestRng::new(3).bytes(300_000));
    machines.check();
    let since = Instant::now();
    loop {
        let status = machines.status(0);
        let nodes = status["nodes"].as_array().unwrap().iter();
        let unreachable = nodes.filter(|node| node["is_reachable"] == false);
        let names: Vec<&Value> = unreachable.map(|node| &node["name"]).collect();
        if names == ["n1"] {
            break;
        }
        // A call to an unreachable machine times out only after a while.
        let in_time = since.elapsed() < Duration::from_secs(60);
        assert!(in_time, "0 and 1 reached each other: {status}");
        thread::sleep(Duration::from_millis(200));
    }
}

/// The links are the same from the start: machines 0 and 1 discover each other only through machine 2.
#[test]
#[ignore = "see ./test --full"]
fn nodes_discover_each_other_through_a_third_one() {
    if !is_inside("fault_injection::partitions::nodes_discover_each_other_through_a_third_one") {
        return;
    }
    let mut machines = ThreeMachines::new(&["--threshold=3"], |lan| {
        lan.isolate(0);
        lan.isolate(1);
    });
    for nth in 0..5 {
        assert!(machines.note(nth % 3, &format!("never met: {nth}"), 120_000));
    }
    machines.check();
}
