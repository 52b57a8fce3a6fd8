//! Application of the transcripts: validates by first character, combines by pieces, and hashes with SHA-256.

use super::format::{NamedQuorumSet, Transcript};
use super::names::{NameTable, text};
use crate::scp::{
    Counter, Driver, NodeId, QuorumSet, QuorumSetId, SlotIndex, ValidationContext, Validity, Value,
};
use crate::time::Span;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Longest timeout, in seconds: half an hour.
const TIMEOUT_S_MAX: u32 = 1800;

/// The application of one transcript.
#[derive(Clone, Debug)]
pub struct VectorDriver {
    rules: String,
    names: NameTable,
    sets: BTreeMap<QuorumSetId, Arc<QuorumSet>>,
}

impl VectorDriver {
    /// The application of `transcript`.
    #[must_use]
    pub fn of_transcript(transcript: &Transcript, names: &NameTable) -> VectorDriver {
        VectorDriver::new(&transcript.rules, names, &transcript.qsets)
    }

    /// An application that knows `sets`. `rules` are the first characters that have a special meaning.
    #[must_use]
    pub fn new(
        rules: &str,
        names: &NameTable,
        sets: &BTreeMap<String, NamedQuorumSet>,
    ) -> VectorDriver {
        let numbered = |(id, set): (&String, &NamedQuorumSet)| {
            (names.set(id), Arc::new(names.quorum_set(set)))
        };
        VectorDriver {
            rules: rules.to_owned(),
            names: names.clone(),
            sets: sets.iter().map(numbered).collect(),
        }
    }

    fn active_rule(&self, value: &Value) -> Option<char> {
        let first = char::from(*value.as_bytes().first()?);
        self.rules.contains(first).then_some(first)
    }

    fn node_hash(&self, tag: char, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        let name = self.names.node_name(node);
        hash(format!("{tag}:{}:{round}:{name}:{}", slot.0, text(prev)).as_bytes())
    }
}

/// First 8 bytes of SHA-256, big-endian.
pub(in crate::commands) fn hash(text: &[u8]) -> u64 {
    let digest = Sha256::digest(text);
    digest
        .first_chunk()
        .map_or(0, |first| u64::from_be_bytes(*first))
}

/// The timeout of round or counter `n`: n seconds, at most half an hour.
pub(in crate::commands) fn timeout(n: u32) -> Span {
    Span::from_ms(u64::from(n.min(TIMEOUT_S_MAX)) * 1000)
}

/// The pieces of all candidates, split at `+`, distinct and ascending, joined by `+`.
pub(in crate::commands) fn combine(candidates: &[Value]) -> Value {
    let pieces: BTreeSet<&[u8]> = candidates
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b'+'))
        .collect();
    Value::from(pieces.into_iter().collect::<Vec<_>>().join(&b'+'))
}

impl Driver for VectorDriver {
    fn validate(&self, _: SlotIndex, value: &Value, context: ValidationContext) -> Validity {
        match (self.active_rule(value), context) {
            (Some('!' | '~'), _) | (Some('^'), ValidationContext::Nomination) => Validity::Invalid,
            (Some('?'), _) => Validity::MaybeValid,
            _ => Validity::FullyValid,
        }
    }

    fn extract(&self, _: SlotIndex, value: &Value) -> Option<Value> {
        let rest = value.as_bytes().get(1..)?;
        (self.active_rule(value) == Some('~') && !rest.is_empty())
            .then(|| Value::from(rest.to_vec()))
    }

    fn combine(&self, _: SlotIndex, candidates: &[Value]) -> Option<Value> {
        Some(combine(candidates))
    }

    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        self.node_hash('N', slot, prev, round, node)
    }

    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        self.node_hash('P', slot, prev, round, node)
    }

    fn value_hash(&self, slot: SlotIndex, prev: &Value, round: u32, value: &Value) -> u64 {
        let (value, prev) = (text(value), text(prev));
        hash(format!("K:{}:{round}:{value}:{prev}", slot.0).as_bytes())
    }

    fn nomination_timeout(&self, round: u32) -> Span {
        timeout(round)
    }

    fn ballot_timeout(&self, n: Counter) -> Span {
        timeout(n)
    }

    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>> {
        self.sets.get(&id).cloned()
    }
}
