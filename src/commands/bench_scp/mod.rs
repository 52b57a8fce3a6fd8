//! `bench scp`: what agreeing costs. SCP alone, without node layer, network model and trace.
//!
//! The network is flat, and every envelope goes to everybody through one first-in-first-out queue. When nothing is
//! under way the earliest timers run out. A slot ends when the last node has externalized; what is under way then is
//! dropped. `network` is who takes part, `slot` what both executors share; reading the clock is done only here.
//!
//! What is measured is all that the process does from the first proposal to the last decision, in tables that grow as
//! they are needed. Making the nodes and starting their threads comes before: it happens once, not in every slot.

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

use super::cpu;
use super::error::CommandError;
use super::say::say;
use crate::cli::{BenchScpArgs, ExecutorArg};
use crate::scp::Recording;
use crate::sim::ExecutorKind;
use serde::Serialize;
use std::process::ExitCode;
use std::time::Duration;

/// The network that goes before each that is measured.
const WARM_UP_NODES: usize = 4;
const WARM_UP_SLOTS: u32 = 100;

/// What one network took, as it is reported.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    nodes: usize,
    executor: String,
    /// User and system time of the whole process, on average.
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
    let recording = match args.evidence {
        true => Recording::Events,
        false => Recording::Silent,
    };
    if !args.json {
        say("nodes  executor   CPU ms/slot   deliveries/slot   broadcasts/slot   peak memory");
    }
    let mut rows = Vec::new();
    for &nodes in &args.nodes {
        let figures = figures(nodes.into(), args.executor, args.slots, recording)
            .map_err(|error| CommandError::Input(error.to_string()))?;
        if !args.json {
            say(&figures.to_text());
        }
        rows.push(figures);
    }
    if args.json {
        say(&serde_json::to_string(&rows).unwrap_or_default());
    }
    Ok(ExitCode::SUCCESS)
}

impl Figures {
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
    recording: Recording,
) -> Result<Figures, SlotError> {
    warm_up(executor, recording)?;
    memory::forget_peak();
    let (cpu, work) = match executor {
        ExecutorArg::Inline => {
            let mut network = Inline::new(nodes, recording);
            measure(slots, || network.run_slot())?
        }
        ExecutorArg::Threads => {
            let mut network = Threads::new(nodes, recording)?;
            measure(slots, || network.run_slot())?
        }
    };
    let peak_bytes = memory::peak_bytes();
    let per_slot = |total: u64| (total as f64 / f64::from(slots)).round() as u64;
    Ok(Figures {
        nodes,
        executor: ExecutorKind::from(executor).to_string(),
        cpu_ms_per_slot: cpu.as_secs_f64() * 1000.0 / f64::from(slots),
        deliveries_per_slot: per_slot(work.iter().map(|slot| slot.deliveries).sum()),
        broadcasts_per_slot: per_slot(work.iter().map(|slot| slot.broadcasts).sum()),
        peak_rss_mb: peak_bytes.map(|bytes| bytes as f64 / 1e6),
    })
}

/// A small network decides a little first, so that nobody pays for code and memory that are used for the first time.
fn warm_up(executor: ExecutorArg, recording: Recording) -> Result<(), SlotError> {
    match executor {
        ExecutorArg::Inline => {
            let mut network = Inline::new(WARM_UP_NODES, recording);
            measure(WARM_UP_SLOTS, || network.run_slot())?;
        }
        ExecutorArg::Threads => {
            let mut network = Threads::new(WARM_UP_NODES, recording)?;
            measure(WARM_UP_SLOTS, || network.run_slot())?;
        }
    }
    Ok(())
}

/// The CPU time that `slots` slots take together, and what happened in each.
fn measure(
    slots: u32,
    mut run_slot: impl FnMut() -> Result<SlotWork, SlotError>,
) -> Result<(Duration, Vec<SlotWork>), SlotError> {
    let before = cpu::process();
    let work: Result<Vec<SlotWork>, SlotError> = (0..slots).map(|_| run_slot()).collect();
    Ok((cpu::process().saturating_sub(before), work?))
}
