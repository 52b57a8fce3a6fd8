//! Messages of nodes with keys in place of numbers, and back.

use super::announcement::WireAnnouncement;
use super::quorum_set::WireQuorumSet;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::live::node_directory::NodeDirectory;
use crate::node::{Body, Message, MessageId, NodeKey, Proposal};
use crate::scp::{Envelope, QuorumSetId, SlotIndex, Statement, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A message as it is sent.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireMessage {
    /// Who has created and signed it.
    #[schema(value_type = String)]
    pub sender: NodeKey,
    /// The how-manieth message of its sender it is; relaying keeps the number.
    pub nth: u64,
    /// For this node only; without it for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to: Option<NodeKey>,
    /// Re-sent or periodic.
    #[serde(default)]
    pub housekeeping: bool,
    /// What it says.
    pub body: WireBody,
}

/// What a message says.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WireBody {
    /// A statement of SCP.
    Statement(WireStatement),
    /// A proposal. It is certified if the sender of this message is trusted: its origin, or whoever vouches for it.
    Proposal {
        /// The proposal.
        #[schema(value_type = Object)]
        proposal: Proposal,
    },
    /// Whom do you know?
    PeersQuestion,
    /// Whom the sender knows, and whom of them it trusts.
    Peers {
        /// Their own signed announcements.
        known: Vec<Signed>,
        /// Keys.
        #[schema(value_type = Vec<String>)]
        trusted: Vec<NodeKey>,
    },
    /// What was decided from this slot on?
    CatchUpQuestion {
        /// First slot that the sender lacks.
        from_slot: u64,
    },
    /// Decisions, ascending without gaps.
    CatchUpAnswer {
        /// Slot by slot.
        decided: Vec<WireDecision>,
    },
}

/// A statement of SCP together with the quorum set that its sender uses.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireStatement {
    /// About which slot.
    pub slot: u64,
    /// The how-manieth quorum set of the sender this is.
    pub quorum_set_nth: u32,
    /// The set.
    pub quorum_set: WireQuorumSet,
    /// `nominate`, `prepare`, `confirm` or `externalize` with its fields.
    #[schema(value_type = Object)]
    pub statement: Statement,
}

/// A decision.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireDecision {
    /// Of which slot.
    pub slot: u64,
    /// The decided value.
    #[schema(value_type = String)]
    pub value: Value,
}

impl WireMessage {
    /// As `message` is sent. Of the nodes that it says it knows, those are named whose announcements are at hand.
    #[must_use]
    pub fn new(message: &Message, directory: &NodeDirectory) -> WireMessage {
        let body = match &message.body {
            Body::Scp {
                envelope,
                quorum_set,
            } => WireBody::Statement(WireStatement {
                slot: envelope.slot.0,
                quorum_set_nth: envelope.quorum_set.nth,
                quorum_set: WireQuorumSet::new(quorum_set, directory),
                statement: envelope.statement.clone(),
            }),
            Body::Proposal(proposal) => WireBody::Proposal {
                proposal: Proposal::clone(proposal),
            },
            Body::PeersQuestion => WireBody::PeersQuestion,
            Body::Peers { known, trusted } => WireBody::Peers {
                known: known
                    .iter()
                    .filter_map(|peer| directory.signed_announcement(peer.id).cloned())
                    .collect(),
                trusted: trusted.iter().map(|&node| directory.key_of(node)).collect(),
            },
            Body::CatchUpQuestion { from_slot } => WireBody::CatchUpQuestion {
                from_slot: from_slot.0,
            },
            Body::CatchUpAnswer { decided } => WireBody::CatchUpAnswer {
                decided: decided
                    .iter()
                    .map(|(slot, value)| WireDecision {
                        slot: slot.0,
                        value: value.clone(),
                    })
                    .collect(),
            },
        };
        WireMessage {
            sender: directory.key_of(message.id.sender),
            nth: message.id.nth,
            to: message.to.map(|node| directory.key_of(node)),
            housekeeping: message.housekeeping,
            body,
        }
    }

    /// Signs it.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn sign(&self, identity: &Identity, network: &str) -> Result<Signed, WireError> {
        Signed::new(identity, network, SignaturePurpose::Message, self)
    }
}

/// A message whose signatures have been checked, and the bytes to pass on.
#[derive(Clone, Debug)]
pub struct VerifiedMessage {
    /// What it says.
    pub message: WireMessage,
    /// Of a `Peers` message the announcements in it; others of its announcements were not what they should be.
    pub announcements: Vec<(WireAnnouncement, Signed)>,
    /// As it came.
    pub signed: Signed,
}

impl VerifiedMessage {
    /// Opens a signed message.
    ///
    /// # Errors
    /// If it is malformed or not signed by its sender.
    pub fn open(signed: Signed, network: &str) -> Result<VerifiedMessage, WireError> {
        let message: WireMessage = signed.read()?;
        signed.check(message.sender, network, SignaturePurpose::Message)?;
        let announcements = match &message.body {
            WireBody::Peers { known, .. } => known
                .iter()
                .filter_map(|signed| {
                    let said = WireAnnouncement::open(signed, network).ok()?;
                    Some((said, signed.clone()))
                })
                .collect(),
            _ => Vec::new(),
        };
        Ok(VerifiedMessage {
            message,
            announcements,
            signed,
        })
    }

    /// As the node hears it. Whom it names gets a number, if there is one left.
    ///
    /// # Errors
    /// If there are too many nodes, or a quorum set is out of bounds.
    pub fn to_local(&self, directory: &mut NodeDirectory) -> Result<Message, WireError> {
        let message = &self.message;
        let sender = directory.assign(message.sender)?;
        let body = match &message.body {
            WireBody::Statement(said) => Body::Scp {
                envelope: Arc::new(Envelope {
                    from: sender,
                    slot: SlotIndex(said.slot),
                    quorum_set: QuorumSetId {
                        owner: sender,
                        nth: said.quorum_set_nth,
                    },
                    statement: said.statement.clone(),
                }),
                quorum_set: Arc::new(said.quorum_set.to_local(directory)?),
            },
            WireBody::Proposal { proposal } => Body::Proposal(Arc::new(proposal.clone())),
            WireBody::PeersQuestion => Body::PeersQuestion,
            WireBody::Peers { trusted, .. } => {
                let mut known = Vec::new();
                for (said, signed) in &self.announcements {
                    directory.update(said, signed)?;
                    let id = directory.assign(said.key)?;
                    known.extend(directory.peer(id));
                }
                let trusted = trusted.iter().map(|&key| directory.assign(key));
                Body::Peers {
                    known: known.into(),
                    trusted: trusted.collect::<Result<_, _>>()?,
                }
            }
            WireBody::CatchUpQuestion { from_slot } => Body::CatchUpQuestion {
                from_slot: SlotIndex(*from_slot),
            },
            WireBody::CatchUpAnswer { decided } => Body::CatchUpAnswer {
                decided: decided
                    .iter()
                    .map(|decision| (SlotIndex(decision.slot), decision.value.clone()))
                    .collect(),
            },
        };
        let to = message.to.map(|key| directory.assign(key)).transpose()?;
        Ok(Message {
            id: MessageId {
                sender,
                nth: message.nth,
            },
            to,
            housekeeping: message.housekeeping,
            body,
        })
    }
}
