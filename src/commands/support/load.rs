//! Loads the scenario, network or recording that the command line names.

use crate::analysis::{Fbas, IntersectionResult, intersection, stop_after, top_tier};
use crate::cli::SourceArgs;
use crate::commands::support::error::CommandError;
use crate::run::{Recording, Replay};
use crate::scenario::{
    BuiltIn, NetworkFiles, QuorumAnalyzer, Scenario, ScenarioOptions, read_network, read_scenario,
    unknown_scenario,
};
use crate::scp::NodeId;
use crate::scp::QuorumSet;
use crate::text::terminal;
use crate::trace::{TraceError, TraceReader, left_over};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Step limit of the solver per placement; above it the placement counts as one without intersection. The limit counts
/// steps, not seconds, so that a seed gives the same placement on every machine.
const PLACEMENT_STEPS_MAX: u64 = 20_000;
/// Step limit of the search for two disjoint quorums of an imported network; above it the network counts as one without
/// them. A hard network takes about a second.
const IMPORT_STEPS_MAX: u64 = 400;

/// Loads the scenario that `args` name, complete with placement.
///
/// # Errors
/// If a name is unknown, a file is unreadable or malformed, or the scenario does not allow the number of nodes.
pub(in crate::commands) fn scenario(args: &SourceArgs) -> Result<Scenario, CommandError> {
    read(
        args,
        &QuorumAnalyzer {
            intersecting: &is_intersecting,
            disjoint_quorums: &disjoint_quorums_of,
            top_tier: &top_tier_of,
        },
    )
}

/// Positions of the nodes of a built-in scenario, for a small picture.
#[cfg(feature = "window")]
pub(in crate::commands) fn positions(built_in: BuiltIn) -> Vec<(f64, f64)> {
    let options = ScenarioOptions {
        seed: 1,
        nodes: None,
    };
    let scenario = built_in.read(options, &WITHOUT_ANALYSIS);
    // Its nodes can be placed: a test reads every built-in scenario.
    let nodes = scenario.map(|scenario| scenario.nodes).unwrap_or_default();
    nodes
        .iter()
        .map(|node| (node.position.x_m, node.position.y_m))
        .collect()
}

/// Accepts every placement.
#[cfg(feature = "window")]
const WITHOUT_ANALYSIS: QuorumAnalyzer<'_> = QuorumAnalyzer {
    intersecting: &|_| true,
    disjoint_quorums: &|_| None,
    top_tier: &|_| Vec::new(),
};

/// Checks the input of [`scenario`] without the slow analysis of quorums.
///
/// # Errors
/// The same as [`scenario`].
#[cfg(feature = "window")]
pub(in crate::commands) fn check(args: &SourceArgs) -> Result<(), CommandError> {
    if let Some(path) = &args.replay {
        let opened = TraceReader::open(path).map(drop);
        return opened.map_err(|error| unreadable_trace(path, &error));
    }
    read(args, &WITHOUT_ANALYSIS).map(drop)
}

/// Loads a recorded run. Prints a warning if the trace is incomplete, and uses its complete records.
///
/// # Errors
/// If the file is missing or malformed.
pub(in crate::commands) fn replay(path: &Path) -> Result<Replay, CommandError> {
    let input = |error: TraceError| unreadable_trace(path, &error);
    let reader = TraceReader::open(path).map_err(input)?;
    let mut reader = reader.allow_truncated();
    let recording = Recording::read(&mut reader).map_err(input)?;
    if reader.is_truncated() {
        let records = recording.records().len();
        eprintln!("quorumscope: {}", truncated_trace_warning(path, records));
    }
    Ok(Replay::new(recording))
}

/// The error, and the incomplete traces that killed runs have left in place of a missing one.
fn unreadable_trace(path: &Path, error: &TraceError) -> CommandError {
    let mut texts = vec![error.to_string()];
    if !path.exists() {
        let left_over = left_over(path).into_iter();
        texts.extend(left_over.map(|trace| terminal::trace_left_over(&display_name(&trace))));
    }
    CommandError::Input(texts.join("; "))
}

