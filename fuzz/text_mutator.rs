//! Custom mutator for text: replaces words, so that most results are still JSON.

use crate::scp_harness::choices::Choices;
use crate::scp_harness::text::mutated_text;
use libfuzzer_sys::fuzzer_mutate;

/// Mutates the first `size` bytes of `data` in place. Returns the new size, at most `max_size`.
pub(crate) fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
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
    let new = mutated_text(text, &mut Choices::new(&choices)).into_bytes();
    let length = new.len().min(max_size);
    data[..length].copy_from_slice(&new[..length]);
    length
}
