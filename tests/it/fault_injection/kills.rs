//! Nodes are killed at random moments while clients propose: no acknowledged proposal is lost, and no node contradicts
//! its earlier statements.

use super::clients::{Addresses, Clients};
use super::invariants::{check_backup_logs, check_files, check_logs, wait_until_idle};
use super::monitor::Monitor;
use super::node::{NodeProcess, Plan};
use super::rest::Rest;
use super::{Folder, TestRng};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const NODES: usize = 5;

/// A free UDP port.
pub(crate) fn free_udp_port() -> u16 {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.local_addr().unwrap().port()
}

fn plans(folder: &Path, network: u64) -> Vec<Plan> {
    let port = free_udp_port();
    let plan = |nth: usize| {
        let mut options = vec![
            format!("--broadcast=127.255.255.255:{port}"),
            format!("--network=kills-{network}"),
            format!("--min-nodes={NODES}"),
            // Proposals must not expire, however slow the machine is.
            "--proposal-ttl-ms=3600000".to_owned(),
            "--calls-per-second=1000000".to_owned(),
        ];
        if nth == 0 {
            options.push("--beacon".to_owned());
        }
        Plan {
            name: format!("n{nth}"),
            folder: folder.to_owned(),
            options,
            namespace: None,
        }
    };
    (0..NODES).map(plan).collect()
}

struct Network {
    plans: Vec<Plan>,
    nodes: Vec<Option<NodeProcess>>,
    addresses: Addresses,
}

impl Network {
    fn start(plans: Vec<Plan>) -> Network {
        let nodes: Vec<Option<NodeProcess>> = plans.iter().map(|plan| Some(plan.start())).collect();
        let places = nodes.iter().flatten().map(|node| Some(node.http)).collect();
        Network {
            plans,
            nodes,
            addresses: Arc::new(Mutex::new(places)),
        }
    }

    fn kill(&mut self, nth: usize) {
        if let Some(mut node) = self.nodes[nth].take() {
            assert!(
                !node.has_ended(),
                "n{nth} ended before the test killed it; see {:?}",
                self.plans[nth].log()
            );
            self.addresses.lock().unwrap()[nth] = None;
            node.kill();
        }
    }

    /// Restarts a node, on another port.
    fn restart(&mut self, nth: usize) {
        let node = self.plans[nth].start();
        self.addresses.lock().unwrap()[nth] = Some(node.http);
        self.nodes[nth] = Some(node);
    }

    fn places(&self) -> Vec<SocketAddr> {
        self.addresses
            .lock()
            .unwrap()
            .iter()
            .flatten()
            .copied()
            .collect()
    }
}

/// Kills nodes at least `kills` times, then checks all invariants.
fn kill_and_check(kills: u64, clients: u64) {
    let seed = TestRng::seed();
    let mut rng = TestRng::new(seed);
    let folder = Folder::new();
    let mut network = Network::start(plans(folder.path(), seed));
    let rest = Rest::new(Duration::from_secs(30), None);
    wait_until_idle(&rest, &network.places());
    let monitor = Monitor::listen(&network.addresses);
    let clients = Clients::start(clients, seed, &network.addresses);
    let mut done = 0;
    while done < kills {
        thread::sleep(Duration::from_millis(rng.between(50, 900)));
        let nth = rng.between(0, NODES as u64) as usize;
        let mut victims = vec![nth];
        // Without two of five there is no quorum.
        if rng.between(0, 5) == 0 {
            victims.push((nth + rng.between(1, NODES as u64) as usize) % NODES);
        }
        for &victim in &victims {
            network.kill(victim);
            thread::sleep(Duration::from_millis(rng.between(0, 40)));
        }
        done += victims.len() as u64;
        thread::sleep(Duration::from_millis(rng.between(0, 500)));
        for victim in victims {
            network.restart(victim);
        }
    }
    let memory = clients.stop();
    let places = network.places();
    let slots = wait_until_idle(&rest, &places);
    let statements = monitor.check(NODES);
    let decided = check_logs(&rest, &places, &memory.acknowledged);
    check_backup_logs(&rest, &places);
    check_files(&rest, &network.plans, &places, &memory.files);
    println!(
        "{done} kills: {} acknowledged, none lost; {} proposals in {slots} slots; {} files; {statements} statements, no contradiction; {} calls without an answer",
        memory.acknowledged.len(),
        decided.len(),
        memory.files.len(),
        memory.unanswered,
    );
    assert!(!memory.acknowledged.is_empty());
    // Acknowledged proposals also survive if all nodes are killed at once.
    for nth in 0..NODES {
        network.kill(nth);
    }
    for nth in 0..NODES {
        network.restart(nth);
    }
    let places = network.places();
    wait_until_idle(&rest, &places);
    assert_eq!(check_logs(&rest, &places, &memory.acknowledged), decided);
}

#[test]
fn five_kills_lose_no_acknowledged_proposal() {
    kill_and_check(5, 2);
}

#[test]
#[ignore = "see ./test --full"]
fn a_hundred_kills_lose_no_acknowledged_proposal() {
    kill_and_check(100, 4);
}
