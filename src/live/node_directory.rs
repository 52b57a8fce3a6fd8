//! `NodeDirectory`: which number stands for which key in this process, and what each node says about itself.
//!
//! Numbers are given in the order of first meeting, the node itself is 0, and none is ever given twice: what is stored
//! names nodes by number, so the numbers are stored, too. Having a number says nothing about being trusted, or known.

use super::wire::{Signed, WireAnnouncement, WireError};
use crate::node::{NodeKey, Peer};
use crate::scp::NodeId;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

/// How many nodes can be told apart. Whoever makes up keys to exhaust it costs newcomers their place, nothing else.
pub const NODES_MAX: usize = 4096;

#[derive(Clone, Debug)]
struct DirectoryEntry {
    key: NodeKey,
    said: Option<(WireAnnouncement, Signed)>,
    /// The highest freshness mark of a datagram that was heard.
    heard_mark_us: u64,
}

/// Everybody this process has ever come across.
#[derive(Clone, Debug)]
pub struct NodeDirectory {
    entries: Vec<DirectoryEntry>,
    by_key: BTreeMap<NodeKey, NodeId>,
    stored: usize,
    unstored: Vec<NodeId>,
}

impl NodeDirectory {
    /// Only the node itself.
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

    /// As it was stored: keys by number, with the announcement last heard of each. `None` if the first is not `own`.
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
            said: None,
            heard_mark_us: 0,
        });
        id
    }

    /// The number of the node with this key; a new one if it has none.
    ///
    /// # Errors
    /// If all numbers are taken.
    pub fn number(&mut self, key: NodeKey) -> Result<NodeId, WireError> {
        match self.by_key.get(&key) {
            Some(&id) => Ok(id),
            None if self.entries.len() >= NODES_MAX => Err(WireError::TooManyNodes),
            None => Ok(self.add(key)),
        }
    }

    /// The number of the node with this key, if it has one.
    #[must_use]
    pub fn find(&self, key: NodeKey) -> Option<NodeId> {
        self.by_key.get(&key).copied()
    }

    /// The key of a node; all zeros for a number that was never given.
    #[must_use]
    pub fn key_of(&self, node: NodeId) -> NodeKey {
        let entry = self.entries.get(node.index());
        entry.map_or(NodeKey::new([0; 32]), |entry| entry.key)
    }

    /// How many numbers have been given.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never: the node itself is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes note of what a node says about itself, if it is newer than what is known.
    ///
    /// # Errors
    /// If all numbers are taken.
    pub fn learn(&mut self, said: &WireAnnouncement, signed: &Signed) -> Result<NodeId, WireError> {
        let id = self.number(said.key)?;
        let entry = &mut self.entries[id.index()];
        let is_newer = entry
            .said
            .as_ref()
            .is_none_or(|(known, _)| said.mark_us > known.mark_us);
        if is_newer {
            entry.said = Some((said.clone(), signed.clone()));
            self.unstored.push(id);
        }
        Ok(id)
    }

    /// Has no datagram of this node with this mark, or a later one, been heard? From now on one has.
    pub fn is_fresh(&mut self, id: NodeId, mark_us: u64) -> bool {
        match self.entries.get_mut(id.index()) {
            Some(entry) if mark_us > entry.heard_mark_us => {
                entry.heard_mark_us = mark_us;
                true
            }
            _ => false,
        }
    }

    /// What a node has said about itself last.
    #[must_use]
    pub fn said(&self, node: NodeId) -> Option<&WireAnnouncement> {
        let entry = self.entries.get(node.index())?;
        entry.said.as_ref().map(|(said, _)| said)
    }

    /// The same, as it was signed.
    #[must_use]
    pub fn announcement(&self, node: NodeId) -> Option<&Signed> {
        let entry = self.entries.get(node.index())?;
        entry.said.as_ref().map(|(_, signed)| signed)
    }

    /// Where a node answers.
    #[must_use]
    pub fn http(&self, node: NodeId) -> Option<SocketAddr> {
        self.said(node).map(|said| said.http)
    }

    /// How people call a node: its name, or the first letters of its key.
    #[must_use]
    pub fn name(&self, node: NodeId) -> String {
        match self.said(node) {
            Some(said) => said.name.clone(),
            None => self.key_of(node).to_string()[..8].to_owned(),
        }
    }

    /// How the node state machine knows it.
    #[must_use]
    pub fn peer(&self, node: NodeId) -> Option<Peer> {
        let entry = self.entries.get(node.index())?;
        Some(Peer {
            id: node,
            name: self.name(node).into(),
            key: Arc::from(entry.key.to_string()),
        })
    }

    /// The announcements learned so far come from the store.
    pub fn forget_unstored_announcements(&mut self) {
        self.unstored.clear();
    }

    /// Numbers that were given and announcements that were learned since the last call: they are to be stored before
    /// anything that mentions them.
    pub fn take_unstored(&mut self) -> Unstored {
        let numbers = (self.stored..self.entries.len())
            .filter_map(|at| {
                let id = NodeId(u32::try_from(at).ok()?);
                Some((id, self.entries[at].key))
            })
            .collect();
        self.stored = self.entries.len();
        let mut learned = std::mem::take(&mut self.unstored);
        learned.sort_unstable();
        learned.dedup();
        let announcements = learned
            .into_iter()
            .filter_map(|id| Some((id, self.announcement(id)?.clone())))
            .collect();
        Unstored {
            numbers,
            announcements,
        }
    }
}

/// What of a directory has to be stored.
#[derive(Clone, Debug, Default)]
pub struct Unstored {
    /// Numbers that were given.
    pub numbers: Vec<(NodeId, NodeKey)>,
    /// Announcements that are newer than those stored.
    pub announcements: Vec<(NodeId, Signed)>,
}
