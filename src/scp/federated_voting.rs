//! Federated voting: when a node may accept and confirm, and the evidence for it.
//!
//! Accept: a v-blocking set accepts, or a quorum votes for or accepts. Confirm: a quorum accepts. Whether the node has
//! itself voted for something contradictory is not asked (NOTES 19).

use super::event::{Evidence, Rule};
use super::node_set::NodeSet;
use super::protocol::Recording;
use super::quorum::Electorate;
use std::sync::Arc;

impl Electorate<'_> {
    /// May the local node accept what `votes` vote for or accept and `accepts` accept?
    pub(super) fn accept(
        self,
        votes: &NodeSet,
        accepts: &NodeSet,
        recording: Recording,
    ) -> Option<Evidence> {
        self.blocking(accepts, recording)
            .or_else(|| self.quorum(votes, recording))
    }

    /// May the local node confirm what `accepts` accept?
    pub(super) fn confirm(self, accepts: &NodeSet, recording: Recording) -> Option<Evidence> {
        self.quorum(accepts, recording)
    }

    /// Is there a quorum among `nodes`?
    pub(super) fn quorum(self, nodes: &NodeSet, recording: Recording) -> Option<Evidence> {
        let quorum = self.greatest_quorum(nodes)?;
        Some(match recording {
            Recording::Events => self.evidence(Rule::Quorum, &self.minimal_quorum(&quorum)),
            Recording::Silent => without_witness(Rule::Quorum),
        })
    }

    /// Are `nodes` v-blocking?
    pub(super) fn blocking(self, nodes: &NodeSet, recording: Recording) -> Option<Evidence> {
        self.is_v_blocking(nodes).then(|| match recording {
            Recording::Events => {
                self.evidence(Rule::VBlocking, &self.minimal_blocking(nodes.clone()))
            }
            Recording::Silent => without_witness(Rule::VBlocking),
        })
    }

    /// What the members of `witness` said.
    pub(super) fn evidence(self, rule: Rule, witness: &NodeSet) -> Evidence {
        let said = |node| self.ledger.get(node).map(|recorded| &recorded.envelope);
        Evidence {
            rule,
            witness: witness.iter().collect(),
            envelopes: witness.iter().filter_map(said).map(Arc::clone).collect(),
        }
    }
}

/// Nobody will see it: only the rule.
fn without_witness(rule: Rule) -> Evidence {
    Evidence {
        rule,
        witness: Vec::new(),
        envelopes: Vec::new(),
    }
}
