//! `LocalView`: what one node knows about one slot, and which nodes may still make statements.

use super::step::StatementClaim;
use crate::scp::{Electorate, MemberSet, NodeId, NodeSet, QuorumSet, SlotState, Statement, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The latest statement that a node has received from another one, with the quorum set that it names.
#[derive(Clone, Debug)]
pub struct KnownStatement {
    /// The statement.
    pub statement: Statement,
    /// The quorum set.
    pub quorum_set: Arc<QuorumSet>,
}

/// A node that may still make statements.
#[derive(Clone, Debug, Default)]
pub struct PossibleSender {
    /// Its quorum set; `None` if unknown: then it is assumed to need no other node.
    pub quorum_set: Option<Arc<QuorumSet>>,
    /// What it has decided in this slot, if known.
    pub decided: Option<Value>,
}

/// What one node knows about one slot.
#[derive(Clone, Debug)]
pub struct LocalView {
    /// The node.
    pub node: NodeId,
    /// Its variables.
    pub state: Arc<SlotState>,
    /// Its quorum set.
    pub quorum_set: Arc<QuorumSet>,
    /// The latest NOMINATE of each other node.
    pub nominations: BTreeMap<NodeId, KnownStatement>,
    /// The latest ballot statement of each other node.
    pub ballots: BTreeMap<NodeId, KnownStatement>,
    /// All other nodes whose statements may matter.
    pub senders: BTreeMap<NodeId, PossibleSender>,
}

/// Two lists of statements: those of the other nodes, and that of the node itself.
type Statements<'a> = (&'a BTreeMap<NodeId, KnownStatement>, Option<Statement>);

impl LocalView {
    fn statements(&self, is_nomination: bool) -> Statements<'_> {
        match is_nomination {
            true => (&self.nominations, self.state.nomination()),
            false => (&self.ballots, self.state.ballot_statement()),
        }
    }

    /// The statements of all nodes, that of the node itself included.
    pub(super) fn all_statements(&self, is_nomination: bool) -> Vec<Statement> {
        let (others, own) = self.statements(is_nomination);
        let others = others.values().map(|known| known.statement.clone());
        others.chain(own).collect()
    }

    /// The nodes whose latest statement makes the claim.
    #[must_use]
    pub fn supporters(&self, claim: &StatementClaim) -> NodeSet {
        let (others, own) = self.statements(claim.is_nomination());
        let makes = |(node, known): (&NodeId, &KnownStatement)| {
            claim.is_made_by(&known.statement).then_some(*node)
        };
        let mut nodes: NodeSet = others.iter().filter_map(makes).collect();
        if own.is_some_and(|own| claim.is_made_by(&own)) {
            nodes.insert(self.node);
        }
        nodes
    }

    /// The other nodes that do not make the claim and may still do so. A decision for another value is final.
    #[must_use]
    pub fn candidates(&self, claim: &StatementClaim) -> NodeSet {
        let supporters = self.supporters(claim);
        let (others, _) = self.statements(claim.is_nomination());
        let is_open = |node: &NodeId| {
            let is_final =
                |known: &KnownStatement| matches!(known.statement, Statement::Externalize { .. });
            *node != self.node
                && !supporters.contains(*node)
                && !others.get(node).is_some_and(is_final)
        };
        let all = self.senders.keys().chain(others.keys());
        all.copied().filter(is_open).collect()
    }

    /// Whether the node knows the decision of another one. It is the last statement of that node.
    pub(super) fn has_sent_decision(&self, node: NodeId) -> bool {
        let known = self.ballots.get(&node);
        known.is_some_and(|known| matches!(known.statement, Statement::Externalize { .. }))
    }

    /// All nodes, each with the quorum set that counts for it if it makes the claim.
    pub(super) fn electorate(&self, claim: &StatementClaim) -> Electorate {
        let mut electorate = Electorate::new(&self.quorum_set);
        electorate.insert(self.node, &MemberSet::Named(Arc::clone(&self.quorum_set)));
        for (node, sender) in &self.senders {
            electorate.insert(*node, &sender_set(sender, claim));
        }
        let (others, _) = self.statements(claim.is_nomination());
        for (node, known) in others {
            let may_decide = self.senders.get(node).is_some_and(|sender| {
                !claim.is_made_by(&known.statement)
                    && sender_set(sender, claim) == MemberSet::Decided
            });
            let set = match known.statement {
                Statement::Externalize { .. } => MemberSet::Decided,
                _ if may_decide => MemberSet::Decided,
                _ => MemberSet::Named(Arc::clone(&known.quorum_set)),
            };
            electorate.insert(*node, &set);
        }
        electorate
    }
}

/// The quorum set that counts for a node that makes the claim from now on.
fn sender_set(sender: &PossibleSender, claim: &StatementClaim) -> MemberSet {
    let has_decided = match (&sender.decided, claim.value()) {
        (Some(decided), Some(value)) => decided == value,
        (Some(_), None) => true,
        (None, _) => false,
    };
    match &sender.quorum_set {
        Some(set) if claim.is_nomination() || !has_decided => MemberSet::Named(Arc::clone(set)),
        Some(_) | None => MemberSet::Decided,
    }
}
