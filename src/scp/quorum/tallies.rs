//! Running tallies: the supporters of recently queried predicates, updated lazily from a change log.
//!
//! While nodes make few distinct statements, which is nearly always the case, a predicate is evaluated per group of
//! equal statements and no tally is kept.

use super::change_log::ChangeLog;
use super::latest_statements::LatestStatements;
use super::node_set::NodeSet;
use super::predicate::{Claim, Predicate};
use super::statement_groups::StatementGroups;
use crate::scp::id::NodeId;
use crate::scp::value::Value;

/// Up to this many distinct statements are evaluated on each query. With more statements, a tally is faster.
const FEW_STATEMENTS: usize = 6;
/// The maximum number of tallies. A slot without Byzantine nodes needs about a dozen. Beyond the maximum, a new
/// tally replaces the oldest one that is not in use, which is counted again on its next query.
const TALLIES_MAX: usize = 48;
/// The capacity of the change log. A tally that has missed more changes is counted again.
const CHANGES_MAX: usize = 256;

/// The supporters of a predicate without a tally.
static NO_NODES: NodeSet = NodeSet::new();

/// The supporters of one predicate.
#[derive(Clone, Debug)]
struct VoteTally {
    predicate: Predicate<Value>,
    nodes: NodeSet,
    /// The version of the change log at which it was last updated.
    version: u64,
}

impl VoteTally {
    /// Brings the tally up to date: change by change, or by counting again if that is less work.
    fn catch_up(
        &mut self,
        changes: &ChangeLog<CHANGES_MAX>,
        groups: &StatementGroups,
        latest: &LatestStatements,
    ) {
        let missed = changes.since(self.version);
        self.version = changes.version();
        let predicate = self.predicate.as_ref();
        match missed {
            Some(missed) if missed.len() <= groups.len() => {
                for &node in missed {
                    let statement = latest.statement(node);
                    let holds = statement.is_some_and(|statement| predicate.holds_for(statement));
                    self.nodes.assign(node, holds.into());
                }
            }
            Some(_) | None => self.nodes = count(groups, predicate),
        }
    }
}

/// By [`Claim::lookup_slot`], the position of the tally that was queried last, which is usually queried next, too.
#[derive(Clone, Debug)]
struct LastQueried([u8; Claim::LOOKUP_SLOTS]);

impl Default for LastQueried {
    fn default() -> LastQueried {
        LastQueried([0; Claim::LOOKUP_SLOTS])
    }
}

impl LastQueried {
    #[inline(always)]
    fn get(&self, claim: Claim) -> usize {
        let at = self.0.get(claim.lookup_slot());
        usize::from(at.copied().unwrap_or_default())
    }

    fn set(&mut self, claim: Claim, at: usize) {
        if let Some(last) = self.0.get_mut(claim.lookup_slot()) {
            *last = at as u8;
        }
    }
}

/// The nodes that satisfy a predicate. Valid until the next statement is recorded or a new tally replaces this one.
#[derive(Clone, Debug)]
pub(super) enum Supporters {
    /// The nodes were counted for this query.
    Counted(NodeSet),
    /// The nodes are those of the tally at this position.
    Tallied(usize),
}

/// All tallies of one slot.
#[derive(Clone, Debug, Default)]
pub(super) struct Tallies {
    changes: ChangeLog<CHANGES_MAX>,
    tallies: Vec<VoteTally>,
    oldest: usize,
    last_queried: LastQueried,
}

impl Tallies {
    /// The latest statement of `node` has changed.
    pub(super) fn note_change(&mut self, node: NodeId) {
        self.changes.push(node);
    }

    /// The nodes that satisfy `predicate`. [`Tallies::nodes`] returns the set.
    #[inline(always)]
    pub(super) fn query(
        &mut self,
        groups: &StatementGroups,
        latest: &LatestStatements,
        predicate: Predicate<&Value>,
    ) -> Supporters {
        self.query_except(groups, latest, predicate, None)
    }

    /// The nodes that satisfy each of two predicates. The second query does not replace the tally of the first one, so
    /// both results are valid together.
    #[inline(always)]
    pub(super) fn query_both(
        &mut self,
        groups: &StatementGroups,
        latest: &LatestStatements,
        [first, second]: [Predicate<&Value>; 2],
    ) -> [Supporters; 2] {
        let first = self.query_except(groups, latest, first, None);
        let in_use = match first {
            Supporters::Counted(_) => None,
            Supporters::Tallied(at) => Some(at),
        };
        let second = self.query_except(groups, latest, second, in_use);
        [first, second]
    }

