//! A disk without space, and one that cannot be written any more.

use super::judge::{Promise, check_files, check_logs, wait_for_rest};
use super::kills::free_udp_port;
use super::lan::{is_inside, run};
use super::node::{NodeProcess, Plan, tail};
use super::rest::Rest;
use super::{Dice, Folder};
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// Three nodes on this machine; the data of the first lies on a small disk of its own.
struct Cramped {
    plans: Vec<Plan>,
    nodes: Vec<NodeProcess>,
    rest: Rest,
    promises: Vec<Promise>,
    folder: Folder,
}

impl Cramped {
    fn new(megabytes: u64) -> Cramped {
        run("ip link set lo up");
        let folder = Folder::new();
        let port = free_udp_port();
        let plan = |nth: usize| {
            let mut options = vec![
                format!("--broadcast=127.255.255.255:{port}"),
                "--min-nodes=3".to_owned(),
                "--threshold=2".to_owned(),
                "--patience-ms=2000".to_owned(),
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
        let cramped = Cramped {
            plans,
            nodes,
            rest: Rest::new(Duration::from_secs(60), None),
            promises: Vec::new(),
            folder,
        };
        wait_for_rest(&cramped.rest, &cramped.places());
        cramped
    }

    fn places(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.http).collect()
    }

    fn disk(&self) -> std::path::PathBuf {
        self.plans[0].data()
    }

    /// Proposes a note at a node; whether it has promised anything.
    fn note(&mut self, at: usize, text: &str, wait_ms: u64) -> bool {
        let (status, answer) = self.rest.note(self.nodes[at].http, text, wait_ms).unwrap();
        match status {
            200 | 202 => self.promises.push(Promise::read(&answer)),
            503 => {}
            _ => panic!("{status}: {answer}"),
        }
        status != 503
    }

    fn is_well(&self) -> bool {
        let (status, _) = self.rest.get(self.nodes[0].http, "/healthz").unwrap();
        assert!(matches!(status, 204 | 503), "{status}");
        status == 204
    }

    /// Notes at the others, until the first node can store no more.
    fn until_unwell(&mut self) {
        for nth in 0..100_000 {
            if !self.is_well() {
                return;
            }
            self.note(1, &format!("{nth}: {}", "x".repeat(900)), 10_000);
        }
        panic!("the disk never got full");
    }

    fn until_well(&self) {
        while !self.is_well() {
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn check(&self) {
        wait_for_rest(&self.rest, &self.places());
        check_logs(&self.rest, &self.places(), &self.promises);
    }

    fn log_of_first(&self) -> String {
        fs::read_to_string(self.plans[0].log()).unwrap()
    }
}

/// Leaves no space on a disk.
fn fill(disk: &Path) {
    let ballast = disk.join("ballast");
    let mut file = fs::File::create(ballast).unwrap();
    let block = vec![1; 4096];
    // Until there is no more.
    while std::io::Write::write_all(&mut file, &block).is_ok() {}
}

#[test]
#[ignore = "see ./test --full"]
fn a_full_disk_stops_a_node_and_space_sets_it_going() {
    if !is_inside("full::space::a_full_disk_stops_a_node_and_space_sets_it_going") {
        return;
    }
    let mut cramped = Cramped::new(16);
    for nth in 0..20 {
        assert!(cramped.note(nth % 3, &format!("while there is space: {nth}"), 60_000));
    }
    cramped.check();
    for round in 0..3 {
        fill(&cramped.disk());
        cramped.until_unwell();
        let before = cramped.promises.len();
        for nth in 0..5 {
            assert!(
                !cramped.note(0, &format!("{round}: no space for {nth}"), 0),
                "promised without space"
            );
        }
        assert_eq!(cramped.promises.len(), before);
        assert!(
            cramped
                .log_of_first()
                .contains("nothing leaves this node until it can store again")
        );
        // The other two go on.
        assert!(cramped.note(2, &format!("{round}: without the first"), 60_000));
        fs::remove_file(cramped.disk().join("ballast")).unwrap();
        cramped.until_well();
        assert!(cramped.log_of_first().contains("storing works again"));
        assert!(cramped.note(0, &format!("{round}: space again"), 60_000));
        cramped.check();
    }
    // Killed without space, it does not lose anything either.
    fill(&cramped.disk());
    cramped.until_unwell();
    cramped.nodes.remove(0).kill();
    let refused = cramped.plans[0].try_start();
    if let Ok(node) = refused {
        node.kill();
    }
    fs::remove_file(cramped.disk().join("ballast")).unwrap();
    let node = cramped.plans[0].start();
    cramped.nodes.insert(0, node);
    cramped.check();
}

#[test]
#[ignore = "see ./test --full"]
fn a_file_that_does_not_fit_is_refused_and_nothing_of_it_stays() {
    if !is_inside("full::space::a_file_that_does_not_fit_is_refused_and_nothing_of_it_stays") {
        return;
    }
    let mut cramped = Cramped::new(12);
    let content = Dice::new(4).bytes(14_000_000);
    let (status, answer) = cramped
        .rest
        .file(cramped.nodes[0].http, "large.bin", &content)
        .unwrap();
    assert_eq!(status, 507, "{answer}");
    assert!(!cramped.disk().join("files/large.bin").exists());
    // What does not fit at one node is fetched by the others, and there as soon as there is space.
    let (status, answer) = cramped
        .rest
        .file(cramped.nodes[1].http, "large.bin", &content)
        .unwrap();
    assert_eq!(status, 202, "{answer}");
    cramped.promises.push(Promise::read(&answer));
    assert!(cramped.note(2, "after the file", 60_000));
    let since = Instant::now();
    loop {
        let log = tail(&cramped.plans[0].log());
        if log.contains("could not fetch") {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "{log}");
        thread::sleep(Duration::from_millis(100));
    }
    run(&format!(
        "mount -o remount,size=64m {}",
        cramped.disk().display()
    ));
    cramped.check();
    let mut hashes = BTreeSet::new();
    hashes.extend(
        answer["proposal"]["file"]["sha256"]
            .as_str()
            .map(str::to_owned),
    );
    check_files(&cramped.rest, &cramped.plans, &cramped.places(), &hashes);
}

#[test]
#[ignore = "see ./test --full"]
fn a_folder_that_cannot_be_written_stops_a_node_and_its_start() {
    if !is_inside("full::space::a_folder_that_cannot_be_written_stops_a_node_and_its_start") {
        return;
    }
    let mut cramped = Cramped::new(16);
    assert!(cramped.note(0, "writable", 60_000));
    cramped.check();
    cramped.nodes.remove(0).kill();
    run(&format!("mount -o remount,ro {}", cramped.disk().display()));
    let error = cramped.plans[0]
        .try_start()
        .expect_err("started without a folder that can be written");
    assert!(
        error.contains("Read-only") || error.contains("read-only"),
        "{error}"
    );
    assert!(!error.contains("panicked"), "{error}");
    assert!(cramped.folder.path().exists());
    run(&format!("mount -o remount,rw {}", cramped.disk().display()));
    let node = cramped.plans[0].start();
    cramped.nodes.insert(0, node);
    assert!(cramped.note(0, "writable again", 60_000));
    cramped.check();
}
