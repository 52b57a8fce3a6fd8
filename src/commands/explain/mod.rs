//! `quorumscope explain`: explains a run at one instant, as text or as JSON.

mod json;
mod report;

use crate::cli::{ExplainArgs, ExplainedInstant};
use crate::commands::support::error::CommandError;
use crate::commands::support::finished_run::{RecordSink, replay, simulate};
use crate::commands::support::load;
use crate::commands::support::stdout::print_line;
use crate::explain::availability::Availability;
use crate::explain::situation::Situation;
use crate::explain::verdict::Verdict;
use crate::scp::{NodeId, SlotIndex};
use crate::sim::{ExecutorKind, Simulation};
use crate::text::terminal;
use crate::trace::outcome::StopCondition;
use crate::trace::{CausalLog, Record, SlotsKept, World};
use std::process::ExitCode;
use std::sync::Arc;

/// Newest slots that are kept, because nodes need not be in the same slot.
const SLOTS_KEPT: usize = 4;
/// Step limit of the solver for the verdict; above it the verdict is unknown.
const SOLVER_STEPS_MAX: u64 = 2_000;

/// Explains a run and prints the explanations.
///
/// # Errors
/// Bad arguments or bad input files, or standard output cannot be written.
pub(super) fn run(args: &ExplainArgs) -> Result<ExitCode, CommandError> {
    let (world, log) = recorded(args)?;
    let situation = Situation::new(&world, &log);
    let nodes = explained_nodes(args, &world)?;
    let explained = Explained {
        availability: match (&args.node, nodes.as_slice()) {
            (Some(_), [(node, _)]) => situation.availability_for(*node),
            _ => situation.availability(),
        },
        verdict: Verdict::of(&world, &crate::analysis::stop_after(SOLVER_STEPS_MAX)),
        nodes,
        world: &world,
        log: &log,
        situation: &situation,
    };
    print_line(&match args.json {
        true => json::to_json(&explained),
        false => report::to_text(&explained),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A run at one instant, with everything that the command explains.
struct Explained<'a> {
    world: &'a World,
    log: &'a CausalLog,
    situation: &'a Situation<'a>,
    availability: Availability,
    verdict: Verdict,
    /// The nodes, each with the slot in which it is explained.
    nodes: Vec<(NodeId, SlotIndex)>,
}

/// Takes the records into a causal log.
struct LogSink(CausalLog);

impl RecordSink for LogSink {
    fn take(&mut self, record: &Record) -> Result<(), CommandError> {
        self.0.apply(record);
        Ok(())
    }
}

/// The world at the instant, and the log up to it.
fn recorded(args: &ExplainArgs) -> Result<(World, CausalLog), CommandError> {
    let until = match args.at {
        ExplainedInstant::End => StopCondition::Externalized,
        ExplainedInstant::At(at) => StopCondition::At(at),
    };
    let kept = match args.slot.map(SlotIndex) {
        Some(slot) => SlotsKept::Range(slot..=slot),
        None => SlotsKept::Newest(SLOTS_KEPT),
    };
    let mut sink = LogSink(CausalLog::new(kept));
    let run = match &args.source.replay {
        Some(path) => replay(&mut load::replay(path)?, until, &mut sink)?,
        None => {
            let scenario = Arc::new(load::scenario(&args.source)?);
            let session = Simulation::new(scenario, ExecutorKind::Inline);
            let mut session = session.map_err(|error| CommandError::Input(error.to_string()))?;
            simulate(&mut session, until, &mut sink)?
        }
    };
    Ok((run.world, sink.0))
}

/// The nodes to explain: the named one, or all nodes whose steps are recorded.
fn explained_nodes(
    args: &ExplainArgs,
    world: &World,
) -> Result<Vec<(NodeId, SlotIndex)>, CommandError> {
    let all = (0..).map(NodeId).zip(&world.nodes);
    let recorded = all.filter(|(_, node)| !node.is_referenced());
    let slot = |node: NodeId| match args.slot {
        Some(slot) => SlotIndex(slot),
        None => newest_slot(world, node),
    };
    let is_wanted = |id: NodeId| {
        args.node
            .as_deref()
            .is_none_or(|name| *world.name(id) == *name)
    };
    let found: Vec<_> = recorded
        .filter(|(id, _)| is_wanted(*id))
        .map(|(id, _)| (id, slot(id)))
        .collect();
    match (&args.node, found.is_empty()) {
        (Some(name), true) => Err(CommandError::Input(terminal::node_unknown(name))),
        _ => Ok(found),
    }
}

/// The newest slot that a node takes part in, or else the newest slot of the run, or the first.
fn newest_slot(world: &World, node: NodeId) -> SlotIndex {
    let of_node = world.node(node).and_then(|node| node.view.current_slot());
    let of_run = || world.slots().keys().next_back().copied();
    let slot = of_node.map(|(slot, _)| slot).or_else(of_run);
    slot.unwrap_or(SlotIndex(1))
}
