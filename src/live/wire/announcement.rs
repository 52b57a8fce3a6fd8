//! Announcements: what is broadcast by UDP, and told on by those who have heard it.

use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::node::{Announcement, AnnouncementKind, NodeKey, Peer};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use utoipa::ToSchema;

/// The version of everything that is sent.
pub const VERSION: u32 = 1;
/// No datagram is longer.
pub const DATAGRAM_BYTES_MAX: usize = 1200;
/// Longest name of a node, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Can a node be called so?
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control)
}

/// What a node says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireAnnouncement {
    /// The version of the protocol.
    pub version: u32,
    /// To which network it belongs.
    pub network: String,
    /// Whom it is about: the author.
    #[schema(value_type = String)]
    pub key: NodeKey,
    /// How people call it.
    pub name: String,
    /// Where it answers.
    #[schema(value_type = String)]
    pub http: SocketAddr,
    /// Beacon, here or leaving.
    #[schema(value_type = String)]
    pub kind: AnnouncementKind,
    /// Counted from 1; repetitions keep it.
    pub nth: u64,
    /// The freshness mark: microseconds of Unix time when it was said; of one node always higher than before.
    pub mark_us: u64,
}

impl WireAnnouncement {
    /// As the node hears it: about `peer`, which is the local name of who signed it, and straight from there.
    #[must_use]
    pub fn to_local(&self, peer: Peer) -> Announcement {
        Announcement {
            peer,
            kind: self.kind,
            nth: self.nth,
            hops: 0,
        }
    }

    /// Opens a signed announcement.
    ///
    /// # Errors
    /// If it is malformed, of another network or version, or not signed by the node it is about.
    pub fn open(signed: &Signed, network: &str) -> Result<WireAnnouncement, WireError> {
        let length = signed.message.get().len();
        if length > DATAGRAM_BYTES_MAX {
            return Err(WireError::TooLarge(length, DATAGRAM_BYTES_MAX));
        }
        let said: WireAnnouncement = signed.read()?;
        if said.version != VERSION {
            return Err(WireError::OtherVersion(said.version));
        }
        if said.network != network {
            return Err(WireError::OtherNetwork);
        }
        if !is_name(&said.name) || said.nth == 0 {
            return Err(WireError::Malformed(
                "an announcement without a proper name or number".to_owned(),
            ));
        }
        signed.check(said.key, network, SignaturePurpose::Announcement)?;
        Ok(said)
    }

    /// Signs it.
    ///
    /// # Errors
    /// Never with a proper name.
    pub fn sign(&self, identity: &Identity) -> Result<Signed, WireError> {
        Signed::new(
            identity,
            &self.network,
            SignaturePurpose::Announcement,
            self,
        )
    }
}

/// What one UDP packet holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datagram {
    /// The announcement.
    pub announcement: Signed,
}

impl Datagram {
    /// Reads a packet.
    ///
    /// # Errors
    /// As [`WireAnnouncement::open`], and if it is too long or no JSON.
    pub fn read(bytes: &[u8], network: &str) -> Result<(WireAnnouncement, Signed), WireError> {
        if bytes.len() > DATAGRAM_BYTES_MAX {
            return Err(WireError::TooLarge(bytes.len(), DATAGRAM_BYTES_MAX));
        }
        let datagram: Datagram = serde_json::from_slice(bytes)
            .map_err(|error| WireError::Malformed(error.to_string()))?;
        let announcement = WireAnnouncement::open(&datagram.announcement, network)?;
        Ok((announcement, datagram.announcement))
    }

    /// The packet.
    ///
    /// # Errors
    /// If it would be too long.
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

    fn said(name: &str) -> WireAnnouncement {
        WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: Identity::new([1; 32]).key(),
            name: name.to_owned(),
            http: "127.0.0.1:8000".parse().unwrap(),
            kind: AnnouncementKind::Beacon,
            nth: 1,
            mark_us: 1_700_000_000_000_000,
        }
    }

    fn packet(said: &WireAnnouncement, author: u8) -> Vec<u8> {
        let announcement = said.sign(&Identity::new([author; 32])).unwrap();
        Datagram { announcement }.write().unwrap()
    }

    #[test]
    fn what_is_broadcast_is_what_is_heard() {
        let longest = said(&"n".repeat(NAME_BYTES_MAX));
        let bytes = packet(&longest, 1);
        assert_eq!(Datagram::read(&bytes, "test").unwrap().0, longest);
    }

    #[test]
    fn what_should_not_be_heard_is_not() {
        let read = |bytes: &[u8]| Datagram::read(bytes, "test").map(|(said, _)| said);
        let forged = packet(&said("n1"), 2);
        assert!(matches!(read(&forged), Err(WireError::BadSignature(_))));
        let other = WireAnnouncement {
            version: 2,
            ..said("n1")
        };
        assert_eq!(read(&packet(&other, 1)), Err(WireError::OtherVersion(2)));
        assert_eq!(
            Datagram::read(&packet(&said("n1"), 1), "prod").map(|_| ()),
            Err(WireError::OtherNetwork)
        );
        let unnamed = packet(&said("a\nb"), 1);
        assert!(matches!(read(&unnamed), Err(WireError::Malformed(_))));
        assert!(matches!(read(b"{}"), Err(WireError::Malformed(_))));
        assert!(matches!(
            read(&[b' '; 1201]),
            Err(WireError::TooLarge(1201, _))
        ));
        let mut broken = packet(&said("n1"), 1);
        for at in 0..broken.len() {
            broken[at] ^= 1;
            assert!(read(&broken).is_err(), "bit of byte {at} flipped");
            broken[at] ^= 1;
        }
    }
}
