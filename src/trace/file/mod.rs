//! Traces as files: one JSON object per line, so that a script reads them as easily as we do.
//!
//! The first line is the header: `{"format": "quorumscope-trace", "version": 1, "seed": .., "scenario": {..}}`, and what
//! [`Provenance`] says if the trace is of processes. Every other line has one key, which says what it is:
//!
//! - `message`: a message, numbered from 0 in the order of these lines; others refer to it by its number;
//! - `node_of_scenario`: `NodeAdded` for the node of this number in the scenario, just as it stands there;
//! - `stepped`: a step; `received` stands for the input `receive`, `relayed` for the input `relayed`, and `sends` and
//!   `relays` hold the outputs `send` and `relay`, each with its `position` among all outputs; `messages` are the numbers
//!   of those in a bundle, its `announcements` stand there as they are;
//! - `end`: the last line, with the number of records: a file without it is not whole;
//! - any other key: that [`Record`](crate::trace::Record) as it is.
//!
//! A process writes its trace bit by bit and may be killed: such a file is read up to its last whole record
//! ([`TraceReader::allow_truncated`]).
//!
//! A name that ends in `.zst` asks for compression with zstd; what is read is recognised by its content. Absent here:
//! any meaning of records.

mod line;
mod reader;
mod writer;

pub use reader::TraceReader;
use serde::{Deserialize, Serialize};
pub use writer::TraceWriter;

use crate::scp::NodeId;
use crate::time::Time;
use std::path::PathBuf;
use std::sync::Arc;

/// What every header says.
const FORMAT: &str = "quorumscope-trace";
/// The version that is written and read.
const VERSION: u32 = 1;

/// Where a trace of real processes comes from. A simulated run has no need of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The instant that the trace calls zero, in microseconds since 1970-01-01T00:00:00Z.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch_unix_us: Option<u64>,
    /// The traces that were merged into this one, if it was; in the order of their epochs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<MergeSource>,
}

/// One of the traces that were merged: what one process told from its start to its end.
///
/// Every process numbers nodes in its own way. What a node did can be checked only in its own numbers, because their
/// order matters inside it (which of several witnesses, whom to ask first); this table leads back to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeSource {
    /// The public key of the node.
    pub key: Arc<str>,
    /// What it calls zero, in the time of the merged trace.
    pub zero_at: Time,
    /// The numbers in the merged trace of the nodes that it calls 0, 1, 2 and so on.
    pub numbers: Vec<NodeId>,
}

/// Why a trace could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The system said no.
    #[error("{}: cannot {doing} the trace: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a trace, or not a whole one.
    #[error("{}, line {line}: {problem}; expected {expected}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
        /// What should have been there.
        expected: &'static str,
    },
}
