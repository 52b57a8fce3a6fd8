//! When a run has reached what it was asked for, and how it ended. A checker: it stands outside the nodes and
//! reads only the [`World`] (DESIGN section 5, "the end of a headless run").

use super::parts::NodeStatus;
use super::record::Record;
use super::world::World;
use crate::node::view::{Application, BackupAnswer, NodeEvent, Readiness, TrustPolicy};
use crate::node::{Input, Output};
use crate::scenario::Action;
use crate::scp::{NodeId, NodeSet, SlotIndex, Value};
use crate::time::{Span, Time};
use serde::Serialize;
use std::collections::BTreeMap;

/// Without a decision for this long a run makes no progress.
pub const NO_PROGRESS_LIMIT: Span = Span::from_ms(120_000);

/// What a run is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCondition {
    /// Everything proposed is decided, and every file backed up.
    Externalized,
    /// This slot is decided.
    Slot(SlotIndex),
    /// This instant.
    At(Time),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every running node that can decide decided all asked slots, and all alike.
    Agreed,
    /// Somebody who could decide did not.
    NoProgress,
    /// Two nodes decided differently.
    Violated,
}

/// Watches a run until it has reached what it was asked for, or given up.
#[derive(Debug)]
pub struct StopChecker {
    until: StopCondition,
    last_progress: Time,
    last_event: Time,
    /// How many events of the scenario have happened, refused ones among them included.
    events_done: usize,
    deciders: Vec<NodeId>,
    deciders_version: Option<u64>,
}

impl StopChecker {
    /// A watch for a run of the scenario of `world`.
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

    /// How far the run may go without anything else happening.
    #[must_use]
    pub fn horizon(&self) -> Time {
        match self.until {
            StopCondition::At(at) => at,
            StopCondition::Externalized | StopCondition::Slot(_) => {
                self.last_progress.max(self.last_event) + NO_PROGRESS_LIMIT
            }
        }
    }

    /// Takes note of a record that `world` has folded in; true once the run is over.
    pub fn is_over(&mut self, world: &World, record: &Record) -> bool {
        if is_progress(record) {
            self.last_progress = record.at();
        }
        self.note_event(world, record);
        match self.until {
            StopCondition::At(at) => world.now > at,
            _ if world.now > self.horizon() => true,
            _ => may_settle(record) && self.is_reached(world),
        }
    }

    /// Several events can share an instant: the run is not over before the last of them.
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

    /// The judgement over what has happened so far.
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
                // The newest slot may be under way when the time is up.
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

/// The [`deciders`] that have not decided `slot`, nor fetched its decision.
#[must_use]
pub fn undecided(world: &World, slot: SlotIndex) -> Vec<NodeId> {
    let decided = world.slots().get(&slot).map(|summary| &summary.decided);
    let lacks = |node: &NodeId| {
        !decided.is_some_and(|decided| decided.contains_key(node)) && !caught_up(world, *node, slot)
    };
    deciders(world).into_iter().filter(lacks).collect()
}

/// A node that joined late may have slots in its log that it fetched.
fn caught_up(world: &World, node: NodeId, slot: SlotIndex) -> bool {
    world
        .node(node)
        .is_some_and(|node| node.view.log.iter().any(|entry| entry.slot == slot))
}

/// The running nodes that can decide: those of the [`eligible_voters`] that run and are heard.
#[must_use]
pub fn deciders(world: &World) -> Vec<NodeId> {
    let runs = |id: &NodeId| {
        world.node(*id).is_some_and(|node| {
            node.status == NodeStatus::Running && node.view.readiness != Readiness::Left
        })
    };
    eligible_voters(world).iter().filter(runs).collect()
}

/// The nodes whose votes can count: those in the greatest quorum that the configuration allows when everybody in it,
/// crashed and silent nodes included, plays along. A node that has not formed its quorum set yet counts. Everybody else
/// that is there can only listen. Nodes that nobody sees are taken to play along, but are not among the eligible voters: what
/// they decide will never be known.
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
        if node.is_unseen() {
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

/// Every node that answered yes to a backup, or was not asked, has the file.
fn is_all_backed_up(world: &World) -> bool {
    world
        .participants()
        .flat_map(|(_, node)| node.view.backup_log.values())
        .all(|line| line.backed_up.is_some() || line.answer == BackupAnswer::NoHasIt)
}

fn events(record: &Record) -> impl Iterator<Item = &NodeEvent> {
    let outputs: &[Output] = match record {
        Record::Stepped { outputs, .. } => outputs,
        _ => &[],
    };
    outputs.iter().filter_map(|output| match output {
        Output::Event(event) => Some(event),
        _ => None,
    })
}

fn is_progress(record: &Record) -> bool {
    matches!(record, Record::Acted { .. })
        || events(record).any(|event| {
            matches!(
                event,
                NodeEvent::Recorded { .. } | NodeEvent::BackedUp { .. }
            )
        })
}

/// Whether this record can be the one with which the run reached its goal. What somebody is asked to propose is not
/// there before the node has done so.
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
        || events(record).any(|event| {
            matches!(
                event,
                NodeEvent::ProposalExpired { .. }
                    | NodeEvent::Left
                    | NodeEvent::QuorumSetChanged { .. }
            )
        })
}

/// The decided value of a node for a slot, if it decided.
#[must_use]
pub fn decision(world: &World, slot: SlotIndex, node: NodeId) -> Option<&Value> {
    world
        .slots()
        .get(&slot)
        .and_then(|summary| summary.decided.get(&node))
        .map(|(_, value)| value)
}

/// All decisions: slot, then node.
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
