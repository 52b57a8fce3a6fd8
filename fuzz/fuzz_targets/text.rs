//! Text, read as an envelope, an input, a transcript, quorum sets or a trace.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/ordeal/mod.rs"]
mod ordeal;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use ordeal::tape::Tape;
use ordeal::text::{bent, read_files, read_text};
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

// Mostly word by word, so that what comes out is still JSON.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let Ok(text) = std::str::from_utf8(&data[..size]) else {
        return fuzzer_mutate(data, size, max_size);
    };
    if seed % 4 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let choices: Vec<u8> = (0..6_u64)
        .flat_map(|nth| {
            let word = (u64::from(seed) << 8 | nth).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (word ^ word >> 29)
                .wrapping_mul(0xbf58_476d_1ce4_e5b9)
                .to_le_bytes()
        })
        .collect();
    let new = bent(text, &mut Tape::new(&choices)).into_bytes();
    let length = new.len().min(max_size);
    data[..length].copy_from_slice(&new[..length]);
    length
});
