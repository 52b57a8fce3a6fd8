//! Golden transcripts of stellar-core, mutated as the input bytes select and replayed by a node.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/scp_harness/mod.rs"]
mod scp_harness;

use libfuzzer_sys::fuzz_target;
use scp_harness::ScpHarness;
use scp_harness::mutation::mutated;
use scp_harness::choices::Choices;
use quorumscope::commands::conformance::format::Transcript;
use quorumscope::commands::conformance::{Vectors, read_vectors, vector_files};
use std::path::Path;
use std::sync::LazyLock;

/// Largest number of steps of a transcript. Longer transcripts add time but little coverage.
const STEPS_MAX: usize = 120;

static TRANSCRIPTS: LazyLock<Vec<Transcript>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance");
    let mut transcripts = Vec::new();
    for file in vector_files(&folder).expect("the folder of vectors is readable") {
        if let Vectors::Transcripts(more) = read_vectors(&file).expect("the vectors are readable") {
            transcripts.extend(more);
        }
    }
    transcripts.retain(|transcript| transcript.steps.len() <= STEPS_MAX);
    transcripts
});

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices::new(bytes);
    let transcript = choices.pick(&TRANSCRIPTS).expect("at least one transcript exists");
    ScpHarness::run(&mutated(transcript, &mut choices));
});
