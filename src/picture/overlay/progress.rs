//! How far the network is: the numbers behind text block, lists and summary, counted once.
//!
//! Absent here: words.

use crate::node::view::{Phase, Readiness};
use crate::picture::scene::Scene;
use crate::picture::values::Looks;
use crate::picture::words::Doing;
use crate::scp::{NodeId, SlotIndex, Value};
use crate::trace::{SlotSummary, Status};
use std::collections::BTreeMap;

/// The numbers.
pub(super) struct Progress {
    /// Nodes that have not left.
    pub(super) present: usize,
    /// Of these, crashed or silent.
    pub(super) down: usize,
    /// Nodes that can vote.
    pub(super) voters: usize,
    /// What the network is doing.
    pub(super) doing: Doing,
    /// The newest slot that somebody decided, and how many decided which value, the most frequent first.
    pub(super) decided: Option<(SlotIndex, Vec<(Value, usize)>)>,
    /// How values look.
    pub(super) looks: Looks,
}

impl Progress {
    pub(super) fn of(scene: &Scene<'_>) -> Progress {
        let world = scene.world;
        let there = || {
            world
                .nodes
                .iter()
                .filter(|node| node.status != Status::Left)
        };
        let running = || there().filter(|node| node.status == Status::Running);
        let ready = running()
            .filter(|node| node.view.readiness == Readiness::Ready)
            .count();
        let open = running()
            .filter(|node| !matches!(node.view.phase(), Phase::Idle | Phase::Externalized))
            .filter_map(|node| node.view.current_slot().map(|(slot, _)| slot))
            .max();
        let doing = match open {
            _ if there().next().is_none() => Doing::Empty,
            Some(slot) => Doing::Voting(slot),
            None if ready < running().count() => Doing::Discovering {
                ready,
                of: running().count(),
            },
            None => Doing::Idle,
        };
        Progress {
            present: there().count(),
            down: there().count() - running().count(),
            voters: there()
                .filter(|node| {
                    node.status != Status::Crashed && node.view.readiness != Readiness::Discovering
                })
                .count(),
            doing,
            decided: decided(scene),
            looks: Looks::of(world),
        }
    }

    /// The newest slot that every voting node has decided.
    pub(super) fn finished_slot<'a>(
        &self,
        scene: &Scene<'a>,
    ) -> Option<(SlotIndex, &'a SlotSummary)> {
        let world = scene.world;
        let voters = || {
            world
                .participants()
                .filter(|(_, node)| node.view.readiness == Readiness::Ready)
        };
        let finished = |slot: SlotIndex, summary: &SlotSummary| {
            let mut voters = voters()
                .filter(|(id, _)| summary.joined.contains(id))
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

fn decided(scene: &Scene<'_>) -> Option<(SlotIndex, Vec<(Value, usize)>)> {
    let mut slots = scene.world.slots().iter().rev();
    let (slot, summary) = slots.find(|(_, summary)| !summary.decided.is_empty())?;
    let mut counts: BTreeMap<&Value, usize> = BTreeMap::new();
    for (_, value) in summary.decided.values() {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<(Value, usize)> = counts
        .into_iter()
        .map(|(value, count)| (value.clone(), count))
        .collect();
    counts.sort_by(|(a, one), (b, two)| two.cmp(one).then(a.cmp(b)));
    Some((*slot, counts))
}
