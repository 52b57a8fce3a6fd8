//! Text, read as an envelope, an input, a transcript, quorum sets or a trace.

#![no_main]

#[path = "../bending.rs"]
mod bending;
#[allow(dead_code)]
#[path = "../../tests/it/ordeal/mod.rs"]
mod ordeal;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use ordeal::text::{read_files, read_text};
use std::path::PathBuf;
use std::sync::LazyLock;

/// A folder of this process.
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
    bending::bend(data, size, max_size, seed)
});
