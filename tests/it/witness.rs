//! Evidence, judged by somebody who shares no code with the protocol: every witness set recorded over all golden
//! transcripts fulfils its rule, was really heard, and can spare no member.

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

/// What the judge knows: the local set and what everybody said last.
struct Judge<'a> {
    replay: &'a TranscriptReplay,
    local: NodeId,
    local_set: QuorumSetId,
    heard: &'a BTreeMap<(SlotIndex, NodeId, bool), Arc<Envelope>>,
    /// What the node itself has own_claims before.
    own_claims: &'a OwnClaims,
}

fn satisfied(set: &QuorumSet, nodes: &Nodes) -> bool {
    let direct = set.validators.iter().filter(|n| nodes.contains(n)).count();
    let inner = set.inner.iter().filter(|s| satisfied(s, nodes)).count();
    set.threshold > 0 && direct + inner >= set.threshold as usize
}

/// By the definition: every slice has a member among `nodes`, so nobody else makes a slice.
fn blocks(set: &QuorumSet, nodes: &Nodes) -> bool {
    let others: Nodes = set.nodes().iter().filter(|n| !nodes.contains(n)).collect();
    !satisfied(set, &others)
}

impl Judge<'_> {
    fn set(&self, id: QuorumSetId) -> Arc<QuorumSet> {
        self.replay.driver().quorum_set(id).unwrap()
    }

    /// Is there a quorum within `nodes` that satisfies the local set?
    fn holds_quorum(&self, nodes: &Nodes, said: &BTreeMap<NodeId, &Envelope>) -> bool {
        let mut quorum = nodes.clone();
        loop {
            let kept: Nodes = (quorum.iter().copied())
                .filter(|node| match &said[node].statement {
                    Statement::Externalize { .. } => true,
                    _ => satisfied(&self.set(said[node].quorum_set), &quorum),
                })
                .collect();
            if kept == quorum {
                return satisfied(&self.set(self.local_set), &quorum);
            }
            quorum = kept;
        }
    }

    fn judge(
        &self,
        evidence: &Evidence,
        votes_or_accepts: impl Fn(&Statement) -> bool,
        accepts: impl Fn(&Statement) -> bool,
    ) {
        let witness: Nodes = evidence.witness.iter().copied().collect();
        assert!(evidence.witness.is_sorted_by(|a, b| a < b));
        assert_eq!(evidence.witness.len(), evidence.envelopes.len());
        let mut said = BTreeMap::new();
        for (&node, envelope) in evidence.witness.iter().zip(&evidence.envelopes) {
            assert_eq!(envelope.from, node);
            let kind = envelope.statement.is_nominate();
            let is_heard = self.heard.get(&(envelope.slot, node, kind)) == Some(envelope);
            // What a node says to itself it may never send.
            let is_own = node == self.local && self.own_claims.supports(envelope);
            assert!(is_heard || is_own, "{envelope:?} was never said");
            let pledged = match evidence.rule {
                VotingRule::Quorum => votes_or_accepts(&envelope.statement),
                VotingRule::VBlocking => accepts(&envelope.statement),
            };
            assert!(pledged, "{envelope:?} is no reason");
            said.insert(node, envelope.as_ref());
        }
        let holds = |nodes: &Nodes| match evidence.rule {
            VotingRule::Quorum => self.holds_quorum(nodes, &said),
            VotingRule::VBlocking => blocks(&self.set(self.local_set), nodes),
        };
        assert!(holds(&witness), "{evidence:?} does not fulfil its rule");
        for node in &witness {
            let mut fewer = witness.clone();
            fewer.remove(node);
            assert!(!holds(&fewer), "{evidence:?} can spare {node:?}");
        }
    }

    /// Judges `event` if it carries evidence; says whether it did.
    fn judge_event(&self, event: &ScpEvent) -> bool {
        match event {
            ScpEvent::AcceptedNominated {
                value, evidence, ..
            } => {
                let votes =
                    |s: &Statement| lists(s).0.contains(value) || lists(s).1.contains(value);
                self.judge(evidence, votes, |s| lists(s).1.contains(value));
            }
            ScpEvent::ConfirmedNominated {
                value, evidence, ..
            } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                self.judge(evidence, |s| lists(s).1.contains(value), |_| false);
            }
            ScpEvent::AcceptedPrepared {
                ballot, evidence, ..
            } => {
                let votes = |s: &Statement| votes_prepare(s, ballot) || accepts_prepare(s, ballot);
                self.judge(evidence, votes, |s| accepts_prepare(s, ballot));
            }
            ScpEvent::ConfirmedPrepared { h, evidence, .. } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                self.judge(evidence, |s| accepts_prepare(s, h), |_| false);
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
                self.judge(evidence, votes, accepts);
            }
            ScpEvent::ConfirmedCommit {
                value,
                n_c,
                n_h,
                evidence,
                ..
            } => {
                assert_eq!(evidence.rule, VotingRule::Quorum);
                self.judge(
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
                self.judge(evidence, there, |_| false);
            }
            ScpEvent::BallotChanged {
                from,
                reason: BallotReason::CatchUp(evidence),
                ..
            } => {
                assert_eq!(evidence.rule, VotingRule::VBlocking);
                let n = from.as_ref().map_or(0, |b| b.n);
                self.judge(evidence, |_| false, |s| s.counter() > n);
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

/// Every counter from `low` to `high` must be in the range that the statement votes for.
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

/// Judges everything that the node of `transcript` gives reasons for; returns how many reasons there were.
pub(crate) fn judge_transcript(transcript: &Transcript) -> usize {
    let mut replay = TranscriptReplay::new(transcript, EvidenceMode::Record);
    let (mut heard, mut own_claims) = (BTreeMap::new(), OwnClaims::default());
    let mut local_set = replay.names().set(&transcript.qset);
    let mut judged = 0;
    for step in &transcript.steps {
        let reply = replay.feed(&step.input);
        match &step.input {
            StepInput::Receive(message) if reply.res == Some(CallResult::Valid) => {
                let envelope = replay.names().envelope(message);
                let kind = envelope.statement.is_nominate();
                heard.insert((envelope.slot, envelope.from, kind), envelope);
            }
            StepInput::SetQset { qset } => local_set = replay.names().set(qset),
            StepInput::Restore(message) => own_claims.remember(&replay.names().envelope(message)),
            _ => {}
        }
        // What a set that makes no sense demands has no reason that could be judged.
        let set = replay.driver().quorum_set(local_set);
        let is_sane = set.is_some_and(|set| set.check_sane().is_ok());
        for event in &reply.events {
            let judge = Judge {
                replay: &replay,
                local: replay.names().node(&transcript.node),
                local_set,
                heard: &heard,
                own_claims: &own_claims,
            };
            judged += usize::from(is_sane && judge.judge_event(event));
            own_claims.hear(event);
        }
    }
    judged
}

#[test]
fn every_witness_set_is_valid_and_minimal() {
    let judged: usize = TRANSCRIPTS.iter().map(judge_transcript).sum();
    assert!(judged > 10_000, "only {judged} reasons were given");
}

#[test]
fn recording_events_changes_nothing_else() {
    for transcript in TRANSCRIPTS.iter() {
        let mut recording = TranscriptReplay::new(transcript, EvidenceMode::Record);
        let mut silent = TranscriptReplay::new(transcript, EvidenceMode::Skip);
        for step in &transcript.steps {
            let (own_claims, quiet) = (recording.feed(&step.input), silent.feed(&step.input));
            assert_eq!((own_claims.res, own_claims.out), (quiet.res, quiet.out));
            assert!(quiet.events.is_empty());
        }
    }
}
