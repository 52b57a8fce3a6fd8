//! The digest of a run: SHA-256 over the canonical form of its records.

use super::encoder::Encoder;
use crate::scenario::Scenario;
use crate::trace::record::Record;
use sha2::{Digest as _, Sha256};

/// Hashes records one by one.
///
/// The digest equals the SHA-256 of the lines of the trace after its `scenario` line and before its `end` line.
pub struct Digest {
    encoder: Encoder,
    lines: Vec<u8>,
    hash: Sha256,
}

impl Digest {
    /// The digest of a run of `scenario`; no records yet.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Digest {
        let mut encoder = Encoder::for_trace(scenario);
        let mut lines = Vec::new();
        encoder.scenario(scenario, &mut lines);
        Digest {
            encoder,
            lines,
            hash: Sha256::new(),
        }
    }

    /// Adds the next record.
    pub fn add(&mut self, record: &Record) {
        self.lines.clear();
        self.encoder.record(record, &mut self.lines);
        self.hash.update(&self.lines);
    }

    /// The digest as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        let bytes = self.hash.finalize();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
