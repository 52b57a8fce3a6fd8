//! File format of the golden vectors: the inputs of one node and the outputs of stellar-core.
//!
//! Nothing is interpreted here. Names, quorum set ids and values are strings, ordered by bytes. The format is described
//! in `tests/conformance/FORMAT.md`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All inputs and outputs of one node.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// Version of the format; 1.
    pub format: u32,
    /// Unique; `<scenario>/<node>`.
    pub id: String,
    /// Class of the scenario.
    pub class: String,
    /// Transcripts of one scenario come from one simulated network.
    pub scenario: String,
    /// The seed of the scenario.
    pub seed: String,
    /// The name of the local node.
    pub node: String,
    /// Whether the node sends statements.
    pub validator: bool,
    /// The id of the local quorum set at the start.
    pub qset: String,
    /// The first characters of values that have a special meaning at this node.
    pub rules: String,
    /// Quorum sets by id. The node does not know any other id.
    pub qsets: BTreeMap<String, NamedQuorumSet>,
    /// The decided values by slot, as a summary.
    pub externalized: BTreeMap<String, String>,
    /// The steps in order.
    pub steps: Vec<TranscriptStep>,
    /// An input on which stellar-core aborts.
    pub fatal: Option<FatalInput>,
}

/// A quorum set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedQuorumSet {
    /// Threshold.
    pub t: u32,
    /// Nodes.
    pub v: Vec<String>,
    /// Inner sets.
    pub i: Vec<NamedQuorumSet>,
}

/// One input with its outputs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptStep {
    /// Virtual time, ms.
    pub at: u64,
    /// The input.
    #[serde(rename = "in")]
    pub input: StepInput,
    /// The return value, for inputs that have one.
    #[serde(default)]
    pub res: Option<CallResult>,
    /// The outputs of the node.
    pub out: Vec<StepOutput>,
    /// The variables of stellar-core afterwards, for debugging. Never compared.
    #[serde(default)]
    pub state: Option<serde_json::Value>,
    /// A remark for readers.
    #[serde(default)]
    pub comment: Option<String>,
}

/// An input on which stellar-core aborts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FatalInput {
    /// Virtual time, ms.
    pub at: u64,
    /// The input.
    #[serde(rename = "in")]
    pub input: StepInput,
    /// The message with which it aborts.
    pub why: String,
}

/// An input of a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepInput {
    /// The application nominates a value.
    Nominate {
        /// The slot.
        slot: u64,
        /// The value.
        value: String,
        /// The decision of the previous slot.
        prev: String,
    },
    /// An envelope arrives.
    Receive(NamedEnvelope),
    /// An armed timer runs out.
    Timer {
        /// The slot.
        slot: u64,
        /// The timer.
        timer: SlotTimer,
    },
    /// The local quorum set changes.
    SetQset {
        /// The id of the new quorum set.
        qset: String,
    },
    /// The application stops nomination.
    StopNomination {
        /// The slot.
        slot: u64,
    },
    /// The node is restored from its own earlier envelope.
    Restore(NamedEnvelope),
}

/// The return value of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// Nominate: the node voted for further values.
    Updated,
    /// Nominate: the node voted for no further value.
    Unchanged,
    /// Receive: processed.
    Valid,
    /// Receive: ignored.
    Invalid,
}

/// An output of the node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutput {
    /// The node broadcast an envelope.
    Emit(NamedEnvelope),
    /// The node armed a timer.
    Set {
        /// The slot.
        slot: u64,
        /// The timer.
        timer: SlotTimer,
        /// The timeout in ms.
        ms: u64,
    },
    /// The node disarmed a timer.
    Stop {
        /// The slot.
        slot: u64,
        /// The timer.
        timer: SlotTimer,
        /// Whether it was running.
        armed: bool,
    },
    /// The node decided a slot.
    Externalized {
        /// The slot.
        slot: u64,
        /// The decision.
        value: String,
    },
}

/// A timer of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotTimer {
    /// Ends a nomination round.
    Nomination,
    /// Ends a ballot.
    Ballot,
}

