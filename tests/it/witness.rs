//! Independent check of evidence: every witness set recorded over all golden transcripts satisfies its rule, consists
//! of received statements, and is minimal. The check shares no code with the protocol.

mod claims;

use super::vectors::TRANSCRIPTS;
use claims::OwnClaims;
use quorumscope::commands::conformance::TranscriptReplay;
use quorumscope::commands::conformance::format::{CallResult, StepInput, Transcript};
use quorumscope::scp::{
    Ballot, BallotReason, Driver, Envelope, Evidence, EvidenceMode, NodeId, QuorumSet, QuorumSetId,
    ScpEvent, SlotIndex, Statement, Value, VotingRule,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

type Nodes = BTreeSet<NodeId>;

/// Inputs of the check: the local quorum set and the latest statement of each node.
struct EvidenceCheck<'a> {
    replay: &'a TranscriptReplay,
    local: NodeId,
    local_set: QuorumSetId,
    received: &'a BTreeMap<(SlotIndex, NodeId, bool), Arc<Envelope>>,
    /// The earlier claims of the node itself.
    own_claims: &'a OwnClaims,
}

fn satisfied(set: &QuorumSet, nodes: &Nodes) -> bool {
    let direct = set.validators.iter().filter(|n| nodes.contains(n)).count();
    let inner = set.inner.iter().filter(|s| satisfied(s, nodes)).count();
    set.threshold > 0 && direct + inner >= set.threshold as usize
}

/// By definition: every slice has a member in `nodes`, so the other nodes contain no slice.
fn blocks(set: &QuorumSet, nodes: &Nodes) -> bool {
    let others: Nodes = set.nodes().iter().filter(|n| !nodes.contains(n)).collect();
    !satisfied(set, &others)
}

impl EvidenceCheck<'_> {
    fn set(&self, id: QuorumSetId) -> Arc<QuorumSet> {
        self.replay.driver().quorum_set(id).unwrap()
    }

    /// Whether `nodes` contain a quorum that satisfies the local quorum set.
    fn holds_quorum(&self, nodes: &Nodes, statements: &BTreeMap<NodeId, &Envelope>) -> bool {
        let mut quorum = nodes.clone();
        loop {
            let remaining: Nodes = (quorum.iter().copied())
                .filter(|node| match &statements[node].statement {
                    Statement::Externalize { .. } => true,
                    _ => satisfied(&self.set(statements[node].quorum_set), &quorum),
                })
                .collect();
            if remaining == quorum {
                return satisfied(&self.set(self.local_set), &quorum);
            }
            quorum = remaining;
        }
    }

    fn check(
        &self,
        evidence: &Evidence,
        votes_or_accepts: impl Fn(&Statement) -> bool,
        accepts: impl Fn(&Statement) -> bool,
    ) {
        let witness: Nodes = evidence.witness.iter().copied().collect();
        assert!(evidence.witness.is_sorted_by(|a, b| a < b));
        assert_eq!(evidence.witness.len(), evidence.envelopes.len());
        let mut statements = BTreeMap::new();
        for (&node, envelope) in evidence.witness.iter().zip(&evidence.envelopes) {
            assert_eq!(envelope.from, node);
            let kind = envelope.statement.is_nominate();
            let is_received = self.received.get(&(envelope.slot, node, kind)) == Some(envelope);
            // An own statement may never have been sent.
            let is_own = node == self.local && self.own_claims.supports(envelope);
            assert!(
                is_received || is_own,
                "{envelope:?} was never received or made"
            );
            let supports = match evidence.rule {
                VotingRule::Quorum => votes_or_accepts(&envelope.statement),
                VotingRule::VBlocking => accepts(&envelope.statement),
            };
            assert!(supports, "{envelope:?} does not support the transition");
            statements.insert(node, envelope.as_ref());
        }
        let holds = |nodes: &Nodes| match evidence.rule {
            VotingRule::Quorum => self.holds_quorum(nodes, &statements),
            VotingRule::VBlocking => blocks(&self.set(self.local_set), nodes),
        };
        assert!(holds(&witness), "{evidence:?} does not satisfy its rule");
        for node in &witness {
            let mut fewer = witness.clone();
            fewer.remove(node);
            assert!(!holds(&fewer), "{evidence:?} does not need {node:?}");
        }
    }

    /// Checks `event` if it carries evidence. Returns whether it did.
    fn check_event(&self, event: &ScpEvent) -> bool {
        match event {
            ScpEvent::AcceptedNominated {
                value, evidence, ..
            } => {
                let votes =
                    |s: &Statement| lists(s).0.contains(value) || lists(s).1.contains(value);
                self.check(evidence, votes, |s| lists(s).1.contains(value));
            }
            ScpEvent::ConfirmedNominated {
                value, evidence, ..
            } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                self.check(evidence, |s| lists(s).1.contains(value), |_| false);
            }
            ScpEvent::AcceptedPrepared {
                ballot, evidence, ..
            } => {
                let votes = |s: &Statement| votes_prepare(s, ballot) || accepts_prepare(s, ballot);
                self.check(evidence, votes, |s| accepts_prepare(s, ballot));
            }
            ScpEvent::ConfirmedPrepared { h, evidence, .. } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                self.check(evidence, |s| accepts_prepare(s, h), |_| false);
            }
            ScpEvent::AcceptedCommit {
                value,
                n_c,
                n_h,
                evidence,
                ..
            } => {
                let accepts = |s: &Statement| accepts_commit(s, value, *n_c, *n_h);
                let votes = |s: &Statement| votes_commit(s, value, *n_c, *n_h) || accepts(s);
                self.check(evidence, votes, accepts);
            }
            ScpEvent::ConfirmedCommit {
                value,
                n_c,
                n_h,
                evidence,
                ..
            } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                self.check(
                    evidence,
                    |s| accepts_commit(s, value, *n_c, *n_h),
                    |_| false,
                );
            }
            ScpEvent::HeardFromQuorum { n, evidence, .. } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                let there = |s: &Statement| match s {
                    Statement::Prepare { ballot, .. } => ballot.n >= *n,
                    _ => true,
                };
                self.check(evidence, there, |_| false);
            }
            ScpEvent::BallotChanged {
                from,
                reason: BallotReason::CatchUp(evidence),
                ..
            } => {
                assert_eq!(evidence.rule, VotingRule::VBlocking);
                let n = from.as_ref().map_or(0, |b| b.n);
                self.check(evidence, |_| false, |s| s.counter() > n);
            }
            _ => return false,
        }
        true
    }
}

