//! Traces as files: one JSON object per line, so that a script reads them as easily as we do.
//!
//! The first line is the header: `{"format": "quorumscope-trace", "version": 1, "seed": .., "scenario": {..}}`. Every
//! other line has one key, which says what it is:
//!
//! - `message`: a message, numbered from 0 in the order of these lines; others refer to it by its number;
//! - `node_of_scenario`: `NodeAdded` for the node of this number in the scenario, just as it stands there;
//! - `stepped`: a step; `received` stands for the input `receive`, `relayed` for the input `relayed`, and `sends` and
//!   `relays` hold the outputs `send` and `relay`, each with its `position` among all outputs; `messages` are the numbers
//!   of those in a bundle, its `announcements` stand there as they are;
//! - `end`: the last line, with the number of records: a file without it is not whole;
//! - any other key: that [`Record`](crate::trace::Record) as it is.
//!
//! A name that ends in `.zst` asks for compression with zstd; what is read is recognised by its content. Absent here:
//! any meaning of records.

mod line;
mod reader;
mod writer;

pub use reader::TraceReader;
pub use writer::TraceWriter;

use std::path::PathBuf;

/// What every header says.
const FORMAT: &str = "quorumscope-trace";
/// The version that is written and read.
const VERSION: u32 = 1;

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
