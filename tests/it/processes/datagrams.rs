//! Datagrams that are not fresh announcements of this network are counted and change nothing.

use super::harness::{Answer, Network, NodeProcess, call, wait_until};
use super::rest::check;
use super::stranger::{announcement, serve_proofs};
use quorumscope::live::identity::Identity;
use quorumscope::live::wire::{DATAGRAM_BYTES_MAX, Datagram, VERSION, WireAnnouncement};
use quorumscope::node::AnnouncementKind;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

fn now_us() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_micros()).unwrap()
}

/// A UDP sender with its own key.
struct DatagramSender<'a> {
    socket: UdpSocket,
    network: &'a Network,
    node: &'a NodeProcess,
    author: Identity,
    /// Where the sender proves that it has its key.
    http: SocketAddr,
}

impl<'a> DatagramSender<'a> {
    fn new(network: &'a Network, node: &'a NodeProcess) -> DatagramSender<'a> {
        let secret = [7; 32];
        DatagramSender {
            socket: UdpSocket::bind("127.0.0.1:0").unwrap(),
            network,
            node,
            author: Identity::new(secret),
            http: serve_proofs(network, secret),
        }
    }

    fn announcement(&self) -> WireAnnouncement {
        WireAnnouncement {
            kind: AnnouncementKind::Beacon,
            ..announcement(self.network, &self.author, "n2", self.http)
        }
    }

    fn packet(&self, announcement: &WireAnnouncement) -> Vec<u8> {
        let announcement = announcement.sign(&self.author).unwrap();
        Datagram { announcement }.write().unwrap()
    }

    /// Sends a datagram and waits until the node has counted it once as `counter`.
    fn send(&self, packet: &[u8], counter: &str) {
        let before = self.node.counter(counter);
        let place = ("127.0.0.1", self.network.port);
        self.socket.send_to(packet, place).unwrap();
        wait_until(counter, || self.node.counter(counter) > before);
        assert_eq!(self.node.counter(counter), before + 1, "{counter}");
    }
}

#[test]
fn invalid_datagrams_are_counted_and_change_nothing() {
    let network = Network::new();
    let node = network.start("n1", &[]);
    let sender = DatagramSender::new(&network, &node);
    send_malformed(&sender);
    send_forged_and_stale(&sender);
    let status = node.status();
    assert_eq!(status.readiness, "discovering");
    assert_eq!(status.nodes.len(), 0, "no node is known");
    assert_eq!(
        node.counter("datagrams_sent"),
        0,
        "the node has not answered"
    );
    assert_eq!(node.counter("datagrams_received"), 0);

    // The node answers a valid announcement, and receives its own broadcast.
    let real = sender.packet(&sender.announcement());
    sender.send(&real, "datagrams_received");
    let known = node.status().nodes;
    assert_eq!(known.len(), 1);
    assert_eq!(
        (known[0].id, known[0].name.as_str()),
        (sender.author.key(), "n2")
    );
    wait_until("the node receives its own broadcast", || {
        node.counter("datagrams_own") > 0
    });
    send_unusable_addresses(&sender);
    send_replays(&sender, &real);
    assert_eq!(node.get("/healthz").status, 204);
}

fn send_malformed(sender: &DatagramSender<'_>) {
    let malformed: [&[u8]; 5] = [b"", b"tea", b"{}", b"\xff\xfe", b"{\"announcement\": 7}"];
    for packet in malformed {
        sender.send(packet, "datagrams_malformed");
    }
    let nameless = WireAnnouncement {
        name: "a\nb".to_owned(),
        ..sender.announcement()
    };
    sender.send(&sender.packet(&nameless), "datagrams_malformed");
    let mut long = sender.packet(&sender.announcement());
    long.resize(DATAGRAM_BYTES_MAX + 1, b' ');
    sender.send(&long, "datagrams_oversized");
    long.resize(40_000, b' ');
    sender.send(&long, "datagrams_oversized");
}

