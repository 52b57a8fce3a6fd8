//! The configuration of a node: identity, application and settings.

use super::proposal::FileInfo;
use super::trust_policy::{Threshold, TrustPolicy};
use crate::scp::{NodeId, Value};
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the network agrees on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Application {
    /// A replicated log: each slot decides a set of certified proposals, and values combine by set union.
    Log,
    /// Each node nominates its own value, and the bytewise greatest candidate wins.
    Choice,
}

/// Whether nodes relay what they receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relaying {
    /// Every node relays each new message once, in bundles. This suits networks whose nodes do not all reach each
    /// other.
    #[default]
    Flood,
    /// Nodes relay nothing: all nodes reach each other, and re-sending repairs losses.
    Direct,
}

/// What a node assumes about the network at its first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JoinMode {
    /// The network starts now: the node waits for the beacon and fetches no log.
    Founder,
    /// The network runs already: the node announces itself and fetches the log before it votes.
    Newcomer,
    /// The state of the network is unknown: the node waits for the beacon and fetches the log before it votes.
    Unknown,
}

/// The identity of a node, as other nodes know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peer {
    /// Its number in this run.
    pub id: NodeId,
    /// Short name for display.
    pub name: Arc<str>,
    /// Public key as text (`G...`). Nomination hashes this text.
    pub key: Arc<str>,
}

/// Who gets a vote among the nodes that are found after the first slot has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdmissionPolicy {
    /// Each node, after its probation.
    Anyone,
    /// A node that a majority of the trusted nodes trusts, after its probation.
    Friends,
    /// Only nodes that an operator adds. This holds for nodes that are found before the first slot, too.
    Ask,
}

/// Admission of discovered nodes to the trust set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmissionSettings {
    /// Who is admitted.
    pub policy: AdmissionPolicy,
    /// How long a node sends messages before it is admitted.
    pub probation: Span,
}

/// Settings that all nodes of a scenario share. A span of zero switches a periodic task off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSettings {
    /// What the network agrees on.
    pub application: Application,
    /// A node votes only if it knows at least this many nodes, itself included.
    pub min_nodes: u32,
    /// A node votes only after its roster has been unchanged for this long.
    pub settle: Span,
    /// The period with which nodes query the trusted-node service of their peers.
    pub refresh: Span,
    /// The period with which the beacon broadcasts.
    pub announce: Span,
    /// The period with which nodes re-send their latest statements.
    pub resend: Span,
    /// A proposal without a decision expires after this time.
    pub proposal_ttl: Span,
    /// Unsafe: nodes that are silent for this long leave the quorum set. `None`: never.
    pub forget_after: Option<Span>,
    /// Admission of discovered nodes to the trust set. `None`: each one counts at once.
    pub admission: Option<AdmissionSettings>,
    /// Whether nodes relay what they receive.
    pub relaying: Relaying,
    /// The minimum time between two transmissions of relayed messages. Zero: a node relays after every step.
    pub relay_interval: Span,
    /// `Choice` only: nodes start this many slots without a new choice. Each later slot requires one.
    pub choice_slots: u32,
}

/// The configuration of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// Its identity.
    pub peer: Peer,
    /// How it chooses its trust set.
    pub trust: TrustPolicy,
    /// The size of its slices, unless the quorum set is fixed.
    pub threshold: Threshold,
    /// Whether it has the broadcast role: its announcement starts discovery.
    pub is_beacon: bool,
    /// Nodes that it knows without discovery: the members of fixed quorum sets.
    pub address_book: Arc<[Peer]>,
    /// `Choice` only: the value that it nominates. `None`: it only echoes.
    pub initial_value: Option<Value>,
    /// The files that it holds from the start.
    pub held_files: Vec<FileInfo>,
    /// What it assumes about the network at its first start.
    pub join_mode: JoinMode,
    /// Settings shared by all nodes.
    pub settings: Arc<NodeSettings>,
}
