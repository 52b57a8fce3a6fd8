//! `quorumscope run`: runs a scenario to its end in the terminal and prints a summary.

mod progress;
mod summary;

use crate::cli::{RunArgs, parse_until};
use crate::commands::support::atomic_write::check_writable;
use crate::commands::support::distinct_files::{NamedFile, check_distinct, inputs};
use crate::commands::support::error::{CommandError, EXIT_NO_PROGRESS, EXIT_VIOLATED};
use crate::commands::support::finished_run::{FinishedRun, RecordSink, replay, simulate};
use crate::commands::support::quorum_intersection::IntersectionAnalysis;
use crate::commands::support::stdout::print_line;
use crate::commands::support::trace_file::{TraceFile, report_left_over};
use crate::commands::support::{image_export, load};
use crate::run::Session;
use crate::sim::{ExecutorKind, Simulation};
use crate::text::{self, terminal};
use crate::trace::outcome::{Outcome, StopCondition};
use crate::trace::{Digest, Record, World};
use progress::ProgressLine;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use summary::{RunSource, Summary};

/// Runs a scenario or replays a recording, prints the summary and returns the outcome as exit code.
///
/// # Errors
/// Bad arguments, bad input files, outputs that cannot be written.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, CommandError> {
    let until = parse_until(&args.until).map_err(CommandError::Input)?;
    check_outputs(args)?;
    match &args.source.replay {
        Some(path) => run_recording(args, until, path),
        None => run_scenario(args, until),
    }
}

fn run_recording(
    args: &RunArgs,
    until: StopCondition,
    path: &Path,
) -> Result<ExitCode, CommandError> {
    let mut session = load::replay(path)?;
    let progress = ProgressLine::new(session.scenario(), is_silent(args));
    let mut outputs = RecordOutputs {
        trace: None,
        digest: wants_digest(args).then(|| Digest::new(session.scenario())),
        progress: &progress,
    };
    let run = replay(&mut session, until, &mut outputs)?;
    progress.finish();
    let digest = outputs.digest.map(Digest::finish);
    let analysis = IntersectionAnalysis::default();
    let ended = (&run, digest);
    report(args, ended, until, RunSource::Replayed, analysis)
}

fn run_scenario(args: &RunArgs, until: StopCondition) -> Result<ExitCode, CommandError> {
    let scenario = Arc::new(load::scenario(&args.source)?);
    let kind = ExecutorKind::from(args.executor);
    let mut session = Simulation::new(Arc::clone(&scenario), kind).map_err(input_error)?;
    if let (false, Some(path)) = (args.quiet, &args.trace) {
        report_left_over(path);
    }
    let trace = args
        .trace
        .as_ref()
        .map(|path| TraceFile::create(path, &scenario))
        .transpose()
        .map_err(input_error)?;
    if !args.quiet {
        // Notes come before the run, because some of them announce a long run.
        for remark in &scenario.remarks {
            eprintln!("{}", terminal::note(&text::remark(remark)));
        }
    }
    let analysis = match prints_summary(args) || image_export::wants_images(args) {
        true => IntersectionAnalysis::start(&scenario),
        false => IntersectionAnalysis::default(),
    };
    let progress = ProgressLine::new(&scenario, is_silent(args));
    let mut outputs = RecordOutputs {
        trace: trace.as_ref(),
        digest: wants_digest(args).then(|| Digest::new(&scenario)),
        progress: &progress,
    };
    let run = simulate(&mut session, until, &mut outputs)?;
    let digest = outputs.digest.map(Digest::finish);
    progress.finish();
    trace
        .map(TraceFile::finish)
        .transpose()
        .map_err(input_error)?;
    let ended = (&run, digest);
    report(args, ended, until, RunSource::Simulated(kind), analysis)
}

/// Checks that all outputs can be written, and that none replaces another one or an input.
fn check_outputs(args: &RunArgs) -> Result<(), CommandError> {
    let outputs = [
        NamedFile::of("--trace", args.trace.as_ref()),
        NamedFile::of("--svg", args.svg.as_ref()),
        NamedFile::of("--png", args.png.as_ref()),
    ];
    let outputs: Vec<NamedFile<'_>> = outputs.into_iter().flatten().collect();
    check_distinct(&inputs(&args.source), &outputs)?;
    outputs
        .iter()
        .try_for_each(|output| check_writable(output.path))
}

fn report(
    args: &RunArgs,
    (run, digest): (&FinishedRun, Option<String>),
    until: StopCondition,
    source: RunSource,
    mut analysis: IntersectionAnalysis,
) -> Result<ExitCode, CommandError> {
    let world = &run.world;
    let (has_images, has_summary) = (image_export::wants_images(args), prints_summary(args));
    let intersection = (has_images || has_summary).then(|| analysis.of_world(world));
    if let (true, Some(intersection)) = (has_images, &intersection) {
        image_export::write_images(args, world, intersection.clone())?;
    }
    if args.digest {
        print_line(&digest.unwrap_or_default())?;
    } else if let (true, Some(intersection)) = (has_summary, intersection) {
        let summary = Summary::new(world, until, run.outcome, source, digest, intersection);
        let text = match args.json {
            true => summary.to_json(),
            false => summary.to_text(world),
        };
        print_line(&text)?;
    }
    Ok(exit_code(run.outcome))
}

/// Whether the run ends with a summary, as text or as JSON.
fn prints_summary(args: &RunArgs) -> bool {
    !args.digest && (args.json || !args.quiet)
}

fn is_silent(args: &RunArgs) -> bool {
    args.quiet || args.json || args.digest
}

fn wants_digest(args: &RunArgs) -> bool {
    args.digest || args.json
}

fn input_error(error: impl std::fmt::Display) -> CommandError {
    CommandError::Input(error.to_string())
}

/// The outputs that receive the records besides the world.
struct RecordOutputs<'a> {
    trace: Option<&'a TraceFile>,
    digest: Option<Digest>,
    progress: &'a ProgressLine,
}

impl RecordSink for RecordOutputs<'_> {
    fn take(&mut self, record: &Record) -> Result<(), CommandError> {
        if let Some(digest) = &mut self.digest {
            digest.add(record);
        }
        match self.trace {
            Some(trace) => trace.write(record).map_err(input_error),
            None => Ok(()),
        }
    }

    fn show_progress(&self, world: &World) {
        self.progress.show(world);
    }
}

fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Agreed => ExitCode::SUCCESS,
        Outcome::Violated => ExitCode::from(EXIT_VIOLATED),
        Outcome::NoProgress => ExitCode::from(EXIT_NO_PROGRESS),
    }
}
