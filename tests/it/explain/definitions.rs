//! Claims and rules of federated voting, by definition. The explanations use other code.

use quorumscope::explain::step::StatementClaim;
use quorumscope::scp::{Claim, Counter, NodeId, QuorumSet, Statement, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Nodes = BTreeSet<NodeId>;

/// Whether `nodes` satisfy `set`, entry by entry.
pub(super) fn satisfied(set: &QuorumSet, nodes: &Nodes) -> bool {
    let direct = set.validators.iter().filter(|n| nodes.contains(n)).count();
    let inner = set.inner.iter().filter(|set| satisfied(set, nodes)).count();
    set.threshold > 0 && direct + inner >= set.threshold as usize
}

/// Whether every slice has a member in `nodes`: the other nodes contain no slice.
pub(super) fn blocks(set: &QuorumSet, nodes: &Nodes) -> bool {
    let others: Nodes = set.nodes().iter().filter(|n| !nodes.contains(n)).collect();
    !satisfied(set, &others)
}

/// Whether some subset of `nodes` is a quorum that satisfies `local`. `sets` gives the quorum set of each node; `None`
/// for a node that has decided. Tries all subsets.
pub(super) fn contains_quorum(
    local: &QuorumSet,
    nodes: &Nodes,
    sets: &BTreeMap<NodeId, Option<QuorumSet>>,
) -> bool {
    let all: Vec<NodeId> = nodes.iter().copied().collect();
    (0..1_u32 << all.len()).any(|bits| {
        let chosen = (0..all.len()).filter(|at| bits >> at & 1 == 1);
        let chosen: Nodes = chosen.map(|at| all[at]).collect();
        let is_content = |node: &NodeId| match sets.get(node) {
            Some(Some(set)) => satisfied(set, &chosen),
            Some(None) => true,
            None => false,
        };
        satisfied(local, &chosen) && chosen.iter().all(is_content)
    })
}

/// Whether a statement makes a claim.
pub(super) fn makes(claim: &StatementClaim, statement: &Statement) -> bool {
    match (claim, statement) {
        (StatementClaim::Nominates, Statement::Nominate { .. }) => true,
        (StatementClaim::VotesNominate(x), Statement::Nominate { voted, accepted }) => {
            voted.iter().chain(accepted).any(|value| value == x)
        }
        (StatementClaim::AcceptsNominate(x), Statement::Nominate { accepted, .. }) => {
            accepted.iter().any(|value| value == x)
        }
        (StatementClaim::Ballot(claim, x), statement) => makes_ballot_claim(*claim, x, statement),
        (StatementClaim::Counter(Claim::AtCounter(n)), statement) => counter(statement) >= *n,
        (StatementClaim::Counter(Claim::AboveCounter(n)), statement) => match statement {
            // A CONFIRM has its own counter here, although it counts as "heard" at any counter.
            Statement::Confirm { ballot, .. } => ballot.n > *n,
            statement => counter(statement) > *n,
        },
        _ => false,
    }
}

/// The counter that counts for "heard from quorum".
fn counter(statement: &Statement) -> Counter {
    match statement {
        Statement::Nominate { .. } => 0,
        Statement::Prepare { ballot, .. } => ballot.n,
        Statement::Confirm { .. } | Statement::Externalize { .. } => Counter::MAX,
    }
}

fn makes_ballot_claim(claim: Claim, x: &Value, statement: &Statement) -> bool {
    let (votes_to, accepts_to, votes_commit, accepts_commit) = claims_about(x, statement);
    match claim {
        Claim::VotesPrepare(n) => n <= votes_to || n <= accepts_to,
        Claim::AcceptsPrepare(n) => n <= accepts_to,
        Claim::VotesCommit(wanted) => {
            votes_commit.is_some_and(|(low, high)| low <= wanted.low && wanted.high <= high)
        }
        Claim::AcceptsCommit(wanted) => {
            accepts_commit.is_some_and(|(low, high)| low <= wanted.low && wanted.high <= high)
        }
        other => panic!("{other:?} is no claim of an explanation"),
    }
}

type Range = Option<(Counter, Counter)>;

/// Highest counter of `x` with a vote to prepare and with an acceptance, and the counters with a vote to commit and with
/// an accepted commit: the table of the draft.
fn claims_about(x: &Value, statement: &Statement) -> (Counter, Counter, Range, Range) {
    match statement {
        Statement::Prepare {
            ballot,
            prepared,
            prepared_prime,
            n_c,
            n_h,
        } => {
            let is_x = ballot.x == *x;
            let accepted = [prepared, prepared_prime].into_iter().flatten();
            let accepted = accepted.filter(|p| p.x == *x).map(|p| p.n).max();
            let commit = (is_x && *n_c > 0).then_some((*n_c, *n_h));
            let votes = if is_x { ballot.n } else { 0 };
            (votes, accepted.unwrap_or(0), commit, None)
        }
        Statement::Confirm {
            ballot,
            n_prepared,
            n_commit,
            n_h,
        } if ballot.x == *x => (
            Counter::MAX,
            *n_prepared,
            Some((*n_commit, Counter::MAX)),
            Some((*n_commit, *n_h)),
        ),
        Statement::Externalize { commit, .. } if commit.x == *x => {
            let all = Some((commit.n, Counter::MAX));
            (Counter::MAX, Counter::MAX, all, all)
        }
        _ => (0, 0, None, None),
    }
}
