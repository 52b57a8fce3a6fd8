//! `bench scp`: CPU cost of agreement in SCP alone, without node layer, network model and trace.
//!
//! The network is flat, and every envelope goes to all other nodes through one first-in-first-out queue. When the queue
//! is empty, time advances to the earliest timers. A slot ends when the last node has externalized; envelopes still in
//! flight are dropped. Only this file reads the clock.
//!
//! The measurement covers everything from the first proposal to the last decision, including the growth of tables. It
//! excludes the creation of the nodes and the start of their threads, which happen once and not in every slot. A few
//! slots of a few nodes are too short for the resolution of a clock, so fresh networks decide the same slots again
//! until the total time is long enough.

mod inline;
mod memory;
mod network;
mod slot;
mod threads;

pub use inline::InlineNetwork;
pub use network::FlatNetwork;
pub use slot::{SlotError, SlotWork};
pub use threads::ThreadedNetwork;

use crate::cli::{BenchScpArgs, ExecutorArg};
use crate::commands::support::cpu_time;
use crate::commands::support::error::CommandError;
use crate::commands::support::stdout::print_line;
use crate::scp::EvidenceMode;
use crate::sim::ExecutorKind;
use crate::text::format::decimal;
use crate::text::terminal;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

/// The size of the network that warms up the process before each measurement.
const WARM_UP_NODES: usize = 4;
const WARM_UP_SLOTS: u32 = 100;

/// Fresh networks run until their total CPU time reaches this.
const CPU_MIN: Duration = Duration::from_millis(300);
/// Upper bound of the number of networks, in case the system clock does not advance.
const NETWORKS_MAX: u32 = 50_000;

/// The reported cost of one network.
#[derive(Clone, Debug, Serialize)]
struct SlotCost {
    nodes: usize,
    executor: String,
    /// User and system time of the whole process, averaged over all slots. If the slots of one network take less than
    /// 0.3 s, the average includes fresh networks until the total reaches 0.3 s.
    cpu_ms_per_slot: f64,
    /// The average, rounded.
    deliveries_per_slot: u64,
    /// The average, rounded.
    broadcasts_per_slot: u64,
    /// Peak resident memory of the process in MB of 1,000,000 bytes; null if unknown.
    peak_rss_mb: Option<f64>,
}

/// Measures each network and prints its cost.
///
/// # Errors
/// If no further thread can be started, or a slot does not end in agreement.
pub(super) fn bench(args: &BenchScpArgs) -> Result<ExitCode, CommandError> {
    let evidence_mode = match args.evidence {
        true => EvidenceMode::Record,
        false => EvidenceMode::Skip,
    };
    if !args.json {
        print_line(&line([
            terminal::slot_costs_nodes(),
            terminal::slot_costs_executor(),
            terminal::slot_costs_cpu(),
            terminal::slot_costs_deliveries(),
            terminal::slot_costs_broadcasts(),
            terminal::slot_costs_memory(),
        ]))?;
    }
    let mut rows = Vec::new();
    for &nodes in &args.nodes {
        let cost = slot_cost(nodes.into(), args.executor, args.slots, evidence_mode)
            .map_err(|error| CommandError::Input(error.to_string()))?;
        if !args.json {
            print_line(&cost.to_text())?;
        }
        rows.push(cost);
    }
    if args.json {
        print_line(&serde_json::to_string(&rows).unwrap_or_default())?;
    }
    Ok(ExitCode::SUCCESS)
}

impl SlotCost {
    fn to_text(&self) -> String {
        let memory = match self.peak_rss_mb {
            Some(mb) => terminal::memory_megabytes(&decimal(mb, 1)),
            None => terminal::memory_unknown().to_owned(),
        };
        line([
            &self.nodes.to_string(),
            &self.executor,
            &decimal(self.cpu_ms_per_slot, 3),
            &self.deliveries_per_slot.to_string(),
            &self.broadcasts_per_slot.to_string(),
            &memory,
        ])
    }
}

