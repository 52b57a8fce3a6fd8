//! Trace files: text lines ([`format`](super::format)), compressed with zstd if the name ends in `.zst`.
//!
//! The file of a simulated run gets its name when it is complete. The file of a process has its name from the start and
//! is flushed regularly; after a crash it can be read up to its last complete record
//! ([`TraceReader::allow_truncated`]). Compression is recognised by content.
//!
//! Absent: what lines and records mean.

mod reader;
mod writer;

pub use reader::TraceReader;
pub use writer::TraceWriter;

use std::path::PathBuf;

/// Longest line in bytes, its line feed included.
pub(super) const LINE_BYTES_MAX: u64 = 64 << 20;
/// A compressed file may expand to this many bytes ...
pub(super) const EXPANDED_BYTES_FREE: u64 = 256 << 20;
/// ... and beyond that to this many times its size. Real traces expand about twentyfold.
pub(super) const EXPANSION_MAX: u64 = 250;

/// Why a trace could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The operating system refused.
    #[error("{}: cannot {doing} the trace: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done, as a verb.
        doing: &'static str,
        /// The system's reason.
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
