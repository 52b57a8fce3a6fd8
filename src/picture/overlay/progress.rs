//! How far the network is: the numbers behind text block, lists and summary, counted once.
//!
//! Who counts: nodes that have left count nowhere. Of those that are there, the eligible voters are the ones whose votes can
//! count, crashed and silent ones included, because silence is not departure; all others can only listen.
//!
//! Absent here: words.

use crate::node::view::{Readiness, TrustPolicy};
use crate::picture::scene::Scene;
use crate::picture::value_chips::ChipStyles;
use crate::picture::words::{NetworkState, Stuck};
use crate::scp::{NodeId, NodeSet, SlotIndex, Value};
use crate::time::Span;
use crate::trace::outcome::eligible_voters;
use crate::trace::{NodeStatus, ProposalRow, ProposalState, RowKey, SlotSummary, World, WorldNode};
use std::collections::{BTreeMap, BTreeSet};

/// A slot in which nothing was accepted, confirmed or decided for this long gets nowhere: every node has then had several
/// rounds or ballots time out.
const STALL_TIMEOUT: Span = Span::from_ms(4_000);
/// ... but a medium that is slow gets as many times its own latency.
const STALL_TIMEOUT_LATENCIES: u64 = 4;

/// The numbers.
pub(super) struct NetworkProgress {
    /// Nodes that have not left, those known by name only left out.
    pub(super) present: usize,
    /// Of these, crashed or silent.
    pub(super) down: usize,
    /// Others, known by name only.
    pub(super) unseen: usize,
    /// Nodes that are there and whose votes can count, crashed and silent ones included.
    pub(super) eligible_voters: NodeSet,
    /// Nodes that are there and can only listen.
    pub(super) listeners: usize,
    /// What the network is doing.
    pub(super) state: NetworkState,
    /// The newest slot that somebody decided, and how many decided which value, the most frequent first.
    pub(super) decided: Option<(SlotIndex, Vec<(Value, usize)>)>,
    /// How values look.
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
            unseen: world.nodes.iter().filter(|node| node.is_unseen()).count(),
            listeners: present.saturating_sub(eligible_voters.len() as usize),
            state: network_state(
                scene,
                &eligible_voters,
                decided.as_ref().map(|(slot, _)| *slot),
            ),
            eligible_voters,
            decided,
            chip_styles: ChipStyles::of(world),
        }
    }

    /// How many votes can count.
    pub(super) fn electorate(&self) -> usize {
        self.eligible_voters.len() as usize
    }

    /// How many of some nodes can vote.
    pub(super) fn electors_among<'a>(&self, nodes: impl Iterator<Item = &'a NodeId>) -> usize {
        nodes
            .filter(|node| self.eligible_voters.contains(**node))
            .count()
    }

    /// How many voted for a proposal and are heard: running and not silent.
    pub(super) fn heard_to_vote(&self, world: &World, row: &ProposalRow) -> usize {
        self.electors_among(row.voted.iter().filter(|node| is_running(world, **node)))
    }

    /// How many have recorded a proposal that was decided in `slot`.
    pub(super) fn recorded(&self, row: &ProposalRow) -> usize {
        self.electors_among(row.recorded.iter())
    }

    /// Whether every running elector has recorded it, or is past the slot.
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

    /// Whether a proposal gets nowhere: it is pending, and the slot it is in is stuck; or it has waited for half the time
    /// after which proposals expire. A value that only some have decided against still waits for the others.
    pub(super) fn stuck(&self, scene: &Scene<'_>, key: &RowKey, row: &ProposalRow) -> Stuck {
        let world = scene.world;
        let waited = world.now.since(row.at);
        let gets_nowhere = match key {
            RowKey::Value(slot, _) => world
                .slots()
                .get(slot)
                .is_some_and(|summary| is_stuck(scene, summary)),
            RowKey::Proposal(_) => {
                let expires = Span(world.scenario.settings.proposal_ttl.0 / 2);
                let is_slot_stuck = matches!(self.state, NetworkState::Stuck(_));
                waited > expires || is_slot_stuck && waited > stall_timeout(world)
            }
        };
        if row.state == ProposalState::Pending && gets_nowhere {
            Stuck::Yes
        } else {
            Stuck::No
        }
    }

    /// The newest slot that every voting node has decided.
    pub(super) fn finished_slot<'a>(
        &self,
        scene: &Scene<'a>,
    ) -> Option<(SlotIndex, &'a SlotSummary)> {
        let world = scene.world;
        let finished = |slot: SlotIndex, summary: &SlotSummary| {
            let mut voters = world
                .participants()
                .filter(|(_, node)| node.view.readiness == Readiness::Ready)
                .filter(|(id, _)| self.eligible_voters.contains(*id) && summary.joined.contains(id))
                .peekable();
            voters.peek().is_some()
                && voters.all(|(id, _): (NodeId, _)| summary.decided.contains_key(&id))
                && slot.0 > 0
        };
        world
            .slots()
            .iter()
            .rev()
            .map(|(slot, summary)| (*slot, summary))
            .find(|(slot, summary)| finished(*slot, summary))
    }
}

