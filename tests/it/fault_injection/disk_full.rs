//! Full and read-only disks: a node stops without losing data, and continues when it can write again.

use super::invariants::{Acknowledged, check_files, check_logs, wait_until_idle};
use super::kills::free_udp_port;
use super::lan::{is_inside, run};
use super::node::{NodeProcess, Plan, tail};
use super::rest::Rest;
use super::{Folder, TestRng};
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Three nodes on this machine. The first one stores its data on a separate small file system.
struct SmallDisk {
    plans: Vec<Plan>,
    nodes: Vec<NodeProcess>,
    rest: Rest,
    acknowledged: Vec<Acknowledged>,
    folder: Folder,
}

impl SmallDisk {
    fn new(megabytes: u64) -> SmallDisk {
        run("ip link set lo up");
        let folder = Folder::new();
        let port = free_udp_port();
        let plan = |nth: usize| {
            let mut options = vec![
                format!("--broadcast=127.255.255.255:{port}"),
                "--min-nodes=3".to_owned(),
                "--threshold=2".to_owned(),
                "--timeout-ms=2000".to_owned(),
                "--calls-per-second=1000000".to_owned(),
                "--proposal-ttl-ms=3600000".to_owned(),
            ];
            if nth == 1 {
                options.push("--beacon".to_owned());
            }
            Plan {
                name: format!("n{nth}"),
                folder: folder.path().to_owned(),
                options,
                namespace: None,
            }
        };
        let plans: Vec<Plan> = (0..3).map(plan).collect();
        fs::create_dir(plans[0].data()).unwrap();
        run(&format!(
            "mount -t tmpfs -o size={megabytes}m none {}",
            plans[0].data().display()
        ));
        let nodes: Vec<NodeProcess> = plans.iter().map(Plan::start).collect();
        let network = SmallDisk {
            plans,
            nodes,
            rest: Rest::new(Duration::from_secs(60), None),
            acknowledged: Vec::new(),
            folder,
        };
        wait_until_idle(&network.rest, &network.places());
        network
    }

