//! Discovery packets, with invalid and with valid signatures.

#![no_main]

#[path = "../text_mutator.rs"]
mod text_mutator;
#[allow(dead_code)]
#[path = "../../tests/it/fuzz_inputs/mod.rs"]
mod fuzz_inputs;
#[allow(dead_code)]
#[path = "../../tests/it/scp_harness/mod.rs"]
mod scp_harness;
#[path = "../../tests/it/statements.rs"]
mod statements;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|bytes: &[u8]| fuzz_inputs::datagrams::receive_datagram(bytes));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    text_mutator::mutate(data, size, max_size, seed)
});
