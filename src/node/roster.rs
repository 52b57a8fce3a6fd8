//! `Roster`: membership table of the known peers, the departed peers and the direct neighbours of a node.
//!
//! Announcements have a sequence number per peer; a lower or equal number is a duplicate. A peer repeats its
//! announcement with the same number. A node that has received it before does not relay it again, so a repetition costs
//! one broadcast and still reaches neighbours that missed the first one. Silence never removes a peer.

use super::config::Peer;
use super::key::NodeKey;
use super::message::{Announcement, AnnouncementKind};
use super::node_map::NodeMap;
use crate::scp::{NodeId, NodeSet};
use std::sync::Arc;

/// The effect of an announcement on the roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RosterChange {
    /// The announcement is a duplicate or outdated.
    None,
    /// An unknown peer joined, or a peer that had left came back.
    Joined,
    /// A known peer started again.
    Restarted,
    /// A known peer left.
    Left,
    /// An unknown peer left. It is stored, so that reports of other nodes do not add it later.
    LeftUnknown,
}

/// Whether a peer takes part.
#[derive(Clone, Debug)]
enum RosterStatus {
    Present,
    /// The peer has left. Its last announcement is stored for nodes that missed it.
    Left(Arc<Announcement>),
}

#[derive(Clone, Debug)]
struct RosterEntry {
    peer: Peer,
    /// Sequence number of its latest announcement; 0 if only other nodes have reported it.
    nth: u64,
    status: RosterStatus,
}

impl RosterEntry {
    fn is_present(&self) -> bool {
        matches!(self.status, RosterStatus::Present)
    }
}

/// The membership table of one node. The node itself is not in it.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    me: Peer,
    entries: NodeMap<RosterEntry>,
    present_count: u32,
    /// The node itself and the peers that are present.
    present: NodeSet,
    /// Peers from which a transmission has arrived directly.
    neighbours: NodeSet,
    /// The peer that the last round of [`Roster::next_to_ask`] ended with.
    last_asked: NodeId,
}

impl Roster {
    pub(super) fn new(me: Peer) -> Roster {
        Roster {
            last_asked: me.id,
            present: [me.id].into_iter().collect(),
            me,
            entries: NodeMap::default(),
            present_count: 0,
            neighbours: NodeSet::new(),
        }
    }

    /// Applies an announcement of another node.
    pub(super) fn apply(&mut self, announcement: &Arc<Announcement>) -> RosterChange {
        let (peer, nth) = (&announcement.peer, announcement.nth);
        let is_leaving = announcement.kind == AnnouncementKind::Leaving;
        let status = match is_leaving {
            true => RosterStatus::Left(Arc::clone(announcement)),
            false => RosterStatus::Present,
        };
        let Some(entry) = self.entries.entry(peer.id) else {
            return RosterChange::None;
        };
        let was_present = match entry {
            Some(known) if nth <= known.nth => return RosterChange::None,
            Some(known) => {
                let was_present = known.is_present();
                known.nth = nth;
                known.status = status;
                was_present
            }
            None => {
                let peer = peer.clone();
                *entry = Some(RosterEntry { peer, nth, status });
                false
            }
        };
        let change = match (was_present, is_leaving) {
            (true, true) => RosterChange::Left,
            (true, false) => RosterChange::Restarted,
            (false, true) => RosterChange::LeftUnknown,
            (false, false) => RosterChange::Joined,
        };
        match change {
            RosterChange::Joined => {
                self.present_count = self.present_count.saturating_add(1);
                self.present.insert(peer.id);
            }
            RosterChange::Left => {
                self.present_count = self.present_count.saturating_sub(1);
                self.present.remove(peer.id);
            }
            _ => {}
        }
        change
    }

    /// Adds a peer that the address book or another peer names. Returns true if it was unknown. A peer that has left
    /// stays out until it announces itself.
    pub(super) fn add(&mut self, peer: &Peer) -> bool {
        if peer.id == self.me.id {
            return false;
        }
        let Some(entry @ None) = self.entries.entry(peer.id) else {
            return false;
        };
        *entry = Some(RosterEntry {
            peer: peer.clone(),
            nth: 0,
            status: RosterStatus::Present,
        });
        self.present_count = self.present_count.saturating_add(1);
        self.present.insert(peer.id);
        true
    }

    /// Removes a peer. Returns false if it was unknown.
    pub(super) fn remove(&mut self, node: NodeId) -> bool {
        let Some(entry) = self.entries.remove(node) else {
            return false;
        };
        if entry.is_present() {
            self.present_count = self.present_count.saturating_sub(1);
            self.present.remove(node);
        }
        self.neighbours.remove(node);
        true
    }

    /// Marks `node` as a direct neighbour. Returns true the first time.
    pub(super) fn add_neighbour(&mut self, node: NodeId) -> bool {
        node != self.me.id && self.neighbours.insert(node)
    }

    /// Whether a transmission of `node` has ever arrived directly.
    pub(super) fn is_neighbour(&self, node: NodeId) -> bool {
        self.neighbours.contains(node)
    }

    /// Whether the node is known and has not left.
    pub(super) fn is_present(&self, node: NodeId) -> bool {
        self.entries.get(node).is_some_and(RosterEntry::is_present)
    }

