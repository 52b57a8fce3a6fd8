//! `Roster`: discovery. Whom the node knows, who has left, and whom it hears directly.
//!
//! Announcements of one node are numbered; a lower or equal number is old news. A node repeats its announcement under
//! the same number: who knows it does not pass it on again, so a repetition costs one broadcast, while a neighbour that
//! had missed it takes it for the news that it is. Silence changes nothing here.

use super::config::Peer;
use super::key::NodeKey;
use super::message::{Announcement, AnnouncementKind};
use super::node_map::NodeMap;
use crate::scp::{NodeId, NodeSet};
use std::sync::Arc;

/// What an announcement turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RosterChange {
    /// Nothing new.
    None,
    /// Of a node that was not known, or had left.
    Joined,
    /// Of a node that is known: it has started again.
    Restarted,
    /// Of a node that is known: it leaves.
    Left,
    /// Of a node that is not known: it leaves.
    LeftUnknown,
}

/// Whether a node of the roster takes part.
#[derive(Clone, Debug)]
enum RosterStatus {
    Present,
    /// It has said goodbye, in these words.
    Left(Arc<Announcement>),
}

#[derive(Clone, Debug)]
struct RosterEntry {
    peer: Peer,
    nth: u64,
    presence: RosterStatus,
}

impl RosterEntry {
    fn is_present(&self) -> bool {
        matches!(self.presence, RosterStatus::Present)
    }
}

/// The roster of a node.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    me: Peer,
    roster: NodeMap<RosterEntry>,
    present: u32,
    heard: NodeSet,
    last_asked: NodeId,
    said: Option<Arc<Announcement>>,
    announcements: u64,
}

impl Roster {
    pub(super) fn new(me: Peer) -> Roster {
        Roster {
            last_asked: me.id,
            me,
            roster: NodeMap::default(),
            present: 0,
            heard: NodeSet::new(),
            said: None,
            announcements: 0,
        }
    }

    /// Continues after the highest number that was used before a crash.
    pub(super) fn restore(&mut self, announcements: u64) {
        self.announcements = announcements;
    }

    /// How many announcements the node has made.
    pub(super) fn announcements(&self) -> u64 {
        self.announcements
    }

    /// A new announcement of the node itself; it is what will be repeated from now on.
    pub(super) fn announce(&mut self, kind: AnnouncementKind) -> Arc<Announcement> {
        self.announcements = self.announcements.saturating_add(1);
        let announcement = Arc::new(Announcement {
            peer: self.me.clone(),
            kind,
            nth: self.announcements,
            hops: 0,
        });
        self.said = Some(Arc::clone(&announcement));
        announcement
    }

    /// What the node has announced last, if anything.
    pub(super) fn said(&self) -> Option<&Arc<Announcement>> {
        self.said.as_ref()
    }

    /// Takes in an announcement of another node.
    pub(super) fn hear(&mut self, announcement: &Arc<Announcement>) -> RosterChange {
        let (peer, nth) = (&announcement.peer, announcement.nth);
        let is_goodbye = announcement.kind == AnnouncementKind::Leaving;
        let presence = match is_goodbye {
            true => RosterStatus::Left(Arc::clone(announcement)),
            false => RosterStatus::Present,
        };
        let Some(place) = self.roster.place(peer.id) else {
            return RosterChange::None;
        };
        let news = match place {
            Some(known) if nth <= known.nth => RosterChange::None,
            Some(known) => {
                let was_present = known.is_present();
                known.nth = nth;
                known.presence = presence;
                match (was_present, is_goodbye) {
                    (true, true) => RosterChange::Left,
                    (true, false) => RosterChange::Restarted,
                    (false, true) => RosterChange::LeftUnknown,
                    (false, false) => RosterChange::Joined,
                }
            }
            None => {
                let peer = peer.clone();
                *place = Some(RosterEntry {
                    peer,
                    nth,
                    presence,
                });
                if is_goodbye {
                    RosterChange::LeftUnknown
                } else {
                    RosterChange::Joined
                }
            }
        };
        match news {
            RosterChange::Joined => self.present += 1,
            RosterChange::Left => self.present -= 1,
            _ => {}
        }
        news
    }

    /// Learns of a node from somebody else, or from the address book. True if it was not known; a node that has
    /// left stays gone until it announces itself.
    pub(super) fn learn(&mut self, peer: &Peer) -> bool {
        if peer.id == self.me.id {
            return false;
        }
        let Some(place @ None) = self.roster.place(peer.id) else {
            return false;
        };
        *place = Some(RosterEntry {
            peer: peer.clone(),
            nth: 0,
            presence: RosterStatus::Present,
        });
        self.present += 1;
        true
    }

