//! `PeersAnswer`: the answer of the trusted-node service. One answer is shared by all messages with the same content.

use super::config::Peer;
use crate::scp::{NodeId, NodeSet};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::Arc;

/// Answer of the trusted-node service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeersAnswer {
    /// The sender, then the peers that it knows and that have not left.
    pub known: PeerList,
    /// The trust set of the sender.
    pub trusted: Arc<[NodeId]>,
}

/// A list of peers that also has the set of their ids: a receiver that knows all of them does not read the list.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Arc<[Peer]>", into = "Arc<[Peer]>")]
pub struct PeerList {
    peers: Arc<[Peer]>,
    ids: NodeSet,
}

impl PeerList {
    /// The list as shared memory.
    #[must_use]
    pub fn shared(&self) -> &Arc<[Peer]> {
        &self.peers
    }

    /// The ids in the list that are in range.
    pub(super) fn ids(&self) -> &NodeSet {
        &self.ids
    }
}

impl From<Arc<[Peer]>> for PeerList {
    fn from(peers: Arc<[Peer]>) -> PeerList {
        let ids = peers.iter().map(|peer| peer.id).collect();
        PeerList { peers, ids }
    }
}

impl From<PeerList> for Arc<[Peer]> {
    fn from(list: PeerList) -> Arc<[Peer]> {
        list.peers
    }
}

impl FromIterator<Peer> for PeerList {
    fn from_iter<I: IntoIterator<Item = Peer>>(peers: I) -> PeerList {
        PeerList::from(peers.into_iter().collect::<Arc<[Peer]>>())
    }
}

impl Deref for PeerList {
    type Target = [Peer];

    fn deref(&self) -> &[Peer] {
        &self.peers
    }
}

impl PartialEq for PeerList {
    fn eq(&self, other: &PeerList) -> bool {
        self.peers == other.peers
    }
}

impl Eq for PeerList {}
