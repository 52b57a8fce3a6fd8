//! NOMINATE statements of all nodes, and federated voting on their values.

use super::federated_voting::Voter;
use super::latest_statements::{LatestStatement, LatestStatements};
use super::no_quorum_cache::NoQuorumCache;
use super::node_set::NodeSet;
use super::registry::SetRegistry;
use crate::lists;
use crate::scp::driver::Driver;
use crate::scp::event::Evidence;
use crate::scp::id::{NodeId, QuorumSetId};
use crate::scp::statement::Statement;
use crate::scp::value::Value;

/// The supporters of one value (NOTES 29).
#[derive(Clone, Debug, Default)]
struct Support {
    /// Nodes that vote for or accept it.
    votes: NodeSet,
    /// Nodes that accept it.
    accepts: NodeSet,
}

/// NOMINATE statements by sender.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct Nominations {
    latest: LatestStatements,
    /// Ascending by value. Honest nodes name only a few values.
    supports: Vec<(Value, Support)>,
    no_quorum: NoQuorumCache,
}

impl Nominations {
    /// The latest statements.
    pub(in crate::scp) fn latest(&self) -> &LatestStatements {
        &self.latest
    }

    /// Records a newer statement of its sender. It contains all values of the old one, so support only grows.
    pub(in crate::scp) fn record(&mut self, new: LatestStatement) {
        self.add_support(new.envelope.from, &new.envelope.statement);
        self.latest.record(new);
    }

    fn add_support(&mut self, node: NodeId, statement: &Statement) {
        let Statement::Nominate { voted, accepted } = statement else {
            return;
        };
        for value in voted {
            self.with_support(value, |support| {
                support.votes.insert(node);
            });
        }
        for value in accepted {
            self.with_support(value, |support| {
                support.votes.insert(node);
                support.accepts.insert(node);
            });
        }
    }

    /// Changes the support of `value`, which is added if it is new.
    fn with_support(&mut self, value: &Value, change: impl FnOnce(&mut Support)) {
        let at = self.find(value).unwrap_or_else(|at| {
            lists::insert(&mut self.supports, at, (value.clone(), Support::default()));
            at
        });
        if let Some((_, support)) = self.supports.get_mut(at) {
            change(support);
        }
    }

    fn find(&self, value: &Value) -> Result<usize, usize> {
        self.supports
            .binary_search_by(|(known, _)| known.cmp(value))
    }

    /// Repeats the look-up of unknown quorum sets, because the application may know them now.
    pub(in crate::scp) fn look_up_unknown_sets<D: Driver>(
        &mut self,
        driver: &D,
        sets: &mut SetRegistry,
    ) {
        let unknown = self.latest.unknown();
        if unknown.is_empty() {
            return;
        }
        let named = |node| Some((node, self.latest.get(node)?.envelope.quorum_set));
        let ids: Vec<(NodeId, QuorumSetId)> = unknown.iter().filter_map(named).collect();
        for (node, id) in ids {
            if let Some(class) = sets.resolve(driver, id) {
                self.latest.learn_set(node, class);
            }
        }
    }

    /// Evidence that the voter may accept the nomination of `value`.
    pub(in crate::scp) fn accept(&mut self, voter: Voter<'_>, value: &Value) -> Option<Evidence> {
        let (_, support) = self.supports.get(self.find(value).ok()?)?;
        voter
            .among(&self.latest, &mut self.no_quorum)
            .accept(&support.votes, &support.accepts)
    }

    /// Evidence that the voter may confirm the nomination of `value`.
    pub(in crate::scp) fn confirm(&mut self, voter: Voter<'_>, value: &Value) -> Option<Evidence> {
        let (_, support) = self.supports.get(self.find(value).ok()?)?;
        voter
            .among(&self.latest, &mut self.no_quorum)
            .confirm(&support.accepts)
    }

    /// Removes all statements. Keeps the allocations.
    pub(in crate::scp) fn clear(&mut self) {
        self.latest.clear();
        self.supports.clear();
        self.no_quorum.clear();
    }

    /// Starts a transaction: later changes can be rolled back.
    pub(in crate::scp) fn checkpoint(&mut self) {
        self.latest.checkpoint();
    }

    /// Undoes everything recorded since the checkpoint.
    pub(in crate::scp) fn rollback(&mut self) {
        let mut any = false;
        while let Some(node) = self.latest.rollback_one() {
            any = true;
            for (_, support) in &mut self.supports {
                support.votes.remove(node);
                support.accepts.remove(node);
            }
            if let Some(latest) = self.latest.get(node) {
                let envelope = latest.envelope.clone();
                self.add_support(node, &envelope.statement);
            }
        }
        if any {
            self.supports
                .retain(|(_, support)| !support.votes.is_empty());
        }
    }
}
