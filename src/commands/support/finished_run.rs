//! `FinishedRun`: a run that a command has executed, or a recording that it has read, up to a stop condition.

use crate::commands::support::error::CommandError;
use crate::node::Input;
use crate::run::{Replay, RunProgress, Session};
use crate::sim::Simulation;
use crate::time::Time;
use crate::trace::outcome::{Outcome, StopChecker, StopCondition, deciders};
use crate::trace::{Record, World};
use std::sync::Arc;

/// Number of records between two reports of progress.
const CHUNK_RECORDS: usize = 20_000;

/// The final state of a run.
pub(in crate::commands) struct FinishedRun {
    pub(in crate::commands) world: World,
    pub(in crate::commands) outcome: Outcome,
}

/// What receives the records of a run, besides the world.
pub(in crate::commands) trait RecordSink {
    /// Takes a record that the world has applied.
    ///
    /// # Errors
    /// If an output cannot be written.
    fn take(&mut self, record: &Record) -> Result<(), CommandError>;

    /// Some records have been applied.
    fn show_progress(&self, _world: &World) {}
}

/// Runs the scenario until its stop condition holds. The instant at which it holds is completed, so the result depends
/// neither on the executor nor on the chunk size.
///
/// # Errors
/// Those of `sink`.
pub(in crate::commands) fn simulate(
    session: &mut Simulation,
    until: StopCondition,
    sink: &mut impl RecordSink,
) -> Result<FinishedRun, CommandError> {
    let mut world = World::new(Arc::new(session.scenario().clone()));
    let mut watch = StopChecker::new(until, &world);
    let mut ended_at = None;
    'run: loop {
        let reached = session.advance(watch.horizon(), CHUNK_RECORDS);
        let records = session.take_records();
        let idle = records.is_empty();
        for record in records {
            if ended_at.is_some_and(|ended_at| record.at() > ended_at) {
                break 'run;
            }
            world.apply(&record);
            sink.take(&record)?;
            if ended_at.is_none() && watch.is_over(&world, &record) {
                ended_at = Some(record.at());
            }
        }
        sink.show_progress(&world);
        let is_past_horizon =
            idle && reached == RunProgress::Reached && session.now() >= watch.horizon();
        if reached == RunProgress::Finished || is_past_horizon {
            world.advance_to(session.now());
            break;
        }
    }
    let outcome = watch.outcome(&world);
    Ok(FinishedRun { world, outcome })
}

/// Replays a recorded run: to its end, to the instant of `--until`, or to the end of the instant at which the slot of
/// `--until` is decided. A recording of processes may pause for longer than a simulation runs without progress.
///
/// # Errors
/// Those of `sink`.
pub(in crate::commands) fn replay(
    session: &mut Replay,
    until: StopCondition,
    sink: &mut impl RecordSink,
) -> Result<FinishedRun, CommandError> {
    let mut world = World::new(Arc::new(session.scenario().clone()));
    let mut watch = StopChecker::new(until, &world);
    let end = match until {
        StopCondition::At(at) => at,
        StopCondition::Externalized | StopCondition::Slot(_) => Time::MAX,
    };
    let stops_at_slot = matches!(until, StopCondition::Slot(_));
    let (mut ended_at, mut before_leave) = (None, None);
    let mut reached = RunProgress::Limited;
    'run: while reached == RunProgress::Limited {
        reached = session.advance(end, CHUNK_RECORDS);
        for record in session.take_records() {
            if ended_at.is_some_and(|ended_at| record.at() > ended_at) {
                break 'run;
            }
            // Recorded processes leave when they end. The outcome counts the nodes as they were before.
            if is_leave(&record) && !deciders(&world).is_empty() {
                before_leave = Some(watch.outcome(&world));
            }
            world.apply(&record);
            sink.take(&record)?;
            if stops_at_slot && ended_at.is_none() && watch.is_reached_by(&world, &record) {
                ended_at = Some(record.at());
            }
        }
        sink.show_progress(&world);
    }
    world.advance_to(ended_at.unwrap_or(session.now()));
    let outcome = match (watch.outcome(&world), before_leave) {
        (Outcome::NoProgress, Some(before_leave)) if deciders(&world).is_empty() => before_leave,
        (outcome, _) => outcome,
    };
    Ok(FinishedRun { world, outcome })
}

fn is_leave(record: &Record) -> bool {
    matches!(
        record,
        Record::Stepped {
            input: Input::Leave,
            ..
        }
    )
}
