//! `quorumscope merge`: the traces of several processes become one that can be played.

use crate::cli::MergeArgs;
use crate::commands::support::error::CommandError;
use crate::commands::support::load::truncated_trace_warning;
use crate::commands::support::stdout::print_line;
use crate::trace::merge::{MergedTrace, ProcessTrace, merge};
use crate::trace::{Record, TraceReader, TraceWriter};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Merges what `args` name and says what came of it.
///
/// # Errors
/// Unreadable traces, traces that do not fit together, an output that cannot be written.
pub(super) fn run(args: &MergeArgs) -> Result<ExitCode, CommandError> {
    check_names(args)?;
    let recordings: Result<Vec<ProcessTrace>, CommandError> =
        args.traces.iter().map(|path| read(path)).collect();
    let merged = merge(recordings?).map_err(input)?;
    write(&args.output, &merged).map_err(input)?;
    print_line(&words(args, &merged));
    Ok(ExitCode::SUCCESS)
}

fn input(error: impl std::fmt::Display) -> CommandError {
    CommandError::Input(error.to_string())
}

/// The output is none of the inputs, under whatever name.
fn check_names(args: &MergeArgs) -> Result<(), CommandError> {
    let real = |path: &PathBuf| fs::canonicalize(path).ok();
    let output = real(&args.output);
    let same = |path: &&PathBuf| output.is_some() && real(path) == output;
    match args.traces.iter().find(same) {
        None => Ok(()),
        Some(path) => Err(CommandError::Input(format!(
            "{}: it is to be merged and cannot be the output too; choose another name after -o",
            path.display()
        ))),
    }
}

fn read(path: &Path) -> Result<ProcessTrace, CommandError> {
    let mut reader = TraceReader::open(path).map_err(input)?.allow_truncated();
    let Some(epoch_unix_us) = reader.provenance().epoch_unix_us else {
        return Err(CommandError::Input(format!(
            "{}, line 1: it does not say when its time began (`epoch_unix_us`), so it cannot be put beside others; expected a trace that `quorumscope node --trace` has written",
            path.display()
        )));
    };
    let scenario = Arc::clone(reader.scenario());
    let records: Result<Vec<Record>, _> = reader.by_ref().collect();
    let records = records.map_err(input)?;
    if reader.is_truncated() {
        eprintln!("quorumscope: {}", truncated_trace_warning(path, &records));
    }
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

fn words(args: &MergeArgs, merged: &MergedTrace) -> String {
    let last = merged
        .records
        .last()
        .map_or(0.0, |record| record.at().as_ms());
    format!(
        "{}: {} from {} traces, {} records, {:.1} s; look at it with: quorumscope --replay {}",
        args.output.display(),
        merged.scenario.title.to_lowercase(),
        args.traces.len(),
        merged.records.len(),
        last / 1000.0,
        args.output.display()
    )
}
