//! `NodeKey`: the public key of a node, by which it is known beyond this run.
//!
//! Numbers of nodes belong to one run, or to one process: two processes number the same nodes differently. What is agreed
//! on must read the same everywhere, so it names nodes by key.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;
use stellar_strkey::ed25519::PublicKey;

/// The Ed25519 public key of a node. As text it is a Stellar address, `G...`, 56 characters with a checksum.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeKey([u8; 32]);

/// A text is no key of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the public key of a node: G and 55 more characters, with a correct checksum")]
pub struct InvalidNodeKey;

impl NodeKey {
    /// The key with these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> NodeKey {
        NodeKey(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that a scenario or an imported network gives as text. Invented networks have keys that are none: the
    /// SHA-256 of such a text stands for it, so different nodes stay different.
    #[must_use]
    pub fn of(text: &str) -> NodeKey {
        text.parse()
            .unwrap_or_else(|_| NodeKey(Sha256::digest(text.as_bytes()).into()))
    }
}

impl FromStr for NodeKey {
    type Err = InvalidNodeKey;

    fn from_str(text: &str) -> Result<NodeKey, InvalidNodeKey> {
        match PublicKey::from_string(text) {
            Ok(PublicKey(bytes)) => Ok(NodeKey(bytes)),
            Err(_) => Err(InvalidNodeKey),
        }
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PublicKey(self.0).to_string().as_str())
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for NodeKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(PublicKey(self.0).to_string().as_str())
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
    fn a_key_reads_back_as_it_was_written_and_a_typing_error_is_noticed() {
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