/// The warning about a trace without an end record.
pub(in crate::commands) fn truncated_trace_warning(path: &Path, records: usize) -> String {
    terminal::trace_incomplete(&display_name(path), records)
}

fn read(args: &SourceArgs, analyzer: &QuorumAnalyzer<'_>) -> Result<Scenario, CommandError> {
    let options = ScenarioOptions {
        seed: args.seed,
        nodes: args.nodes,
    };
    let read = match &args.network {
        Some(nodes) => {
            let organizations = args
                .organizations
                .as_deref()
                .map(|path| Ok((display_name(path), read_text(path)?)));
            let organizations = organizations.transpose()?;
            let organizations = organizations
                .as_ref()
                .map(|(name, content)| (name.as_str(), content.as_str()));
            let name = file_stem(nodes);
            let nodes = (display_name(nodes), read_text(nodes)?);
            let files = NetworkFiles {
                name: &name,
                nodes: (&nodes.0, &nodes.1),
                organizations,
            };
            read_network(files, options, analyzer)
        }
        None => match BuiltIn::find(&args.scenario) {
            Some(built_in) => built_in.read(options, analyzer),
            None => return from_file(&args.scenario, options, analyzer),
        },
    };
    read.map_err(|error| CommandError::Input(error.to_string()))
}

fn from_file(
    name: &str,
    options: ScenarioOptions,
    analyzer: &QuorumAnalyzer<'_>,
) -> Result<Scenario, CommandError> {
    let path = Path::new(name);
    let is_path = path.exists() || name.contains(['/', '\\']) || name.ends_with(".toml");
    if !is_path {
        return Err(CommandError::Input(unknown_scenario(name).to_string()));
    }
    read_scenario(&file_stem(path), name, &read_text(path)?, options, analyzer)
        .map_err(|error| CommandError::Input(error.to_string()))
}

/// The name of a scenario from this file: the file name without its extension.
fn file_stem(path: &Path) -> String {
    path.file_stem().map_or_else(
        || display_name(path),
        |stem| stem.to_string_lossy().into_owned(),
    )
}

fn display_name(path: &Path) -> String {
    path.display().to_string()
}

/// Size limit of an input file. The largest real node lists are below 1 MB.
const INPUT_BYTES_MAX: u64 = 64 << 20;

fn read_text(path: &Path) -> Result<String, CommandError> {
    let name = display_name(path);
    let unreadable = |error: std::io::Error| {
        CommandError::Input(terminal::file_unreadable(&name, &error.to_string()))
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(CommandError::Input(terminal::file_not_regular(&name)));
    }
    if metadata.len() > INPUT_BYTES_MAX {
        let refusal = terminal::file_too_large(&name, metadata.len(), INPUT_BYTES_MAX);
        return Err(CommandError::Input(refusal));
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|error| {
        let position = error.utf8_error().valid_up_to();
        CommandError::Input(terminal::file_not_text(&name, position))
    })
}

fn is_intersecting(sets: &[Option<Arc<QuorumSet>>]) -> bool {
    intersection(&Fbas::new(sets.to_vec()), &stop_after(PLACEMENT_STEPS_MAX))
        == IntersectionResult::Intersecting
}

fn disjoint_quorums_of(sets: &[Option<Arc<QuorumSet>>]) -> Option<[Vec<NodeId>; 2]> {
    match intersection(&Fbas::new(sets.to_vec()), &stop_after(IMPORT_STEPS_MAX)) {
        IntersectionResult::Disjoint(left, right) => Some([left, right]),
        IntersectionResult::Intersecting
        | IntersectionResult::NoQuorum
        | IntersectionResult::Unknown => None,
    }
}

fn top_tier_of(sets: &[Option<Arc<QuorumSet>>]) -> Vec<NodeId> {
    top_tier(&Fbas::new(sets.to_vec()))
}
