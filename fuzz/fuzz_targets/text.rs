//! Text, decoded as an envelope, an input, a transcript, quorum sets or a trace.

#![no_main]

#[path = "../text_mutator.rs"]
mod text_mutator;
#[allow(dead_code)]
#[path = "../../tests/it/scp_harness/mod.rs"]
mod scp_harness;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use scp_harness::text::{read_files, read_text};
use std::path::PathBuf;
use std::sync::LazyLock;

/// Temporary folder of this process.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let name = format!("quorumscope-fuzz-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).expect("a folder for temporary files");
    folder
});

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        read_text(text);
        read_files(text, &FOLDER);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    text_mutator::mutate(data, size, max_size, seed)
});
