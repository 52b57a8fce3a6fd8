//! Bundles: what a node passes on of others'. Before it sends one it says what it has, and sends what is wanted.

use super::message::VerifiedMessage;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::node::NodeKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Names a message for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageName {
    /// Who has created it.
    #[schema(value_type = String)]
    pub sender: NodeKey,
    /// The how-manieth of that sender.
    pub nth: u64,
}

/// What a node passes on. The signature around it is that of the node that passes it on. It
/// vouches for nothing: each message is judged as its own author signed it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireBundle {
    /// Who passes it on.
    #[schema(value_type = String)]
    pub from: NodeKey,
    /// Messages.
    pub messages: Vec<Signed>,
}

impl WireBundle {
    /// Signs it.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn sign(&self, identity: &Identity, network: &str) -> Result<Signed, WireError> {
        Signed::new(identity, network, SignaturePurpose::Bundle, self)
    }
}

/// A bundle whose signatures have been checked.
#[derive(Clone, Debug)]
pub struct VerifiedBundle {
    /// Who passes it on.
    pub from: NodeKey,
    /// Messages.
    pub messages: Vec<VerifiedMessage>,
}

impl VerifiedBundle {
    /// Opens a signed bundle.
    ///
    /// # Errors
    /// If it, or anything in it, is malformed or not signed by its author: who vouches for such things is not listened to.
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
