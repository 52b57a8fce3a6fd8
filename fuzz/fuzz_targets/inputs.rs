//! A node made up from the bytes, with its quorum sets, and whatever happens to it.

#![no_main]

#[allow(dead_code)]
#[path = "../../tests/it/ordeal/mod.rs"]
mod ordeal;

use libfuzzer_sys::fuzz_target;
use ordeal::Ordeal;
use ordeal::stock::Stock;
use ordeal::tape::Tape;

fuzz_target!(|bytes: &[u8]| Ordeal::run(&Stock::transcript(&mut Tape::new(bytes))));