    /// Something arrived straight from `node`. True if that had not happened before.
    pub(super) fn note_heard(&mut self, node: NodeId) -> bool {
        node != self.me.id && self.heard.insert(node)
    }

    pub(super) fn is_heard(&self, node: NodeId) -> bool {
        self.heard.contains(node)
    }

    /// Is the node on the roster, and has it not left?
    pub(super) fn is_present(&self, node: NodeId) -> bool {
        self.roster.get(node).is_some_and(RosterEntry::is_present)
    }

    /// How many nodes are known and have not left, this one included.
    pub(super) fn known(&self) -> u32 {
        self.present + 1
    }

    /// Everyone who is known and has not left, except the node itself; ascending.
    pub(super) fn present(&self) -> impl Iterator<Item = &Peer> {
        self.roster
            .values()
            .filter(|known| known.is_present())
            .map(|known| &known.peer)
    }

    /// How a node of the roster is known.
    pub(super) fn peer(&self, node: NodeId) -> Option<&Peer> {
        self.roster.get(node).map(|known| &known.peer)
    }

    /// The number of the node of the roster with this key.
    pub(super) fn node_of(&self, key: NodeKey) -> Option<NodeId> {
        let text = key.to_string();
        let peers = || self.roster.values().map(|known| &known.peer);
        let named = peers().find(|peer| *peer.key == *text);
        // Keys of invented networks are no keys.
        let found = named.or_else(|| peers().find(|peer| NodeKey::of(&peer.key) == key))?;
        Some(found.id)
    }

    /// The goodbye of a node that has left.
    pub(super) fn goodbye_of(&self, node: NodeId) -> Option<&Arc<Announcement>> {
        match &self.roster.get(node)?.presence {
            RosterStatus::Left(goodbye) => Some(goodbye),
            RosterStatus::Present => None,
        }
    }

    /// The key of a node as text; of an unknown node its number.
    pub(super) fn key_of(&self, node: NodeId) -> Arc<str> {
        if node == self.me.id {
            return Arc::clone(&self.me.key);
        }
        match self.roster.get(node) {
            Some(known) => Arc::clone(&known.peer.key),
            None => format!("#{}", node.0).into(),
        }
    }

    /// The next `count` nodes in turn among those heard directly that fulfil `condition`.
    pub(super) fn next_to_ask(
        &mut self,
        count: usize,
        condition: impl Fn(NodeId) -> bool,
    ) -> Vec<NodeId> {
        let candidates: Vec<NodeId> = self
            .heard
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

    fn said(id: u32, kind: AnnouncementKind, nth: u64) -> Arc<Announcement> {
        Arc::new(Announcement {
            peer: peer(id),
            kind,
            nth,
            hops: 0,
        })
    }

    #[test]
    fn numbers_tell_news_from_repetitions_in_whatever_order_they_come() {
        let mut roster = Roster::new(peer(0));
        assert_eq!(
            roster.hear(&said(1, AnnouncementKind::Here, 1)),
            RosterChange::Joined
        );
        assert_eq!(
            roster.hear(&said(1, AnnouncementKind::Here, 1)),
            RosterChange::None
        );
        assert_eq!(
            roster.hear(&said(1, AnnouncementKind::Leaving, 2)),
            RosterChange::Left
        );
        assert_eq!(roster.known(), 1);
        assert!(
            !roster.learn(&peer(1)),
            "hearsay does not bring back who has left"
        );
        assert_eq!(
            roster.hear(&said(1, AnnouncementKind::Here, 3)),
            RosterChange::Joined
        );
        assert_eq!(
            roster.hear(&said(1, AnnouncementKind::Here, 4)),
            RosterChange::Restarted
        );
        assert_eq!(
            roster.hear(&said(2, AnnouncementKind::Leaving, 2)),
            RosterChange::LeftUnknown
        );
        assert_eq!(
            roster.hear(&said(2, AnnouncementKind::Here, 1)),
            RosterChange::None
        );
        assert!(roster.goodbye_of(NodeId(2)).is_some() && roster.goodbye_of(NodeId(1)).is_none());
        assert_eq!(roster.known(), 2);
        assert!(!roster.learn(&peer(0)) && roster.learn(&peer(3)));
    }

    #[test]
    fn neighbours_are_asked_in_turn() {
        let mut roster = Roster::new(peer(3));
        for id in [1, 2, 5, 7] {
            roster.learn(&peer(id));
            assert!(roster.note_heard(NodeId(id)) && !roster.note_heard(NodeId(id)));
        }
        roster.note_heard(NodeId(9));
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