fn lists(statement: &Statement) -> (&[Value], &[Value]) {
    match statement {
        Statement::Nominate { voted, accepted } => (voted, accepted),
        _ => (&[], &[]),
    }
}

fn votes_prepare(statement: &Statement, wanted: &Ballot) -> bool {
    match statement {
        Statement::Prepare { ballot, .. } => ballot.x == wanted.x && ballot.n >= wanted.n,
        other => other.ballot_value() == Some(&wanted.x),
    }
}

fn accepts_prepare(statement: &Statement, wanted: &Ballot) -> bool {
    let covers = |b: &Option<Ballot>| matches!(b, Some(b) if b.x == wanted.x && b.n >= wanted.n);
    match statement {
        Statement::Prepare {
            prepared,
            prepared_prime,
            ..
        } => covers(prepared) || covers(prepared_prime),
        Statement::Confirm {
            ballot, n_prepared, ..
        } => ballot.x == wanted.x && *n_prepared >= wanted.n,
        other => other.ballot_value() == Some(&wanted.x),
    }
}

/// Whether the statement votes for every counter from `low` to `high`.
fn votes_commit(statement: &Statement, x: &Value, low: u32, high: u32) -> bool {
    let range = match statement {
        Statement::Prepare { n_c, n_h, .. } if *n_c > 0 => *n_c..=*n_h,
        Statement::Confirm { n_commit, .. } => *n_commit..=u32::MAX,
        _ => return false,
    };
    statement.ballot_value() == Some(x) && range.contains(&low) && range.contains(&high)
}

fn accepts_commit(statement: &Statement, x: &Value, low: u32, high: u32) -> bool {
    let range = match statement {
        Statement::Confirm { n_commit, n_h, .. } => *n_commit..=*n_h,
        Statement::Externalize { commit, .. } => commit.n..=u32::MAX,
        _ => return false,
    };
    statement.ballot_value() == Some(x) && range.contains(&low) && range.contains(&high)
}

/// Checks all evidence that the node of `transcript` records. Returns the number of checked events.
pub(crate) fn check_transcript_evidence(transcript: &Transcript) -> usize {
    let mut replay = TranscriptReplay::new(transcript, EvidenceMode::Record);
    let (mut received, mut own_claims) = (BTreeMap::new(), OwnClaims::default());
    let mut local_set = replay.names().set(&transcript.qset);
    let mut checked = 0;
    for step in &transcript.steps {
        let reply = replay.feed(&step.input);
        match &step.input {
            StepInput::Receive(message) if reply.res == Some(CallResult::Valid) => {
                let envelope = replay.names().envelope(message);
                let kind = envelope.statement.is_nominate();
                received.insert((envelope.slot, envelope.from, kind), envelope);
            }
            StepInput::SetQset { qset } => local_set = replay.names().set(qset),
            StepInput::Restore(message) => {
                own_claims.add_statement(&replay.names().envelope(message))
            }
            _ => {}
        }
        // A malformed set has no witness sets.
        let set = replay.driver().quorum_set(local_set);
        let is_sane = set.is_some_and(|set| set.check_sane().is_ok());
        for event in &reply.events {
            let check = EvidenceCheck {
                replay: &replay,
                local: replay.names().node(&transcript.node),
                local_set,
                received: &received,
                own_claims: &own_claims,
            };
            checked += usize::from(is_sane && check.check_event(event));
            own_claims.add_event(event);
        }
    }
    checked
}

#[test]
fn every_witness_set_is_valid_and_minimal() {
    let checked: usize = TRANSCRIPTS.iter().map(check_transcript_evidence).sum();
    assert!(checked > 10_000, "only {checked} pieces of evidence");
}

#[test]
fn recording_events_changes_no_output() {
    for transcript in TRANSCRIPTS.iter() {
        let mut recording = TranscriptReplay::new(transcript, EvidenceMode::Record);
        let mut silent = TranscriptReplay::new(transcript, EvidenceMode::Skip);
        for step in &transcript.steps {
            let (recorded, skipped) = (recording.feed(&step.input), silent.feed(&step.input));
            assert_eq!((recorded.res, recorded.out), (skipped.res, skipped.out));
            assert!(skipped.events.is_empty());
        }
    }
}
