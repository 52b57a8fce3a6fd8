//! Size limits of values, votes and answers, in bytes as transmitted.
//!
//! A value is transmitted as a JSON string inside a JSON message, so its quotes and backslashes count twice. A
//! statement contains several values, some of them twice, and has to stay well below the 4 MiB that a node accepts in
//! one HTTP request. The limits are part of the protocol: they are equal at all nodes.

use super::proposal::{Proposal, ProposalSet};
use crate::scp::{SlotIndex, Value};
use std::sync::Arc;

/// The maximum number of proposals in one value. Further proposals wait for the next slot.
pub(super) const PROPOSALS_PER_VALUE: usize = 128;
/// The maximum size of a value. Any single proposal fits: the longest note has about 4,200 bytes.
pub(super) const VALUE_BYTES_MAX: usize = 64 << 10;
/// The maximum size of all values that a node votes for in one slot. Once they are accepted, a statement contains them
/// twice.
pub(super) const VOTES_BYTES_MAX: usize = 1 << 20;
/// The part of this limit for the values of one leader, so that one leader cannot use up the budget of the others.
pub(super) const VOTES_BYTES_PER_LEADER: usize = VOTES_BYTES_MAX / 4;
/// The maximum number of decisions in one catch-up answer.
pub(super) const DECISIONS_PER_ANSWER: usize = 256;
/// The maximum size of a catch-up answer, unless it consists of a single larger decision.
pub(super) const ANSWER_BYTES_MAX: usize = 1 << 20;
/// The size of a decision in an answer in addition to its value.
const DECISION_BYTES: usize = 64;

fn escapes(bytes: &[u8]) -> usize {
    let escaped = bytes.iter().filter(|byte| matches!(byte, b'"' | b'\\'));
    escaped.count()
}

/// The size of a value inside a message.
pub(super) fn value_bytes(value: &Value) -> usize {
    let bytes = value.as_bytes();
    match value.as_str() {
        Some(text) if !text.starts_with("0x") && !text.contains(char::is_control) => {
            bytes.len().saturating_add(escapes(bytes))
        }
        // Any other value is transmitted as `0x` and hexadecimal digits.
        _ => bytes.len().saturating_mul(2).saturating_add(2),
    }
}

/// The size that a proposal adds to a value inside a message, its comma included.
pub(super) fn proposal_bytes(proposal: &Proposal) -> usize {
    // A proposal contains only strings and integers, so serialising it cannot fail.
    let written = serde_json::to_vec(proposal).unwrap_or_default();
    let comma = 1;
    (written.len().saturating_add(escapes(&written))).saturating_add(comma)
}

/// The remaining capacity of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueBudget {
    proposals: usize,
    bytes: usize,
}

impl ValueBudget {
    /// The budget of a value without proposals.
    pub(super) fn new() -> ValueBudget {
        ValueBudget {
            proposals: 0,
            bytes: "[]".len(),
        }
    }

    /// Adds a proposal of this size. Returns false if it does not fit.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let (proposals, bytes) = (
            self.proposals.saturating_add(1),
            self.bytes.saturating_add(bytes),
        );
        let is_fitting = proposals <= PROPOSALS_PER_VALUE && bytes <= VALUE_BYTES_MAX;
        if is_fitting {
            *self = ValueBudget { proposals, bytes };
        }
        is_fitting
    }
}

/// The proposals with the lowest ids, as many as fit into one value.
pub(super) fn fitting(proposals: ProposalSet) -> ProposalSet {
    let mut budget = ValueBudget::new();
    let fits = |(_, one): &(_, Arc<Proposal>)| budget.take(proposal_bytes(one));
    proposals.into_iter().take_while(fits).collect()
}

fn decision_bytes((_, value): &(SlotIndex, Value)) -> usize {
    value_bytes(value).saturating_add(DECISION_BYTES)
}

/// The first decisions, as many as fit into one answer; at least one if `decided` is not empty.
pub(super) fn answer_of(decided: &[(SlotIndex, Value)]) -> &[(SlotIndex, Value)] {
    let mut bytes = 0_usize;
    let held = decided.iter().take(DECISIONS_PER_ANSWER).take_while(|one| {
        let is_first = bytes == 0;
        bytes = bytes.saturating_add(decision_bytes(one));
        is_first || bytes <= ANSWER_BYTES_MAX
    });
    decided.get(..held.count()).unwrap_or_default()
}

