//! Evidence as a reason: describes the quorum or the v-blocking set that allowed a transition (SCP paper, section 5.1,
//! federated voting).
//!
//! The reason counts what the rule counts: the entries of the node's quorum set, which are organisations or groups
//! where the set is nested. `event.rs` describes the transition itself.

use super::catalogue::{Argument, messages};
use crate::node::view::TrustPolicy;
use crate::scp::{Evidence, NodeId, NodeSet, QuorumSet, VotingRule};
use crate::trace::{World, WorldNode};
use fluent_bundle::FluentValue;

/// The action of the witnesses of a transition, which selects the verb of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WitnessAction {
    /// They voted for the statement or accepted it: the quorum rule of accepting.
    Voted,
    /// They accepted the statement: the quorum rule of confirming, and the blocking rule of accepting.
    Accepted,
    /// They are at higher ballot counters.
    Ahead,
}

impl Argument for WitnessAction {
    fn value(&self) -> FluentValue<'_> {
        FluentValue::from(match self {
            WitnessAction::Voted => "voted",
            WitnessAction::Accepted => "accepted",
            WitnessAction::Ahead => "ahead",
        })
    }
}

messages! { "evidence":
    fn whole_quorum_set(action: WitnessAction, total: usize);
    fn part_of_quorum_set(action: WitnessAction, met: usize, total: usize);
    fn trusted(action: WitnessAction, met: usize, total: usize);
    fn quorum(action: WitnessAction, size: usize);
    fn organizations(action: WitnessAction, met: usize, total: usize, threshold: u32);
    fn groups(action: WitnessAction, met: usize, total: usize, threshold: u32);
    fn nodes_and_groups(action: WitnessAction, met: usize, total: usize, threshold: u32);

    fn blocking_node(action: WitnessAction, node: &str, blocker: &str);
    fn blocking_nodes(action: WitnessAction, node: &str, count: usize);
    fn blocking_organizations(action: WitnessAction, node: &str, count: usize);
    fn blocking_groups(action: WitnessAction, node: &str, count: usize);
    fn blocking_nodes_and_groups(action: WitnessAction, node: &str, count: usize);
}

/// The kind of the entries of a quorum set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum EntryType {
    Nodes,
    Organizations,
    Groups,
    NodesAndGroups,
}

/// The reason why a transition of `node` was allowed. `action` is the action of a quorum; a v-blocking set has always
/// accepted.
pub(super) fn reason(
    world: &World,
    node: NodeId,
    evidence: &Evidence,
    action: WitnessAction,
) -> String {
    let set = world.node(node).and_then(quorum_set);
    match evidence.rule {
        VotingRule::Quorum => match set {
            Some(set) => by_quorum(world, set, &evidence.witness, action),
            None => by_unknown_quorum(world, node, &evidence.witness, action),
        },
        VotingRule::VBlocking => {
            let action = match action {
                WitnessAction::Voted | WitnessAction::Accepted => WitnessAction::Accepted,
                WitnessAction::Ahead => WitnessAction::Ahead,
            };
            by_blocking_set(world, node, set, &evidence.witness, action)
        }
    }
}

fn by_quorum(world: &World, set: &QuorumSet, witness: &[NodeId], action: WitnessAction) -> String {
    let met = entries_met(set, witness, QuorumSet::is_slice);
    let (total, threshold) = (set.entries(), set.threshold);
    match entry_type(world, set) {
        EntryType::Nodes if met == total => whole_quorum_set(action, total),
        EntryType::Nodes => part_of_quorum_set(action, met, total),
        EntryType::Organizations => organizations(action, met, total, threshold),
        EntryType::Groups => groups(action, met, total, threshold),
        EntryType::NodesAndGroups => nodes_and_groups(action, met, total, threshold),
    }
}

/// The reason for a node that has published no quorum set yet. Its trust set is the best approximation.
fn by_unknown_quorum(
    world: &World,
    node: NodeId,
    witness: &[NodeId],
    action: WitnessAction,
) -> String {
    let trust_set = world.node(node).map(|node| &node.view.trusted);
    match trust_set.filter(|set| !set.is_empty()) {
        Some(set) => trusted(
            action,
            witness.iter().filter(|id| set.contains(id)).count(),
            set.len(),
        ),
        None => quorum(action, witness.len()),
    }
}

fn by_blocking_set(
    world: &World,
    node: NodeId,
    set: Option<&QuorumSet>,
    witness: &[NodeId],
    action: WitnessAction,
) -> String {
    let name = world.name(node);
    let met = |set| entries_met(set, witness, QuorumSet::is_v_blocking);
    match set.map(|set| (set, entry_type(world, set))) {
        Some((set, EntryType::Organizations)) => blocking_organizations(action, &name, met(set)),
        Some((set, EntryType::Groups)) => blocking_groups(action, &name, met(set)),
        Some((set, EntryType::NodesAndGroups)) => {
            blocking_nodes_and_groups(action, &name, met(set))
        }
        Some((_, EntryType::Nodes)) | None => match witness {
            [blocker] => blocking_node(action, &name, &world.name(*blocker)),
            _ => blocking_nodes(action, &name, witness.len()),
        },
    }
}

/// The quorum set of a node, or the one it is configured to use.
fn quorum_set(node: &WorldNode) -> Option<&QuorumSet> {
    match (&node.view.quorum_set, &node.config.trust) {
        (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => Some(set),
        (None, _) => None,
    }
}

/// The number of entries of a set that the witnesses satisfy.
fn entries_met(
    set: &QuorumSet,
    witness: &[NodeId],
    is_met: fn(&QuorumSet, &NodeSet) -> bool,
) -> usize {
    let witness: NodeSet = witness.iter().copied().collect();
    let nodes = set
        .validators
        .iter()
        .filter(|node| witness.contains(**node));
    let inner = set.inner.iter().filter(|inner| is_met(inner, &witness));
    nodes.count() + inner.count()
}

fn entry_type(world: &World, set: &QuorumSet) -> EntryType {
    match (set.validators.is_empty(), set.inner.is_empty()) {
        (_, true) => EntryType::Nodes,
        (false, false) => EntryType::NodesAndGroups,
        (true, false) if set.inner.iter().all(|inner| is_organization(world, inner)) => {
            EntryType::Organizations
        }
        (true, false) => EntryType::Groups,
    }
}

/// Whether all nodes of a set belong to the same organisation.
fn is_organization(world: &World, set: &QuorumSet) -> bool {
    let of = |node: &NodeId| world.node(*node)?.organization.as_deref();
    let Some(name) = set.validators.first().and_then(of) else {
        return false;
    };
    set.inner.is_empty() && set.validators.iter().all(|node| of(node) == Some(name))
}