fn present_nodes(world: &World) -> impl Iterator<Item = (NodeId, &WorldNode)> {
    let nodes = (0..).map(NodeId).zip(&world.nodes);
    nodes.filter(|(_, node)| !matches!(node.status, NodeStatus::Left | NodeStatus::Unseen))
}

fn is_running(world: &World, id: NodeId) -> bool {
    world
        .node(id)
        .is_some_and(|node| node.status == NodeStatus::Running)
}

/// Whether a node has this slot or a later one in its log.
fn has_passed(world: &World, id: NodeId, slot: SlotIndex) -> bool {
    let last = world.node(id).and_then(|node| node.view.log.last());
    last.is_some_and(|entry| entry.slot >= slot)
}

/// The nodes whose votes can count; where there is no quorum at all, everybody who votes all the same.
fn voters(world: &World) -> NodeSet {
    let eligible_voters = eligible_voters(world);
    if !eligible_voters.is_empty() {
        return eligible_voters;
    }
    present_nodes(world)
        .filter(|(_, node)| node.config.trust != TrustPolicy::None)
        .map(|(id, _)| id)
        .collect()
}

fn network_state(
    scene: &Scene<'_>,
    eligible_voters: &NodeSet,
    decided: Option<SlotIndex>,
) -> NetworkState {
    let world = scene.world;
    let running = || eligible_voters.iter().filter(|id| is_running(world, *id));
    let open = running().filter_map(|id| open_slot(world, id)).max();
    let ready = running()
        .filter_map(|id| world.node(id))
        .filter(|node| node.view.readiness == Readiness::Ready)
        .count();
    let of = running().count();
    match (open, decided) {
        _ if present_nodes(world).next().is_none() => NetworkState::Empty,
        _ if world.fork().is_some() => NetworkState::Forked,
        (Some(slot), _) => in_slot(scene, eligible_voters, slot),
        (None, Some(slot)) => NetworkState::Agreed(slot),
        (None, None) if ready < of => NetworkState::Discovering { ready, of },
        (None, None) => NetworkState::Ready,
    }
}

/// The slot that a node works on.
fn open_slot(world: &World, id: NodeId) -> Option<SlotIndex> {
    let (slot, _) = world.node(id)?.view.current_slot()?;
    (!has_passed(world, id, slot)).then_some(slot)
}

fn in_slot(scene: &Scene<'_>, eligible_voters: &NodeSet, slot: SlotIndex) -> NetworkState {
    let Some(summary) = scene.world.slots().get(&slot) else {
        return NetworkState::Voting(slot);
    };
    if is_stuck(scene, summary) {
        return NetworkState::Stuck(slot);
    }
    if is_stalled(scene, summary) {
        return NetworkState::PartlyAgreed {
            slot,
            by: (summary.decided.keys())
                .filter(|id| eligible_voters.contains(**id))
                .count(),
            of: eligible_voters.len() as usize,
        };
    }
    NetworkState::Voting(slot)
}

/// Nobody has decided the slot, and it gets nowhere. The one definition of "stuck".
fn is_stuck(scene: &Scene<'_>, summary: &SlotSummary) -> bool {
    summary.decided.is_empty() && is_stalled(scene, summary)
}

/// Nothing has been accepted, confirmed or decided in the slot for longer than that ought to take.
fn is_stalled(scene: &Scene<'_>, summary: &SlotSummary) -> bool {
    let world = scene.world;
    world.now.since(summary.progress_at) > stall_timeout(world)
}

fn stall_timeout(world: &World) -> Span {
    let latency = world.scenario.medium.latency.max;
    STALL_TIMEOUT.max(Span(latency.0 * STALL_TIMEOUT_LATENCIES))
}

/// Who has left does not count, whatever it decided before.
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
