//! UDP: the socket of discovery, and the thread that listens to it.
//!
//! The socket is bound to the broadcast port on all addresses and shared, so that several nodes of one machine hear the
//! same broadcast. Absent here: what an announcement means.

use super::wire::{DATAGRAM_BYTES_MAX, Datagram, Signed, WireAnnouncement, WireError};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the listening thread looks whether it is to end.
const STOP_POLL: Duration = Duration::from_millis(200);

/// Why there is no discovery.
#[derive(Debug, thiserror::Error)]
#[error("UDP port {port}: {source}; expected a port that is free or shared, see --broadcast")]
pub struct UdpError {
    /// The port.
    port: u16,
    /// What the system said.
    source: io::Error,
}

/// What has been heard.
pub(super) enum Heard {
    /// An announcement whose signature holds.
    Announcement(Box<(WireAnnouncement, Signed)>),
    /// Something else.
    Dropped(WireError),
}

/// The socket of discovery.
pub(super) struct Udp {
    socket: UdpSocket,
    broadcast: SocketAddr,
}

impl Udp {
    /// Opens the socket for broadcasts to `broadcast`.
    ///
    /// # Errors
    /// If the port cannot be shared.
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

    /// Broadcasts a packet.
    ///
    /// # Errors
    /// What the system says: a network that is down, for example.
    pub(super) fn send(&self, packet: &[u8]) -> io::Result<()> {
        self.socket.send_to(packet, self.broadcast).map(|_| ())
    }

    /// Listens on a thread of its own until `stop` is set.
    ///
    /// # Errors
    /// If the socket cannot be shared or no thread can be started.
    pub(super) fn listen(
        &self,
        network: String,
        stop: Arc<AtomicBool>,
        mut hear: impl FnMut(Heard, SocketAddr) + Send + 'static,
    ) -> io::Result<JoinHandle<()>> {
        let socket = self.socket.try_clone()?;
        thread::Builder::new()
            .name("qs-udp".to_owned())
            .spawn(move || {
                // One byte more than allowed shows what is too long.
                let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
                while !stop.load(Ordering::Relaxed) {
                    let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                        continue;
                    };
                    let heard = match Datagram::read(&buffer[..length], &network) {
                        Ok(said) => Heard::Announcement(Box::new(said)),
                        Err(error) => Heard::Dropped(error),
                    };
                    hear(heard, from);
                }
            })
    }
}

/// The address by which this machine would send to `remote`.
#[must_use]
pub(super) fn source_address(remote: SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.set_broadcast(true).ok()?;
    socket.connect(remote).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
