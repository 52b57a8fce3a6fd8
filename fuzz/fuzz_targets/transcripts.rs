//! Transcripts of stellar-core's own code, damaged as the bytes say, lived through by a node.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/ordeal/mod.rs"]
mod ordeal;

use libfuzzer_sys::fuzz_target;
use ordeal::Ordeal;
use ordeal::mutation::mutated;
use ordeal::tape::Tape;
use quorumscope::commands::conformance::format::Transcript;
use quorumscope::commands::conformance::{Vectors, read_vectors, vector_files};
use std::path::Path;
use std::sync::LazyLock;

/// Longer ones say the same again, and take longer.
const STEPS_MAX: usize = 120;

static TRANSCRIPTS: LazyLock<Vec<Transcript>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance");
    let mut transcripts = Vec::new();
    for file in vector_files(&folder).expect("the vectors are there") {
        if let Vectors::Transcripts(more) = read_vectors(&file).expect("they can be read") {
            transcripts.extend(more);
        }
    }
    transcripts.retain(|transcript| transcript.steps.len() <= STEPS_MAX);
    transcripts
});

fuzz_target!(|bytes: &[u8]| {
    let mut tape = Tape::new(bytes);
    let transcript = tape.pick(&TRANSCRIPTS).expect("there are some");
    Ordeal::run(&mutated(transcript, &mut tape));
});
