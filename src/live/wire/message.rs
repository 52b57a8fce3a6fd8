//! Messages between nodes, with keys instead of local numbers, and the conversion in both directions.

use super::announcement::WireAnnouncement;
use super::message_name::MessageName;
use super::quorum_set::WireQuorumSet;
use super::signed::{Signed, WireError};
use crate::live::identity::{Identity, SignaturePurpose};
use crate::live::node_directory::{NODES_MAX, NodeDirectory};
use crate::node::{Body, Message, MessageId, NodeKey, PeersAnswer, Proposal};
use crate::scp::{Envelope, QuorumSetId, SlotIndex, Statement, Value};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A message on the wire.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireMessage {
    /// Key of its author and signer.
    #[schema(value_type = String)]
    pub sender: NodeKey,
    /// Its number among the messages of its author. Relaying keeps it.
    pub nth: u64,
    /// The only receiver; without it, the message is for all nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub to: Option<NodeKey>,
    /// Whether it is re-sent or periodic.
    #[serde(default)]
    pub housekeeping: bool,
    /// The content.
    pub body: WireBody,
}

/// The content of a message.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WireBody {
    /// A statement of SCP.
    Statement(WireStatement),
    /// A proposal. The author of the message certifies it, or is its origin.
    Proposal {
        /// The proposal.
        #[schema(value_type = Object)]
        proposal: Proposal,
    },
    /// Asks for peers.
    PeersQuestion,
    /// The nodes that the sender knows, and which of them it trusts.
    Peers {
        /// Signed announcements of the known nodes.
        known: Vec<Signed>,
        /// Keys of the trusted nodes.
        #[schema(value_type = Vec<String>)]
        trusted: Vec<NodeKey>,
    },
    /// Asks for decisions from a slot on.
    CatchUpQuestion {
        /// First slot that the sender does not have.
        from_slot: u64,
    },
    /// Decisions, ascending without gaps.
    CatchUpAnswer {
        /// The decisions.
        decided: Vec<WireDecision>,
    },
}

/// A statement of SCP with the quorum set of its sender.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireStatement {
    /// The slot.
    pub slot: u64,
    /// The number of the quorum set among those of the sender.
    pub quorum_set_nth: u32,
    /// The quorum set.
    pub quorum_set: WireQuorumSet,
    /// `nominate`, `prepare`, `confirm` or `externalize` with its fields.
    #[schema(value_type = Object)]
    pub statement: Statement,
}

/// The decision of a slot.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WireDecision {
    /// The slot.
    pub slot: u64,
    /// The decided value.
    #[schema(value_type = String)]
    pub value: Value,
}

impl WireMessage {
    /// Converts a message for sending. A list of peers contains the nodes whose announcements are stored.
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
            Body::Peers(answer) => WireBody::Peers {
                known: answer
                    .known
                    .iter()
                    .filter_map(|peer| directory.signed_announcement(peer.id).cloned())
                    .collect(),
                trusted: answer
                    .trusted
                    .iter()
                    .map(|&node| directory.key_of(node))
                    .collect(),
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

    /// Signs the message.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn sign(&self, identity: &Identity, network: &str) -> Result<Signed, WireError> {
        Signed::new(identity, network, SignaturePurpose::Message, self)
    }
}

/// A message whose signature has not been checked. Cheap checks come first, because a signature costs as much as
/// reading a hundred messages.
#[derive(Clone, Debug)]
pub struct UnverifiedMessage {
    message: WireMessage,
    signed: Signed,
}

impl UnverifiedMessage {
    /// Reads a signed message without verifying its signature.
    ///
    /// # Errors
    /// If it is malformed, or contains more announcements than there can be nodes.
    pub fn read(signed: Signed) -> Result<UnverifiedMessage, WireError> {
        let message: WireMessage = signed.read()?;
        if let WireBody::Peers { known, .. } = &message.body
            && known.len() > NODES_MAX
        {
            let why = format!("expected at most {NODES_MAX} announcements");
            return Err(WireError::Malformed(why));
        }
        Ok(UnverifiedMessage { message, signed })
    }