/// Whether an answer is so full that its sender may know more decisions.
pub(super) fn is_full_answer(decided: &[(SlotIndex, Value)]) -> bool {
    let one_more = VALUE_BYTES_MAX + DECISION_BYTES;
    let bytes = decided.iter().map(decision_bytes);
    decided.len() >= DECISIONS_PER_ANSWER
        || bytes.fold(one_more, usize::saturating_add) > ANSWER_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{Content, FileInfo, NodeKey, ProposalId, is_well_formed, value_of};

    fn proposal(nth: u32, content: Content) -> Arc<Proposal> {
        let id = ProposalId {
            origin: NodeKey::of("G1"),
            nth,
        };
        Arc::new(Proposal { id, content })
    }

    fn proposals(contents: impl IntoIterator<Item = Content>) -> ProposalSet {
        let numbered = (1..).zip(contents);
        numbered
            .map(|(nth, content)| {
                let one = proposal(nth, content);
                (one.id, one)
            })
            .collect()
    }

    fn quotes() -> Content {
        Content::Note("\"".repeat(1000))
    }

    #[test]
    fn sizes_equal_those_of_serialised_messages() {
        for value in [
            Value::from("pizza"),
            Value::from("a \"b\" \\ \u{e9}"),
            Value::from("0x12"),
            Value::from("a\nb"),
            Value::from(vec![255, 0, 34]),
        ] {
            let written = serde_json::to_vec(&value).unwrap();
            assert_eq!(written.len(), value_bytes(&value) + 2, "{value}");
        }
        let notes = ["tea", "\"", "\\\"\u{e9}"].map(|text| Content::Note(text.into()));
        let all = proposals(notes);
        let sum: usize = all.values().map(|one| proposal_bytes(one)).sum();
        assert_eq!(
            value_bytes(&value_of(&all)),
            sum + 1,
            "the last proposal has no comma"
        );
    }

    #[test]
    fn any_single_proposal_fits_and_a_full_value_stays_within_its_limits() {
        let long_name = FileInfo {
            name: "\"".repeat(255),
            size_bytes: u64::MAX,
            sha256: "ab".repeat(32),
        };
        for content in [quotes(), Content::File(long_name)] {
            assert!(is_well_formed(&content));
            assert_eq!(fitting(proposals([content])).len(), 1);
        }
        let full = fitting(proposals(vec![quotes(); 100]));
        assert!(full.len() > 10 && full.len() < 100, "{}", full.len());
        let bytes = value_bytes(&value_of(&full));
        let one = proposal_bytes(&proposal(100, quotes()));
        assert!(bytes <= VALUE_BYTES_MAX && bytes + one > VALUE_BYTES_MAX);
        let ids: Vec<u32> = full.keys().map(|id| id.nth).collect();
        assert!(
            ids.into_iter().eq(1..=full.len() as u32),
            "in ascending order"
        );
        let short = vec![Content::Note("tea".into()); 300];
        assert_eq!(fitting(proposals(short)).len(), PROPOSALS_PER_VALUE);
    }

    #[test]
    fn answers_are_bounded_and_full_ones_are_recognised() {
        let decided = |count: u64, length: usize| -> Vec<(SlotIndex, Value)> {
            let value = Value::from("\"".repeat(length).as_str());
            (1..=count)
                .map(|slot| (SlotIndex(slot), value.clone()))
                .collect()
        };
        let many = decided(300, 1);
        assert_eq!(answer_of(&many).len(), DECISIONS_PER_ANSWER);
        assert!(is_full_answer(answer_of(&many)));
        assert!(!is_full_answer(&many[..255]) && !is_full_answer(&[]));
        let large = decided(100, VALUE_BYTES_MAX / 2);
        let answer = answer_of(&large);
        assert!((10..20).contains(&answer.len()), "{}", answer.len());
        let bytes: usize = answer.iter().map(decision_bytes).sum();
        assert!(bytes <= ANSWER_BYTES_MAX && is_full_answer(answer));
        let huge = decided(3, ANSWER_BYTES_MAX);
        assert_eq!(answer_of(&huge).len(), 1, "at least one");
        assert!(is_full_answer(&huge[..1]));
        assert!(answer_of(&[]).is_empty());
    }
}
