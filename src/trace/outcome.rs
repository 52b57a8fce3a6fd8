//! `StopChecker`: decides when a run ends, and its outcome, from outside the nodes.
//!
//! It reads only the [`World`]. [`Outcome::Agreed`] means that every running node that can decide has decided all
//! requested slots, with equal values; [`Outcome::Violated`] means that two nodes decided differently.

use super::record::Record;
use super::world::World;
use super::world_parts::NodeStatus;
use crate::node::Input;
use crate::node::view::{Application, BackupAnswer, NodeEvent, Readiness, TrustPolicy};
use crate::scenario::Action;
use crate::scp::{NodeId, NodeSet, SlotIndex, Value};
use crate::time::{Span, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// A run without a decision for this long ends with [`Outcome::NoProgress`].
pub const NO_PROGRESS_LIMIT: Span = Span::from_ms(120_000);

/// When a run stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCondition {
    /// When every proposal is decided and every file is backed up.
    Externalized,
    /// When this slot is decided.
    Slot(SlotIndex),
    /// At this instant.
    At(Time),
}

/// Outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every running node that can decide has decided all requested slots, with equal values.
    Agreed,
    /// A node that can decide has not decided.
    NoProgress,
    /// Two nodes decided differently.
    Violated,
}

/// Decides after each record whether the run stops.
#[derive(Debug)]
pub struct StopChecker {
    until: StopCondition,
    last_progress: Time,
    last_event: Time,
    /// Number of scenario events that have happened, refused ones included.
    events_done: usize,
    deciders: Vec<NodeId>,
    deciders_version: Option<u64>,
}

impl StopChecker {
    /// A checker for a run of the scenario of `world`.
    #[must_use]
    pub fn new(until: StopCondition, world: &World) -> StopChecker {
        let last_event = world
            .scenario
            .events
            .last()
            .map_or(Time::ZERO, |(at, _)| *at);
        StopChecker {
            until,
            last_progress: Time::ZERO,
            last_event,
            events_done: 0,
            deciders: Vec::new(),
            deciders_version: None,
        }
    }

    /// The time at which the run stops unless it makes progress before then.
    #[must_use]
    pub fn horizon(&self) -> Time {
        match self.until {
            StopCondition::At(at) => at,
            StopCondition::Externalized | StopCondition::Slot(_) => {
                self.last_progress.max(self.last_event) + NO_PROGRESS_LIMIT
            }
        }
    }

    /// Processes a record that `world` has applied. Returns whether the run is over.
    pub fn is_over(&mut self, world: &World, record: &Record) -> bool {
        if is_progress(record) {
            self.last_progress = record.at();
        }
        self.note_event(world, record);
        match self.until {
            StopCondition::At(at) => world.now > at,
            _ if world.now > self.horizon() => true,
            _ => self.is_reached_by(world, record),
        }
    }

    /// Whether the run has reached its stop condition with this record, which `world` has applied.
    pub fn is_reached_by(&mut self, world: &World, record: &Record) -> bool {
        may_settle(record) && self.is_reached(world)
    }

    /// Counts scenario events. Several can share an instant; the run continues until the last of them.
    fn note_event(&mut self, world: &World, record: &Record) {
        let Record::Acted { at, action } = record else {
            return;
        };
        let coming = world.scenario.events.iter().skip(self.events_done);
        let found = coming
            .zip(1..)
            .find(|((time, event), _)| time == at && event == action);
        self.events_done += found.map_or(0, |(_, nth)| nth);
    }

    fn have_events_happened(&self, world: &World) -> bool {
        world.now > self.last_event || self.events_done == world.scenario.events.len()
    }

    /// The outcome of the run so far.
    #[must_use]
    pub fn outcome(&mut self, world: &World) -> Outcome {
        if world.fork().is_some() {
            Outcome::Violated
        } else if self.is_reached(world) {
            Outcome::Agreed
        } else {
            Outcome::NoProgress
        }
    }

    fn is_reached(&mut self, world: &World) -> bool {
        if self.deciders_version != Some(world.trust_version) {
            self.deciders = deciders(world);
            self.deciders_version = Some(world.trust_version);
        }
        if self.deciders.is_empty() {
            return false;
        }
        match self.until {
            StopCondition::Slot(slot) => self.is_decided(world, slot),
            StopCondition::At(_) => {
                // The newest slot may be undecided when the run stops.
                let decided = world
                    .slots()
                    .iter()
                    .filter(|(_, summary)| !summary.decided.is_empty());
                let mut slots: Vec<SlotIndex> = decided.map(|(slot, _)| *slot).collect();
                if slots.len() > 1
                    || slots
                        .first()
                        .is_some_and(|slot| !self.is_decided(world, *slot))
                {
                    slots.pop();
                }
                !slots.is_empty() && slots.iter().all(|slot| self.is_decided(world, *slot))
            }
            StopCondition::Externalized => {
                self.have_events_happened(world)
                    && self.is_all_decided(world)
                    && is_all_backed_up(world)
            }
        }
    }