    /// The ids of the nodes that are known and have not left, this one included.
    pub(super) fn present_ids(&self) -> &NodeSet {
        &self.present
    }

    /// The number of nodes that are known and have not left, this one included.
    pub(super) fn len(&self) -> u32 {
        self.present_count.saturating_add(1)
    }

    /// The peers that are known and have not left, in ascending order of their ids.
    pub(super) fn present(&self) -> impl Iterator<Item = &Peer> {
        self.entries
            .values()
            .filter(|entry| entry.is_present())
            .map(|entry| &entry.peer)
    }

    /// The identity of a peer, present or departed.
    pub(super) fn peer(&self, node: NodeId) -> Option<&Peer> {
        self.entries.get(node).map(|entry| &entry.peer)
    }

    /// The id of the peer with this key.
    pub(super) fn node_of(&self, key: NodeKey) -> Option<NodeId> {
        let text = key.to_string();
        let peers = || self.entries.values().map(|entry| &entry.peer);
        let named = peers().find(|peer| *peer.key == *text);
        // Key texts of synthetic networks are not public keys, so their hashes are compared.
        let found = named.or_else(|| peers().find(|peer| NodeKey::of(&peer.key) == key))?;
        Some(found.id)
    }

    /// The last announcement of a peer that has left.
    pub(super) fn leave_announcement(&self, node: NodeId) -> Option<&Arc<Announcement>> {
        match &self.entries.get(node)?.status {
            RosterStatus::Left(announcement) => Some(announcement),
            RosterStatus::Present => None,
        }
    }

    /// The key of a node as text; `#` and the id for an unknown node.
    pub(super) fn key_of(&self, node: NodeId) -> Arc<str> {
        if node == self.me.id {
            return Arc::clone(&self.me.key);
        }
        match self.entries.get(node) {
            Some(entry) => Arc::clone(&entry.peer.key),
            None => format!("#{}", node.0).into(),
        }
    }

    /// The next `count` neighbours in round-robin order for which `condition` holds.
    pub(super) fn next_to_ask(
        &mut self,
        count: usize,
        condition: impl Fn(NodeId) -> bool,
    ) -> Vec<NodeId> {
        let candidates: Vec<NodeId> = self
            .neighbours
            .iter()
            .filter(|&node| self.is_present(node) && condition(node))
            .collect();
        let first = candidates.partition_point(|&node| node <= self.last_asked);
        let asked: Vec<NodeId> = candidates
            .iter()
            .cycle()
            .skip(first)
            .take(count.min(candidates.len()))
            .copied()
            .collect();
        if let Some(&last) = asked.last() {
            self.last_asked = last;
        }
        asked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(id: u32) -> Peer {
        Peer {
            id: NodeId(id),
            name: format!("n{id}").into(),
            key: format!("G{id}").into(),
        }
    }

    fn announcement(id: u32, kind: AnnouncementKind, nth: u64) -> Arc<Announcement> {
        Arc::new(Announcement {
            peer: peer(id),
            kind,
            nth,
            hops: 0,
        })
    }

    #[test]
    fn sequence_numbers_distinguish_new_announcements_from_duplicates() {
        use AnnouncementKind::{Here, Leaving};
        let mut roster = Roster::new(peer(0));
        let steps = [
            (1, Here, 1, RosterChange::Joined, 2),
            (1, Here, 1, RosterChange::None, 2),
            (1, Leaving, 2, RosterChange::Left, 1),
            (1, Here, 3, RosterChange::Joined, 2),
            (1, Here, 4, RosterChange::Restarted, 2),
            (2, Leaving, 2, RosterChange::LeftUnknown, 2),
            (2, Here, 1, RosterChange::None, 2),
        ];
        for (id, kind, nth, expected, len) in steps {
            let change = roster.apply(&announcement(id, kind, nth));
            assert_eq!(
                (change, roster.len()),
                (expected, len),
                "{id} {kind:?} {nth}"
            );
        }
        assert!(roster.leave_announcement(NodeId(2)).is_some());
        assert!(roster.leave_announcement(NodeId(1)).is_none());
        assert!(!roster.add(&peer(0)) && roster.add(&peer(3)));
    }

    #[test]
    fn reports_of_other_nodes_do_not_add_a_departed_peer() {
        let mut roster = Roster::new(peer(0));
        roster.apply(&announcement(1, AnnouncementKind::Here, 1));
        roster.apply(&announcement(1, AnnouncementKind::Leaving, 2));
        assert!(!roster.add(&peer(1)));
        assert_eq!(roster.len(), 1);
    }

    #[test]
    fn neighbours_are_asked_in_round_robin_order() {
        let mut roster = Roster::new(peer(3));
        for id in [1, 2, 5, 7] {
            roster.add(&peer(id));
            assert!(roster.add_neighbour(NodeId(id)) && !roster.add_neighbour(NodeId(id)));
        }
        roster.add_neighbour(NodeId(9));
        let mut ask = |count| -> Vec<u32> {
            let asked = roster.next_to_ask(count, |node| node != NodeId(5));
            asked.iter().map(|node| node.0).collect()
        };
        assert_eq!(ask(2), [7, 1]);
        assert_eq!(ask(2), [2, 7]);
        assert_eq!(ask(9), [1, 2, 7]);
        assert_eq!(roster.next_to_ask(2, |_| false), []);
    }
}
