//! Node directory: assigns local numbers to node keys, and holds the newest announcement of each node.
//!
//! Inside a process a node is a [`NodeId`]; between processes it is its public key. Numbers are assigned in the order of
//! first contact, 0 is the node itself, and no number is assigned twice. Stored statements refer to nodes by number, so
//! the numbers are stored, too. A number does not mean that a node is known or trusted.

use super::wire::{Recency, Signed, WireAnnouncement, WireError};
use crate::node::{NodeKey, Peer};
use crate::scp::NodeId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// Most nodes in a directory, except for those that the operator names.
pub const NODES_MAX: usize = 4096;
/// Most nodes in a directory. The difference is reserved for the operator: `--trust FILE` and `trust add`.
pub const CONFIGURED_NODES_MAX: usize = NODES_MAX + 2048;

#[derive(Clone, Debug)]
struct DirectoryEntry {
    key: NodeKey,
    newest: Option<(WireAnnouncement, Signed)>,
    /// The recency of the newest announcement that was accepted since the start of this process.
    accepted: Recency,
    /// Whether the node has proved the address of its newest announcement since the start of this process.
    is_proved: bool,
}

/// Every node that has a number in this process, by number and by key.
#[derive(Clone, Debug)]
pub struct NodeDirectory {
    entries: Vec<DirectoryEntry>,
    by_key: BTreeMap<NodeKey, NodeId>,
    /// Count of the numbers that are stored.
    stored: usize,
    /// Nodes whose newest announcement is not stored.
    unstored: Vec<NodeId>,
}

impl NodeDirectory {
    /// A directory with the node itself.
    #[must_use]
    pub fn new(own: NodeKey) -> NodeDirectory {
        let mut directory = NodeDirectory {
            entries: Vec::new(),
            by_key: BTreeMap::new(),
            stored: 0,
            unstored: Vec::new(),
        };
        directory.add(own);
        directory
    }

    /// The directory with these stored keys, in the order of their numbers. `None` if the first key is not `own`.
    #[must_use]
    pub fn restore(own: NodeKey, keys: &[NodeKey]) -> Option<NodeDirectory> {
        let mut directory = NodeDirectory::new(own);
        if keys.first().is_some_and(|first| *first != own) {
            return None;
        }
        for &key in keys.iter().skip(1) {
            directory.add(key);
        }
        directory.stored = keys.len();
        Some(directory)
    }

    fn add(&mut self, key: NodeKey) -> NodeId {
        let id = NodeId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.by_key.insert(key, id);
        self.entries.push(DirectoryEntry {
            key,
            newest: None,
            accepted: Recency::default(),
            is_proved: false,
        });
        id
    }

    /// The number of the node with this key. A new node gets the next number.
    ///
    /// # Errors
    /// [`WireError::TooManyNodes`] if the directory is full.
    pub fn assign(&mut self, key: NodeKey) -> Result<NodeId, WireError> {
        self.assign_up_to(NODES_MAX, key)
    }

    /// The number of a node that the operator names. Numbers are reserved for these nodes.
    ///
    /// # Errors
    /// [`WireError::TooManyNodes`] if the operator has named too many nodes.
    pub fn assign_configured(&mut self, key: NodeKey) -> Result<NodeId, WireError> {
        self.assign_up_to(CONFIGURED_NODES_MAX, key)
    }

    fn assign_up_to(&mut self, most: usize, key: NodeKey) -> Result<NodeId, WireError> {
        match self.by_key.get(&key) {
            Some(&id) => Ok(id),
            None if self.entries.len() >= most => Err(WireError::TooManyNodes),
            None => Ok(self.add(key)),
        }
    }

    /// The number of the node with this key, if it has one.
    #[must_use]
    pub fn find(&self, key: NodeKey) -> Option<NodeId> {
        self.by_key.get(&key).copied()
    }

    /// The key of a node; all zeros for a number that was not assigned.
    #[must_use]
    pub fn key_of(&self, node: NodeId) -> NodeKey {
        let entry = self.entries.get(node.index());
        entry.map_or(NodeKey::new([0; 32]), |entry| entry.key)
    }

    /// The keys of all nodes, in the order of their numbers.
    pub fn keys(&self) -> impl Iterator<Item = NodeKey> {
        self.entries.iter().map(|entry| entry.key)
    }

    /// Count of the numbers that are assigned.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Always false: the node itself has a number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Replaces the announcement of a node if this one is more recent.
    ///
    /// # Errors
    /// [`WireError::TooManyNodes`] if the directory is full.
    pub fn update(
        &mut self,
        announcement: &WireAnnouncement,
        signed: &Signed,
    ) -> Result<NodeId, WireError> {
        let id = self.assign(announcement.key)?;
        let Some(entry) = self.entries.get_mut(id.index()) else {
            return Ok(id);
        };
        let newest = entry.newest.as_ref();
        if newest.is_none_or(|(newest, _)| announcement.recency() > newest.recency()) {
            entry.newest = Some((announcement.clone(), signed.clone()));
            self.unstored.push(id);
        }
        Ok(id)
    }

    /// Replay protection for datagrams. Returns whether an announcement of this node is more recent than all that were
    /// accepted since the start of this process, and not of an earlier epoch than the stored one. Within an epoch, the
    /// stored one may have a higher mark: other nodes pass on announcements that were made while the clock was ahead.
    pub fn accept(&mut self, id: NodeId, recency: Recency) -> bool {
        let stored = self.newest_recency(id);
        match self.entries.get_mut(id.index()) {
            Some(entry) if recency > entry.accepted && recency.epoch >= stored.epoch => {
                entry.accepted = recency;
                true
            }
            _ => false,
        }
    }

