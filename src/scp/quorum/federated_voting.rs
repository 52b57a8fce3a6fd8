//! Federated voting: when a node may accept and confirm, and the evidence for it.
//!
//! Accept: a v-blocking set accepts, or a quorum votes for or accepts. Confirm: a quorum accepts. Whether the node has
//! itself voted for something contradictory is not asked (NOTES 19).

use super::node_set::NodeSet;
use super::search::QuorumChecker;
use crate::scp::event::{Evidence, VotingRule};
use crate::scp::protocol::EvidenceMode;
use std::sync::Arc;

impl QuorumChecker<'_> {
    /// May the local node accept what `votes` vote for or accept and `accepts` accept?
    pub(in crate::scp) fn accept(
        self,
        votes: &NodeSet,
        accepts: &NodeSet,
        evidence_mode: EvidenceMode,
    ) -> Option<Evidence> {
        self.blocking(accepts, evidence_mode)
            .or_else(|| self.quorum(votes, evidence_mode))
    }

    /// May the local node confirm what `accepts` accept?
    pub(in crate::scp) fn confirm(
        self,
        accepts: &NodeSet,
        evidence_mode: EvidenceMode,
    ) -> Option<Evidence> {
        self.quorum(accepts, evidence_mode)
    }

    /// Is there a quorum among `nodes`?
    pub(in crate::scp) fn quorum(
        self,
        nodes: &NodeSet,
        evidence_mode: EvidenceMode,
    ) -> Option<Evidence> {
        let quorum = self.greatest_quorum(nodes)?;
        Some(match evidence_mode {
            EvidenceMode::Record => {
                self.evidence(VotingRule::Quorum, &self.minimal_quorum(&quorum))
            }
            EvidenceMode::Skip => without_witness(VotingRule::Quorum),
        })
    }

    /// Are `nodes` v-blocking?
    pub(in crate::scp) fn blocking(
        self,
        nodes: &NodeSet,
        evidence_mode: EvidenceMode,
    ) -> Option<Evidence> {
        self.is_v_blocking(nodes).then(|| match evidence_mode {
            EvidenceMode::Record => {
                self.evidence(VotingRule::VBlocking, &self.minimal_blocking(nodes.clone()))
            }
            EvidenceMode::Skip => without_witness(VotingRule::VBlocking),
        })
    }

    /// What the members of `witness` said.
    pub(in crate::scp) fn evidence(self, rule: VotingRule, witness: &NodeSet) -> Evidence {
        let said = |node| self.latest.get(node).map(|recorded| &recorded.envelope);
        Evidence {
            rule,
            witness: witness.iter().collect(),
            envelopes: witness.iter().filter_map(said).map(Arc::clone).collect(),
        }
    }
}

/// Nobody will see it: only the rule.
fn without_witness(rule: VotingRule) -> Evidence {
    Evidence {
        rule,
        witness: Vec::new(),
        envelopes: Vec::new(),
    }
}