    /// The nodes that satisfy `predicate`. A new tally does not replace the one at `in_use`.
    #[inline(always)]
    fn query_except(
        &mut self,
        groups: &StatementGroups,
        latest: &LatestStatements,
        predicate: Predicate<&Value>,
        in_use: Option<usize>,
    ) -> Supporters {
        if groups.len() <= FEW_STATEMENTS {
            return Supporters::Counted(count(groups, predicate));
        }
        let at = self.last_queried.get(predicate.claim());
        let at = match self.tallies.get(at) {
            Some(tally) if tally.predicate.equals(predicate) => at,
            Some(_) | None => self.find_or_add(groups, predicate, in_use),
        };
        if let Some(tally) = self.tallies.get_mut(at)
            && tally.version != self.changes.version()
        {
            tally.catch_up(&self.changes, groups, latest);
        }
        Supporters::Tallied(at)
    }

    /// The nodes in `supporters`.
    #[inline(always)]
    pub(super) fn nodes<'a>(&'a self, supporters: &'a Supporters) -> &'a NodeSet {
        match supporters {
            Supporters::Counted(nodes) => nodes,
            Supporters::Tallied(at) => self.tallies.get(*at).map_or(&NO_NODES, |it| &it.nodes),
        }
    }

    fn find_or_add(
        &mut self,
        groups: &StatementGroups,
        predicate: Predicate<&Value>,
        in_use: Option<usize>,
    ) -> usize {
        let is_it = |tally: &VoteTally| tally.predicate.equals(predicate);
        let at = match self.tallies.iter().position(is_it) {
            Some(at) => at,
            None => self.add(groups, predicate, in_use),
        };
        self.last_queried.set(predicate.claim(), at);
        at
    }

    fn add(
        &mut self,
        groups: &StatementGroups,
        predicate: Predicate<&Value>,
        in_use: Option<usize>,
    ) -> usize {
        let tally = VoteTally {
            nodes: count(groups, predicate),
            predicate: predicate.to_owned(),
            version: self.changes.version(),
        };
        let count = self.tallies.len();
        if count < TALLIES_MAX {
            self.tallies.push(tally);
            return count;
        }
        let following = |at: usize| at.saturating_add(1) % TALLIES_MAX;
        let at = match in_use == Some(self.oldest) {
            true => following(self.oldest),
            false => self.oldest,
        };
        self.oldest = following(at);
        if let Some(replaced) = self.tallies.get_mut(at) {
            *replaced = tally;
        }
        at
    }

    /// Drops all tallies, because the slot is decided.
    pub(super) fn clear_tallies(&mut self) {
        self.tallies.clear();
        self.oldest = 0;
    }

    /// Drops all tallies and changes, because the slot is reused. Keeps the allocations.
    pub(super) fn clear(&mut self) {
        self.changes.clear();
        self.clear_tallies();
    }
}

/// The nodes that satisfy `predicate`, evaluated per group.
pub(super) fn count(groups: &StatementGroups, predicate: Predicate<&Value>) -> NodeSet {
    groups.nodes_where(|statement| predicate.holds_for(statement))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::statement::{Ballot, Envelope, Statement};
    use std::sync::Arc;

    /// `nodes` nodes vote to prepare <1, x>, each with a different statement.
    fn prepare_votes(nodes: u32, x: &Value) -> StatementGroups {
        let mut groups = StatementGroups::default();
        for from in (0..nodes).map(NodeId) {
            let (owner, nth) = (from, 1);
            let envelope = Arc::new(Envelope {
                from,
                slot: SlotIndex(1),
                quorum_set: QuorumSetId { owner, nth },
                statement: Statement::Prepare {
                    ballot: Ballot::new(from.0 + 1, x.clone()),
                    prepared: None,
                    prepared_prime: None,
                    n_c: 0,
                    n_h: 0,
                },
            });
            groups.set_latest(from, Some(&envelope));
        }
        groups
    }

    /// All tallies are in use when votes are queried whose tally is the oldest, together with a new predicate.
    #[test]
    fn a_query_of_two_predicates_keeps_the_tally_of_the_first() {
        let (x, latest) = (Value::from("x"), LatestStatements::default());
        let groups = prepare_votes(FEW_STATEMENTS as u32 + 1, &x);
        for oldest in 0..TALLIES_MAX as u32 {
            let mut tallies = Tallies::default();
            for n in (1..).take(TALLIES_MAX + oldest as usize) {
                tallies.query(&groups, &latest, Claim::VotesPrepare(n).about(&x));
            }
            for kept in oldest + 1..=oldest + TALLIES_MAX as u32 {
                let mut tallies = tallies.clone();
                let predicates = [
                    Claim::VotesPrepare(kept).about(&x),
                    Claim::AcceptsPrepare(kept).about(&x),
                ];
                let [votes, accepts] = tallies.query_both(&groups, &latest, predicates);
                assert_eq!(*tallies.nodes(&votes), count(&groups, predicates[0]));
                assert_eq!(*tallies.nodes(&accepts), count(&groups, predicates[1]));
            }
        }
    }
}
