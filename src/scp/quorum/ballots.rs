//! Ballot statements of all nodes, and federated voting on them.

use super::federated_voting::{Voter, quorum_evidence};
use super::latest_statements::{LatestStatement, LatestStatements};
use super::no_quorum_cache::NoQuorumCache;
use super::node_set::NodeSet;
use super::predicate::{Claim, Predicate};
use super::statement_groups::StatementGroups;
use super::tallies::{Supporters, Tallies, count};
use crate::scp::event::Evidence;
use crate::scp::id::{Counter, NodeId};
use crate::scp::statement::Statement;
use crate::scp::value::Value;

/// Ballot statements by sender.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct Ballots {
    latest: LatestStatements,
    groups: StatementGroups,
    tallies: Tallies,
    no_quorum: NoQuorumCache,
    /// No recorded statement has had a higher counter. A rollback does not lower it.
    highest_counter: Counter,
}

impl Ballots {
    /// The latest statements.
    pub(in crate::scp) fn latest(&self) -> &LatestStatements {
        &self.latest
    }

    /// Each distinct latest statement once.
    pub(in crate::scp) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.groups.statements()
    }

    /// Records a newer statement of its sender.
    pub(in crate::scp) fn record(&mut self, new: LatestStatement) {
        let node = new.envelope.from;
        self.highest_counter = self.highest_counter.max(new.envelope.statement.counter());
        self.groups.set_latest(node, Some(&new.envelope));
        self.latest.record(new);
        self.tallies.note_change(node);
    }

    /// Starts a transaction: later changes can be rolled back.
    pub(in crate::scp) fn checkpoint(&mut self) {
        self.latest.checkpoint();
    }

    /// Undoes everything recorded since the checkpoint.
    pub(in crate::scp) fn rollback(&mut self) {
        while let Some(node) = self.latest.rollback_one() {
            let latest = self.latest.get(node);
            self.groups
                .set_latest(node, latest.map(|latest| &latest.envelope));
            self.tallies.note_change(node);
        }
    }

    /// Drops the tallies, because the slot is decided.
    pub(in crate::scp) fn stop_voting(&mut self) {
        self.tallies.clear_tallies();
    }

    /// Removes all statements. Keeps the allocations.
    pub(in crate::scp) fn clear(&mut self) {
        self.latest.clear();
        self.groups.clear();
        self.tallies.clear();
        self.no_quorum.clear();
        self.highest_counter = 0;
    }

    /// Whether the latest statement of any node satisfies `predicate`.
    pub(in crate::scp) fn any(&mut self, predicate: Predicate<&Value>) -> bool {
        let supporters = self.supporters(predicate);
        !self.tallies.nodes(&supporters).is_empty()
    }

    #[inline(always)]
    fn supporters(&mut self, predicate: Predicate<&Value>) -> Supporters {
        self.tallies.query(&self.groups, &self.latest, predicate)
    }

    /// Evidence that the voter may accept a claim. `votes` holds for statements that vote for it or accept it,
    /// `accepts` for statements that accept it.
    pub(in crate::scp) fn accept(
        &mut self,
        voter: Voter<'_>,
        votes: Predicate<&Value>,
        accepts: Predicate<&Value>,
    ) -> Option<Evidence> {
        let predicates = [votes, accepts];
        let [votes, accepts] = self
            .tallies
            .query_both(&self.groups, &self.latest, predicates);
        let (votes, accepts) = (self.tallies.nodes(&votes), self.tallies.nodes(&accepts));
        voter
            .among(&self.latest, &mut self.no_quorum)
            .accept(votes, accepts)
    }

    /// Evidence that the voter may confirm a claim. `accepts` holds for statements that accept it.
    pub(in crate::scp) fn confirm(
        &mut self,
        voter: Voter<'_>,
        accepts: Predicate<&Value>,
    ) -> Option<Evidence> {
        let accepts = self.supporters(accepts);
        let accepts = self.tallies.nodes(&accepts);
        voter
            .among(&self.latest, &mut self.no_quorum)
            .confirm(accepts)
    }

    /// The same as [`Ballots::accept`] for predicates that are queried once, so that no tally is kept.
    pub(in crate::scp) fn accept_once(
        &mut self,
        voter: Voter<'_>,
        votes: Predicate<&Value>,
        accepts: Predicate<&Value>,
    ) -> Option<Evidence> {
        let votes = count(&self.groups, votes);
        let accepts = count(&self.groups, accepts);
        voter
            .among(&self.latest, &mut self.no_quorum)
            .accept(&votes, &accepts)
    }

    /// The same as [`Ballots::confirm`] for a predicate that is queried once, so that no tally is kept.
    pub(in crate::scp) fn confirm_once(
        &mut self,
        voter: Voter<'_>,
        accepts: Predicate<&Value>,
    ) -> Option<Evidence> {
        let accepts = count(&self.groups, accepts);
        voter
            .among(&self.latest, &mut self.no_quorum)
            .confirm(&accepts)
    }

    /// A cheap necessary condition for accepting anything that implies these predicates.
    #[inline]
    pub(in crate::scp) fn may_accept(
        &mut self,
        voter: Voter<'_>,
        votes: Predicate<&Value>,
        accepts: Predicate<&Value>,
    ) -> bool {
        let votes = self.supporters(votes);
        if voter
            .view(&self.latest)
            .is_local_slice(self.tallies.nodes(&votes))
        {
            return true;
        }
        let accepts = self.supporters(accepts);
        voter
            .view(&self.latest)
            .is_v_blocking(self.tallies.nodes(&accepts))
    }

    /// A cheap necessary condition for confirming anything that implies this predicate.
    #[inline]
    pub(in crate::scp) fn may_confirm(
        &mut self,
        voter: Voter<'_>,
        accepts: Predicate<&Value>,
    ) -> bool {
        let accepts = self.supporters(accepts);
        voter
            .view(&self.latest)
            .is_local_slice(self.tallies.nodes(&accepts))
    }

    /// If a v-blocking set has counters above `n`: the lowest counter above which no v-blocking set is, with the
    /// evidence (NOTES 58).
    pub(in crate::scp) fn catch_up_counter(
        &mut self,
        voter: Voter<'_>,
        n: Counter,
    ) -> Option<(Counter, Evidence)> {
        if self.highest_counter <= n {
            return None;
        }
        let ahead = self.supporters(Claim::AboveCounter(n).about_counters());
        let ahead = self.tallies.nodes(&ahead);
        let voting = voter.among(&self.latest, &mut self.no_quorum);
        let evidence = voting.blocking(ahead)?;
        let to = lowest_counter_not_blocked(voter, &self.latest, ahead)?;
        Some((to, evidence))
    }

    /// The greatest quorum whose members are all at counter `n` or above (NOTES 59).
    pub(in crate::scp) fn quorum_at_counter(
        &mut self,
        voter: Voter<'_>,
        n: Counter,
    ) -> Option<NodeSet> {
        let there = self.supporters(Claim::AtCounter(n).about_counters());
        let there = self.tallies.nodes(&there);
        let voting = voter.among(&self.latest, &mut self.no_quorum);
        Some(voting.greatest_quorum(there)?.into_owned())
    }

    /// The evidence of a minimal quorum inside `quorum`.
    pub(in crate::scp) fn quorum_evidence(&self, voter: Voter<'_>, quorum: &NodeSet) -> Evidence {
        quorum_evidence(voter.view(&self.latest), quorum)
    }
}

