//! The summary of a run: one JSON object for programs, a few lines for people.

use super::cpu;
use super::intersection;
use crate::node::{Application, proposals_in};
use crate::scp::{SlotIndex, Value};
use crate::sim::ExecutorKind;
use crate::trace::World;
use crate::trace::outcome::{Outcome, deciders, decisions};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What a run came to. Two runs of the same scenario and seed differ in nothing but `cpu_ms`.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    scenario: String,
    seed: u64,
    executor: &'static str,
    nodes: usize,
    outcome: &'static str,
    slots: BTreeMap<u64, BTreeMap<String, String>>,
    messages: Messages,
    rounds_max: u32,
    ballots_max: u32,
    intersecting: serde_json::Value,
    virtual_ms: f64,
    cpu_ms: u64,
}

#[derive(Debug, Serialize)]
struct Messages {
    sent: u64,
    delivered: u64,
    lost: u64,
}

impl Summary {
    /// The summary of `world`, whose run ended with `outcome`.
    #[must_use]
    pub(super) fn new(world: &World, outcome: Outcome, kind: ExecutorKind) -> Summary {
        let slots = decisions(world).into_iter().map(|(slot, by_node)| {
            let named = by_node
                .into_iter()
                .map(|(node, value)| (world.name(node).to_string(), readable(world, &value)));
            (slot.0, named.collect())
        });
        Summary {
            scenario: world.scenario.name.clone(),
            seed: world.scenario.seed,
            executor: match kind {
                ExecutorKind::Inline => "inline",
                ExecutorKind::Threads => "threads",
            },
            nodes: world.nodes.len(),
            outcome: match outcome {
                Outcome::Agreed => "agreed",
                Outcome::NoProgress => "no_progress",
                Outcome::Violated => "violated",
            },
            slots: slots.collect(),
            messages: Messages {
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
            intersecting: intersection::of_world(world)
                .intersecting()
                .map_or_else(|| "unknown".into(), serde_json::Value::from),
            virtual_ms: world.now.as_ms(),
            cpu_ms: cpu::process_ms(),
        }
    }

    /// One line of JSON.
    #[must_use]
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// For people.
    #[must_use]
    pub(super) fn to_text(&self, world: &World) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = self.write_text(world, &mut text);
        text
    }

    fn write_text(&self, world: &World, out: &mut String) -> std::fmt::Result {
        let headline = match self.outcome {
            "agreed" => "agreed: every node that can decide decided alike",
            "violated" => "VIOLATED: nodes decided differently",
            _ => "no progress: somebody who could decide did not",
        };
        writeln!(
            out,
            "{} with seed {}, {} nodes, {} executor",
            self.scenario, self.seed, self.nodes, self.executor
        )?;
        for remark in &world.scenario.remarks {
            writeln!(out, "note: {remark}")?;
        }
        writeln!(out, "{headline}")?;
        let able = deciders(world).len();
        for (slot, summary) in world.slots() {
            write_slot(
                world,
                *slot,
                summary.decided.len(),
                able,
                &summary.camps(),
                out,
            )?;
        }
        let intersecting = match &self.intersecting {
            serde_json::Value::Bool(true) => "yes",
            serde_json::Value::Bool(false) => "NO",
            _ => "unknown",
        };
        writeln!(out, "quorums intersect: {intersecting}")?;
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
}

fn write_slot(
    world: &World,
    slot: SlotIndex,
    decided: usize,
    able: usize,
    camps: &BTreeMap<Value, Vec<crate::scp::NodeId>>,
    out: &mut String,
) -> std::fmt::Result {
    match camps.len() {
        0 => writeln!(out, "slot {}: undecided", slot.0),
        1 => camps.keys().try_for_each(|value| {
            writeln!(
                out,
                "slot {}: {} ({decided} nodes decided, {able} can)",
                slot.0,
                readable(world, value)
            )
        }),
        _ => camps.iter().try_for_each(|(value, nodes)| {
            let names: Vec<_> = nodes.iter().map(|node| world.name(*node)).collect();
            writeln!(
                out,
                "slot {}: {} at {}",
                slot.0,
                readable(world, value),
                names.join(", ")
            )
        }),
    }
}

/// A value in words: the proposals that it contains, or the value itself.
fn readable(world: &World, value: &Value) -> String {
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
