//! Listening in on discovery, without taking part: where are the nodes of a network?

use super::udp::{Heard, Udp, UdpError};
use crossbeam_channel::{Receiver, unbounded};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why nobody can be listened to.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// No socket.
    #[error(transparent)]
    Udp(#[from] UdpError),
    /// No thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
}

/// The addresses (`http://...`) of nodes of `network` as they announce themselves to `broadcast`, each once. It ends when
/// nobody takes them any more.
///
/// # Errors
/// If the port cannot be shared, or there is no thread.
pub fn listen(broadcast: SocketAddr, network: &str) -> Result<Receiver<String>, ListenError> {
    let udp = Udp::open(broadcast)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (found, addresses) = unbounded();
    let mut told = BTreeSet::new();
    let end = Arc::clone(&stop);
    udp.listen(network.to_owned(), stop, move |heard, _| {
        if let Heard::Announcement(said) = heard
            && told.insert(said.0.http)
            && found.send(format!("http://{}", said.0.http)).is_err()
        {
            end.store(true, Ordering::Relaxed);
        }
    })
    .map_err(ListenError::Thread)?;
    Ok(addresses)
}
