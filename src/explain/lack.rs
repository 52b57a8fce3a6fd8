//! Lack: the statements that one rule of federated voting lacks for a claim.

use super::additions::{SEARCHED_MAX, blocking_additions, quorum_additions};
use super::local_view::LocalView;
use super::minimal_sets::{MinimalSets, members, minimal_sets, shrunk};
use super::step::{Rule, StatementClaim};
use crate::scp::{MemberSet, NodeId, NodeSet, Statement};
use std::sync::Arc;

/// The statements that a rule lacks.
pub(super) enum Lack {
    /// Those of the nodes of any of these sets.
    Statements(MissingStatements),
    /// No statements of other nodes alone. The node itself may support the claim later, or another ballot of the value
    /// may do.
    OtherStepFirst,
    /// No statements suffice.
    Impossible,
}

/// Sets of nodes whose statements a rule lacks.
pub(super) struct MissingStatements {
    /// The minimal sets.
    pub(super) needs: MinimalSets,
    /// Whether the members have to decide: as long as they need other nodes they form no quorum.
    pub(super) requires_decision: bool,
}

impl LocalView {
    /// What `rule` lacks for a claim.
    pub(super) fn lack(&self, rule: Rule, claim: &StatementClaim) -> Lack {
        let (needs, requires_decision) = match rule {
            Rule::VBlocking | Rule::CatchUp => (self.blocking_sets(claim), false),
            _ => match self.quorum_sets(claim) {
                needs if needs.is_empty() => (self.deciding_sets(claim), true),
                needs => (needs, false),
            },
        };
        if !needs.is_empty() {
            return Lack::Statements(MissingStatements {
                needs,
                requires_decision,
            });
        }
        match self.may_ever_apply(rule, claim) {
            true => Lack::OtherStepFirst,
            false => Lack::Impossible,
        }
    }

    /// A node that accepts also votes. So a v-blocking set is not minimal if fewer nodes complete a quorum of votes.
    fn blocking_sets(&self, claim: &StatementClaim) -> MinimalSets {
        let (present, candidates) = (self.supporters(claim), self.candidates(claim));
        let vote = claim.vote();
        let votes = vote.map(|vote| (self.electorate(&vote), self.supporters(&vote)));
        let is_minimal = |nodes: &[NodeId]| {
            votes.as_ref().is_none_or(|(electorate, present)| {
                !nodes.iter().any(|dropped| {
                    let mut all = present.clone();
                    all.extend(nodes.iter().copied().filter(|node| node != dropped));
                    electorate.greatest_quorum(&all).is_some()
                })
            })
        };
        blocking_additions(&self.quorum_set, &present, &candidates, is_minimal)
    }

    fn quorum_sets(&self, claim: &StatementClaim) -> MinimalSets {
        let (present, candidates) = (self.supporters(claim), self.candidates(claim));
        let electorate = self.electorate(claim);
        quorum_additions(&electorate, &self.quorum_set, &present, &candidates)
    }

    /// The minimal sets of nodes with which the supporters contain a quorum if the members of the set decide. A node
    /// that has decided needs no other node. Supporters may be among the members.
    fn deciding_sets(&self, claim: &StatementClaim) -> MinimalSets {
        if claim.is_nomination() {
            return MinimalSets::default();
        }
        let electorate = self.electorate(claim);
        let present = self.supporters(claim);
        let mut open = self.candidates(claim);
        open.extend(
            present
                .iter()
                .filter(|node| *node != self.node && !self.has_sent_decision(*node)),
        );
        let mut holds = |deciding: &NodeSet| {
            let mut electorate = electorate.clone();
            let mut all = present.clone();
            all.union_with(deciding);
            for node in deciding.iter() {
                electorate.insert(node, &MemberSet::Decided);
            }
            electorate.greatest_quorum(&all).is_some()
        };
        if open.len() <= SEARCHED_MAX {
            return minimal_sets(&open, holds);
        }
        match holds(&open) {
            false => MinimalSets::default(),
            true => {
                let one = shrunk(open, &NodeSet::new(), &mut holds);
                MinimalSets::of(vec![members(&one)], 1)
            }
        }
    }

    /// Whether the rule applies to any ballot of the value if every node supports it that has not decided otherwise.
    fn may_ever_apply(&self, rule: Rule, claim: &StatementClaim) -> bool {
        let mut all = self.supporters(claim);
        let others = self.senders.keys().chain(self.ballots.keys());
        let others = others.chain(self.nominations.keys()).copied();
        all.extend(others.filter(|node| *node != self.node && self.may_support(*node, claim)));
        if matches!(rule, Rule::VBlocking | Rule::CatchUp) {
            return self.quorum_set.is_v_blocking(&all);
        }
        let mut electorate = self.electorate(claim);
        if !claim.is_nomination() {
            for node in all.iter() {
                electorate.insert(node, &MemberSet::Decided);
            }
        }
        electorate.insert(self.node, &MemberSet::Named(Arc::clone(&self.quorum_set)));
        all.insert(self.node);
        electorate.greatest_quorum(&all).is_some()
    }

    /// Whether another node may support the claim, or the same claim for another ballot of the value.
    fn may_support(&self, node: NodeId, claim: &StatementClaim) -> bool {
        let known = self.ballots.get(&node).map(|known| &known.statement);
        match (known, claim.value()) {
            (Some(Statement::Externalize { commit, .. }), Some(value))
                if !claim.is_nomination() =>
            {
                commit.x == *value
            }
            _ => true,
        }
    }
}
