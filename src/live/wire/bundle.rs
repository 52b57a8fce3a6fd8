//! Bundles: what a node passes on of others'. Before it sends one it says what it has, and sends what is wanted.

use super::announcement::WireAnnouncement;
use super::message::Opened;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, Purpose};
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

/// An announcement that is passed on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Passed {
    /// How often it has been passed on, this time included.
    pub hops: u32,
    /// As its author signed it.
    pub announcement: Signed,
}

/// What a node passes on. The signature around it is that of the node that passes it on and vouches for it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireBundle {
    /// Who passes it on.
    #[schema(value_type = String)]
    pub from: NodeKey,
    /// Announcements.
    #[serde(default)]
    pub announcements: Vec<Passed>,
    /// Messages.
    #[serde(default)]
    pub messages: Vec<Signed>,
}

impl WireBundle {
    /// Signs it.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn sign(&self, identity: &Identity, network: &str) -> Result<Signed, WireError> {
        Signed::new(identity, network, Purpose::Bundle, self)
    }
}

/// A bundle whose signatures have been checked.
#[derive(Clone, Debug)]
pub struct OpenedBundle {
    /// Who passes it on.
    pub from: NodeKey,
    /// Announcements, with how often they have been passed on.
    pub announcements: Vec<(u32, WireAnnouncement, Signed)>,
    /// Messages.
    pub messages: Vec<Opened>,
}

impl OpenedBundle {
    /// Opens a signed bundle.
    ///
    /// # Errors
    /// If it, or anything in it, is malformed or not signed by its author: who vouches for such things is not listened to.
    pub fn open(signed: &Signed, network: &str) -> Result<OpenedBundle, WireError> {
        let bundle: WireBundle = signed.read()?;
        signed.check(bundle.from, network, Purpose::Bundle)?;
        let announcements = bundle.announcements.into_iter().map(|passed| {
            let said = WireAnnouncement::open(&passed.announcement, network)?;
            Ok((passed.hops.max(1), said, passed.announcement))
        });
        let messages = bundle.messages.into_iter();
        Ok(OpenedBundle {
            from: bundle.from,
            announcements: announcements.collect::<Result<_, WireError>>()?,
            messages: messages
                .map(|signed| Opened::open(signed, network))
                .collect::<Result<_, _>>()?,
        })
    }
}
