//! `Application`'s side of SCP: which values are valid, what they combine to, hashes, timeouts.
//!
//! All answers follow from what the node has been told; there is no clock and no randomness here.

use super::backup::Backup;
use super::closure::Sets;
use super::config::Application;
use super::decoding::{Decoder, Proposals};
use super::discovery::Discovery;
use super::log::Log;
use super::pool::is_well_formed;
use super::proposal::{Content, Proposal, value_of};
use crate::scp::{
    Counter, Driver, NodeId, QuorumSet, QuorumSetId, SlotIndex, ValidationContext, Validity, Value,
};
use crate::time::Span;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

/// No timeout is longer (NOTES 60).
const TIMEOUT_MAX_MS: u64 = 1_800_000;

/// What a hash is for (draft: the tags of nomination).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum Tag {
    Neighbour = 1,
    Priority = 2,
    Value = 3,
}

/// A look at the node through which SCP asks it.
pub(super) struct NodeDriver<'a> {
    pub(super) me: NodeId,
    pub(super) application: Application,
    pub(super) sets: &'a Sets,
    pub(super) log: &'a Log,
    pub(super) backup: &'a Backup,
    pub(super) roster: &'a Discovery,
    pub(super) decoder: &'a Decoder,
}

impl NodeDriver<'_> {
    /// Could this be part of the value of `slot`, whoever asks?
    fn is_acceptable(&self, slot: SlotIndex, proposal: &Proposal) -> bool {
        let is_recorded = self.log.slot_of(proposal.id).is_some_and(|at| at < slot);
        let fits = !matches!(proposal.content, Content::Choice(_));
        fits && is_well_formed(&proposal.content) && !is_recorded
    }

    fn validate_log(&self, slot: SlotIndex, value: &Value, context: ValidationContext) -> Validity {
        let Some(proposals) = self.decoder.decode(value) else {
            return Validity::Invalid;
        };
        let is_valid = |proposal: &Arc<Proposal>| {
            // "No" to a backup is said in nomination; in a ballot the node goes along with the others.
            let is_refused =
                context == ValidationContext::Nomination && self.backup.says_no(self.me, proposal);
            self.is_acceptable(slot, proposal) && !is_refused
        };
        if !proposals.is_empty() && proposals.values().all(is_valid) {
            Validity::FullyValid
        } else {
            Validity::Invalid
        }
    }

    /// The first 64 bits of SHA-256 over slot, previous value, tag, round and `what`, each in a fixed or prefixed length.
    fn hash(&self, slot: SlotIndex, prev: &Value, tag: Tag, round: u32, what: &[u8]) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(slot.0.to_be_bytes());
        hasher.update((prev.as_bytes().len() as u64).to_be_bytes());
        hasher.update(prev.as_bytes());
        hasher.update((tag as u32).to_be_bytes());
        hasher.update(round.to_be_bytes());
        hasher.update(what);
        let digest = hasher.finalize();
        digest
            .iter()
            .take(8)
            .fold(0, |hash, &byte| hash << 8 | u64::from(byte))
    }
}

impl Driver for NodeDriver<'_> {
    fn validate(&self, slot: SlotIndex, value: &Value, context: ValidationContext) -> Validity {
        match self.application {
            Application::Log => self.validate_log(slot, value, context),
            Application::Choice if is_well_formed(&Content::Choice(value.clone())) => {
                Validity::FullyValid
            }
            Application::Choice => Validity::Invalid,
        }
    }

    fn extract(&self, slot: SlotIndex, value: &Value) -> Option<Value> {
        if self.application == Application::Choice {
            return None;
        }
        let rest: Proposals = self
            .decoder
            .decode(value)?
            .iter()
            .filter(|(_, proposal)| {
                self.is_acceptable(slot, proposal) && !self.backup.says_no(self.me, proposal)
            })
            .map(|(id, proposal)| (*id, Arc::clone(proposal)))
            .collect();
        (!rest.is_empty()).then(|| value_of(&rest))
    }

    fn combine(&self, _slot: SlotIndex, candidates: &BTreeSet<Value>) -> Option<Value> {
        match self.application {
            Application::Choice => candidates.last().cloned(),
            Application::Log => {
                let mut union = Proposals::new();
                for candidate in candidates {
                    let proposals = self.decoder.decode(candidate)?;
                    union.extend(proposals.iter().map(|(id, one)| (*id, Arc::clone(one))));
                }
                (!union.is_empty()).then(|| value_of(&union))
            }
        }
    }

    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        let key = self.roster.key_of(node);
        self.hash(slot, prev, Tag::Neighbour, round, key.as_bytes())
    }

    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        let key = self.roster.key_of(node);
        self.hash(slot, prev, Tag::Priority, round, key.as_bytes())
    }

    fn value_hash(&self, slot: SlotIndex, prev: &Value, round: u32, value: &Value) -> u64 {
        self.hash(slot, prev, Tag::Value, round, value.as_bytes())
    }

    fn nomination_timeout(&self, round: u32) -> Span {
        Span::from_ms((u64::from(round) * 1000).min(TIMEOUT_MAX_MS))
    }

    fn ballot_timeout(&self, n: Counter) -> Span {
        Span::from_ms((u64::from(n) * 1000).min(TIMEOUT_MAX_MS))
    }

    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>> {
        self.sets.get(id).cloned()
    }
}
