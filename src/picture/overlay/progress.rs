//! Progress of the network: the counts behind the statistics, the proposals and the summary, computed once per frame.
//!
//! Nodes that have left are not counted. Of the others, the eligible voters are those whose votes can count. They
//! include crashed and silent nodes, because a silent node has not left. All other nodes are listeners.

use super::network_state::NetworkState;
use crate::node::view::{Readiness, TrustPolicy};
use crate::picture::scene::Scene;
use crate::picture::value_chips::ChipStyles;
use crate::scp::{NodeId, NodeSet, SlotIndex, Value};
use crate::time::Span;
use crate::trace::outcome::eligible_voters;
use crate::trace::{NodeStatus, ProposalRow, ProposalState, RowKey, SlotSummary, World, WorldNode};
use std::collections::{BTreeMap, BTreeSet};

/// A slot without an acceptance, confirmation or decision for this long is stalled. In this time, several rounds or
/// ballots of every node have timed out.
const STALL_TIMEOUT: Span = Span::from_ms(4_000);
/// Lower bound of the timeout in multiples of the largest latency, for slow media.
const STALL_TIMEOUT_LATENCIES: u64 = 4;

/// Whether a pending proposal makes progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stuck {
    /// It has been pending for too long.
    Yes,
    /// It has not been pending for too long.
    No,
}

/// The counts.
pub(super) struct NetworkProgress {
    /// Nodes that have been seen and have not left.
    pub(super) present: usize,
    /// Present nodes that have crashed or are silent.
    pub(super) down: usize,
    /// Referenced nodes.
    pub(super) referenced: usize,
    /// Nodes whose votes can count, crashed and silent ones included.
    pub(super) eligible_voters: NodeSet,
    /// Present nodes that cannot vote.
    pub(super) listeners: usize,
    /// The current activity of the network.
    pub(super) state: NetworkState,
    /// The newest slot that a present node decided, with the number of nodes per value, the most frequent value first.
    pub(super) decided: Option<(SlotIndex, Vec<(Value, usize)>)>,
    /// Colour and pattern of each value.
    pub(super) chip_styles: ChipStyles,
}

impl NetworkProgress {
    pub(super) fn of(scene: &Scene<'_>) -> NetworkProgress {
        let world = scene.world;
        let present = present_nodes(world).count();
        let eligible_voters = voters(world);
        let decided = decided(world);
        NetworkProgress {
            present,
            down: present_nodes(world)
                .filter(|(_, node)| node.status != NodeStatus::Running)
                .count(),
            referenced: world
                .nodes
                .iter()
                .filter(|node| node.is_referenced())
                .count(),
            listeners: present.saturating_sub(eligible_voters.len() as usize),
            state: network_state(
                world,
                &eligible_voters,
                decided.as_ref().map(|(slot, _)| *slot),
            ),
            eligible_voters,
            decided,
            chip_styles: ChipStyles::of(world),
        }
    }

    /// Number of eligible voters.
    pub(super) fn electorate(&self) -> usize {
        self.eligible_voters.len() as usize
    }

    /// The number of eligible voters among `nodes`.
    pub(super) fn voters_among<'a>(&self, nodes: impl Iterator<Item = &'a NodeId>) -> usize {
        nodes
            .filter(|node| self.eligible_voters.contains(**node))
            .count()
    }

    /// The number of voters for a proposal whose votes reach other nodes: those that run and are not silent.
    pub(super) fn votes_received(&self, world: &World, row: &ProposalRow) -> usize {
        self.voters_among(row.voted.iter().filter(|node| is_running(world, **node)))
    }

    /// The number of voters that have recorded a decided proposal.
    pub(super) fn recorded(&self, row: &ProposalRow) -> usize {
        self.voters_among(row.recorded.iter())
    }

    /// Whether every running voter has recorded the proposal or is past the slot.
    pub(super) fn is_agreed_by_all(
        &self,
        world: &World,
        slot: SlotIndex,
        row: &ProposalRow,
    ) -> bool {
        let has = |id: NodeId| row.recorded.contains(&id) || has_passed(world, id, slot);
        let mut running = self
            .eligible_voters
            .iter()
            .filter(|id| is_running(world, *id));
        running.all(has)
    }

    /// Whether a pending proposal is stuck: its slot is stuck, or it has waited for half the time after which proposals
    /// expire. A value that some voters have decided against is still pending for the others.
    pub(super) fn stuck(&self, world: &World, key: &RowKey, row: &ProposalRow) -> Stuck {
        let waited = world.now.since(row.at);
        let is_stalled = match key {
            RowKey::Value(slot, _) => world
                .slots()
                .get(slot)
                .is_some_and(|summary| is_stuck(world, summary)),
            RowKey::Proposal(_) => {
                let half_ttl = Span(world.scenario.settings.proposal_ttl.0 / 2);
                let is_slot_stuck = matches!(self.state, NetworkState::Stuck(_));
                waited > half_ttl || is_slot_stuck && waited > stall_timeout(world)
            }
        };
        if row.state == ProposalState::Pending && is_stalled {
            Stuck::Yes
        } else {
            Stuck::No
        }
    }

    /// The newest slot that every voter in it has decided.
    pub(super) fn finished_slot<'a>(
        &self,
        world: &'a World,
    ) -> Option<(SlotIndex, &'a SlotSummary)> {
        let is_finished = |slot: SlotIndex, summary: &SlotSummary| {
            let mut voters = world
                .participants()
                .filter(|(_, node)| node.view.readiness == Readiness::Ready)
                .filter(|(id, _)| self.eligible_voters.contains(*id) && summary.joined.contains(id))
                .peekable();
            voters.peek().is_some()
                && voters.all(|(id, _): (NodeId, _)| summary.decided.contains_key(&id))
                && slot.0 > 0
        };
        let mut newest_first = world
            .slots()
            .iter()
            .rev()
            .map(|(slot, summary)| (*slot, summary));
        newest_first.find(|(slot, summary)| is_finished(*slot, summary))
    }
}

