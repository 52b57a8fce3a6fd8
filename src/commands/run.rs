//! `quorumscope run`: a scenario in the terminal, to its end, with a summary.

use super::error::{CommandError, NO_PROGRESS, VIOLATED};
use super::progress::Progress;
use super::say::say;
use super::summary::{How, Summary};
use super::trace_file::TraceFile;
use super::write::check_writable;
use super::{figure, load};
use crate::cli::{RunArgs, parse_until};
use crate::node::Input;
use crate::run::Replay;
use crate::run::{RunProgress, Session};
use crate::sim::{ExecutorKind, Simulation};
use crate::time::Time;
use crate::trace::outcome::{Outcome, StopChecker, StopCondition, deciders};
use crate::trace::{Record, World};
use std::process::ExitCode;
use std::sync::Arc;

/// How many records are folded between two looks at the progress display.
const CHUNK_RECORDS: usize = 20_000;

/// Runs what `args` ask for, prints the outcome and tells it by the exit code.
///
/// # Errors
/// Bad arguments, bad input files, unwritable outputs.
pub(super) fn run(args: &RunArgs) -> Result<ExitCode, CommandError> {
    let until = parse_until(&args.until).map_err(CommandError::Input)?;
    for written in [&args.trace, &args.svg, &args.png].into_iter().flatten() {
        check_writable(written)?;
    }
    if let Some(path) = &args.source.replay {
        let mut session = load::replay(path)?;
        let progress = Progress::new(session.scenario(), args.quiet || args.json);
        let run = play(&mut session, until, &progress);
        progress.finish();
        return tell(args, &run, until, How::Replayed);
    }
    let scenario = Arc::new(load::scenario(&args.source)?);
    let kind = ExecutorKind::from(args.executor);
    let mut session = Simulation::new(Arc::clone(&scenario), kind).map_err(input)?;
    let trace = args
        .trace
        .as_ref()
        .map(|path| TraceFile::create(path, &scenario))
        .transpose()
        .map_err(input)?;
    if !args.quiet {
        // Before the run: some of them say how long it takes.
        for remark in &scenario.remarks {
            eprintln!("note: {remark}");
        }
    }
    let progress = Progress::new(&scenario, args.quiet || args.json);
    let run = drive(&mut session, until, trace.as_ref(), &progress)?;
    progress.finish();
    trace.map(TraceFile::finish).transpose().map_err(input)?;
    tell(args, &run, until, How::Simulated(kind))
}

fn tell(
    args: &RunArgs,
    run: &Run,
    until: StopCondition,
    how: How,
) -> Result<ExitCode, CommandError> {
    figure::write(args, &run.world)?;
    let summary = Summary::new(&run.world, until, run.outcome, how);
    if args.json {
        say(&summary.to_json());
    } else if !args.quiet {
        say(summary.to_text(&run.world).trim_end());
    }
    Ok(exit_code(run.outcome))
}

fn input(error: impl std::fmt::Display) -> CommandError {
    CommandError::Input(error.to_string())
}

/// What a run left behind.
struct Run {
    world: World,
    outcome: Outcome,
}

/// Lets the scenario run until the watch says that it is over. Nothing of the instant in which that happens is cut
/// off, so neither the executor nor the size of the chunks can be seen in the result.
fn drive(
    session: &mut Simulation,
    until: StopCondition,
    trace: Option<&TraceFile>,
    progress: &Progress,
) -> Result<Run, CommandError> {
    let mut world = World::new(Arc::new(session.scenario().clone()));
    let mut watch = StopChecker::new(until, &world);
    let mut over_at = None;
    'run: loop {
        let reached = session.advance(watch.horizon(), CHUNK_RECORDS);
        let records = session.take_records();
        let idle = records.is_empty();
        for record in records {
            if over_at.is_some_and(|over_at| record.at() > over_at) {
                break 'run;
            }
            fold(&mut world, &record, trace)?;
            if over_at.is_none() && watch.is_over(&world, &record) {
                over_at = Some(record.at());
            }
        }
        progress.show(&world);
        let is_spent = idle && reached == RunProgress::Reached && session.now() >= watch.horizon();
        if reached == RunProgress::Finished || is_spent {
            world.advance_to(session.now());
            break;
        }
    }
    let outcome = watch.outcome(&world);
    Ok(Run { world, outcome })
}

/// Plays a recorded run to its end, or to the instant that was asked for.
fn play(session: &mut Replay, until: StopCondition, progress: &Progress) -> Run {
    let mut world = World::new(Arc::new(session.scenario().clone()));
    let mut watch = StopChecker::new(until, &world);
    let end = match until {
        StopCondition::At(at) => at,
        StopCondition::Externalized | StopCondition::Slot(_) => Time::MAX,
    };
    let mut parting = None;
    let mut reached = RunProgress::Limited;
    while reached == RunProgress::Limited {
        reached = session.advance(end, CHUNK_RECORDS);
        for record in session.take_records() {
            // Recorded processes end by leaving, and who has left is not asked for anything.
            if is_goodbye(&record) && !deciders(&world).is_empty() {
                parting = Some(watch.outcome(&world));
            }
            world.apply(&record);
        }
        progress.show(&world);
    }
    world.advance_to(session.now());
    let outcome = match (watch.outcome(&world), parting) {
        (Outcome::NoProgress, Some(parting)) if deciders(&world).is_empty() => parting,
        (outcome, _) => outcome,
    };
    Run { world, outcome }
}

fn is_goodbye(record: &Record) -> bool {
    matches!(
        record,
        Record::Stepped {
            input: Input::Leave,
            ..
        }
    )
}

fn fold(world: &mut World, record: &Record, trace: Option<&TraceFile>) -> Result<(), CommandError> {
    world.apply(record);
    match trace {
        Some(trace) => trace.write(record).map_err(input),
        None => Ok(()),
    }
}

fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Outcome::Agreed => ExitCode::SUCCESS,
        Outcome::Violated => ExitCode::from(VIOLATED),
        Outcome::NoProgress => ExitCode::from(NO_PROGRESS),
    }
}