    /// The recency of the newest stored announcement of a node; the lowest one if none is stored.
    #[must_use]
    pub fn newest_recency(&self, node: NodeId) -> Recency {
        let newest = self.announcement(node);
        newest.map_or(Recency::default(), WireAnnouncement::recency)
    }

    /// Whether the node has proved, since the start of this process, that it answers at the announced address.
    #[must_use]
    pub fn has_proved(&self, announcement: &WireAnnouncement) -> bool {
        let node = self.find(announcement.key);
        let entry = node.and_then(|node| self.entries.get(node.index()));
        entry.is_some_and(|entry| {
            entry.is_proved && self.has_announced(announcement.key, announcement.http)
        })
    }

    /// Whether the newest stored announcement of the node names this address.
    #[must_use]
    pub fn has_announced(&self, key: NodeKey, http: SocketAddr) -> bool {
        let node = self.find(key);
        let stored = node.and_then(|node| self.announcement(node));
        stored.is_some_and(|stored| stored.http == http)
    }

    /// The node has proved that it answers at the address of its newest announcement.
    pub fn mark_proved(&mut self, node: NodeId) {
        if let Some(entry) = self.entries.get_mut(node.index()) {
            entry.is_proved = true;
        }
    }

    /// All nodes have to prove their addresses again.
    pub fn forget_proofs(&mut self) {
        for entry in &mut self.entries {
            entry.is_proved = false;
        }
    }

    /// The newest announcement of a node.
    #[must_use]
    pub fn announcement(&self, node: NodeId) -> Option<&WireAnnouncement> {
        let entry = self.entries.get(node.index())?;
        entry.newest.as_ref().map(|(announcement, _)| announcement)
    }

    /// The newest announcement of a node, as its author signed it.
    #[must_use]
    pub fn signed_announcement(&self, node: NodeId) -> Option<&Signed> {
        let entry = self.entries.get(node.index())?;
        entry.newest.as_ref().map(|(_, signed)| signed)
    }

    /// The HTTP address of a node, from its announcement.
    #[must_use]
    pub fn http(&self, node: NodeId) -> Option<SocketAddr> {
        self.announcement(node)
            .map(|announcement| announcement.http)
    }

    /// The name of a node, or the first 8 characters of its key before it has announced itself.
    #[must_use]
    pub fn name(&self, node: NodeId) -> String {
        match self.announcement(node) {
            Some(announcement) => announcement.name.clone(),
            None => self.key_of(node).to_string().chars().take(8).collect(),
        }
    }

    /// A node as the node state machine knows it. `None` for a number that was not assigned.
    #[must_use]
    pub fn peer(&self, node: NodeId) -> Option<Peer> {
        let entry = self.entries.get(node.index())?;
        Some(Peer {
            id: node,
            name: self.name(node).into(),
            key: Arc::from(entry.key.to_string()),
        })
    }

    /// Marks all announcements as stored, after they were read from the store.
    pub fn mark_announcements_stored(&mut self) {
        self.unstored.clear();
    }

    /// Numbers and announcements that are new since the last call. They must be stored before any data that refers to
    /// them.
    pub fn take_unstored(&mut self) -> Unstored {
        let numbered = (0..).map(NodeId).zip(&self.entries).skip(self.stored);
        let numbers = numbered.map(|(id, entry)| (id, entry.key)).collect();
        self.stored = self.entries.len();
        let mut updated = std::mem::take(&mut self.unstored);
        updated.sort_unstable();
        updated.dedup();
        let announcements = updated
            .into_iter()
            .filter_map(|id| Some((id, self.signed_announcement(id)?.clone())))
            .collect();
        Unstored {
            numbers,
            announcements,
        }
    }
}

/// The part of a directory that is not stored yet.
#[derive(Clone, Debug, Default)]
pub struct Unstored {
    /// New numbers.
    pub numbers: Vec<(NodeId, NodeKey)>,
    /// Announcements that are newer than the stored ones.
    pub announcements: Vec<(NodeId, Signed)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::identity::Identity;
    use crate::live::wire::VERSION;
    use crate::node::AnnouncementKind;

    /// Accepts and stores an announcement, as admission does. Returns whether it is accepted.
    fn store(directory: &mut NodeDirectory, epoch: u64, mark_us: u64, port: u16) -> bool {
        let author = Identity::new([2; 32]);
        let announcement = WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: author.key(),
            name: "n1".to_owned(),
            http: SocketAddr::from(([10, 0, 0, 1], port)),
            kind: AnnouncementKind::Here,
            nth: 1,
            epoch,
            messages: 256,
            mark_us,
        };
        let signed = announcement.sign(&author).unwrap();
        let id = directory.assign(announcement.key).unwrap();
        let is_accepted = directory.accept(id, announcement.recency());
        directory.update(&announcement, &signed).unwrap();
        is_accepted
    }

    #[test]
    fn announcements_are_ordered_by_epoch_and_then_by_mark() {
        let mut directory = NodeDirectory::new(Identity::new([1; 32]).key());
        let steps = [
            ((1, 9), true, 1),
            ((1, 8), false, 1),
            ((1, 10), true, 2),
            ((1, 10), false, 2),
            ((2, 5), true, 3),
            ((1, 11), false, 3),
            ((2, 6), true, 4),
        ];
        for (port, ((epoch, mark_us), expected, stored)) in (1..).zip(steps) {
            let port = if expected { stored } else { 90 + port };
            let is_accepted = store(&mut directory, epoch, mark_us, port);
            assert_eq!(is_accepted, expected, "{epoch} {mark_us}");
            let http = directory.http(NodeId(1)).unwrap();
            assert_eq!(http.port(), stored, "{epoch} {mark_us}");
        }
    }
}
