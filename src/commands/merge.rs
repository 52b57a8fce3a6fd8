//! `quorumscope merge`: merges the traces of several processes into one that can be replayed.

use crate::cli::MergeArgs;
use crate::commands::support::distinct_files::is_same_file;
use crate::commands::support::error::CommandError;
use crate::commands::support::load::truncated_trace_warning;
use crate::commands::support::stdout::print_line;
use crate::node::Peer;
use crate::text::{format, terminal};
use crate::time::Time;
use crate::trace::merge::{MergedTrace, ProcessTrace, merge};
use crate::trace::{NodeRegistry, Record, TraceReader, TraceWriter};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Merges the traces in `args` and prints a summary.
///
/// # Errors
/// If a trace cannot be read, traces do not fit together, or the output cannot be written.
pub(super) fn run(args: &MergeArgs) -> Result<ExitCode, CommandError> {
    check_names(args)?;
    let mut registry = number_nodes(&args.traces)?;
    let mut traces = Vec::new();
    for path in &args.traces {
        traces.push(read(path, &mut registry)?);
    }
    let mut merged = merge(traces, &registry).map_err(input_error)?;
    describe(&mut merged, &registry);
    write(&args.output, &merged).map_err(input_error)?;
    print_line(&summary(args, &merged))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the title and the description of the merged run.
fn describe(merged: &mut MergedTrace, registry: &NodeRegistry) {
    let processes = process_count(merged);
    let traces = merged.provenance.sources.len();
    let others = registry.peers().len() - processes;
    merged.scenario.title = terminal::merged_title(processes);
    merged.scenario.description = terminal::merged_description(traces, others);
}

fn process_count(merged: &MergedTrace) -> usize {
    let sources = merged.provenance.sources.iter();
    let processes: BTreeSet<&str> = sources.map(|source| &*source.key).collect();
    processes.len()
}

fn input_error(error: impl std::fmt::Display) -> CommandError {
    CommandError::Input(error.to_string())
}

/// Refuses an output that is one of the inputs, even under another name.
fn check_names(args: &MergeArgs) -> Result<(), CommandError> {
    let is_output = |path: &&PathBuf| is_same_file(path, &args.output);
    match args.traces.iter().find(is_output) {
        None => Ok(()),
        Some(path) => {
            let path = path.display().to_string();
            Err(CommandError::Input(terminal::merge_output_is_input(&path)))
        }
    }
}

/// Numbers the nodes whose traces are merged, in the order of their starts.
fn number_nodes(paths: &[PathBuf]) -> Result<NodeRegistry, CommandError> {
    let mut starts = Vec::new();
    for path in paths {
        let reader = TraceReader::open(path).map_err(input_error)?;
        let nodes = reader.scenario().nodes.iter();
        let peers: Vec<Peer> = nodes.map(|node| node.config.peer.clone()).collect();
        starts.push((epoch(path, &reader)?, peers));
    }
    starts.sort_by_key(|(epoch_unix_us, _)| *epoch_unix_us);
    let mut registry = NodeRegistry::default();
    for peer in starts.iter().flat_map(|(_, peers)| peers) {
        registry.number(&peer.key, &peer.name);
    }
    Ok(registry)
}

fn epoch(path: &Path, reader: &TraceReader) -> Result<u64, CommandError> {
    reader.provenance().epoch_unix_us.ok_or_else(|| {
        let path = path.display().to_string();
        CommandError::Input(terminal::merge_no_start_time(&path))
    })
}

fn read(path: &Path, registry: &mut NodeRegistry) -> Result<ProcessTrace, CommandError> {
    let reader = TraceReader::open_with(path, std::mem::take(registry)).map_err(input_error)?;
    let epoch_unix_us = epoch(path, &reader)?;
    let mut reader = reader.allow_truncated();
    let scenario = Arc::clone(reader.scenario());
    let records: Result<Vec<Record>, _> = reader.by_ref().collect();
    let records = records.map_err(input_error)?;
    if reader.is_truncated() {
        eprintln!(
            "quorumscope: {}",
            truncated_trace_warning(path, records.len())
        );
    }
    *registry = reader.into_registry();
    Ok(ProcessTrace {
        name: path.display().to_string(),
        scenario,
        epoch_unix_us,
        records,
    })
}

fn write(path: &Path, merged: &MergedTrace) -> Result<(), crate::trace::TraceError> {
    let mut writer =
        TraceWriter::create_with_provenance(path, &merged.scenario, &merged.provenance)?;
    merged
        .records
        .iter()
        .try_for_each(|record| writer.write(record))?;
    writer.finish()
}

fn summary(args: &MergeArgs, merged: &MergedTrace) -> String {
    let end = merged.records.last().map_or(Time::ZERO, Record::at);
    terminal::merged(
        &args.output.display().to_string(),
        process_count(merged),
        args.traces.len(),
        merged.records.len(),
        &format::time(end),
    )
}
