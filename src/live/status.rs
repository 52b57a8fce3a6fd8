//! What a node tells about itself over REST: `GET /status` and `GET /peers` as types.

use super::wire::{LogHead, Signed, WireQuorumSet};
use crate::node::{BackupAnswer, Content, FileInfo, NodeKey, Proposal, ProposalId};
use crate::scp::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use utoipa::ToSchema;

/// Which part of the log is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusQuestion {
    /// From this slot on; without it the newest.
    pub from_slot: Option<u64>,
    /// At most so many entries.
    pub limit: usize,
}

/// How a node is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// The network it belongs to.
    pub network: String,
    /// Where it answers.
    #[schema(value_type = String)]
    pub http: SocketAddr,
    /// `discovering`, `catching_up`, `ready` or `left`.
    pub readiness: String,
    /// Whether it has the broadcast role.
    pub is_beacon: bool,
    /// For how long it has been running.
    pub uptime_ms: u64,
    /// The slot to be decided next.
    pub slot: u64,
    /// How far it is in each slot that it remembers.
    pub slots: Vec<SlotView>,
    /// What was agreed on.
    pub log: LogView,
    /// Everybody trusted, the node itself included.
    pub trust_set: Vec<NodeName>,
    /// Its quorum set, once it has one.
    pub quorum_set: Option<WireQuorumSet>,
    /// Proposals that wait for their decision.
    pub pool: Vec<ProposalView>,
    /// Files that the network has decided to back up.
    pub backup_log: Vec<BackupView>,
    /// Everybody it knows.
    pub nodes: Vec<OtherView>,
    /// How often what has happened since the start.
    pub counters: BTreeMap<String, u64>,
    /// With `?all`: what each known node answers when it is asked for its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<OtherLog>>,
}

/// A node, by its key and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeName {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
}

/// How far a node is in a slot.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SlotView {
    /// Which.
    pub slot: u64,
    /// `idle`, `nominate`, `accept`, `confirm` or `externalized`.
    pub phase: String,
    /// Round of nomination.
    pub round: u32,
    /// Counter of the current ballot; 0 = none.
    pub ballot: u32,
}

/// A log, or a part of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogView {
    /// The last recorded slot; 0 if there is none.
    pub index: u64,
    /// SHA-256 over the whole log.
    pub hash: String,
    /// Ascending by slot.
    pub entries: Vec<LogEntryView>,
}

/// What was agreed on in a slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogEntryView {
    /// Which.
    pub slot: u64,
    /// The proposals in the decision.
    pub proposals: Vec<ProposalView>,
    /// The decision as it was voted for.
    #[schema(value_type = String)]
    pub value: Value,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposalView {
    /// Key of the node where it entered.
    #[schema(value_type = String)]
    pub origin: NodeKey,
    /// The how-manieth of that node.
    pub nth: u32,
    /// A note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// A file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileView>,
}

impl From<&Proposal> for ProposalView {
    fn from(proposal: &Proposal) -> ProposalView {
        let ProposalId { origin, nth } = proposal.id;
        let (note, file) = match &proposal.content {
            Content::Note(text) => (Some(text.clone()), None),
            Content::File(file) => (None, Some(file.into())),
            Content::Choice(value) => (Some(value.to_string()), None),
        };
        ProposalView {
            origin,
            nth,
            note,
            file,
        }
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// Plain name.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the content; `/files/` and this is where it can be had.
    pub sha256: String,
}

impl From<&FileInfo> for FileView {
    fn from(file: &FileInfo) -> FileView {
        FileView {
            name: file.name.clone(),
            size_bytes: file.size_bytes,
            sha256: file.sha256.clone(),
        }
    }
}

/// A line of the backup log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupView {
    /// The file.
    pub file: FileView,
    /// By which proposal: key of its origin.
    #[schema(value_type = String)]
    pub origin: NodeKey,
    /// By which proposal: the how-manieth of its origin.
    pub nth: u32,
    /// In which slot it was decided; absent as long as it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// What this node said when it was asked: `yes`, `no_has_it` or `not_asked`.
    #[schema(value_type = String)]
    pub answer: BackupAnswer,
    /// Whether the file is here, whole.
    pub is_here: bool,
    /// From whom it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NodeName>,
    /// How much of it is here already, while it is being fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_bytes: Option<u64>,
}

/// What is known about another node.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OtherView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// Where it answers, if that is known.
    #[schema(value_type = Option<String>)]
    pub http: Option<SocketAddr>,
    /// Whether it is trusted.
    pub is_trusted: bool,
    /// Why it is known, and trusted or not.
    pub why: String,
    /// Whether it answered the last call to it; without it nobody has tried.
    pub is_reachable: Option<bool>,
    /// How long ago it was last heard.
    pub heard_ms_ago: Option<u64>,
    /// How far its log has come, as far as it has told.
    pub log: Option<LogHead>,
}

/// What a node answered when it was asked for its log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OtherLog {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// Its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogView>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The trusted-node service: whom a node has found and whom of them it trusts, and why.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PeersView {
    /// Its public key.
    #[schema(value_type = String)]
    pub id: NodeKey,
    /// How people call it.
    pub name: String,
    /// `found` (everybody who is found is trusted) or `fixed` (a given quorum set).
    pub policy: String,
    /// Everybody it knows and has not seen leave.
    pub peers: Vec<OtherView>,
    /// How far its log has come.
    pub log: LogHead,
    /// For a node that asks: the same as a signed message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
}
