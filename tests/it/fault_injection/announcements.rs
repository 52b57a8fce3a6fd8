//! Floods of announcements with invented keys: memory and threads of the nodes stay bounded, and they go on deciding.

use super::hostile::{Fixture, check_p99};
use super::lan::{Lan, is_inside};
use crate::processes::stranger::announcement_in;
use quorumscope::live::identity::Identity;
use quorumscope::live::wire::Datagram;
use serde_json::json;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Keys that are announced, again and again.
const KEYS: usize = 10_000;
/// Announcements per second.
const RATE: u32 = 500;
/// Most memory of a node during the flood, in MiB.
const MEMORY_MIB_MAX: f64 = 100.0;
/// Most threads of a node during the flood.
const THREADS_MAX: usize = 64;

/// Announcement number `nth` of the flood. The addresses belong to no machine, to a node with another key, or to no
/// program.
fn announcement(nth: usize) -> Vec<u8> {
    let mut secret = [0x33; 32];
    secret[..8].copy_from_slice(&((nth % KEYS) as u64).to_le_bytes());
    let identity = Identity::new(secret);
    let http = match nth % 4 {
        0 => SocketAddr::from(([10, 77, 0, 1], 8000)),
        1 => SocketAddr::from(([10, 77, 0, 2], 9)),
        _ => SocketAddr::from(([10, 77, 0, 100 + (nth % 100) as u8], 8000)),
    };
    let announcement = announcement_in("quorumscope", &identity, &format!("x{nth}"), http);
    let announcement = announcement.sign(&identity).unwrap();
    Datagram { announcement }.write().unwrap()
}

fn flood(stop: &AtomicBool, sent: &AtomicUsize) {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.set_broadcast(true).unwrap();
    while !stop.load(Ordering::Relaxed) {
        let nth = sent.fetch_add(1, Ordering::Relaxed);
        socket.send_to(&announcement(nth), Lan::BROADCAST).unwrap();
        thread::sleep(Duration::from_secs(1) / RATE);
    }
}

fn decide_under_the_flood(fixture: &Fixture) {
    let before = fixture.propose("5 nodes, before the flood");
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let during = thread::scope(|scope| {
        scope.spawn(|| flood(&stop, &sent));
        // The table of candidates is full by then.
        thread::sleep(Duration::from_secs(10));
        let during = fixture.propose("5 nodes, announcements of 10,000 invented keys");
        stop.store(true, Ordering::Relaxed);
        during
    });
    println!("  {} announcements were sent", sent.load(Ordering::Relaxed));
    for (nth, node) in fixture.nodes().iter().enumerate() {
        let (_, peak_mib) = node.usage();
        println!(
            "  node {nth}: {} threads, {peak_mib:.0} MiB",
            node.threads()
        );
        assert!(peak_mib < MEMORY_MIB_MAX && node.threads() < THREADS_MAX);
    }
    check_p99(&during, &before);
}

#[test]
#[ignore = "see ./test --full"]
fn five_nodes_decide_while_invented_keys_are_announced() {
    let name =
        "fault_injection::announcements::five_nodes_decide_while_invented_keys_are_announced";
    if is_inside(name) {
        decide_under_the_flood(&Fixture::new());
    }
}

#[test]
#[ignore = "see ./test --full"]
fn five_nodes_with_a_fixed_quorum_set_decide_while_invented_keys_are_announced() {
    let name = "fault_injection::announcements::five_nodes_with_a_fixed_quorum_set_decide_while_invented_keys_are_announced";
    if is_inside(name) {
        let trust = |ids: &[String]| json!({ "threshold": 4, "validators": ids }).to_string();
        decide_under_the_flood(&Fixture::with_quorum_set(trust));
    }
}