    fn is_all_decided(&self, world: &World) -> bool {
        let nothing_pending = !world.proposals().is_empty() && !world.awaits_decision();
        let slots_due = match world.scenario.settings.application {
            Application::Log => 1,
            Application::Choice => world.scenario.settings.choice_slots as usize,
        };
        let slots = world.slots();
        nothing_pending
            && slots.len() >= slots_due
            && slots.keys().all(|slot| self.is_decided(world, *slot))
    }

    fn is_decided(&self, world: &World, slot: SlotIndex) -> bool {
        let Some(summary) = world.slots().get(&slot) else {
            return false;
        };
        self.deciders
            .iter()
            .all(|node| summary.decided.contains_key(node) || caught_up(world, *node, slot))
    }
}

/// The [`deciders`] that have neither decided `slot` nor fetched its decision.
#[must_use]
pub fn undecided(world: &World, slot: SlotIndex) -> Vec<NodeId> {
    let decided = world.slots().get(&slot).map(|summary| &summary.decided);
    let lacks = |node: &NodeId| {
        !decided.is_some_and(|decided| decided.contains_key(node)) && !caught_up(world, *node, slot)
    };
    deciders(world).into_iter().filter(lacks).collect()
}

/// Whether a node has the decision in its log. A node that joined late has fetched it.
fn caught_up(world: &World, node: NodeId, slot: SlotIndex) -> bool {
    world
        .node(node)
        .is_some_and(|node| node.view.log.iter().any(|entry| entry.slot == slot))
}

/// The running nodes that can decide: [`eligible_voters`] that run and are not silenced.
#[must_use]
pub fn deciders(world: &World) -> Vec<NodeId> {
    let runs = |id: &NodeId| {
        world.node(*id).is_some_and(|node| {
            node.status == NodeStatus::Running && node.view.readiness != Readiness::Left
        })
    };
    eligible_voters(world).iter().filter(runs).collect()
}

/// The greatest quorum that the configuration allows if all nodes cooperate, crashed and silent ones included.
///
/// A node that has no quorum set yet counts. All other nodes only listen. Nodes whose steps are not recorded are
/// assumed to cooperate, but are not in the result, because their decisions never become known.
#[must_use]
pub fn eligible_voters(world: &World) -> NodeSet {
    let mut quorum = NodeSet::default();
    for (id, node) in (0..).map(NodeId).zip(&world.nodes) {
        if node.status != NodeStatus::Left && node.config.trust != TrustPolicy::None {
            quorum.insert(id);
        }
    }
    loop {
        let unsatisfied: Vec<NodeId> = quorum
            .iter()
            .filter(|id| !has_slice(world, *id, &quorum))
            .collect();
        if unsatisfied.is_empty() {
            break;
        }
        for id in unsatisfied {
            quorum.remove(id);
        }
    }
    for (id, node) in (0..).map(NodeId).zip(&world.nodes) {
        if node.is_referenced() {
            quorum.remove(id);
        }
    }
    quorum
}

fn has_slice(world: &World, id: NodeId, nodes: &NodeSet) -> bool {
    let Some(node) = world.node(id) else {
        return false;
    };
    match (&node.view.quorum_set, &node.config.trust) {
        (Some((_, set)), _) | (None, TrustPolicy::Fixed(set)) => set.is_slice(nodes),
        (None, TrustPolicy::Found | TrustPolicy::InRange) => true,
        (None, TrustPolicy::None) => false,
    }
}

/// Whether every node has the file of each backup that it did not decline.
fn is_all_backed_up(world: &World) -> bool {
    world
        .participants()
        .flat_map(|(_, node)| node.view.backup_log.values())
        .all(|line| line.backed_up.is_some() || line.answer == BackupAnswer::NoHasIt)
}

fn is_progress(record: &Record) -> bool {
    matches!(record, Record::Acted { .. })
        || record.events().any(|event| {
            matches!(
                event,
                NodeEvent::Recorded { .. } | NodeEvent::BackedUp { .. }
            )
        })
}

/// Whether this record can complete the run. A request to propose or to add a node cannot, because its effect follows.
fn may_settle(record: &Record) -> bool {
    if let Record::Acted { action, .. } = record {
        return !matches!(action, Action::Propose { .. } | Action::AddNode { .. });
    }
    is_progress(record)
        || matches!(
            record,
            Record::Stepped {
                input: Input::Leave,
                ..
            }
        )
        || record.events().any(|event| {
            matches!(
                event,
                NodeEvent::ProposalExpired { .. }
                    | NodeEvent::Left
                    | NodeEvent::QuorumSetChanged { .. }
            )
        })
}

/// The value that a node decided in a slot.
#[must_use]
pub fn decision(world: &World, slot: SlotIndex, node: NodeId) -> Option<&Value> {
    world
        .slots()
        .get(&slot)
        .and_then(|summary| summary.decided.get(&node))
        .map(|(_, value)| value)
}

/// All decisions by slot and node.
#[must_use]
pub fn decisions(world: &World) -> BTreeMap<SlotIndex, BTreeMap<NodeId, Value>> {
    let of = |summary: &super::SlotSummary| {
        summary
            .decided
            .iter()
            .map(|(node, (_, value))| (*node, value.clone()))
            .collect()
    };
    world
        .slots()
        .iter()
        .map(|(slot, summary)| (*slot, of(summary)))
        .collect()
}
