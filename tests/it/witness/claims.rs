//! Claims of one node: each own statement in its evidence must claim no more than its earlier events and restored
//! statements.

use quorumscope::scp::{Ballot, Counter, Envelope, ScpEvent, SlotIndex, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Claims of one node about one slot.
#[derive(Default)]
struct Claims {
    voted: BTreeSet<Value>,
    accepted: BTreeSet<Value>,
    ballots: BTreeSet<Ballot>,
    prepared: BTreeSet<Ballot>,
    /// A CONFIRM has only the counter of p, even if Byzantine nodes have made p a ballot of another value.
    prepared_counters: BTreeSet<Counter>,
    confirmed_prepared: BTreeSet<Ballot>,
    /// The lowest ballots that the node has voted to commit.
    commits_voted: BTreeSet<Ballot>,
    commits_accepted: BTreeSet<(Value, Counter, Counter)>,
}

impl Claims {
    /// The claims of a statement. A counter of 0 means none, also in b of a statement from before the first ballot.
    fn of(statement: &Statement) -> Claims {
        let at = |n: Counter, x: &Value| (n > 0).then(|| Ballot::new(n, x.clone()));
        match statement {
            Statement::Nominate { voted, accepted } => Claims {
                voted: voted.iter().chain(accepted).cloned().collect(),
                accepted: accepted.iter().cloned().collect(),
                ..Claims::default()
            },
            Statement::Prepare {
                ballot,
                prepared,
                prepared_prime,
                n_c,
                n_h,
            } => Claims {
                ballots: at(ballot.n, &ballot.x).into_iter().collect(),
                prepared: prepared.iter().chain(prepared_prime).cloned().collect(),
                confirmed_prepared: at(*n_h, &ballot.x).into_iter().collect(),
                commits_voted: at(*n_c, &ballot.x).into_iter().collect(),
                ..Claims::default()
            },
            Statement::Confirm {
                ballot,
                n_prepared,
                n_commit,
                n_h,
            } => Claims {
                ballots: [ballot.clone()].into(),
                prepared_counters: [*n_prepared].into(),
                commits_accepted: [(ballot.x.clone(), *n_commit, *n_h)].into(),
                ..Claims::default()
            },
            Statement::Externalize { commit, n_h } => Claims {
                commits_accepted: [(commit.x.clone(), commit.n, *n_h)].into(),
                ..Claims::default()
            },
        }
    }

    fn extend(&mut self, mut more: Claims) {
        self.voted.append(&mut more.voted);
        self.accepted.append(&mut more.accepted);
        self.ballots.append(&mut more.ballots);
        self.prepared_counters
            .extend(more.prepared.iter().map(|p| p.n));
        self.prepared.append(&mut more.prepared);
        self.prepared_counters.append(&mut more.prepared_counters);
        self.confirmed_prepared.append(&mut more.confirmed_prepared);
        self.commits_voted.append(&mut more.commits_voted);
        self.commits_accepted.append(&mut more.commits_accepted);
    }

    fn are_within(&self, own_claims: &Claims) -> bool {
        self.voted.is_subset(&own_claims.voted)
            && self.accepted.is_subset(&own_claims.accepted)
            && self.ballots.is_subset(&own_claims.ballots)
            && self.prepared.is_subset(&own_claims.prepared)
            && self
                .prepared_counters
                .is_subset(&own_claims.prepared_counters)
            && self
                .confirmed_prepared
                .is_subset(&own_claims.confirmed_prepared)
            && self.commits_voted.is_subset(&own_claims.commits_voted)
            && self
                .commits_accepted
                .is_subset(&own_claims.commits_accepted)
    }
}

/// The claims of one node by slot.
#[derive(Default)]
pub(super) struct OwnClaims(BTreeMap<SlotIndex, Claims>);

impl OwnClaims {
    /// Adds the claims of an event.
    pub(super) fn add_event(&mut self, event: &ScpEvent) {
        let mut claims = Claims::default();
        let slot = match event {
            ScpEvent::VotedNominate { slot, value, .. } => {
                claims.voted.insert(value.clone());
                slot
            }
            ScpEvent::AcceptedNominated { slot, value, .. } => {
                claims.voted.insert(value.clone());
                claims.accepted.insert(value.clone());
                slot
            }
            ScpEvent::BallotChanged { slot, to, .. } => {
                claims.ballots.insert(to.clone());
                slot
            }
            ScpEvent::AcceptedPrepared { slot, ballot, .. } => {
                claims.prepared.insert(ballot.clone());
                slot
            }
            ScpEvent::ConfirmedPrepared { slot, h, c, .. } => {
                claims.confirmed_prepared.insert(h.clone());
                claims.commits_voted.extend(c.clone());
                slot
            }
            ScpEvent::AcceptedCommit {
                slot,
                value,
                n_c,
                n_h,
                ..
            } => {
                claims.commits_accepted.insert((value.clone(), *n_c, *n_h));
                slot
            }
            _ => return,
        };
        self.0.entry(*slot).or_default().extend(claims);
    }

    /// Adds the claims of a restored statement.
    pub(super) fn add_statement(&mut self, envelope: &Envelope) {
        let claims = Claims::of(&envelope.statement);
        self.0.entry(envelope.slot).or_default().extend(claims);
    }

    /// Whether an own statement claims no more than these claims.
    pub(super) fn supports(&self, envelope: &Envelope) -> bool {
        let own_claims = self.0.get(&envelope.slot);
        own_claims.is_some_and(|own_claims| Claims::of(&envelope.statement).are_within(own_claims))
    }
}
