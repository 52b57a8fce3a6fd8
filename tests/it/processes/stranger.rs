//! Strangers: nodes that do not run, but announce themselves and prove their addresses.

use super::harness::Network;
use quorumscope::live::identity::Identity;
use quorumscope::live::wire::{
    Datagram, IdentityView, VERSION, WireAddressProof, WireAnnouncement,
};
use quorumscope::node::AnnouncementKind;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An announcement of `identity` that is made now.
pub(super) fn announcement(
    network: &Network,
    identity: &Identity,
    name: &str,
    http: SocketAddr,
) -> WireAnnouncement {
    announcement_in(&network.name, identity, name, http)
}

/// An announcement of `identity` in the network with this name that is made now.
pub(crate) fn announcement_in(
    network: &str,
    identity: &Identity,
    name: &str,
    http: SocketAddr,
) -> WireAnnouncement {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    WireAnnouncement {
        version: VERSION,
        network: network.to_owned(),
        key: identity.key(),
        name: name.to_owned(),
        http,
        kind: AnnouncementKind::Here,
        nth: 1,
        epoch: 1,
        messages: 256,
        mark_us: u64::try_from(now.as_micros()).unwrap(),
    }
}

/// Sends a signed announcement to all nodes of the network.
pub(super) fn announce(network: &Network, identity: &Identity, announcement: &WireAnnouncement) {
    let announcement = announcement.sign(identity).unwrap();
    let packet = Datagram { announcement }.write().unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_broadcast(true).unwrap();
    socket
        .send_to(&packet, ("127.255.255.255", network.port))
        .unwrap();
}

/// Starts a server that answers challenges with the key of `identity` and holds every other request without an answer.
/// It ends with the test process.
pub(super) fn serve_proofs(network: &Network, identity: [u8; 32]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let network = network.name.clone();
    thread::spawn(move || {
        let identity = Identity::new(identity);
        let mut held = Vec::new();
        for stream in listener.incoming().flatten() {
            if let Some(other) = answer_challenge(stream, &network, &identity) {
                held.push(other);
            }
        }
    });
    address
}

/// Answers a challenge, or returns the connection.
fn answer_challenge(
    mut stream: TcpStream,
    network: &str,
    identity: &Identity,
) -> Option<TcpStream> {
    stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(length @ 1..) => request.extend_from_slice(&buffer[..length]),
            _ => return None,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let Some(rest) = request.strip_prefix("GET /identity?nonce=") else {
        return Some(stream);
    };
    let nonce = rest.split(['&', ' ']).next().unwrap().to_owned();
    let proof = WireAddressProof::sign(identity, network, nonce).unwrap();
    let answer = IdentityView {
        proof,
        messages: Vec::new(),
        announcement: None,
    };
    let body = serde_json::to_string(&answer).unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The node may have stopped waiting.
    drop(stream.write_all(format!("{head}{body}").as_bytes()));
    None
}
