//! `BallotLedger`: the latest ballot statements, and who makes which pledge.
//!
//! While few different things are said, as nearly always, each of them is asked whenever somebody wants to know. Of many
//! there are running tallies for the pledges that are asked for.

use super::id::{Counter, NodeId};
use super::ledger::{Ledger, Recorded};
use super::node_set::NodeSet;
use super::pledge::{Pledge, Promise};
use super::spoken::Spoken;
use super::statement::Statement;
use super::value::Value;

/// Up to this many different statements are asked afresh; with more of them a tally is looked up and brought up to date
/// faster.
const FEW_STATEMENTS: usize = 6;
/// How many pledges are watched at once. An honest slot needs a dozen; liars only cost recounts.
const TALLIES_MAX: usize = 48;
/// How many of the latest changes are at hand. A tally that has missed more counts afresh.
const CHANGES_MAX: usize = 256;

/// Who makes a pledge.
#[derive(Clone, Debug)]
struct Tally {
    pledge: Pledge<Value>,
    nodes: NodeSet,
    /// How many changes it has taken in.
    age: u64,
}

/// By [`Promise::shelf`], the position of a tally.
#[derive(Clone, Debug)]
struct Shelves([u8; Promise::SHELVES]);

impl Default for Shelves {
    fn default() -> Shelves {
        Shelves([0; Promise::SHELVES])
    }
}

/// Who makes a pledge. Valid until the next-but-one is asked for, or anything is recorded.
#[derive(Clone, Debug)]
pub(super) enum Makers {
    /// These.
    Counted(NodeSet),
    /// Those of the tally there.
    Tallied(usize),
}

/// Ballot statements by sender.
#[derive(Clone, Debug, Default)]
pub(super) struct BallotLedger {
    ledger: Ledger,
    spoken: Spoken,
    /// Whose statement has become another one, in order; those before `age - changed.len()` are forgotten.
    changed: Vec<NodeId>,
    /// How many changes there have been.
    age: u64,
    tallies: Vec<Tally>,
    oldest: usize,
    /// No statement has ever had a higher counter.
    highest: Counter,
    /// Where the tally is that was last asked for, by shelf of the promise: mostly it is the one that is asked for next.
    at_hand: Shelves,
}

impl BallotLedger {
    /// The statements themselves.
    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The statements themselves, for looking up quorum sets that were unknown.
    pub(super) fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Records a newer statement of its sender. The tallies hear of it when they are asked.
    pub(super) fn record(&mut self, recorded: Recorded) {
        let node = recorded.envelope.from;
        self.highest = self.highest.max(recorded.envelope.statement.counter());
        self.spoken.put(node, Some(&recorded.envelope));
        self.ledger.record(recorded);
        self.note_change(node);
    }

