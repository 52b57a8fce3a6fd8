//! What a node has told of itself: each of its own statements that counted in its reasons must say no more than that.

use quorumscope::scp::{Ballot, Counter, Envelope, ScpEvent, SlotIndex, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What one node has told about one slot.
#[derive(Default)]
struct Claims {
    voted: BTreeSet<Value>,
    accepted: BTreeSet<Value>,
    ballots: BTreeSet<Ballot>,
    prepared: BTreeSet<Ballot>,
    confirmed_prepared: BTreeSet<Ballot>,
    /// The lowest ballots that it has voted to commit.
    commits_voted: BTreeSet<Ballot>,
    commits_accepted: BTreeSet<(Value, Counter, Counter)>,
}

/// What one node has told, by slot.
#[derive(Default)]
pub(super) struct Told(BTreeMap<SlotIndex, Claims>);

impl Told {
    /// The node has told this.
    pub(super) fn hear(&mut self, event: &ScpEvent) {
        match event {
            ScpEvent::VotedNominate { slot, value, .. } => {
                self.about(*slot).voted.insert(value.clone());
            }
            ScpEvent::AcceptedNominated { slot, value, .. } => {
                self.about(*slot).voted.insert(value.clone());
                self.about(*slot).accepted.insert(value.clone());
            }
            ScpEvent::BallotChanged { slot, to, .. } => {
                self.about(*slot).ballots.insert(to.clone());
            }
            ScpEvent::AcceptedPrepared { slot, ballot, .. } => {
                self.about(*slot).prepared.insert(ballot.clone());
            }
            ScpEvent::ConfirmedPrepared { slot, h, c, .. } => {
                self.about(*slot).confirmed_prepared.insert(h.clone());
                self.about(*slot).commits_voted.extend(c.clone());
            }
            ScpEvent::AcceptedCommit {
                slot,
                value,
                n_c,
                n_h,
                ..
            } => {
                let commit = (value.clone(), *n_c, *n_h);
                self.about(*slot).commits_accepted.insert(commit);
            }
            _ => {}
        }
    }

    fn about(&mut self, slot: SlotIndex) -> &mut Claims {
        self.0.entry(slot).or_default()
    }

    /// It said this in an earlier life.
    pub(super) fn remember(&mut self, envelope: &Envelope) {
        let claims = self.about(envelope.slot);
        match &envelope.statement {
            Statement::Nominate { voted, accepted } => {
                claims.voted.extend(voted.iter().chain(accepted).cloned());
                claims.accepted.extend(accepted.iter().cloned());
            }
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            } => {
                claims.ballots.insert(ballot.clone());
                claims
                    .prepared
                    .extend(prepared.iter().chain(prepared_prime).cloned());
                claims.confirmed_prepared.insert(at(*n_h, &ballot.x));
                claims.commits_voted.insert(at(*n_c, &ballot.x));
            }
            Statement::Confirm {
                ballot,
                n_prepared,
                n_commit,
                n_h,
            } => {
                claims.ballots.insert(ballot.clone());
                claims.prepared.insert(at(*n_prepared, &ballot.x));
                claims
                    .commits_accepted
                    .insert((ballot.x.clone(), *n_commit, *n_h));
            }
            Statement::Externalize { commit, n_h } => {
                claims
                    .commits_accepted
                    .insert((commit.x.clone(), commit.n, *n_h));
            }
        }
    }

    /// Does its own statement say no more than that?
    pub(super) fn supports(&self, envelope: &Envelope) -> bool {
        let nothing = Claims::default();
        let claims = self.0.get(&envelope.slot).unwrap_or(&nothing);
        match &envelope.statement {
            Statement::Nominate { voted, accepted } => {
                voted.iter().all(|value| claims.voted.contains(value))
                    && accepted.iter().all(|value| claims.accepted.contains(value))
            }
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            } => {
                let mut prepared = prepared.iter().chain(prepared_prime);
                // Without b it is told to the node itself only.
                let is_b = ballot.n == 0 || claims.ballots.contains(ballot);
                is_b && prepared.all(|ballot| claims.prepared.contains(ballot))
                    && (*n_h == 0 || claims.confirmed_prepared.contains(&at(*n_h, &ballot.x)))
                    && (*n_c == 0 || claims.commits_voted.contains(&at(*n_c, &ballot.x)))
            }
            Statement::Confirm {
                ballot,
                n_prepared,
                n_commit,
                n_h,
            } => {
                let commit = (ballot.x.clone(), *n_commit, *n_h);
                claims.ballots.contains(ballot)
                    // The counter of p, even where liars have made it a ballot of another value.
                    && claims.prepared.iter().any(|p| p.n == *n_prepared)
                    && claims.commits_accepted.contains(&commit)
            }
            Statement::Externalize { commit, n_h } => {
                let commit = (commit.x.clone(), commit.n, *n_h);
                claims.commits_accepted.contains(&commit)
            }
        }
    }
}

fn at(n: Counter, x: &Value) -> Ballot {
    Ballot { n, x: x.clone() }
}