    /// What the message claims.
    #[must_use]
    pub fn claimed(&self) -> &WireMessage {
        &self.message
    }

    /// Its name, as claimed.
    #[must_use]
    pub fn name(&self) -> MessageName {
        MessageName {
            sender: self.message.sender,
            nth: self.message.nth,
        }
    }

    /// Length of the signed text in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.signed.message.get().len()
    }

    /// Number of signatures to check: its own, and those of the announcements in it.
    #[must_use]
    pub fn signatures(&self) -> usize {
        match &self.message.body {
            WireBody::Peers { known, .. } => known.len().saturating_add(1),
            _ => 1,
        }
    }

    /// Verifies the signature.
    ///
    /// # Errors
    /// If it is not that of its sender.
    pub fn verify(self, network: &str) -> Result<VerifiedMessage, WireError> {
        let UnverifiedMessage { message, signed } = self;
        signed.check(message.sender, network, SignaturePurpose::Message)?;
        let announcements = match &message.body {
            WireBody::Peers { known, .. } => known
                .iter()
                .filter_map(|signed| {
                    let announcement = WireAnnouncement::open(signed, network).ok()?;
                    Some((announcement, signed.clone()))
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
}

/// A message whose signature is valid, with its signed text for relaying.
#[derive(Clone, Debug)]
pub struct VerifiedMessage {
    /// The content.
    pub message: WireMessage,
    /// The valid announcements in a `Peers` message; empty for other messages.
    pub announcements: Vec<(WireAnnouncement, Signed)>,
    /// The signed text, as received.
    pub signed: Signed,
}

impl VerifiedMessage {
    /// Reads and verifies a signed message.
    ///
    /// # Errors
    /// If it is malformed or its signature is not that of its sender.
    pub fn open(signed: Signed, network: &str) -> Result<VerifiedMessage, WireError> {
        UnverifiedMessage::read(signed)?.verify(network)
    }

    /// The name of the message.
    #[must_use]
    pub fn name(&self) -> MessageName {
        MessageName {
            sender: self.message.sender,
            nth: self.message.nth,
        }
    }

    /// The announcements whose addresses are proved.
    fn announcements_proved_in(
        &self,
        directory: &NodeDirectory,
    ) -> Vec<&(WireAnnouncement, Signed)> {
        let proved = |known: &&(WireAnnouncement, Signed)| directory.has_proved(&known.0);
        self.announcements.iter().filter(proved).collect()
    }

    /// The message with local node numbers. Unknown nodes in a quorum set get numbers. A list of peers is reduced to
    /// the nodes that have proved their addresses.
    ///
    /// # Errors
    /// If the directory is full, or a quorum set exceeds its limits.
    pub fn to_local(&self, directory: &mut NodeDirectory) -> Result<Message, WireError> {
        let message = &self.message;
        let sender = directory.assign(message.sender)?;
        let body = match &message.body {
            WireBody::Statement(statement) => Body::Scp {
                envelope: Arc::new(Envelope {
                    from: sender,
                    slot: SlotIndex(statement.slot),
                    quorum_set: QuorumSetId {
                        owner: sender,
                        nth: statement.quorum_set_nth,
                    },
                    statement: statement.statement.clone(),
                }),
                quorum_set: Arc::new(statement.quorum_set.to_local(directory)?),
            },
            WireBody::Proposal { proposal } => Body::Proposal(Arc::new(proposal.clone())),
            WireBody::PeersQuestion => Body::PeersQuestion,
            WireBody::Peers { trusted, .. } => {
                let mut known = Vec::new();
                for (announcement, signed) in self.announcements_proved_in(directory) {
                    let id = directory.update(announcement, signed)?;
                    known.extend(directory.peer(id));
                }
                let trusted = trusted.iter().filter_map(|&key| directory.find(key));
                Body::Peers(Arc::new(PeersAnswer {
                    known: known.into_iter().collect(),
                    trusted: trusted.collect(),
                }))
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
