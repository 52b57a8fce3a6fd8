//! Random choices of a simulation. Each part of it has a stream of its own, so one part does not change the choices of
//! another.

use crate::rng::{StreamPurpose, Streams};
use crate::time::Span;

/// One stream of random choices.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    streams: Streams,
    stream: u64,
    nth: u64,
}

impl Dice {
    /// Stream number `stream` of a seed.
    pub(super) fn new(seed: u64, stream: u64) -> Dice {
        Dice {
            streams: Streams::new(seed),
            stream,
            nth: 0,
        }
    }

    /// A number of 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.nth += 1;
        self.streams
            .draw(StreamPurpose::Loss, self.stream, 0, self.nth)
    }

    /// A number from 0 to `end`, excluding `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.bits() % (end.max(1) as u64)) as usize
    }

    /// True in `per_mille` of 1,000 cases.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille as usize
    }

    /// A span of at least `min` and less than `max` milliseconds, in microseconds.
    pub(super) fn span_ms(&mut self, min: u64, max: u64) -> Span {
        Span(min * 1000 + self.bits() % ((max - min) * 1000).max(1))
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let nth = self.below(all.len());
        all.get(nth)
    }

    /// 32 random bytes, for a key.
    pub(super) fn key(&mut self) -> [u8; 32] {
        let mut key = [0; 32];
        for part in key.chunks_exact_mut(8) {
            part.copy_from_slice(&self.bits().to_le_bytes());
        }
        key
    }
}