/// The lowest counter of the nodes in `ahead` such that the nodes above it are not v-blocking.
fn lowest_counter_not_blocked(
    voter: Voter<'_>,
    latest: &LatestStatements,
    ahead: &NodeSet,
) -> Option<Counter> {
    let mut counters: Vec<(Counter, NodeId)> = ahead
        .iter()
        .filter_map(|node| Some((latest.statement(node)?.counter(), node)))
        .collect();
    counters.sort_unstable();
    let mut above = ahead.clone();
    let mut nodes = counters.iter().peekable();
    while let Some(&(n, node)) = nodes.next() {
        above.remove(node);
        let is_last_at_n = nodes.peek().is_none_or(|&&(next, _)| next != n);
        if is_last_at_n && !voter.view(latest).is_v_blocking(&above) {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::latest_statements::SenderSet;
    use super::*;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::statement::{Ballot, Envelope};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;

    fn statement() -> impl Strategy<Value = Statement> {
        let ballot =
            || (1..4_u32, "[ab]").prop_map(|(n, x)| Ballot::new(n, Value::from(x.as_str())));
        let prepare = (ballot(), prop::option::of(ballot()), 0..2_u32, 0..3_u32);
        let confirm = (ballot(), 1..4_u32, 1..3_u32, 1..4_u32);
        prop_oneof![
            prepare.prop_map(|(ballot, prepared, n_c, n_h)| Statement::Prepare {
                ballot,
                prepared,
                prepared_prime: None,
                n_c,
                n_h,
            }),
            confirm.prop_map(|(ballot, n_prepared, n_commit, n_h)| Statement::Confirm {
                ballot,
                n_prepared,
                n_commit,
                n_h,
            }),
            (ballot(), 1..4_u32).prop_map(|(commit, n_h)| Statement::Externalize { commit, n_h }),
        ]
    }

    fn latest_statement(from: NodeId, statement: Statement) -> LatestStatement {
        let quorum_set = QuorumSetId {
            owner: from,
            nth: 1,
        };
        let slot = SlotIndex(1);
        LatestStatement {
            envelope: Arc::new(Envelope {
                from,
                slot,
                quorum_set,
                statement,
            }),
            set: SenderSet::Singleton,
        }
    }

    const CLAIMS: [Claim; 7] = [
        Claim::VotesPrepare(1),
        Claim::AcceptsPrepare(2),
        Claim::VotesSomeCommit,
        Claim::AcceptsSomeCommit,
        Claim::CommitBeyond(1),
        Claim::AtCounter(2),
        Claim::AboveCounter(1),
    ];

    proptest! {
        /// Covers counting and tallies, few and many distinct statements, and rollbacks.
        #[test]
        fn supporters_are_the_nodes_whose_latest_statement_satisfies_the_predicate(
            transactions in prop::collection::vec(
                (prop::collection::vec((0..12_u32, statement()), 1..5), prop::bool::weighted(0.2)), 1..25),
            queried in prop::collection::vec(any::<bool>(), 25),
        ) {
            let mut ballots = Ballots::default();
            let mut latest: BTreeMap<NodeId, Statement> = BTreeMap::new();
            for ((transaction, is_undone), is_queried) in transactions.into_iter().zip(queried) {
                ballots.checkpoint();
                let before = latest.clone();
                for (node, statement) in transaction {
                    latest.insert(NodeId(node), statement.clone());
                    ballots.record(latest_statement(NodeId(node), statement));
                }
                if is_undone {
                    ballots.rollback();
                    latest = before;
                }
                // Without a query the tallies fall behind.
                for claim in CLAIMS.into_iter().filter(|_| is_queried) {
                    let x = Value::from("a");
                    let predicate = claim.about(&x);
                    let holds = |(node, made): (&NodeId, &Statement)| predicate.holds_for(made).then_some(*node);
                    let expected: NodeSet = latest.iter().filter_map(holds).collect();
                    let supporters = ballots.supporters(predicate);
                    prop_assert_eq!(ballots.tallies.nodes(&supporters), &expected, "{:?}", claim);
                }
                let highest = latest.values().map(Statement::counter).max();
                prop_assert!(Some(ballots.highest_counter) >= highest);
            }
        }
    }
}
