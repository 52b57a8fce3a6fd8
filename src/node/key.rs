//! `NodeKey`: the public key of a node, its global identifier.
//!
//! A [`NodeId`](crate::scp::NodeId) is valid in one run or process only: two processes may number the same nodes
//! differently. Values are equal at all nodes, so they name nodes by key.

use super::strkey::{self, StrkeyKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The Ed25519 public key of a node. Its text form is a Stellar address (strkey): `G...`, 56 characters with a
/// checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey([u8; 32]);

/// The text is not a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the public key of a node: G and 55 more characters, with a correct checksum")]
pub struct InvalidNodeKey;

impl NodeKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> NodeKey {
        NodeKey(bytes)
    }

    /// The 32 bytes of the key.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that a scenario or an imported network gives as text. A synthetic network may use any text: if the text
    /// is not a public key, the result is its SHA-256, so that different texts give different keys.
    #[must_use]
    pub fn of(text: &str) -> NodeKey {
        text.parse()
            .unwrap_or_else(|_| NodeKey(Sha256::digest(text.as_bytes()).into()))
    }
}

impl FromStr for NodeKey {
    type Err = InvalidNodeKey;

    fn from_str(text: &str) -> Result<NodeKey, InvalidNodeKey> {
        strkey::decode(StrkeyKind::PublicKey, text)
            .map(NodeKey)
            .ok_or(InvalidNodeKey)
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&strkey::encode(StrkeyKind::PublicKey, &self.0))
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for NodeKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for NodeKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NodeKey, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_round_trip_as_text_and_mistyped_keys_are_rejected() {
        let key = NodeKey::of("n01");
        let text = key.to_string();
        assert_eq!((text.len(), text.starts_with('G')), (56, true));
        assert_eq!(text.parse(), Ok(key));
        assert_eq!(NodeKey::of(&text), key);
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<NodeKey>(&json).unwrap(), key);
        let wrong = text.replace(&text[20..21], if &text[20..21] == "A" { "B" } else { "A" });
        assert_eq!(wrong.parse::<NodeKey>(), Err(InvalidNodeKey));
        assert!(serde_json::from_str::<NodeKey>("\"n01\"").is_err());
    }
}
