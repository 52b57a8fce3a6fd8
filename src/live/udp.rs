//! UDP broadcast for discovery: the shared socket, and the thread (`qs-udp`) that reads from it.
//!
//! The socket is bound to the broadcast port on all addresses with `SO_REUSEADDR`, so that several nodes of one machine
//! receive the same broadcast.

use super::token_buckets::TokenBuckets;
use super::wire::{DATAGRAM_BYTES_MAX, Datagram, Signed, WireAnnouncement, WireError};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Interval in which the reading thread checks whether it has to stop.
const STOP_POLL: Duration = Duration::from_millis(200);

/// Datagrams per second and source address, and their largest burst. All nodes of one machine have the same address, and
/// each repeats its announcement every two seconds.
const DATAGRAMS_PER_SECOND: u32 = 500;
const DATAGRAMS_BURST: u32 = 2_000;

/// Why the UDP socket cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("UDP port {port}: {source}; expected a port that is free or shared, see --broadcast")]
pub struct UdpError {
    /// The port.
    port: u16,
    /// Error of the operating system.
    source: io::Error,
}

/// A datagram that has been received and checked.
#[derive(Debug)]
pub(super) enum ReceivedDatagram {
    /// An announcement with a valid signature.
    Announcement(Box<(WireAnnouncement, Signed)>),
    /// Anything else, and why it was dropped.
    Dropped(WireError),
    /// Its source sends too many. It was not read.
    OverBudget,
}

/// Checks datagrams: first the budget of the source, then the content, then the signature.
struct DatagramReader {
    network: String,
    budgets: TokenBuckets<IpAddr>,
}

impl DatagramReader {
    fn new(network: String) -> DatagramReader {
        DatagramReader {
            network,
            budgets: TokenBuckets::new(DATAGRAMS_PER_SECOND, DATAGRAMS_BURST),
        }
    }

    fn read(&self, bytes: &[u8], source: IpAddr, now: Instant) -> ReceivedDatagram {
        if !self.budgets.take(source, 1.0, now) {
            return ReceivedDatagram::OverBudget;
        }
        match Datagram::read(bytes, &self.network) {
            Ok(announcement) => ReceivedDatagram::Announcement(Box::new(announcement)),
            Err(error) => ReceivedDatagram::Dropped(error),
        }
    }
}

/// The broadcast socket.
pub(super) struct Udp {
    socket: UdpSocket,
    broadcast: SocketAddr,
}

impl Udp {
    /// Opens the socket for broadcasts to `broadcast`.
    ///
    /// # Errors
    /// If another program has bound the port without sharing it.
    pub(super) fn open(broadcast: SocketAddr) -> Result<Udp, UdpError> {
        let failed = |source| UdpError {
            port: broadcast.port(),
            source,
        };
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).map_err(failed)?;
        socket.set_reuse_address(true).map_err(failed)?;
        socket.set_broadcast(true).map_err(failed)?;
        let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), broadcast.port());
        socket.bind(&any.into()).map_err(failed)?;
        socket.set_read_timeout(Some(STOP_POLL)).map_err(failed)?;
        Ok(Udp {
            socket: socket.into(),
            broadcast,
        })
    }

    /// Broadcasts a datagram.
    ///
    /// # Errors
    /// If the operating system reports an error, for example that the network is down.
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.socket.send_to(packet, self.broadcast).map(|_| ())
    }

    /// Reads datagrams on a separate thread until `stop` is set, and passes each to `receive`.
    ///
    /// # Errors
    /// If the socket cannot be cloned or no thread can be started.
    pub(super) fn listen(
        &self,
        network: String,
        stop: Arc<AtomicBool>,
        mut receive: impl FnMut(ReceivedDatagram, SocketAddr) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let socket = self.socket.try_clone()?;
        let reader = DatagramReader::new(network);
        thread::Builder::new()
            .name("qs-udp".to_owned())
            .spawn(move || {
                // The buffer has one byte more than allowed, so that a longer datagram is detected by its length.
                let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                        continue;
                    };
                    let received = reader.read(
                        buffer.get(..length).unwrap_or_default(),
                        from.ip(),
                        Instant::now(),
                    );
                    receive(received, from);
                }
            })
    }
}

/// The local address from which this machine would send to `remote`. Nothing is sent.
#[must_use]
pub(super) fn source_address(remote: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.set_broadcast(true).ok()?;
    socket.connect(remote).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::identity::Identity;
    use crate::live::wire::VERSION;
    use crate::node::AnnouncementKind;

    fn packet() -> Vec<u8> {
        let author = Identity::new([1; 32]);
        let announcement = WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: author.key(),
            name: "n1".to_owned(),
            http: SocketAddr::from(([10, 0, 0, 1], 8000)),
            kind: AnnouncementKind::Here,
            nth: 1,
            epoch: 1,
            messages: 256,
            mark_us: 1,
        };
        let announcement = announcement.sign(&author).unwrap();
        Datagram { announcement }.write().unwrap()
    }

    #[test]
    fn a_source_over_its_budget_costs_no_signature_checks() {
        let reader = DatagramReader::new("test".to_owned());
        let (flood, honest) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let (start, packet) = (Instant::now(), packet());
        // Cheap datagrams use up the budget, too.
        for _ in 0..DATAGRAMS_BURST {
            let received = reader.read(b"tea", flood, start);
            assert!(matches!(received, ReceivedDatagram::Dropped(_)));
        }
        for bytes in [&packet[..], b"tea"] {
            let received = reader.read(bytes, flood, start);
            assert!(matches!(received, ReceivedDatagram::OverBudget));
        }
        let received = reader.read(&packet, honest, start);
        assert!(matches!(received, ReceivedDatagram::Announcement(_)));
        let later = start + Duration::from_secs(1);
        let read = (0..DATAGRAMS_BURST)
            .map(|_| reader.read(&packet, flood, later))
            .filter(|received| matches!(received, ReceivedDatagram::Announcement(_)));
        assert_eq!(read.count() as u32, DATAGRAMS_PER_SECOND);
    }
}
