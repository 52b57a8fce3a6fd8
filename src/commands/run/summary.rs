//! Summary of a run, as a JSON object for programs or as a few lines for people.

use crate::analysis::IntersectionResult;
use crate::commands::support::cpu_time;
use crate::commands::support::value_text::value_text;
use crate::scp::{NodeId, SlotIndex, Value};
use crate::sim::ExecutorKind;
use crate::text::{format, terminal};
use crate::trace::World;
use crate::trace::outcome::{Outcome, StopCondition, deciders, decisions, undecided};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The executor of a replayed run, in the JSON summary.
const RECORDED: &str = "recorded";

/// The source of the records of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunSource {
    /// A simulation with this executor.
    Simulated(ExecutorKind),
    /// A recording.
    Replayed,
}

/// The result of a run. Two runs of the same scenario and seed differ in `cpu_ms` only.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    scenario: String,
    seed: u64,
    executor: &'static str,
    nodes: usize,
    outcome: Outcome,
    slots: BTreeMap<u64, BTreeMap<String, String>>,
    messages: MessageCounts,
    rounds_max: u32,
    ballots_max: u32,
    /// Whether all quorums intersect: `true`, `false` or `"unknown"`.
    intersecting: serde_json::Value,
    virtual_ms: f64,
    cpu_ms: u64,
    /// SHA-256 over the canonical form of all records.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip)]
    until: StopCondition,
    #[serde(skip)]
    intersection: IntersectionResult,
}

#[derive(Debug, Serialize)]
struct MessageCounts {
    sent: u64,
    delivered: u64,
    lost: u64,
}

impl Summary {
    /// Summarises `world`, the final state of a run with the stop condition `until`. `intersection` is about its quorum
    /// sets.
    #[must_use]
    pub(super) fn new(
        world: &World,
        until: StopCondition,
        outcome: Outcome,
        source: RunSource,
        digest: Option<String>,
        intersection: IntersectionResult,
    ) -> Summary {
        let slots = decisions(world).into_iter().map(|(slot, by_node)| {
            let named = by_node
                .into_iter()
                .map(|(node, value)| (world.name(node).to_string(), value_text(world, &value)));
            (slot.0, named.collect())
        });
        Summary {
            scenario: world.scenario.name.clone(),
            seed: world.scenario.seed,
            executor: match source {
                RunSource::Simulated(ExecutorKind::Inline) => "inline",
                RunSource::Simulated(ExecutorKind::Threads) => "threads",
                RunSource::Replayed => RECORDED,
            },
            nodes: world.nodes.len(),
            outcome,
            slots: slots.collect(),
            messages: MessageCounts {
                sent: world.counters.sent,
                delivered: world.counters.delivered,
                lost: world.counters.lost,
            },
            rounds_max: world
                .slots()
                .values()
                .map(|slot| slot.rounds_max)
                .max()
                .unwrap_or(0),
            ballots_max: world
                .slots()
                .values()
                .map(|slot| slot.ballots_max)
                .max()
                .unwrap_or(0),
            intersecting: intersection
                .intersecting()
                .map_or_else(|| "unknown".into(), serde_json::Value::from),
            virtual_ms: world.now.as_ms(),
            cpu_ms: cpu_time::process_ms(),
            digest,
            until,
            intersection,
        }
    }

    /// One line of JSON.
    #[must_use]
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Several lines for people.
    #[must_use]
    pub(super) fn to_text(&self, world: &World) -> String {
        let counted = deciders(world).len();
        let mut lines = vec![self.heading(), self.outcome_line(world).into_owned()];
        if counted < self.nodes && counted > 0 {
            lines.push(terminal::counted_nodes(counted, self.nodes));
        }
        for (slot, summary) in world.slots() {
            slot_lines(world, *slot, &summary.nodes_by_value(), counted, &mut lines);
        }
        let MessageCounts {
            sent,
            delivered,
            lost,
        } = self.messages;
        lines.push(self.intersection_line().to_owned());
        lines.push(terminal::messages(sent, delivered, lost));
        lines.push(terminal::rounds_and_ballots(
            self.rounds_max,
            self.ballots_max,
        ));
        let virtual_s = format::decimal(self.virtual_ms / 1000.0, 3);
        lines.push(terminal::run_times(&virtual_s, self.cpu_ms));
        lines.join("\n")
    }

    fn heading(&self) -> String {
        let (scenario, seed) = (&self.scenario, &self.seed.to_string());
        match self.executor {
            RECORDED => terminal::run_recorded(scenario, seed, self.nodes),
            executor => terminal::run_simulated(scenario, seed, self.nodes, executor),
        }
    }

    fn outcome_line(&self, world: &World) -> Cow<'static, str> {
        match self.outcome {
            Outcome::Agreed => terminal::outcome_agreed().into(),
            Outcome::Violated => terminal::outcome_violated().into(),
            Outcome::NoProgress => self.no_progress_line(world),
        }
    }

    /// Why the run made no progress.
    fn no_progress_line(&self, world: &World) -> Cow<'static, str> {
        let slots = world.slots();
        if self.intersection == IntersectionResult::NoQuorum {
            terminal::no_progress_no_quorum().into()
        } else if deciders(world).is_empty() {
            terminal::no_progress_no_decider().into()
        } else if slots.is_empty() && world.proposals().is_empty() {
            terminal::no_progress_nothing_proposed().into()
        } else if let StopCondition::Slot(slot) = self.until
            && !slots.contains_key(&slot)
        {
            terminal::no_progress_slot_not_begun(slot).into()
        } else {
            terminal::no_progress_undecided().into()
        }
    }

    fn intersection_line(&self) -> &'static str {
        match self.intersection {
            IntersectionResult::Intersecting => terminal::quorums_intersect(),
            IntersectionResult::Disjoint(..) => terminal::quorums_disjoint(),
            IntersectionResult::NoQuorum => terminal::quorums_none(),
            IntersectionResult::Unknown => terminal::quorums_unknown(),
        }
    }
}

/// Largest number of node names in one line.
const NAMES_MAX: usize = 10;

/// The decisions of a slot, and the nodes that have not decided it.
fn slot_lines(
    world: &World,
    slot: SlotIndex,
    nodes_by_value: &BTreeMap<Value, Vec<NodeId>>,
    counted: usize,
    lines: &mut Vec<String>,
) {
    if nodes_by_value.is_empty() {
        lines.push(terminal::slot_undecided(slot));
        return;
    }
    let missing = undecided(world, slot);
    for (value, nodes) in nodes_by_value {
        let value = value_text(world, value);
        lines.push(if nodes_by_value.len() > 1 {
            terminal::slot_decided_by(slot, &value, &names(world, nodes))
        } else if missing.is_empty() {
            terminal::slot_decided_by_all(slot, &value, counted)
        } else {
            terminal::slot_decided_by_some(slot, &value, counted - missing.len(), counted)
        });
    }
    if !missing.is_empty() {
        lines.push(terminal::slot_undecided_by(slot, &names(world, &missing)));
    }
}

/// The first [`NAMES_MAX`] node names, and the number of the others.
fn names(world: &World, nodes: &[NodeId]) -> String {
    let names = nodes.iter().map(|node| world.name(*node).to_string());
    format::list(names, NAMES_MAX)
}
