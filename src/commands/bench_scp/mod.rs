//! `bench scp`: what agreeing costs. SCP alone, without node layer, network model and trace.
//!
//! The network is flat, and every envelope goes to everybody through one first-in-first-out queue. When nothing is
//! under way the earliest timers run out. A slot ends when the last node has externalized; what is under way then is
//! dropped. `network` is who takes part, `slot` what both executors share; reading the clock is done only here.
//!
//! What is measured is all that the process does from the first proposal to the last decision, in tables that grow as
//! they are needed. Making the nodes and starting their threads comes before: it happens once, not in every slot.
//! A few slots of a few nodes are over before a clock can tell how long they took. So networks are made anew, and
//! decide the same slots again, until there is enough to take the average of.

mod affinity;
mod inline;
mod mailbox;
mod memory;
mod network;
mod relay;
mod slot;
mod threads;

pub use inline::Inline;
pub use network::FlatNetwork;
pub use slot::{SlotError, SlotWork};
pub use threads::Threads;

use crate::cli::{BenchScpArgs, ExecutorArg};
use crate::commands::support::cpu_time;
use crate::commands::support::error::CommandError;
use crate::commands::support::stdout::print_line;
use crate::scp::EvidenceMode;
use crate::sim::ExecutorKind;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

/// The network that goes before each that is measured.
const WARM_UP_NODES: usize = 4;
const WARM_UP_SLOTS: u32 = 100;

/// Networks are made anew until they have taken this much together.
const CPU_MIN: Duration = Duration::from_millis(300);
/// No further network is made after so many, even if the system's clock seems to stand still.
const NETWORKS_MAX: u32 = 50_000;

/// What one network took, as it is reported.
#[derive(Clone, Debug, Serialize)]
struct SlotCost {
    nodes: usize,
    executor: String,
    /// User and system time of the whole process, on average over all slots: those of one network, or, if that took less
    /// than 0.3 s, of as many fresh ones, one after the other, as take that long together.
    cpu_ms_per_slot: f64,
    /// On average, to the nearest whole.
    deliveries_per_slot: u64,
    /// On average, to the nearest whole.
    broadcasts_per_slot: u64,
    /// The most memory that the process occupied at once meanwhile, in MB of 1,000,000 bytes; null where the system
    /// does not tell.
    peak_rss_mb: Option<f64>,
}

/// Measures each network and prints what it took.
///
/// # Errors
/// If the system gives no further thread, or a slot does not end as it should.
pub(super) fn bench(args: &BenchScpArgs) -> Result<ExitCode, CommandError> {
    let evidence_mode = match args.evidence {
        true => EvidenceMode::Record,
        false => EvidenceMode::Skip,
    };
    if !args.json {
        print_line(
            "nodes  executor   CPU ms/slot   deliveries/slot   broadcasts/slot   peak memory",
        );
    }
    let mut rows = Vec::new();
    for &nodes in &args.nodes {
        let figures = figures(nodes.into(), args.executor, args.slots, evidence_mode)
            .map_err(|error| CommandError::Input(error.to_string()))?;
        if !args.json {
            print_line(&figures.to_text());
        }
        rows.push(figures);
    }
    if args.json {
        print_line(&serde_json::to_string(&rows).unwrap_or_default());
    }
    Ok(ExitCode::SUCCESS)
}

impl SlotCost {
    fn to_text(&self) -> String {
        let memory = match self.peak_rss_mb {
            Some(mb) => format!("{mb:.1} MB"),
            None => "unknown".to_owned(),
        };
        format!(
            "{:>5}  {:<8} {:>13.3} {:>17} {:>17} {:>13}",
            self.nodes,
            self.executor,
            self.cpu_ms_per_slot,
            self.deliveries_per_slot,
            self.broadcasts_per_slot,
            memory
        )
    }
}

fn figures(
    nodes: usize,
    executor: ExecutorArg,
    slots: u32,
    evidence_mode: EvidenceMode,
) -> Result<SlotCost, SlotError> {
    warm_up(executor, evidence_mode)?;
    memory::forget_peak();
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

/// A small network decides a little first, so that nobody pays for code and memory that are used for the first time.
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
            let make = || Ok(Inline::new(nodes, evidence_mode));
            measure(slots, cpu_min, make, Inline::run_slot)
        }
        ExecutorArg::Threads => {
            let make = || Threads::new(nodes, evidence_mode);
            measure(slots, cpu_min, make, Threads::run_slot)
        }
    }
}

/// What some slots took together.
#[derive(Debug, Default)]
struct Measured {
    cpu: Duration,
    slots: u64,
    deliveries: u64,
    broadcasts: u64,
}

/// Lets a network decide `slots` slots, and then fresh ones the same, until that has taken `cpu_min`.
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
    fn short_runs_are_repeated_by_fresh_networks() {
        let made = std::cell::Cell::new(0);
        let make = || {
            made.set(made.get() + 1);
            Ok(Inline::new(4, EvidenceMode::Skip))
        };
        let one = measure(5, Duration::ZERO, make, Inline::run_slot).unwrap();
        assert_eq!((made.take(), one.slots), (1, 5));
        let many = measure(5, one.cpu * 4, make, Inline::run_slot).unwrap();
        let runs = made.take();
        assert!(many.cpu >= one.cpu * 4);
        assert_eq!(many.slots, 5 * runs);
        assert_eq!(many.deliveries, one.deliveries * runs);
        assert_eq!(many.broadcasts, one.broadcasts * runs);
    }
}
