//! Named, independent random streams, all split from one seed.
//!
//! A draw is named by (seed, purpose, two keys, n-th), never by "whoever asks next", so the order in which
//! threads work cannot change it. Absent on purpose: any generator that two callers share.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What a stream is for. Two purposes never see the same numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum StreamPurpose {
    /// Where nodes stand; keys: attempt, 0.
    Placement = 1,
    /// Transit time of a message; keys: sender, receiver.
    Latency = 2,
    /// Whether a message is lost; keys: sender, receiver.
    Loss = 3,
    /// Starting values of nodes; keys: node, 0.
    InitialValue = 4,
    /// Keys of nodes; keys: node, 0.
    NodeKey = 5,
    /// Where a node that is added during the run stands; keys: node, 0.
    AddedNode = 6,
    /// Transit time of a chunk of a file; keys: sender, receiver.
    Chunk = 7,
    /// Content of generated proposals; keys: node, n-th.
    Proposal = 8,
}

/// The source of all randomness of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// All streams of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Streams {
        Streams { seed }
    }

    /// The seed that they are split from.
    #[must_use]
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// One draw, uniform over `u64`: cheap enough for every message.
    #[must_use]
    pub fn draw(self, purpose: StreamPurpose, a: u64, b: u64, nth: u64) -> u64 {
        let mut state = mix(self.seed ^ 0x9e37_79b9_7f4a_7c15);
        for key in [purpose as u64, a, b, nth] {
            state = mix(state ^ mix(key.wrapping_add(0x9e37_79b9_7f4a_7c15)));
        }
        state
    }

    /// One draw, uniform over `0.0..1.0`.
    #[must_use]
    pub fn unit(self, purpose: StreamPurpose, a: u64, b: u64, nth: u64) -> f64 {
        (self.draw(purpose, a, b, nth) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole generator, for work that needs many draws in a fixed order.
    #[must_use]
    pub fn generator(self, purpose: StreamPurpose, a: u64, b: u64) -> ChaCha8Rng {
        let mut seed = [0u8; 32];
        for (nth, bytes) in seed.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&self.draw(purpose, a, b, nth as u64).to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draw_depends_on_every_key_and_on_nothing_else() {
        let streams = Streams::new(7);
        let base = streams.draw(StreamPurpose::Latency, 1, 2, 3);
        assert_eq!(base, Streams::new(7).draw(StreamPurpose::Latency, 1, 2, 3));
        for other in [
            Streams::new(8).draw(StreamPurpose::Latency, 1, 2, 3),
            streams.draw(StreamPurpose::Loss, 1, 2, 3),
            streams.draw(StreamPurpose::Latency, 2, 1, 3),
            streams.draw(StreamPurpose::Latency, 1, 2, 4),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn unit_draws_are_uniform() {
        let mut tenths = [0u32; 10];
        for nth in 0..10_000 {
            let u = Streams::new(1).unit(StreamPurpose::Loss, 0, 1, nth);
            tenths[(u * 10.0) as usize] += 1;
        }
        assert!(
            tenths.iter().all(|&count| (850..1150).contains(&count)),
            "{tenths:?}"
        );
    }
}
