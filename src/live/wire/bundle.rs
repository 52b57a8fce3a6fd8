//! Bundles of relayed messages, spread by lazy push gossip (IHAVE and IWANT). A node first offers the names of the messages, and sends only those that the receiver
//! wants.

use super::message::VerifiedMessage;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::node::NodeKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Relayed messages, signed by the relaying node. That node does not certify them: each message has the signature of its
/// author.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireBundle {
    /// Key of the relaying node.
    #[schema(value_type = String)]
    pub from: NodeKey,
    /// The messages.
    pub messages: Vec<Signed>,
}

impl WireBundle {
    /// Signs the bundle.
    ///
    /// # Errors
    /// If it cannot be serialized.
    pub fn sign(&self, identity: &Identity, network: &str) -> Result<Signed, WireError> {
        Signed::new(identity, network, SignaturePurpose::Bundle, self)
    }
}

/// A bundle whose signatures have not been checked.
#[derive(Clone, Debug)]
pub struct UnverifiedBundle {
    bundle: WireBundle,
    signed: Signed,
}

impl UnverifiedBundle {
    /// Reads a signed bundle without verifying any signature.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn read(signed: Signed) -> Result<UnverifiedBundle, WireError> {
        let bundle = signed.read()?;
        Ok(UnverifiedBundle { bundle, signed })
    }

    /// The relaying node, as claimed.
    #[must_use]
    pub fn from(&self) -> NodeKey {
        self.bundle.from
    }

    /// Number of messages in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bundle.messages.len()
    }

    /// Whether it contains no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bundle.messages.is_empty()
    }

    /// Length of the signed text in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.signed.message.get().len()
    }

    /// Verifies the signature of the relaying node, and returns the messages. Their own signatures are still to be
    /// checked.
    ///
    /// # Errors
    /// If the signature is not that of the relaying node.
    pub fn verify_relaying_node(self, network: &str) -> Result<Vec<Signed>, WireError> {
        let UnverifiedBundle { bundle, signed } = self;
        signed.check(bundle.from, network, SignaturePurpose::Bundle)?;
        Ok(bundle.messages)
    }
}

/// A bundle whose signatures are valid.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    /// Key of the relaying node.
    pub from: NodeKey,
    /// The messages.
    pub messages: Vec<VerifiedMessage>,
}