/// An envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedEnvelope {
    /// The sender.
    pub from: String,
    /// Slot.
    pub slot: u64,
    /// The id of the quorum set that the sender names.
    pub qset: String,
    /// Statement.
    pub st: NamedStatement,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedStatement {
    /// NOMINATE.
    Nominate {
        /// Values voted for.
        voted: Vec<String>,
        /// Values accepted.
        accepted: Vec<String>,
    },
    /// PREPARE.
    Prepare {
        /// The current ballot, b.
        ballot: NamedBallot,
        /// The highest ballot accepted as prepared, p.
        prepared: Option<NamedBallot>,
        /// The highest ballot accepted as prepared with another value than p, p'.
        prepared_prime: Option<NamedBallot>,
        /// Counter of c, or 0.
        n_c: u32,
        /// Counter of h, or 0.
        n_h: u32,
    },
    /// CONFIRM.
    Confirm {
        /// The current ballot, b.
        ballot: NamedBallot,
        /// Counter of p.
        n_prepared: u32,
        /// Counter of c.
        n_commit: u32,
        /// Counter of h.
        n_h: u32,
    },
    /// EXTERNALIZE.
    Externalize {
        /// The lowest ballot confirmed as committed, c.
        commit: NamedBallot,
        /// Counter of h.
        n_h: u32,
    },
}

/// A ballot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedBallot {
    /// Counter.
    pub n: u32,
    /// Value.
    pub x: String,
}

/// A file of quorum-set cases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetFile {
    /// Version of the format; 1.
    pub format: u32,
    /// Always `quorum_sets`.
    pub kind: String,
    /// Cases about one set.
    pub sets: Vec<SetCase>,
    /// Cases about quorums.
    pub quorums: Vec<QuorumCase>,
    /// Cases about leaders.
    pub leaders: Vec<LeaderCase>,
}

/// Cases about one set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCase {
    /// The set as given.
    pub qset: NamedQuorumSet,
    /// Whether a statement may name it.
    pub sane: bool,
    /// Whether, in addition, every level demands a majority, which the protocol does not require.
    pub sane_extra: bool,
    /// The defect of the set, if any.
    pub why: Option<String>,
    /// Slices and blocking sets.
    pub tests: Vec<SubsetCase>,
    /// The normal form of the set; `None` for some malformed sets.
    pub normalized: Option<NamedQuorumSet>,
    /// The node that is removed in `removed`.
    pub removed_node: Option<String>,
    /// The normal form of the set without that node.
    pub removed: Option<NamedQuorumSet>,
    /// The weights by node, as decimal digits.
    pub weights: BTreeMap<String, String>,
}

/// Some nodes and their relation to one set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsetCase {
    /// The nodes.
    pub nodes: Vec<String>,
    /// Whether they contain a slice.
    pub slice: bool,
    /// Whether they are v-blocking.
    pub blocking: bool,
}

/// Quorum cases of one network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumCase {
    /// The quorum sets by node; `None` if unknown.
    pub qsets: BTreeMap<String, Option<NamedQuorumSet>>,
    /// The cases.
    pub tests: Vec<QuorumTest>,
}

/// One quorum case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumTest {
    /// The quorum set of the local node.
    pub local_qset: NamedQuorumSet,
    /// The nodes that have made the statement.
    pub nodes: Vec<String>,
    /// Whether the local node sees a quorum.
    pub quorum: bool,
}

/// The leaders of a node whose nomination rounds time out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaderCase {
    /// The node.
    pub node: String,
    /// The quorum set of the node.
    pub qset: NamedQuorumSet,
    /// The slot.
    pub slot: u64,
    /// The decision of the previous slot.
    pub prev: String,
    /// The round and leaders after each call.
    pub rounds: Vec<LeaderRound>,
}

/// A round with all leaders so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaderRound {
    /// The round.
    pub round: u32,
    /// The leaders, in byte order.
    pub leaders: Vec<String>,
}
