//! Federated voting: when a node may accept or confirm a statement, and the evidence for it.
//!
//! A node may accept a statement if a v-blocking set accepts it, or a quorum votes for or accepts it. A node may
//! confirm it if a quorum accepts it. Contradictory votes of the node itself do not prevent this (NOTES 19).

use super::latest_statements::LatestStatements;
use super::no_quorum_cache::NoQuorumCache;
use super::node_set::NodeSet;
use super::quorum_search::greatest_quorum;
use super::quorum_view::QuorumView;
use super::registry::{SetClass, SetRegistry};
use super::witness::{minimal_blocking, minimal_quorum};
use crate::scp::event::{Evidence, EvidenceMode, VotingRule};
use std::borrow::Cow;
use std::sync::Arc;

/// The local node as a voter: its quorum set, the sets of the others, and whether evidence is wanted.
#[derive(Clone, Copy)]
pub(in crate::scp) struct Voter<'a> {
    /// The class of its quorum set; `None` if the application does not know the set.
    pub(in crate::scp) local: Option<SetClass>,
    /// All quorum sets resolved so far.
    pub(in crate::scp) sets: &'a SetRegistry,
    /// Whether to compute witness sets.
    pub(in crate::scp) evidence_mode: EvidenceMode,
}

impl<'a> Voter<'a> {
    /// Voting among the senders of `latest`.
    pub(super) fn among(
        self,
        latest: &'a LatestStatements,
        cache: &'a mut NoQuorumCache,
    ) -> FederatedVoting<'a> {
        FederatedVoting {
            view: self.view(latest),
            cache,
            evidence_mode: self.evidence_mode,
        }
    }

    /// The tests that need no search.
    pub(super) fn view(self, latest: &'a LatestStatements) -> QuorumView<'a> {
        QuorumView {
            local: self.local,
            sets: self.sets,
            latest,
        }
    }
}

/// Federated voting of the local node on one claim.
pub(super) struct FederatedVoting<'a> {
    view: QuorumView<'a>,
    cache: &'a mut NoQuorumCache,
    evidence_mode: EvidenceMode,
}

impl FederatedVoting<'_> {
    /// Evidence that the local node may accept a claim that `votes` vote for or accept, and `accepts` accept.
    pub(super) fn accept(self, votes: &NodeSet, accepts: &NodeSet) -> Option<Evidence> {
        self.blocking(accepts).or_else(|| self.confirm(votes))
    }

    /// Evidence that the local node may confirm a claim that `accepts` accept.
    pub(super) fn confirm(self, accepts: &NodeSet) -> Option<Evidence> {
        let (view, evidence_mode) = (self.view, self.evidence_mode);
        let quorum = self.greatest_quorum(accepts)?;
        Some(match evidence_mode {
            EvidenceMode::Record => quorum_evidence(view, &quorum),
            EvidenceMode::Skip => without_witness(VotingRule::Quorum),
        })
    }

    /// Evidence that `nodes` are v-blocking.
    pub(super) fn blocking(&self, nodes: &NodeSet) -> Option<Evidence> {
        if !self.view.is_v_blocking(nodes) {
            return None;
        }
        Some(match self.evidence_mode {
            EvidenceMode::Record => {
                let witness = minimal_blocking(self.view, nodes.clone());
                evidence(self.view, VotingRule::VBlocking, &witness)
            }
            EvidenceMode::Skip => without_witness(VotingRule::VBlocking),
        })
    }

    /// The greatest quorum among `nodes`.
    pub(super) fn greatest_quorum(self, nodes: &NodeSet) -> Option<Cow<'_, NodeSet>> {
        greatest_quorum(self.view, self.cache, nodes)
    }
}

/// The evidence of a minimal quorum inside `quorum`.
pub(super) fn quorum_evidence(view: QuorumView<'_>, quorum: &NodeSet) -> Evidence {
    evidence(view, VotingRule::Quorum, &minimal_quorum(view, quorum))
}

/// The evidence with the envelopes of the witnesses.
fn evidence(view: QuorumView<'_>, rule: VotingRule, witness: &NodeSet) -> Evidence {
    let envelope = |node| view.latest.get(node).map(|latest| &latest.envelope);
    Evidence {
        rule,
        witness: witness.iter().collect(),
        envelopes: witness
            .iter()
            .filter_map(envelope)
            .map(Arc::clone)
            .collect(),
    }
}

/// Evidence without witnesses, for use when no events are reported.
fn without_witness(rule: VotingRule) -> Evidence {
    Evidence {
        rule,
        witness: Vec::new(),
        envelopes: Vec::new(),
    }
}