/// Nodes that have been seen and have not left.
fn present_nodes(world: &World) -> impl Iterator<Item = (NodeId, &WorldNode)> {
    let nodes = (0..).map(NodeId).zip(&world.nodes);
    nodes.filter(|(_, node)| !matches!(node.status, NodeStatus::Left | NodeStatus::Referenced))
}

fn is_running(world: &World, id: NodeId) -> bool {
    world
        .node(id)
        .is_some_and(|node| node.status == NodeStatus::Running)
}

/// Whether the log of a node contains this slot or a later one.
fn has_passed(world: &World, id: NodeId, slot: SlotIndex) -> bool {
    let last = world.node(id).and_then(|node| node.view.log.last());
    last.is_some_and(|entry| entry.slot >= slot)
}

/// The nodes whose votes can count; if there is no quorum, all present nodes with a trust policy.
fn voters(world: &World) -> NodeSet {
    let eligible = eligible_voters(world);
    if !eligible.is_empty() {
        return eligible;
    }
    let voting = present_nodes(world).filter(|(_, node)| node.config.trust != TrustPolicy::None);
    voting.map(|(id, _)| id).collect()
}

fn network_state(world: &World, voters: &NodeSet, decided: Option<SlotIndex>) -> NetworkState {
    let running = || voters.iter().filter(|id| is_running(world, *id));
    let open = running().filter_map(|id| open_slot(world, id)).max();
    let nodes = running().filter_map(|id| world.node(id));
    let ready = nodes
        .filter(|node| node.view.readiness == Readiness::Ready)
        .count();
    let total = running().count();
    match (open, decided) {
        _ if present_nodes(world).next().is_none() => NetworkState::Empty,
        _ if world.fork().is_some() => NetworkState::Forked,
        (Some(slot), _) => state_of_slot(world, voters, slot),
        (None, Some(slot)) => NetworkState::Agreed(slot),
        (None, None) if ready < total => NetworkState::Discovering { ready, total },
        (None, None) => NetworkState::Ready,
    }
}

/// The slot that a node works on.
fn open_slot(world: &World, id: NodeId) -> Option<SlotIndex> {
    let (slot, _) = world.node(id)?.view.current_slot()?;
    (!has_passed(world, id, slot)).then_some(slot)
}

fn state_of_slot(world: &World, voters: &NodeSet, slot: SlotIndex) -> NetworkState {
    let Some(summary) = world.slots().get(&slot) else {
        return NetworkState::Voting(slot);
    };
    if is_stuck(world, summary) {
        return NetworkState::Stuck(slot);
    }
    if is_stalled(world, summary) {
        return NetworkState::PartlyAgreed {
            slot,
            decided: summary
                .decided
                .keys()
                .filter(|id| voters.contains(**id))
                .count(),
            total: voters.len() as usize,
        };
    }
    NetworkState::Voting(slot)
}

/// A slot is stuck if it is stalled and no node has decided it.
fn is_stuck(world: &World, summary: &SlotSummary) -> bool {
    summary.decided.is_empty() && is_stalled(world, summary)
}

/// A slot is stalled if nothing was accepted, confirmed or decided in it for longer than the timeout.
fn is_stalled(world: &World, summary: &SlotSummary) -> bool {
    world.now.since(summary.progress_at) > stall_timeout(world)
}

fn stall_timeout(world: &World) -> Span {
    let latency = world.scenario.medium.latency.max;
    STALL_TIMEOUT.max(Span(latency.0 * STALL_TIMEOUT_LATENCIES))
}

/// The newest slot that a present node has decided, with the number of present nodes per value.
fn decided(world: &World) -> Option<(SlotIndex, Vec<(Value, usize)>)> {
    let present: BTreeSet<NodeId> = present_nodes(world).map(|(id, _)| id).collect();
    let mut slots = world.slots().iter().rev();
    let (slot, summary) =
        slots.find(|(_, summary)| summary.decided.keys().any(|id| present.contains(id)))?;
    let mut counts: BTreeMap<&Value, usize> = BTreeMap::new();
    for (id, (_, value)) in &summary.decided {
        if present.contains(id) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut counts: Vec<(Value, usize)> = counts
        .into_iter()
        .map(|(value, count)| (value.clone(), count))
        .collect();
    counts.sort_by(|(a, one), (b, two)| two.cmp(one).then(a.cmp(b)));
    Some((*slot, counts))
}
