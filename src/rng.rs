//! Counter-based random numbers: independent streams, all derived from one seed.
//!
//! A draw depends only on the seed, the purpose, two keys and an index, not on earlier draws. So the order in which
//! threads run cannot change it. No two callers share a generator.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// The purpose of a stream. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum StreamPurpose {
    /// Positions of nodes; keys: attempt, 0.
    Placement = 1,
    /// Latency of a message; keys: sender, receiver.
    Latency = 2,
    /// Whether a message is lost; keys: sender, receiver.
    Loss = 3,
    /// Initial values of nodes; keys: node, 0.
    InitialValue = 4,
    /// Key pairs of nodes; keys: node, 0.
    NodeKey = 5,
    /// Position of a node that joins during the run; keys: node, 0.
    AddedNode = 6,
    /// Latency of a chunk of a file; keys: sender, receiver.
    Chunk = 7,
    /// Content of generated proposals; keys: node, n-th.
    Proposal = 8,
}

/// All random streams of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streams {
    seed: u64,
}

impl Streams {
    /// The streams of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Streams {
        Streams { seed }
    }

    /// The seed of all streams.
    #[must_use]
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// Draw number `nth` of a stream, uniform over `u64`. It costs a few multiplications.
    #[must_use]
    pub fn draw(self, purpose: StreamPurpose, a: u64, b: u64, nth: u64) -> u64 {
        let mut state = mix(self.seed ^ 0x9e37_79b9_7f4a_7c15);
        for key in [purpose as u64, a, b, nth] {
            state = mix(state ^ mix(key.wrapping_add(0x9e37_79b9_7f4a_7c15)));
        }
        state
    }

    /// Draw number `nth` of a stream, uniform over `0.0..1.0`.
    #[must_use]
    pub fn unit(self, purpose: StreamPurpose, a: u64, b: u64, nth: u64) -> f64 {
        (self.draw(purpose, a, b, nth) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A sequential generator, for a caller that makes many draws in a fixed order.
    #[must_use]
    pub fn generator(self, purpose: StreamPurpose, a: u64, b: u64) -> ChaCha8Rng {
        let mut seed = [0u8; 32];
        for (nth, bytes) in seed.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&self.draw(purpose, a, b, nth as u64).to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every input bit affects every output bit.
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