fn send_forged_and_stale(sender: &DatagramSender<'_>) {
    let forged = sender.announcement().sign(&Identity::new([8; 32])).unwrap();
    let forged = Datagram {
        announcement: forged,
    };
    sender.send(&forged.write().unwrap(), "datagrams_forged");
    let text = String::from_utf8(sender.packet(&sender.announcement())).unwrap();
    let port = format!("127.0.0.1:{}", sender.http.port());
    let changed = text.replace(&port, "127.0.0.1:8");
    sender.send(changed.as_bytes(), "datagrams_forged");
    let other = WireAnnouncement {
        network: "another".to_owned(),
        ..sender.announcement()
    };
    sender.send(&sender.packet(&other), "datagrams_of_other_networks");
    let other = WireAnnouncement {
        version: VERSION + 1,
        ..sender.announcement()
    };
    sender.send(&sender.packet(&other), "datagrams_of_other_versions");
    let hour_us = 3_600_000_000;
    for mark_us in [now_us() - hour_us, now_us() + hour_us] {
        let stale = WireAnnouncement {
            mark_us,
            ..sender.announcement()
        };
        sender.send(&sender.packet(&stale), "datagrams_stale");
    }
    // A late announcement of an earlier run of the node itself.
    let own = sender.network.path("n1");
    let own = Identity::open(&own).unwrap();
    let late = WireAnnouncement {
        key: own.key(),
        epoch: 0,
        http: sender.node.url["http://".len()..].parse().unwrap(),
        ..sender.announcement()
    };
    let announcement = late.sign(&own).unwrap();
    let late = Datagram { announcement }.write().unwrap();
    sender.send(&late, "datagrams_own");
}

/// Nothing is sent to addresses at which no node can be, and an address counts only once it is proved.
fn send_unusable_addresses(sender: &DatagramSender<'_>) {
    let invented = Identity::new([9; 32]);
    let announce = |http: &str| {
        let http = http.parse().unwrap();
        let announcement = announcement(sender.network, &invented, "n3", http);
        let announcement = announcement.sign(&invented).unwrap();
        Datagram { announcement }.write().unwrap()
    };
    for http in [
        "169.254.169.254:80",
        "127.0.0.1:0",
        "255.255.255.255:80",
        "224.0.0.1:80",
    ] {
        sender.send(&announce(http), "datagrams_with_unusable_addresses");
    }
    // Another key answers at this address.
    sender.send(&announce(&sender.http.to_string()), "addresses_not_proved");
    let known = sender.node.status().nodes;
    assert!(known.iter().all(|node| node.id != invented.key()));
}

/// Replays and older announcements are ignored.
fn send_replays(sender: &DatagramSender<'_>, real: &[u8]) {
    sender.send(real, "datagrams_replayed");
    let before = WireAnnouncement {
        kind: AnnouncementKind::Leaving,
        nth: 2,
        mark_us: sender.announcement().mark_us - 30_000_000,
        ..sender.announcement()
    };
    sender.send(&sender.packet(&before), "datagrams_replayed");
    let known = sender.node.status().nodes;
    assert!(
        known.iter().any(|node| node.id == sender.author.key()),
        "the other node has not left"
    );
    // The node accepts a newer announcement.
    let bye = WireAnnouncement {
        kind: AnnouncementKind::Leaving,
        nth: 2,
        ..sender.announcement()
    };
    sender.send(&sender.packet(&bye), "datagrams_received");
    wait_until("the other node has left", || {
        sender.node.status().nodes.is_empty()
    });
}

/// `GET /status?all` waits for silent nodes. Calls above a limit are refused meanwhile, and all other calls are
/// answered.
#[test]
fn a_silent_node_delays_only_queries_for_its_log() {
    let network = Network::new();
    let node = network.start("n1", &[]);
    let sender = DatagramSender::new(&network, &node);
    let announcement = sender.announcement();
    sender.send(&sender.packet(&announcement), "datagrams_received");
    let content = b"served meanwhile";
    let headers = [("content-type", "application/octet-stream")];
    let answer = node
        .call("POST", "/propose?file=note.txt", &headers, content)
        .json();
    let sha256 = answer["proposal"]["file"]["sha256"].as_str().unwrap();
    let is_refused = || {
        let path = format!("{}/status?all", node.url);
        let ask = || call("GET", &path, &[], b"").unwrap();
        let (answers, files) = thread::scope(|scope| {
            let asking: Vec<_> = (0..24).map(|_| scope.spawn(ask)).collect();
            let files: Vec<Answer> = (0..8)
                .map(|_| node.get(&format!("/files/{sha256}")))
                .collect();
            let answers: Vec<Answer> = asking.into_iter().map(|one| one.join().unwrap()).collect();
            (answers, files)
        });
        assert!(files.iter().all(|file| file.body == content));
        let (answered, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == 200);
        for answer in &answered {
            let all = &answer.json()["all"];
            assert_eq!(all[0]["name"], "n2");
            assert!(all[0]["error"].is_string(), "{all}");
        }
        for answer in &refused {
            check(answer, 429, "for 4 callers already");
        }
        assert!(!answered.is_empty());
        !refused.is_empty()
    };
    wait_until("one caller too many", is_refused);
}
