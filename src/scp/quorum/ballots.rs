//! `Ballots`: the latest ballot statements, and who makes which predicate.
//!
//! While few different things are said, as nearly always, each of them is asked whenever somebody wants to know. Of many
//! there are running tallies for the pledges that are asked for.

use super::groups::StatementGroups;
use super::latest::{LatestStatement, LatestStatements};
use super::node_set::NodeSet;
use super::predicate::{Claim, Predicate};
use crate::scp::id::{Counter, NodeId};
use crate::scp::statement::Statement;
use crate::scp::value::Value;

/// Up to this many different statements are asked afresh; with more of them a tally is looked up and brought up to date
/// faster.
const FEW_STATEMENTS: usize = 6;
/// How many pledges are watched at once. An honest slot needs a dozen; liars only cost recounts.
const TALLIES_MAX: usize = 48;
/// How many of the latest changes are at hand. A tally that has missed more counts afresh.
const CHANGES_MAX: usize = 256;

/// Who makes a predicate.
#[derive(Clone, Debug)]
struct VoteTally {
    predicate: Predicate<Value>,
    nodes: NodeSet,
    /// How many changes it has taken in.
    age: u64,
}

/// By [`Claim::shelf`], the position of a tally.
#[derive(Clone, Debug)]
struct TallyLookup([u8; Claim::LOOKUP_SLOTS]);

impl Default for TallyLookup {
    fn default() -> TallyLookup {
        TallyLookup([0; Claim::LOOKUP_SLOTS])
    }
}

/// Who makes a predicate. Valid until the next-but-one is asked for, or anything is recorded.
#[derive(Clone, Debug)]
pub(in crate::scp) enum Supporters {
    /// These.
    Counted(NodeSet),
    /// Those of the tally there.
    Tallied(usize),
}

/// Ballot statements by sender.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct Ballots {
    latest: LatestStatements,
    groups: StatementGroups,
    /// Whose statement has become another one, in order; those before `age - changed.len()` are forgotten.
    changed: Vec<NodeId>,
    /// How many changes there have been.
    age: u64,
    tallies: Vec<VoteTally>,
    oldest: usize,
    /// No statement has ever had a higher counter.
    highest: Counter,
    /// Where the tally is that was last asked for, by shelf of the claim: mostly it is the one that is asked for next.
    lookup: TallyLookup,
}

impl Ballots {
    /// The statements themselves.
    pub(in crate::scp) fn latest(&self) -> &LatestStatements {
        &self.latest
    }

    /// The statements themselves, for looking up quorum sets that were unknown.
    pub(in crate::scp) fn latest_mut(&mut self) -> &mut LatestStatements {
        &mut self.latest
    }

    /// Records a newer statement of its sender. The tallies hear of it when they are asked.
    pub(in crate::scp) fn record(&mut self, recorded: LatestStatement) {
        let node = recorded.envelope.from;
        self.highest = self.highest.max(recorded.envelope.statement.counter());
        self.groups.set_latest(node, Some(&recorded.envelope));
        self.latest.record(recorded);
        self.note_change(node);
    }

    /// Undoes everything recorded since the transaction began.
    pub(in crate::scp) fn rollback(&mut self) {
        while let Some(node) = self.latest.rollback_one() {
            let recorded = self.latest.get(node);
            self.groups
                .set_latest(node, recorded.map(|recorded| &recorded.envelope));
            self.note_change(node);
        }
    }

    fn note_change(&mut self, node: NodeId) {
        if self.changed.len() == CHANGES_MAX {
            self.changed.clear();
        }
        self.changed.push(node);
        self.age += 1;
    }

    /// Who makes `predicate`; [`Ballots::nodes`] tells them.
    #[inline]
    pub(in crate::scp) fn supporters(&mut self, predicate: Predicate<&Value>) -> Supporters {
        if self.groups.len() <= FEW_STATEMENTS {
            Supporters::Counted(self.count(predicate))
        } else {
            Supporters::Tallied(self.watch(predicate))
        }
    }

    /// Watches `predicate` from now on, if it is not watched yet, and brings its tally up to date.
    fn watch(&mut self, predicate: Predicate<&Value>) -> usize {
        let at = usize::from(self.lookup.0[predicate.claim.lookup_slot()]);
        let at = match self.tallies.get(at) {
            Some(tally) if tally.predicate.equals(predicate) => at,
            Some(_) | None => self.look_for(predicate),
        };
        if self.tallies[at].age != self.age {
            self.catch_up(at);
        }
        at
    }

    fn look_for(&mut self, predicate: Predicate<&Value>) -> usize {
        let is_it = |tally: &VoteTally| tally.predicate.equals(predicate);
        let at = match self.tallies.iter().position(is_it) {
            Some(at) => at,
            None => self.begin_watching(predicate),
        };
        self.lookup.0[predicate.claim.lookup_slot()] = at as u8;
        at
    }

