//! Summary of a run: a JSON object for programs, a few lines for people.

use crate::analysis::IntersectionResult;
use crate::commands::support::cpu_time;
use crate::commands::support::quorum_intersection;
use crate::node::{Application, proposals_in};
use crate::scp::{NodeId, SlotIndex, Value};
use crate::sim::ExecutorKind;
use crate::trace::World;
use crate::trace::outcome::{Outcome, StopCondition, deciders, decisions, undecided};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What produced the records of a run.
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
    #[serde(skip)]
    until: StopCondition,
    #[serde(skip)]
    verdict: IntersectionResult,
}

#[derive(Debug, Serialize)]
struct MessageCounts {
    sent: u64,
    delivered: u64,
    lost: u64,
}

impl Summary {
    /// Summarises `world`, the final state of a run with the stop condition `until`.
    #[must_use]
    pub(super) fn new(
        world: &World,
        until: StopCondition,
        outcome: Outcome,
        source: RunSource,
    ) -> Summary {
        let verdict = quorum_intersection::of_world(world);
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
                RunSource::Replayed => "recorded",
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
            intersecting: verdict
                .intersecting()
                .map_or_else(|| "unknown".into(), serde_json::Value::from),
            virtual_ms: world.now.as_ms(),
            cpu_ms: cpu_time::process_ms(),
            until,
            verdict,
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
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_text(world, &mut text);
        text
    }

    fn write_text(&self, world: &World, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "{} with seed {}, {} nodes, {}",
            self.scenario,
            self.seed,
            self.nodes,
            match self.executor {
                "recorded" => "recorded".to_owned(),
                executor => format!("{executor} executor"),
            }
        )?;
        writeln!(out, "{}", self.headline(world))?;
        let counted = deciders(world).len();
        if counted < self.nodes && counted > 0 {
            writeln!(
                out,
                "{counted} of the {} nodes count: those that run and belong to a quorum",
                self.nodes
            )?;
        }
        for (slot, summary) in world.slots() {
            write_slot(world, *slot, &summary.camps(), counted, out)?;
        }
        writeln!(out, "{}", self.intersection_line())?;
        let messages = &self.messages;
        writeln!(
            out,
            "messages: {} sent, {} delivered, {} lost",
            messages.sent, messages.delivered, messages.lost
        )?;
        writeln!(
            out,
            "nomination rounds: {} at most; ballots: {} at most",
            self.rounds_max, self.ballots_max
        )?;
        writeln!(
            out,
            "virtual time {:.3} s, CPU time {} ms",
            self.virtual_ms / 1000.0,
            self.cpu_ms
        )
    }

    fn headline(&self, world: &World) -> String {
        match self.outcome {
            Outcome::Agreed => "agreed: every node that counts decided, and all alike".to_owned(),
            Outcome::Violated => "VIOLATED: nodes decided differently".to_owned(),
            Outcome::NoProgress => format!("no progress: {}", self.missing_condition(world)),
        }
    }

    /// Why the run made no progress.
    fn missing_condition(&self, world: &World) -> String {
        let slots = world.slots();
        if self.verdict == IntersectionResult::NoQuorum {
            "there is no quorum, so nobody can ever decide: in every set of nodes some member lacks a slice".to_owned()
        } else if deciders(world).is_empty() {
            "no node that belongs to a quorum is running".to_owned()
        } else if slots.is_empty() && world.proposals().is_empty() {
            "nothing was proposed".to_owned()
        } else if let StopCondition::Slot(slot) = self.until
            && !slots.contains_key(&slot)
        {
            format!("slot {} never began", slot.0)
        } else {
            "not every node that counts decided everything".to_owned()
        }
    }

    fn intersection_line(&self) -> &'static str {
        match self.verdict {
            IntersectionResult::Intersecting => "quorums intersect: yes",
            IntersectionResult::Disjoint(..) => "quorums intersect: NO",
            IntersectionResult::NoQuorum => "quorums intersect: there is none",
            IntersectionResult::Unknown => "quorums intersect: unknown",
        }
    }
}

/// Largest number of node names in one line.
const NAMES_MAX: usize = 10;

fn write_slot(
    world: &World,
    slot: SlotIndex,
    camps: &BTreeMap<Value, Vec<NodeId>>,
    counted: usize,
    out: &mut String,
) -> std::fmt::Result {
    let missing = undecided(world, slot);
    let number = slot.0;
    for (value, camp) in camps {
        let value = value_text(world, value);
        if camps.len() > 1 {
            writeln!(
                out,
                "slot {number}: {value}, decided by {}",
                names(world, camp)
            )?;
        } else if missing.is_empty() {
            writeln!(out, "slot {number}: {value}, decided by all {counted}")?;
        } else {
            let decided = counted - missing.len();
            writeln!(
                out,
                "slot {number}: {value}, decided by {decided} of {counted}"
            )?;
        }
    }
    match (camps.is_empty(), missing.is_empty()) {
        (true, _) => writeln!(out, "slot {number}: decided by nobody"),
        (false, true) => Ok(()),
        (false, false) => writeln!(
            out,
            "slot {number}: not decided by {}",
            names(world, &missing)
        ),
    }
}

/// Node names separated by commas; above [`NAMES_MAX`] the rest is counted.
fn names(world: &World, nodes: &[NodeId]) -> String {
    let shown = nodes.iter().take(NAMES_MAX).map(|node| world.name(*node));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if nodes.len() > NAMES_MAX {
        text.push_str(&format!(" and {} more", nodes.len() - NAMES_MAX));
    }
    text
}

/// A value for people: the proposals that it contains, or the value itself.
fn value_text(world: &World, value: &Value) -> String {
    let proposals = match world.scenario.settings.application {
        Application::Log => proposals_in(value),
        Application::Choice => None,
    };
    match proposals {
        Some(set) => set
            .values()
            .map(|proposal| proposal.content.to_string())
            .collect::<Vec<_>>()
            .join(" + "),
        None => value.to_string(),
    }
}