    fn places(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.http).collect()
    }

    fn disk(&self) -> std::path::PathBuf {
        self.plans[0].data()
    }

    /// Proposes a note at a node. Returns whether the node acknowledged it.
    fn note(&mut self, at: usize, text: &str, wait_ms: u64) -> bool {
        let (status, answer) = self.rest.note(self.nodes[at].http, text, wait_ms).unwrap();
        match status {
            200 | 202 => self.acknowledged.push(Acknowledged::read(&answer)),
            503 => {}
            _ => panic!("{status}: {answer}"),
        }
        status != 503
    }

    fn is_healthy(&self) -> bool {
        let (status, _) = self.rest.get(self.nodes[0].http, "/healthz").unwrap();
        assert!(matches!(status, 204 | 503), "{status}");
        status == 204
    }

    /// Proposes notes at the second node until the first node can store nothing more.
    fn fill_until_unhealthy(&mut self) {
        for nth in 0..100_000 {
            if !self.is_healthy() {
                return;
            }
            self.note(1, &format!("{nth}: {}", "x".repeat(900)), 10_000);
        }
        panic!("the disk never got full");
    }

    fn wait_until_healthy(&self) {
        while !self.is_healthy() {
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn check(&self) {
        wait_until_idle(&self.rest, &self.places());
        check_logs(&self.rest, &self.places(), &self.acknowledged);
    }

    fn log_of_first(&self) -> String {
        fs::read_to_string(self.plans[0].log()).unwrap()
    }
}

/// Fills a disk completely.
fn fill(disk: &Path) {
    let ballast = disk.join("ballast");
    let mut file = fs::File::create(ballast).unwrap();
    let block = vec![1; 4096];
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
}

#[test]
#[ignore = "see ./test --full"]
fn a_full_disk_blocks_a_node_until_there_is_space() {
    if !is_inside("fault_injection::disk_full::a_full_disk_blocks_a_node_until_there_is_space") {
        return;
    }
    let mut network = SmallDisk::new(16);
    for nth in 0..20 {
        assert!(network.note(nth % 3, &format!("while there is space: {nth}"), 60_000));
    }
    network.check();
    for round in 0..3 {
        fill(&network.disk());
        network.fill_until_unhealthy();
        let before = network.acknowledged.len();
        for nth in 0..5 {
            assert!(
                !network.note(0, &format!("{round}: no space for {nth}"), 0),
                "acknowledged without space"
            );
        }
        assert_eq!(network.acknowledged.len(), before);
        assert!(
            network
                .log_of_first()
                .contains("the node sends nothing until the store works again")
        );
        // The other two nodes continue.
        assert!(network.note(2, &format!("{round}: without the first"), 60_000));
        fs::remove_file(network.disk().join("ballast")).unwrap();
        network.wait_until_healthy();
        assert!(network.log_of_first().contains("storing works again"));
        assert!(network.note(0, &format!("{round}: space again"), 60_000));
        network.check();
    }
    // A node that is killed while its disk is full loses nothing either.
    fill(&network.disk());
    network.fill_until_unhealthy();
    network.nodes.remove(0).kill();
    let refused = network.plans[0].try_start();
    if let Ok(node) = refused {
        node.kill();
    }
    fs::remove_file(network.disk().join("ballast")).unwrap();
    let node = network.plans[0].start();
    network.nodes.insert(0, node);
    network.check();
}

#[test]
#[ignore = "see ./test --full"]
fn a_file_that_does_not_fit_is_refused_and_removed() {
    if !is_inside("fault_injection::disk_full::a_file_that_does_not_fit_is_refused_and_removed") {
        return;
    }
    let mut network = SmallDisk::new(12);
    let content = TestRng::new(4).bytes(14_000_000);
    let (status, answer) = network
        .rest
        .file(network.nodes[0].http, "large.bin", &content)
        .unwrap();
    assert_eq!(status, 507, "{answer}");
    assert!(!network.disk().join("files/large.bin").exists());
    // The other nodes fetch the file; the first one fetches it when it has space.
    let (status, answer) = network
        .rest
        .file(network.nodes[1].http, "large.bin", &content)
        .unwrap();
    assert_eq!(status, 202, "{answer}");
    network.acknowledged.push(Acknowledged::read(&answer));
    assert!(network.note(2, "after the file", 60_000));
    let since = Instant::now();
    loop {
        let log = tail(&network.plans[0].log());
        if log.contains("could not fetch") {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{log}");
        thread::sleep(Duration::from_millis(100));
    }
    run(&format!(
        "mount -o remount,size=64m {}",
        network.disk().display()
    ));
    network.check();
    let mut hashes = BTreeSet::new();
    hashes.extend(
        answer["proposal"]["file"]["sha256"]
            .as_str()
            .map(str::to_owned),
    );
    check_files(&network.rest, &network.plans, &network.places(), &hashes);
}

#[test]
#[ignore = "see ./test --full"]
fn a_read_only_folder_prevents_the_start() {
    if !is_inside("fault_injection::disk_full::a_read_only_folder_prevents_the_start") {
        return;
    }
    let mut network = SmallDisk::new(16);
    assert!(network.note(0, "writable", 60_000));
    network.check();
    network.nodes.remove(0).kill();
    run(&format!("mount -o remount,ro {}", network.disk().display()));
    let error = network.plans[0]
        .try_start()
        .expect_err("started on a read-only folder");
    assert!(
        error.contains("Read-only") || error.contains("read-only"),
        "{error}"
    );
    assert!(!error.contains("panicked"), "{error}");
    assert!(network.folder.path().exists());
    run(&format!("mount -o remount,rw {}", network.disk().display()));
    let node = network.plans[0].start();
    network.nodes.insert(0, node);
    assert!(network.note(0, "writable again", 60_000));
    network.check();
}
