//! `Nominations`: the latest NOMINATE of every node, with who supports each value.

use super::latest::{LatestStatement, LatestStatements};
use super::node_set::NodeSet;
use crate::scp::id::NodeId;
use crate::scp::statement::Statement;
use crate::scp::value::Value;

/// Who supports a value (NOTES 29).
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct Support {
    /// Those who vote for or accept it.
    pub(in crate::scp) votes: NodeSet,
    /// Those who accept it.
    pub(in crate::scp) accepts: NodeSet,
}

/// Nominations by sender.
#[derive(Clone, Debug, Default)]
pub(in crate::scp) struct Nominations {
    latest: LatestStatements,
    /// Ascending by value; honest nodes name few.
    supports: Vec<(Value, Support)>,
}

impl Nominations {
    /// The statements themselves.
    pub(in crate::scp) fn latest(&self) -> &LatestStatements {
        &self.latest
    }

    /// The statements themselves, for looking up quorum sets that were unknown.
    pub(in crate::scp) fn latest_mut(&mut self) -> &mut LatestStatements {
        &mut self.latest
    }

    /// Who supports `value`; none if nobody ever did.
    pub(in crate::scp) fn support(&self, value: &Value) -> Option<&Support> {
        self.find(value).ok().map(|at| &self.supports[at].1)
    }

    /// Records a newer statement of its sender: it contains the old one, so support only grows.
    pub(in crate::scp) fn record(&mut self, recorded: LatestStatement) {
        self.add(recorded.envelope.from, &recorded.envelope.statement);
        self.latest.record(recorded);
    }

    fn add(&mut self, node: NodeId, statement: &Statement) {
        let Statement::Nominate { voted, accepted } = statement else {
            return;
        };
        for value in voted {
            self.support_mut(value, |support| {
                support.votes.insert(node);
            });
        }
        for value in accepted {
            self.support_mut(value, |support| {
                support.votes.insert(node);
                support.accepts.insert(node);
            });
        }
    }

    fn support_mut(&mut self, value: &Value, change: impl FnOnce(&mut Support)) {
        let at = self.find(value).unwrap_or_else(|at| {
            self.supports
                .insert(at, (value.clone(), Support::default()));
            at
        });
        change(&mut self.supports[at].1);
    }

    /// Where `value` is, or else belongs.
    fn find(&self, value: &Value) -> Result<usize, usize> {
        self.supports
            .binary_search_by(|(known, _)| known.cmp(value))
    }

    /// Nothing was ever said; the memory is kept.
    pub(in crate::scp) fn clear(&mut self) {
        self.latest.clear();
        self.supports.clear();
    }

    /// Undoes everything recorded since the transaction began.
    pub(in crate::scp) fn rollback(&mut self) {
        let mut any = false;
        while let Some(node) = self.latest.rollback_one() {
            any = true;
            for (_, support) in &mut self.supports {
                support.votes.remove(node);
                support.accepts.remove(node);
            }
            if let Some(recorded) = self.latest.get(node) {
                let envelope = recorded.envelope.clone();
                self.add(node, &envelope.statement);
            }
        }
        if any {
            self.supports
                .retain(|(_, support)| !support.votes.is_empty());
        }
    }
}