    /// Undoes everything recorded since the turn began.
    pub(super) fn undo(&mut self) {
        while let Some(node) = self.ledger.undo_one() {
            let recorded = self.ledger.get(node);
            self.spoken
                .put(node, recorded.map(|recorded| &recorded.envelope));
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

    /// Who makes `pledge`; [`BallotLedger::nodes`] tells them.
    #[inline]
    pub(super) fn makers(&mut self, pledge: Pledge<&Value>) -> Makers {
        if self.spoken.len() <= FEW_STATEMENTS {
            Makers::Counted(self.count(pledge))
        } else {
            Makers::Tallied(self.watch(pledge))
        }
    }

    /// Watches `pledge` from now on, if it is not watched yet, and brings its tally up to date.
    fn watch(&mut self, pledge: Pledge<&Value>) -> usize {
        let at = usize::from(self.at_hand.0[pledge.promise.shelf()]);
        let at = match self.tallies.get(at) {
            Some(tally) if tally.pledge.is(pledge) => at,
            Some(_) | None => self.look_for(pledge),
        };
        if self.tallies[at].age != self.age {
            self.catch_up(at);
        }
        at
    }

    fn look_for(&mut self, pledge: Pledge<&Value>) -> usize {
        let is_it = |tally: &Tally| tally.pledge.is(pledge);
        let at = match self.tallies.iter().position(is_it) {
            Some(at) => at,
            None => self.begin_watching(pledge),
        };
        self.at_hand.0[pledge.promise.shelf()] = at as u8;
        at
    }

    fn begin_watching(&mut self, pledge: Pledge<&Value>) -> usize {
        let tally = Tally {
            nodes: self.count(pledge),
            pledge: pledge.to_owned(),
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
        let pledge = tally.pledge.lent();
        if missed > self.changed.len().min(self.spoken.len()) {
            tally.nodes = self.spoken.who(|statement| pledge.is_made_by(statement));
            return;
        }
        for &node in &self.changed[self.changed.len() - missed..] {
            let said = self.ledger.statement(node);
            let makes = said.is_some_and(|said| pledge.is_made_by(said));
            tally.nodes.assign(node, makes.into());
        }
    }

    /// Who these are.
    #[inline]
    pub(super) fn nodes<'a>(&'a self, makers: &'a Makers) -> &'a NodeSet {
        match makers {
            Makers::Counted(nodes) => nodes,
            Makers::Tallied(at) => &self.tallies[*at].nodes,
        }
    }

    /// No statement has a higher counter, in the sense of catching up; perhaps none has this one any more.
    pub(super) fn highest_counter(&self) -> Counter {
        self.highest
    }

    /// Every statement that is somebody's latest, once.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Statement> {
        self.spoken.statements()
    }

    /// Who makes `pledge`, counted afresh.
    pub(super) fn count(&self, pledge: Pledge<&Value>) -> NodeSet {
        self.spoken.who(|statement| pledge.is_made_by(statement))
    }

    /// Nothing is watched any more: the slot is decided.
    pub(super) fn stop_watching(&mut self) {
        self.tallies.clear();
        self.oldest = 0;
    }

    /// Nothing was ever said; the memory is kept.
    pub(super) fn clear(&mut self) {
        self.ledger.clear();
        self.spoken.clear();
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
    use crate::scp::ledger::SenderSet;
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

    fn said(from: NodeId, statement: Statement) -> Recorded {
        let quorum_set = QuorumSetId {
            owner: from,
            nth: 1,
        };
        let slot = SlotIndex(1);
        Recorded {
            envelope: Arc::new(Envelope {
                from,
                slot,
                quorum_set,
                statement,
            }),
            set: SenderSet::Alone,
        }
    }

    /// What is asked of every statement here.
    fn promises() -> [Promise; 7] {
        [
            Promise::VotesPrepare(1),
            Promise::AcceptsPrepare(2),
            Promise::VotesSomeCommit,
            Promise::AcceptsSomeCommit,
            Promise::CommitBeyond(1),
            Promise::AtCounter(2),
            Promise::AboveCounter(1),
        ]
    }

    proptest! {
        /// Counted or tallied, with few and with many different statements, and after a turn was undone: it is who makes
        /// the pledge.
        #[test]
        fn makers_are_those_whose_latest_statement_makes_the_pledge(
            turns in prop::collection::vec(
                (prop::collection::vec((0..12_u32, statement()), 1..5), prop::bool::weighted(0.2)), 1..25),
            asked in prop::collection::vec(any::<bool>(), 25),
        ) {
            let mut ledger = BallotLedger::default();
            let mut latest: BTreeMap<NodeId, Statement> = BTreeMap::new();
            for ((turn, is_undone), is_asked) in turns.into_iter().zip(asked) {
                ledger.ledger_mut().begin();
                let before = latest.clone();
                for (node, statement) in turn {
                    latest.insert(NodeId(node), statement.clone());
                    ledger.record(said(NodeId(node), statement));
                }
                if is_undone {
                    ledger.undo();
                    latest = before;
                }
                // Some tallies are to miss several turns.
                for promise in promises().into_iter().filter(|_| is_asked) {
                    let x = Value::from("a");
                    let pledge = promise.of(&x);
                    let makes = |(node, said): (&NodeId, &Statement)| pledge.is_made_by(said).then_some(*node);
                    let expected: NodeSet = latest.iter().filter_map(makes).collect();
                    let makers = ledger.makers(pledge);
                    prop_assert_eq!(ledger.nodes(&makers), &expected, "{:?}", promise);
                }
                let highest = latest.values().map(Statement::counter).max();
                prop_assert!(Some(ledger.highest_counter()) >= highest);
            }
        }
    }
}
