//! Passive discovery: collects the addresses of nodes from their announcements and sends nothing.

use super::udp::{ReceivedDatagram, Udp, UdpError};
use crossbeam_channel::{Receiver, unbounded};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why passive discovery cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The UDP port cannot be opened.
    #[error(transparent)]
    Udp(#[from] UdpError),
    /// The operating system starts no further thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
}

/// Receives the addresses (`http://...`) of the nodes of `network` that announce themselves at `broadcast`, each
/// address once. The thread that listens ends at the first new address after the receiver is dropped.
///
/// # Errors
/// If the port cannot be opened or no thread can be started.
pub fn listen(broadcast: SocketAddr, network: &str) -> Result<Receiver<String>, ListenError> {
    let udp = Udp::open(broadcast)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (found, addresses) = unbounded();
    let mut known = BTreeSet::new();
    let end = Arc::clone(&stop);
    udp.listen(network.to_owned(), stop, move |datagram, _| {
        if let ReceivedDatagram::Announcement(announcement) = datagram
            && known.insert(announcement.0.http)
            && found
                .send(format!("http://{}", announcement.0.http))
                .is_err()
        {
            end.store(true, Ordering::Relaxed);
        }
    })
    .map_err(ListenError::Thread)?;
    Ok(addresses)
}
