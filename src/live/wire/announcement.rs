//! Signed announcements for discovery: broadcast by UDP, and relayed in lists of peers.

use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::node::{Announcement, AnnouncementKind, NodeKey, Peer};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use utoipa::ToSchema;

/// Version of the wire protocol.
pub const VERSION: u32 = 2;
/// Longest datagram in bytes.
pub const DATAGRAM_BYTES_MAX: usize = 1200;
/// Longest name of a node, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Whether a node can have this name.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control)
}

/// An announcement of a node about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireAnnouncement {
    /// Version of the protocol.
    pub version: u32,
    /// Name of the network.
    pub network: String,
    /// Key of the node, which is also the author.
    #[schema(value_type = String)]
    pub key: NodeKey,
    /// Display name of the node.
    pub name: String,
    /// HTTP address of the node.
    #[schema(value_type = String)]
    pub http: SocketAddr,
    /// Kind: beacon, here or leaving.
    #[schema(value_type = String)]
    pub kind: AnnouncementKind,
    /// Sequence number from 1. Repetitions have the same number.
    pub nth: u64,
    /// How often the node has started, or more after a rollback: a node takes an epoch beyond those that others remember.
    /// An announcement that it leaves ends only the run in which it was made.
    pub epoch: u64,
    /// The highest number that a message of the node can have. A node that is restored from an older copy of its data
    /// folder finds its own higher number in announcements that others have stored.
    pub messages: u64,
    /// Freshness mark: Unix time in microseconds at which it was made, increasing within an epoch.
    pub mark_us: u64,
}

/// How recent an announcement is among those of its node: by epoch, then by freshness mark. Marks alone are no order:
/// a run in which the clock was ahead has higher ones than the next run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Recency {
    /// The epoch of the node.
    pub epoch: u64,
    /// The freshness mark.
    pub mark_us: u64,
}

impl WireAnnouncement {
    /// The announcement for the node state machine. `peer` is its author.
    #[must_use]
    pub fn to_local(&self, peer: Peer) -> Announcement {
        Announcement {
            peer,
            kind: self.kind,
            nth: self.nth,
            hops: 0,
        }
    }

    /// How recent it is among the announcements of its node.
    #[must_use]
    pub fn recency(&self) -> Recency {
        Recency {
            epoch: self.epoch,
            mark_us: self.mark_us,
        }
    }

    /// Verifies a signed announcement.
    ///
    /// # Errors
    /// If it is malformed, of another network or version, or not signed by its node.
    pub fn open(signed: &Signed, network: &str) -> Result<WireAnnouncement, WireError> {
        let length = signed.message.get().len();
        if length > DATAGRAM_BYTES_MAX {
            return Err(WireError::TooLarge(length, DATAGRAM_BYTES_MAX));
        }
        let announcement: WireAnnouncement = signed.read()?;
        if announcement.version != VERSION {
            return Err(WireError::OtherVersion(announcement.version));
        }
        if announcement.network != network {
            return Err(WireError::OtherNetwork);
        }
        if !is_name(&announcement.name) || announcement.nth == 0 {
            return Err(WireError::Malformed(
                "an announcement without a valid name or number".to_owned(),
            ));
        }
        signed.check(announcement.key, network, SignaturePurpose::Announcement)?;
        Ok(announcement)
    }

    /// Signs the announcement.
    ///
    /// # Errors
    /// Never, if the name is valid.
    pub fn sign(&self, identity: &Identity) -> Result<Signed, WireError> {
        Signed::new(
            identity,
            &self.network,
            SignaturePurpose::Announcement,
            self,
        )
    }
}

/// The content of a UDP datagram.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datagram {
    /// The announcement.
    pub announcement: Signed,
}

impl Datagram {
    /// Reads and verifies a datagram.
    ///
    /// # Errors
    /// As [`WireAnnouncement::open`], and if it is too long or not JSON.
    pub fn read(bytes: &[u8], network: &str) -> Result<(WireAnnouncement, Signed), WireError> {
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return Err(WireError::TooLarge(bytes.len(), DATAGRAM_BYTES_MAX));
        }
        let datagram: Datagram = serde_json::from_slice(bytes)
            .map_err(|error| WireError::Malformed(error.to_string()))?;
        let announcement = WireAnnouncement::open(&datagram.announcement, network)?;
        Ok((announcement, datagram.announcement))
    }

    /// Writes a datagram.
    ///
    /// # Errors
    /// If it is too long.
    pub fn write(&self) -> Result<Vec<u8>, WireError> {
        let bytes =
            serde_json::to_vec(self).map_err(|error| WireError::Malformed(error.to_string()))?;
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return Err(WireError::TooLarge(bytes.len(), DATAGRAM_BYTES_MAX));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(name: &str) -> WireAnnouncement {
        WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: Identity::new([1; 32]).key(),
            name: name.to_owned(),
            http: "127.0.0.1:8000".parse().unwrap(),
            kind: AnnouncementKind::Beacon,
            nth: 1,
            epoch: 1,
            messages: 256,
            mark_us: 1_700_000_000_000_000,
        }
    }

    fn packet(announcement: &WireAnnouncement, author: u8) -> Vec<u8> {
        let announcement = announcement.sign(&Identity::new([author; 32])).unwrap();
        Datagram { announcement }.write().unwrap()
    }

    #[test]
    fn a_written_datagram_is_read_back() {
        let longest = announcement(&"n".repeat(NAME_BYTES_MAX));
        let bytes = packet(&longest, 1);
        assert_eq!(Datagram::read(&bytes, "test").unwrap().0, longest);
    }

    #[test]
    fn rejects_forged_foreign_and_malformed_announcements() {
        let read =
            |bytes: &[u8]| Datagram::read(bytes, "test").map(|(announcement, _)| announcement);
        let forged = packet(&announcement("n1"), 2);
        assert!(matches!(read(&forged), Err(WireError::BadSignature(_))));
        let other = WireAnnouncement {
            version: VERSION + 1,
            ..announcement("n1")
        };
        assert_eq!(
            read(&packet(&other, 1)),
            Err(WireError::OtherVersion(VERSION + 1))
        );
        assert_eq!(
            Datagram::read(&packet(&announcement("n1"), 1), "prod").map(|_| ()),
            Err(WireError::OtherNetwork)
        );
        let unnamed = packet(&announcement("a\nb"), 1);
        assert!(matches!(read(&unnamed), Err(WireError::Malformed(_))));
        assert!(matches!(read(b"{}"), Err(WireError::Malformed(_))));
        assert!(matches!(
            read(&[b' '; 1201]),
            Err(WireError::TooLarge(1201, _))
        ));
        let mut broken = packet(&announcement("n1"), 1);
        for at in 0..broken.len() {
            broken[at] ^= 1;
            assert!(read(&broken).is_err(), "bit of byte {at} flipped");
            broken[at] ^= 1;
        }
    }
}