    fn begin_watching(&mut self, predicate: Predicate<&Value>) -> usize {
        let tally = VoteTally {
            nodes: self.count(predicate),
            predicate: predicate.to_owned(),
            age: self.age,
        };
        if self.tallies.len() < TALLIES_MAX {
            self.tallies.push(tally);
            return self.tallies.len() - 1;
        }
        let at = self.oldest;
        self.oldest = (at + 1) % TALLIES_MAX;
        self.tallies[at] = tally;
        at
    }

    /// A tally takes in what it has missed: change by change, or by counting afresh if that is less.
    fn catch_up(&mut self, at: usize) {
        let tally = &mut self.tallies[at];
        let missed = (self.age - tally.age) as usize;
        tally.age = self.age;
        let predicate = tally.predicate.as_ref();
        if missed > self.changed.len().min(self.groups.len()) {
            tally.nodes = self
                .groups
                .nodes_where(|statement| predicate.holds_for(statement));
            return;
        }
        for &node in &self.changed[self.changed.len() - missed..] {
            let said = self.latest.statement(node);
            let makes = said.is_some_and(|said| predicate.holds_for(said));
            tally.nodes.assign(node, makes.into());
        }
    }

    /// Who these are.
    #[inline]
    pub(in crate::scp) fn nodes<'a>(&'a self, supporters: &'a Supporters) -> &'a NodeSet {
        match supporters {
            Supporters::Counted(nodes) => nodes,
            Supporters::Tallied(at) => &self.tallies[*at].nodes,
        }
    }

    /// No statement has a higher counter, in the sense of catching up; perhaps none has this one any more.
    pub(in crate::scp) fn highest_counter(&self) -> Counter {
        self.highest
    }

    /// Every statement that is somebody's latest, once.
    pub(in crate::scp) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.groups.statements()
    }

    /// Who makes `predicate`, counted afresh.
    pub(in crate::scp) fn count(&self, predicate: Predicate<&Value>) -> NodeSet {
        self.groups
            .nodes_where(|statement| predicate.holds_for(statement))
    }

    /// Nothing is watched any more: the slot is decided.
    pub(in crate::scp) fn stop_watching(&mut self) {
        self.tallies.clear();
        self.oldest = 0;
    }

    /// Nothing was ever said; the memory is kept.
    pub(in crate::scp) fn clear(&mut self) {
        self.latest.clear();
        self.groups.clear();
        self.changed.clear();
        self.age = 0;
        self.highest = 0;
        self.stop_watching();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scp::id::{QuorumSetId, SlotIndex};
    use crate::scp::quorum::latest::SenderSet;
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

    fn said(from: NodeId, statement: Statement) -> LatestStatement {
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

    /// What is asked of every statement here.
    fn claims() -> [Claim; 7] {
        [
            Claim::VotesPrepare(1),
            Claim::AcceptsPrepare(2),
            Claim::VotesSomeCommit,
            Claim::AcceptsSomeCommit,
            Claim::CommitBeyond(1),
            Claim::AtCounter(2),
            Claim::AboveCounter(1),
        ]
    }

    proptest! {
        /// Counted or tallied, with few and with many different statements, and after a transaction was undone: it is who makes
        /// the predicate.
        #[test]
        fn makers_are_those_whose_latest_statement_makes_the_pledge(
            turns in prop::collection::vec(
                (prop::collection::vec((0..12_u32, statement()), 1..5), prop::bool::weighted(0.2)), 1..25),
            asked in prop::collection::vec(any::<bool>(), 25),
        ) {
            let mut ballots = Ballots::default();
            let mut latest: BTreeMap<NodeId, Statement> = BTreeMap::new();
            for ((transaction, is_undone), is_asked) in turns.into_iter().zip(asked) {
                ballots.latest_mut().checkpoint();
                let before = latest.clone();
                for (node, statement) in transaction {
                    latest.insert(NodeId(node), statement.clone());
                    ballots.record(said(NodeId(node), statement));
                }
                if is_undone {
                    ballots.rollback();
                    latest = before;
                }
                // Some tallies are to miss several turns.
                for claim in claims().into_iter().filter(|_| is_asked) {
                    let x = Value::from("a");
                    let predicate = claim.about(&x);
                    let makes = |(node, said): (&NodeId, &Statement)| predicate.holds_for(said).then_some(*node);
                    let expected: NodeSet = latest.iter().filter_map(makes).collect();
                    let supporters = ballots.supporters(predicate);
                    prop_assert_eq!(ballots.nodes(&supporters), &expected, "{:?}", claim);
                }
                let highest = latest.values().map(Statement::counter).max();
                prop_assert!(Some(ballots.highest_counter()) >= highest);
            }
        }
    }
}
