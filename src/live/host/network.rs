//! `HostNetwork`: the network of a host (peer clients, UDP and the file fetcher) behind a trait, so that tests can
//! replace it.

use crate::live::address_prover::AddressProver;
use crate::live::fetch::Fetcher;
use crate::live::peer_client::{PeerClients, PeerRequest};
use crate::live::udp::Udp;
use crate::node::{FileInfo, NodeKey};
use crate::scp::NodeId;
use std::io;
use std::net::SocketAddr;

/// Everything through which a host reaches other nodes. No method waits for an answer; answers arrive as commands.
pub(in crate::live) trait HostNetwork: Send {
    /// Queues a request for the node at `http`. Returns false if its queue is full or no thread could be started.
    fn send(&mut self, node: NodeId, http: SocketAddr, request: PeerRequest) -> bool;

    /// Closes the connection to a node and drops the requests that are queued for it.
    fn disconnect(&mut self, node: NodeId);

    /// Broadcasts a datagram.
    ///
    /// # Errors
    /// If the operating system reports an error, for example that the network is down.
    fn broadcast(&mut self, packet: &[u8]) -> io::Result<()>;

    /// Starts to check whether the node with this key answers at `http`. The result arrives as a command. Returns false
    /// if too many checks are queued.
    fn prove(&mut self, key: NodeKey, http: SocketAddr) -> bool;

    /// Starts to fetch a file from one of these base addresses, the preferred one first.
    fn fetch(&mut self, file: FileInfo, holders: Vec<String>);
}

/// The network of a process.
pub(in crate::live) struct ProcessNetwork {
    /// HTTP to other nodes.
    pub clients: PeerClients,
    /// Discovery.
    pub udp: Udp,
    /// Files.
    pub fetcher: Fetcher,
    /// Address proofs.
    pub prover: AddressProver,
}

impl HostNetwork for ProcessNetwork {
    fn send(&mut self, node: NodeId, http: SocketAddr, request: PeerRequest) -> bool {
        self.clients.send(node, http, request)
    }

    fn disconnect(&mut self, node: NodeId) {
        self.clients.close(node);
    }

    fn broadcast(&mut self, packet: &[u8]) -> io::Result<()> {
        self.udp.send(packet)
    }

    fn prove(&mut self, key: NodeKey, http: SocketAddr) -> bool {
        self.prover.check(key, http)
    }

    fn fetch(&mut self, file: FileInfo, holders: Vec<String>) {
        self.fetcher.start(file, holders);
    }
}
