//! Trace files: text lines ([`format`](super::format)), compressed with zstd if the name ends in `.zst`.
//!
//! The file of a simulated run gets its name when it is complete. The file of a process has its name from the start. Both
//! are flushed regularly: after the process was killed they can be read up to the last complete record
//! ([`TraceReader::allow_truncated`]). The reader recognises compression by content.

mod partial;
mod reader;
mod writer;

pub use partial::left_over;
pub use reader::TraceReader;
pub use writer::TraceWriter;

use std::path::PathBuf;

/// Longest line in bytes, its line feed included. The lines of `GET /events` have the same limit.
pub const LINE_BYTES_MAX: u64 = 64 << 20;
/// Bytes to which any compressed file may expand, whatever its size.
pub(super) const EXPANDED_BYTES_FREE: u64 = 256 << 20;
/// Most expanded bytes per compressed byte beyond that size. Real traces expand about twentyfold.
pub(super) const EXPANSION_MAX: u64 = 250;

/// Why a trace could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The operating system reported an error.
    #[error("{}: cannot {doing} the trace: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb.
        doing: &'static str,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The content is not a trace, or not a complete one.
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
