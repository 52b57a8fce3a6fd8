//! The vectors as they are written in the files: one node's inputs and what the reference did in answer.
//!
//! Nothing is interpreted here. NameTable, quorum set ids and values are plain strings, ordered by bytes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One node's whole life.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// Version of the format; only 1 is known.
    pub format: u32,
    /// Unique; `<scenario>/<node>`.
    pub id: String,
    /// Class of the scenario.
    pub class: String,
    /// Transcripts of one scenario come from one simulated network.
    pub scenario: String,
    /// What the scenario was generated from.
    pub seed: String,
    /// Name of the local node.
    pub node: String,
    /// False: it never says anything.
    pub validator: bool,
    /// Id of the local quorum set at the start.
    pub qset: String,
    /// First characters of values that are special at this node.
    pub rules: String,
    /// Quorum sets by id; an id that is missing here is unknown to the node.
    pub qsets: BTreeMap<String, NamedQuorumSet>,
    /// Slot -> decided value, as a summary.
    pub externalized: BTreeMap<String, String>,
    /// What happened, in order.
    pub steps: Vec<TranscriptStep>,
    /// An input on which the reference aborts.
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

/// One input with the answer to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptStep {
    /// Virtual time, ms.
    pub at: u64,
    /// The input.
    #[serde(rename = "in")]
    pub input: StepInput,
    /// The direct answer, for inputs that have one.
    #[serde(default)]
    pub res: Option<CallResult>,
    /// What the node did.
    pub out: Vec<StepOutput>,
    /// The reference's variables afterwards, as an aid for finding faults; never compared.
    #[serde(default)]
    pub state: Option<serde_json::Value>,
    /// For the human reader.
    #[serde(default)]
    pub comment: Option<String>,
}

/// An input on which the reference aborts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FatalInput {
    /// Virtual time, ms.
    pub at: u64,
    /// The input.
    #[serde(rename = "in")]
    pub input: StepInput,
    /// What the reference says while aborting.
    pub why: String,
}

/// What can happen to a node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepInput {
    /// The application proposes.
    Nominate {
        /// For which slot.
        slot: u64,
        /// What.
        value: String,
        /// Decided in the slot before.
        prev: String,
    },
    /// An envelope arrives.
    Receive(NamedEnvelope),
    /// An armed timer runs out.
    Timer {
        /// Of which slot.
        slot: u64,
        /// Which.
        timer: SlotTimer,
    },
    /// The local quorum set becomes another.
    SetQset {
        /// Its id.
        qset: String,
    },
    /// The application calls off nomination.
    StopNomination {
        /// For which slot.
        slot: u64,
    },
    /// The node is rebuilt from its own earlier envelope.
    Restore(NamedEnvelope),
}

/// The direct answer to an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallResult {
    /// Nominate: the votes grew.
    Updated,
    /// Nominate: they did not.
    Unchanged,
    /// Receive: processed.
    Valid,
    /// Receive: ignored.
    Invalid,
}

/// Something the node did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutput {
    /// It broadcast an envelope.
    Emit(NamedEnvelope),
    /// It armed a timer.
    Set {
        /// Of which slot.
        slot: u64,
        /// Which.
        timer: SlotTimer,
        /// For how long, ms.
        ms: u64,
    },
    /// It disarmed a timer.
    Stop {
        /// Of which slot.
        slot: u64,
        /// Which.
        timer: SlotTimer,
        /// Was it running?
        armed: bool,
    },
    /// It decided a slot.
    Externalized {
        /// Which.
        slot: u64,
        /// The decision.
        value: String,
    },
}

/// The timers of a slot.
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
    /// Sender.
    pub from: String,
    /// Slot.
    pub slot: u64,
    /// Id of the quorum set that the sender names.
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
        /// b.
        ballot: NamedBallot,
        /// p.
        prepared: Option<NamedBallot>,
        /// p'.
        prepared_prime: Option<NamedBallot>,
        /// Counter of c, or 0.
        n_c: u32,
        /// Counter of h, or 0.
        n_h: u32,
    },
    /// CONFIRM.
    Confirm {
        /// b.
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
        /// c.
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
    /// Version of the format; only 1 is known.
    pub format: u32,
    /// Always `quorum_sets`.
    pub kind: String,
    /// Questions about one set.
    pub sets: Vec<SetCase>,
    /// Does a node see a quorum?
    pub quorums: Vec<QuorumCase>,
    /// Who leads?
    pub leaders: Vec<LeaderCase>,
}

/// Questions about one set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetCase {
    /// The set as given.
    pub qset: NamedQuorumSet,
    /// Is it accepted in a statement?
    pub sane: bool,
    /// And does every level of it demand a majority, which the protocol does not ask for?
    pub sane_extra: bool,
    /// What is wrong with it.
    pub why: Option<String>,
    /// Slices and blocking sets.
    pub tests: Vec<SubsetCase>,
    /// Its normal form; none for some insane sets.
    pub normalized: Option<NamedQuorumSet>,
    /// The node taken out in `removed`.
    pub removed_node: Option<String>,
    /// Its normal form without that node.
    pub removed: Option<NamedQuorumSet>,
    /// Node -> weight, as decimal digits.
    pub weights: BTreeMap<String, String>,
}

/// Some nodes, asked of one set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubsetCase {
    /// The nodes.
    pub nodes: Vec<String>,
    /// Do they contain a slice?
    pub slice: bool,
    /// Are they blocking?
    pub blocking: bool,
}

/// Quorum questions about one network.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumCase {
    /// Node -> set, if known.
    pub qsets: BTreeMap<String, Option<NamedQuorumSet>>,
    /// The questions.
    pub tests: Vec<QuorumTest>,
}

/// One quorum question.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuorumTest {
    /// The set of the node that asks.
    pub local_qset: NamedQuorumSet,
    /// Who has made the statement.
    pub nodes: Vec<String>,
    /// Does it see a quorum?
    pub quorum: bool,
}

/// Leaders of a node that nominates and times out again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaderCase {
    /// The node.
    pub node: String,
    /// Its set.
    pub qset: NamedQuorumSet,
    /// The slot.
    pub slot: u64,
    /// Decided in the slot before.
    pub prev: String,
    /// Where it stands after each call.
    pub rounds: Vec<LeaderRound>,
}

/// A round and all leaders so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaderRound {
    /// The round.
    pub round: u32,
    /// The leaders, in byte order.
    pub leaders: Vec<String>,
}