/// A line of the table.
fn line([nodes, executor, cpu, deliveries, broadcasts, memory]: [&str; 6]) -> String {
    format!("{nodes:>5}  {executor:<8} {cpu:>13} {deliveries:>17} {broadcasts:>17} {memory:>13}")
}

fn slot_cost(
    nodes: usize,
    executor: ExecutorArg,
    slots: u32,
    evidence_mode: EvidenceMode,
) -> Result<SlotCost, SlotError> {
    warm_up(executor, evidence_mode)?;
    memory::reset_peak();
    let measured = measure_network(nodes, executor, slots, evidence_mode, CPU_MIN)?;
    let peak_bytes = memory::peak_bytes();
    let per_slot = |total: u64| (total as f64 / measured.slots as f64).round() as u64;
    Ok(SlotCost {
        nodes,
        executor: ExecutorKind::from(executor).to_string(),
        cpu_ms_per_slot: measured.cpu.as_secs_f64() * 1000.0 / measured.slots as f64,
        deliveries_per_slot: per_slot(measured.deliveries),
        broadcasts_per_slot: per_slot(measured.broadcasts),
        peak_rss_mb: peak_bytes.map(|bytes| bytes as f64 / 1e6),
    })
}

/// Runs a small network, so that the measurement excludes page faults and cold caches of the first use.
fn warm_up(executor: ExecutorArg, evidence_mode: EvidenceMode) -> Result<(), SlotError> {
    measure_network(
        WARM_UP_NODES,
        executor,
        WARM_UP_SLOTS,
        evidence_mode,
        Duration::ZERO,
    )?;
    Ok(())
}

fn measure_network(
    nodes: usize,
    executor: ExecutorArg,
    slots: u32,
    evidence_mode: EvidenceMode,
    cpu_min: Duration,
) -> Result<Measured, SlotError> {
    match executor {
        ExecutorArg::Inline => {
            let make = || Ok(InlineNetwork::new(nodes, evidence_mode));
            measure(slots, cpu_min, make, InlineNetwork::run_slot)
        }
        ExecutorArg::Threads => {
            let make = || ThreadedNetwork::new(nodes, evidence_mode);
            measure(slots, cpu_min, make, ThreadedNetwork::run_slot)
        }
    }
}

/// The total cost of some slots.
#[derive(Debug, Default)]
struct Measured {
    cpu: Duration,
    slots: u64,
    deliveries: u64,
    broadcasts: u64,
}

/// Runs `slots` slots in a network, and in further fresh networks until the total CPU time reaches `cpu_min`.
fn measure<N>(
    slots: u32,
    cpu_min: Duration,
    make: impl Fn() -> Result<N, SlotError>,
    run_slot: impl Fn(&mut N) -> Result<SlotWork, SlotError>,
) -> Result<Measured, SlotError> {
    let mut measured = Measured::default();
    for _ in 0..NETWORKS_MAX {
        let mut network = make()?;
        let before = cpu_time::process_time();
        for _ in 0..slots {
            let work = run_slot(&mut network)?;
            measured.slots += 1;
            measured.deliveries += work.deliveries;
            measured.broadcasts += work.broadcasts;
        }
        measured.cpu += cpu_time::process_time().saturating_sub(before);
        if measured.cpu >= cpu_min {
            break;
        }
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_are_repeated_in_fresh_networks() {
        let made = std::cell::Cell::new(0);
        let make = || {
            made.set(made.get() + 1);
            Ok(InlineNetwork::new(4, EvidenceMode::Skip))
        };
        let one = measure(5, Duration::ZERO, make, InlineNetwork::run_slot).unwrap();
        assert_eq!((made.take(), one.slots), (1, 5));
        let many = measure(5, one.cpu * 4, make, InlineNetwork::run_slot).unwrap();
        let runs = made.take();
        assert!(many.cpu >= one.cpu * 4);
        assert_eq!(many.slots, 5 * runs);
        assert_eq!(many.deliveries, one.deliveries * runs);
        assert_eq!(many.broadcasts, one.broadcasts * runs);
    }
}
