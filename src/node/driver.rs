//! `NodeDriver`: the callbacks of SCP for validity and combination of values, hashes, timeouts and quorum sets.
//!
//! All results depend only on the arguments and the node's state, not on a clock or on randomness.

use super::backup::Backup;
use super::config::Application;
use super::key::NodeKey;
use super::limits::{
    PROPOSALS_PER_VALUE, VALUE_BYTES_MAX, VOTES_BYTES_MAX, VOTES_BYTES_PER_LEADER, fitting,
    value_bytes,
};
use super::log::Log;
use super::proposal::{Content, Decoder, Proposal, ProposalSet, is_well_formed, value_of};
use super::quorum_closure::QuorumClosure;
use super::roster::Roster;
use crate::scp::{
    Counter, Driver, NodeId, QuorumSet, QuorumSetId, SlotIndex, ValidationContext, Validity, Value,
};
use crate::time::Span;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The upper limit of all timeouts (`tests/conformance/NOTES.md`, 60).
const TIMEOUT_MAX_MS: u64 = 1_800_000;

/// Domain separation of hashes (draft: the tags in "Nominate message").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum HashDomain {
    Neighbour = 1,
    Priority = 2,
    Value = 3,
}

/// A read-only view of the node's parts.
pub(super) struct NodeDriver<'a> {
    /// The node's own key.
    pub(super) me: NodeKey,
    pub(super) application: Application,
    pub(super) closure: &'a QuorumClosure,
    pub(super) log: &'a Log,
    pub(super) backup: &'a Backup,
    pub(super) roster: &'a Roster,
    pub(super) decoder: &'a Decoder,
}

