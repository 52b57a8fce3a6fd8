//! Golden vectors of stellar-core, loaded once for all tests.

use quorumscope::commands::conformance::format::Transcript;
use quorumscope::commands::conformance::{Vectors, read_vectors, vector_files};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The folder of all vectors.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// The folder of the human-readable vectors.
pub(crate) fn readable() -> PathBuf {
    folder().join("readable")
}

/// All transcripts.
pub(crate) static TRANSCRIPTS: LazyLock<Vec<Transcript>> = LazyLock::new(|| {
    let mut transcripts = Vec::new();
    for file in vector_files(&folder()).unwrap() {
        if let Vectors::Transcripts(more) = read_vectors(&file).unwrap() {
            transcripts.extend(more);
        }
    }
    transcripts
});
