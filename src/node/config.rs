//! What a node is told before it starts.

use super::proposal::FileInfo;
use crate::scp::{NodeId, QuorumSet, Value};
use crate::time::Span;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the network agrees on (DESIGN section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Application {
    /// Slot after slot of certified proposals from a pool; combining is set union.
    Log,
    /// Each node nominates a value of its own; the bytewise greatest candidate wins.
    Choice,
}

/// Whom a node trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustPolicy {
    /// Everyone on the relayed roster.
    Found,
    /// Everyone heard directly.
    InRange,
    /// This quorum set, whatever is found. It is used as it is: the node itself is in it only if it is named.
    Fixed(Arc<QuorumSet>),
    /// Nobody: the node has no usable quorum set. It listens and never votes.
    #[serde(rename = "nobody")]
    None,
}

/// How many of the trusted nodes (itself included) make a slice, for the policies without a fixed set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// floor(2n/3) + 1.
    TwoThirds,
    /// floor(n/2) + 1.
    Majority,
    /// This many. Of a network that is found, fewer are never enough; of those in range, all if they are fewer.
    Count(u32),
}

impl Threshold {
    /// The threshold for a set of `n` nodes; 0 only for the empty set.
    #[must_use]
    pub fn of(self, n: u32) -> u32 {
        match self {
            Threshold::TwoThirds => (u64::from(n) * 2 / 3 + 1) as u32,
            Threshold::Majority => n / 2 + 1,
            Threshold::Count(k) => k.max(1),
        }
        .min(n)
    }
}

/// Whether nodes pass on what they receive (DESIGN section 4, relaying).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relaying {
    /// Everything new is passed on once to all neighbours, in bundles: for radio, and wherever not everyone hears everyone.
    #[default]
    Flood,
    /// Nothing is passed on: everybody hears everybody, and re-sending heals what a cut has swallowed.
    Direct,
}

/// What a node can assume about the network when it starts for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinMode {
    /// It is there from the beginning: it waits to be found, and there is no log to fetch.
    Founder,
    /// The network runs already: it speaks by itself, and fetches the log before it votes.
    Newcomer,
    /// It cannot know: it waits to be found, and asks for the log before it votes.
    #[serde(rename = "unsure")]
    Unknown,
}

/// How a node is known to others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Peer {
    /// Its number in this run.
    pub id: NodeId,
    /// Short name for people.
    pub name: Arc<str>,
    /// Public key as text (`G...`); what hashes of the node are taken of.
    pub key: Arc<str>,
}

/// Settings that all nodes of a scenario share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSettings {
    /// What is agreed on.
    pub application: Application,
    /// A node votes only once it knows this many nodes, itself included.
    pub min_nodes: u32,
    /// ... and its roster has been unchanged for this long.
    pub settle: Span,
    /// How often trust is refreshed through the peers' trusted-node service.
    pub refresh: Span,
    /// How often the beacon broadcasts.
    pub announce: Span,
    /// How often latest statements are sent again until everybody has externalized.
    pub resend: Span,
    /// After this long without a decision a proposal is rejected as expired.
    pub proposal_ttl: Span,
    /// Unsafe: drop nodes from the quorum set that have been silent for this long. `None` = never.
    pub forget_after: Option<Span>,
    /// Whether nodes pass on what they receive.
    pub relaying: Relaying,
    /// A node passes on at most this often; what it hears meanwhile goes out together. Zero: after every step.
    pub relay_interval: Span,
    /// `Choice` only: how many slots are played one after the other; each starts when the previous is decided.
    pub choice_slots: u32,
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeConfig {
    /// How others know it.
    pub peer: Peer,
    /// Whom it trusts.
    pub trust: TrustPolicy,
    /// Size of its slices where `trust` leaves it open.
    pub threshold: Threshold,
    /// Whether it has the broadcast role: its announcement starts discovery.
    pub is_beacon: bool,
    /// Nodes that it knows of without discovery (those named in fixed quorum sets).
    pub address_book: Arc<[Peer]>,
    /// `Choice` only: the value it nominates by itself. `None`: it only echoes.
    pub initial_value: Option<Value>,
    /// Files it holds from the start.
    pub held_files: Vec<FileInfo>,
    /// What it can assume about the network when it starts.
    #[serde(rename = "arrival")]
    pub join_mode: JoinMode,
    /// Settings shared with the others.
    pub settings: Arc<NodeSettings>,
}

#[cfg(test)]
mod tests {
    use super::Threshold;

    #[test]
    fn thresholds_follow_their_formulas() {
        let two_thirds: Vec<u32> = (0..8).map(|n| Threshold::TwoThirds.of(n)).collect();
        assert_eq!(two_thirds, [0, 1, 2, 3, 3, 4, 5, 5]);
        let majority: Vec<u32> = (0..6).map(|n| Threshold::Majority.of(n)).collect();
        assert_eq!(majority, [0, 1, 2, 2, 3, 3]);
        assert_eq!(Threshold::Count(9).of(4), 4);
    }
}