impl NodeDriver<'_> {
    /// Whether a value of `slot` may contain the proposal: it is well formed and no earlier slot has recorded it.
    fn is_acceptable(&self, slot: SlotIndex, proposal: &Proposal) -> bool {
        let is_recorded = self.log.slot_of(proposal.id).is_some_and(|at| at < slot);
        let fits = !matches!(proposal.content, Content::Choice(_));
        fits && is_well_formed(&proposal.content) && !is_recorded
    }

    fn validate_log(&self, slot: SlotIndex, value: &Value, context: ValidationContext) -> Validity {
        if value_bytes(value) > VALUE_BYTES_MAX {
            return Validity::Invalid;
        }
        let Some(proposals) = self.decoder.decode(value) else {
            return Validity::Invalid;
        };
        let is_valid = |proposal: &Arc<Proposal>| {
            // A node that holds a file rejects its backup in nomination. In a ballot it follows the other nodes.
            let is_refused =
                context == ValidationContext::Nomination && self.backup.rejects(self.me, proposal);
            self.is_acceptable(slot, proposal) && !is_refused
        };
        let is_fitting = (1..=PROPOSALS_PER_VALUE).contains(&proposals.len());
        if is_fitting && proposals.values().all(is_valid) {
            Validity::FullyValid
        } else {
            Validity::Invalid
        }
    }

    /// The first 64 bits of SHA-256 over slot, previous value, domain, round and `data`. The previous value has a
    /// length prefix; `data` comes last and needs none.
    fn hash(
        &self,
        slot: SlotIndex,
        prev: &Value,
        domain: HashDomain,
        round: u32,
        data: &[u8],
    ) -> u64 {
        let mut hasher = Sha256::new();
        hasher.update(slot.0.to_be_bytes());
        hasher.update((prev.as_bytes().len() as u64).to_be_bytes());
        hasher.update(prev.as_bytes());
        hasher.update((domain as u32).to_be_bytes());
        hasher.update(round.to_be_bytes());
        hasher.update(data);
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
        let rest: ProposalSet = self
            .decoder
            .decode(value)?
            .iter()
            .filter(|(_, proposal)| {
                self.is_acceptable(slot, proposal) && !self.backup.rejects(self.me, proposal)
            })
            .map(|(id, proposal)| (*id, Arc::clone(proposal)))
            .collect();
        (!rest.is_empty()).then(|| value_of(&fitting(rest)))
    }

    fn may_add_vote(&self, votes: &[Value], of_leader: &[&Value], value: &Value) -> bool {
        let own = value_bytes(value);
        let all = votes.iter().map(value_bytes);
        let leaders = of_leader.iter().map(|vote| value_bytes(vote));
        all.fold(own, usize::saturating_add) <= VOTES_BYTES_MAX
            && leaders.fold(own, usize::saturating_add) <= VOTES_BYTES_PER_LEADER
    }

    fn combine(&self, _slot: SlotIndex, candidates: &[Value]) -> Option<Value> {
        match self.application {
            Application::Choice => candidates.last().cloned(),
            Application::Log => {
                let mut union = ProposalSet::new();
                for candidate in candidates {
                    let proposals = self.decoder.decode(candidate)?;
                    union.extend(proposals.iter().map(|(id, one)| (*id, Arc::clone(one))));
                }
                // Proposals that do not fit stay in the pools for a later slot.
                (!union.is_empty()).then(|| value_of(&fitting(union)))
            }
        }
    }

    fn neighbour_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        let key = self.roster.key_of(node);
        self.hash(slot, prev, HashDomain::Neighbour, round, key.as_bytes())
    }

    fn priority_hash(&self, slot: SlotIndex, prev: &Value, round: u32, node: NodeId) -> u64 {
        let key = self.roster.key_of(node);
        self.hash(slot, prev, HashDomain::Priority, round, key.as_bytes())
    }

    fn value_hash(&self, slot: SlotIndex, prev: &Value, round: u32, value: &Value) -> u64 {
        self.hash(slot, prev, HashDomain::Value, round, value.as_bytes())
    }

    fn nomination_timeout(&self, round: u32) -> Span {
        Span::from_ms(u64::from(round).saturating_mul(1000).min(TIMEOUT_MAX_MS))
    }

    fn ballot_timeout(&self, n: Counter) -> Span {
        Span::from_ms(u64::from(n).saturating_mul(1000).min(TIMEOUT_MAX_MS))
    }

    fn quorum_set(&self, id: QuorumSetId) -> Option<Arc<QuorumSet>> {
        self.closure.get(id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::{FileInfo, Peer, ProposalId};
    use std::collections::BTreeSet;

    struct DriverFixture {
        closure: QuorumClosure,
        log: Log,
        backup: Backup,
        roster: Roster,
        decoder: Decoder,
    }

    fn peer(id: u32) -> Peer {
        Peer {
            id: NodeId(id),
            name: "".into(),
            key: format!("G{id}").into(),
        }
    }

    fn photo() -> FileInfo {
        FileInfo {
            name: "photo.jpg".into(),
            size_bytes: 9,
            sha256: "ab".repeat(32),
        }
    }

    fn fixture() -> DriverFixture {
        DriverFixture {
            closure: QuorumClosure::default(),
            log: Log::default(),
            backup: Backup::new(&[photo()]),
            roster: Roster::new(peer(0)),
            decoder: Decoder::default(),
        }
    }

    fn driver(fixture: &DriverFixture, application: Application) -> NodeDriver<'_> {
        NodeDriver {
            me: NodeKey::of("G0"),
            application,
            closure: &fixture.closure,
            log: &fixture.log,
            backup: &fixture.backup,
            roster: &fixture.roster,
            decoder: &fixture.decoder,
        }
    }

    fn proposals(contents: &[Content]) -> ProposalSet {
        (1..)
            .zip(contents)
            .map(|(nth, content)| {
                let origin = NodeKey::of("G7");
                let id = ProposalId { origin, nth };
                let content = content.clone();
                (id, Arc::new(Proposal { id, content }))
            })
            .collect()
    }

    fn value(contents: &[Content]) -> Value {
        value_of(&proposals(contents))
    }

    const SLOT: SlotIndex = SlotIndex(1);

    #[test]
    fn a_held_file_is_invalid_in_nomination_only_and_removed_by_extract() {
        let fixture = fixture();
        let driver = driver(&fixture, Application::Log);
        let validate = |value: &Value, context| driver.validate(SLOT, value, context);
        let (tea, file) = (Content::Note("tea".into()), Content::File(photo()));
        let both = value(&[tea.clone(), file.clone()]);
        assert_eq!(
            validate(&both, ValidationContext::Nomination),
            Validity::Invalid
        );
        assert_eq!(
            validate(&both, ValidationContext::Ballot),
            Validity::FullyValid
        );
        assert_eq!(driver.extract(SLOT, &both), Some(value(&[tea])));
        assert_eq!(driver.extract(SLOT, &value(&[file])), None);
        assert_eq!(driver.extract(SLOT, &Value::from("garbage")), None);
    }

    #[test]
    fn valid_values_contain_well_formed_proposals_that_are_not_recorded() {
        let mut fixture = fixture();
        let tea = [Content::Note("tea".into())];
        fixture.log.append(value(&tea), &proposals(&tea));
        let driver = driver(&fixture, Application::Log);
        let validate = |slot, value: &Value| {
            driver.validate(SlotIndex(slot), value, ValidationContext::Ballot)
        };
        assert_eq!(
            validate(1, &value(&tea)),
            Validity::FullyValid,
            "the proposal is recorded in this slot"
        );
        assert_eq!(validate(2, &value(&tea)), Validity::Invalid);
        for bad in [
            value(&[]),
            value(&[Content::Note("".into())]),
            value(&[Content::Choice("1".into())]),
            Value::from(""),
        ] {
            assert_eq!(validate(2, &bad), Validity::Invalid, "{bad}");
        }
    }

    #[test]
    fn candidates_combine_to_their_union_or_to_the_greatest_value() {
        let fixture = fixture();
        let (tea, milk) = (Content::Note("tea".into()), Content::Note("milk".into()));
        let both = [tea.clone(), milk];
        let candidates = [value(&both), value(&[tea])];
        let log = driver(&fixture, Application::Log);
        assert_eq!(log.combine(SLOT, &candidates), Some(value(&both)));
        assert_eq!(log.combine(SLOT, &[Value::from("?")]), None);
        let choice = driver(&fixture, Application::Choice);
        let candidates = ["0", "1", "10"].map(Value::from);
        assert_eq!(choice.combine(SLOT, &candidates), Some(Value::from("10")));
    }

    /// A note whose size in a message is four times its length.
    fn quotes(nth: u32) -> (ProposalId, Arc<Proposal>) {
        let origin = NodeKey::of("G7");
        let id = ProposalId { origin, nth };
        let content = Content::Note("\"".repeat(1000));
        (id, Arc::new(Proposal { id, content }))
    }

    #[test]
    fn a_combination_is_truncated_to_the_limits_by_ascending_id() {
        let fixture = fixture();
        let driver = driver(&fixture, Application::Log);
        let validate = |value: &Value| driver.validate(SLOT, value, ValidationContext::Ballot);
        let large = |from: u32, to: u32| value_of(&(from..to).map(quotes).collect());
        let candidates = [large(1, 10), large(5, 14), large(10, 20), large(15, 25)];
        assert!(
            candidates
                .iter()
                .all(|one| validate(one) == Validity::FullyValid)
        );
        let combined = driver.combine(SLOT, &candidates).unwrap();
        assert_eq!(validate(&combined), Validity::FullyValid);
        let taken = fixture.decoder.decode(&combined).unwrap();
        let taken: Vec<u32> = taken.keys().map(|id| id.nth).collect();
        assert!(taken.len() > 10 && taken.len() < 24, "{taken:?}");
        assert!(
            taken.iter().copied().eq(1..=taken.len() as u32),
            "{taken:?}"
        );
        assert_eq!(
            validate(&large(1, taken.len() as u32 + 2)),
            Validity::Invalid,
            "one more exceeds the limit"
        );
        assert_eq!(driver.extract(SLOT, &large(1, 25)), Some(combined));

        let short = |from: u32, to: u32| {
            let note = |nth: u32| {
                let (id, _) = quotes(nth);
                let content = Content::Note("tea".into());
                (id, Arc::new(Proposal { id, content }))
            };
            value_of(&(from..to).map(note).collect())
        };
        let union = driver.combine(SLOT, &[short(0, 100), short(100, 200)]);
        assert_eq!(union, Some(short(0, PROPOSALS_PER_VALUE as u32)));
        assert_eq!(validate(&short(0, 129)), Validity::Invalid);
    }

    #[test]
    fn votes_are_bounded_per_leader_and_in_total() {
        let fixture = fixture();
        let driver = driver(&fixture, Application::Log);
        let value = |nth: u32| value_of(&(nth * 15..nth * 15 + 15).map(quotes).collect());
        let mut votes = Vec::new();
        for leader in 0..8 {
            let mut named: Vec<Value> = Vec::new();
            for nth in 0..8 {
                let value = value(leader * 8 + nth);
                let of_leader: Vec<&Value> = named.iter().collect();
                if driver.may_add_vote(&votes, &of_leader, &value) {
                    votes.push(value.clone());
                    named.push(value);
                }
            }
            let bytes: usize = named.iter().map(value_bytes).sum();
            assert!(bytes <= VOTES_BYTES_PER_LEADER);
            assert_eq!(named.is_empty(), leader >= 4, "{leader}");
        }
        assert!(votes.iter().map(value_bytes).sum::<usize>() <= VOTES_BYTES_MAX);
    }

    #[test]
    fn hashes_depend_on_all_their_inputs() {
        let mut fixture = fixture();
        fixture.roster.add(&peer(1));
        let driver = driver(&fixture, Application::Log);
        let prev = Value::from("");
        let hashes: BTreeSet<u64> = [
            driver.neighbour_hash(SLOT, &prev, 1, NodeId(1)),
            driver.priority_hash(SLOT, &prev, 1, NodeId(1)),
            driver.priority_hash(SLOT, &prev, 1, NodeId(0)),
            driver.priority_hash(SLOT, &prev, 1, NodeId(2)),
            driver.priority_hash(SLOT, &prev, 2, NodeId(1)),
            driver.priority_hash(SLOT, &Value::from("x"), 1, NodeId(1)),
            driver.priority_hash(SlotIndex(2), &prev, 1, NodeId(1)),
            driver.value_hash(SLOT, &prev, 1, &Value::from("G1")),
        ]
        .into();
        assert_eq!(hashes.len(), 8);
    }

    #[test]
    fn timeouts_grow_by_one_second_up_to_half_an_hour() {
        let fixture = fixture();
        let driver = driver(&fixture, Application::Log);
        assert_eq!(driver.nomination_timeout(1), Span::from_ms(1_000));
        assert_eq!(driver.ballot_timeout(7), Span::from_ms(7_000));
        assert_eq!(driver.ballot_timeout(u32::MAX), Span::from_ms(1_800_000));
    }
}
