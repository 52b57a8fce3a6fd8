//! Bundles of relayed messages, spread by lazy push gossip (IHAVE and IWANT). A node first offers the names of the messages, and sends only those that the receiver
//! wants.

use super::message::VerifiedMessage;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::node::NodeKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Globally unique name of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageName {
    /// Key of its author.
    #[schema(value_type = String)]
    pub sender: NodeKey,
    /// Its number among the messages of its author.
    pub nth: u64,
}

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

/// A bundle whose signatures are valid.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    /// Key of the relaying node.
    pub from: NodeKey,
    /// The messages.
    pub messages: Vec<VerifiedMessage>,
}

impl VerifiedBundle {
    /// Verifies a signed bundle and its messages.
    ///
    /// # Errors
    /// If the bundle or a message in it is malformed or has an invalid signature. A correct node does not relay such a
    /// message.
    pub fn open(signed: &Signed, network: &str) -> Result<VerifiedBundle, WireError> {
        let bundle: WireBundle = signed.read()?;
        signed.check(bundle.from, network, SignaturePurpose::Bundle)?;
        let messages = bundle.messages.into_iter();
        Ok(VerifiedBundle {
            from: bundle.from,
            messages: messages
                .map(|signed| VerifiedMessage::open(signed, network))
                .collect::<Result<_, _>>()?,
        })
    }
}
