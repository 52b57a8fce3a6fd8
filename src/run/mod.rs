//! The watched run, without a window: a session, the world folded from its records, and playback.
//!
//! | module | contents |
//! |---|---|
//! | `session` | [`Session`]: the interface of a simulated, recorded or live run to a viewer or a batch command |
//! | `watched_run` | [`Run`]: a session that a user watches. It advances with wall time, pauses, steps, seeks and returns |
//! | `playback`, `idle_skip` | [`Playback`]: play, pause and speed as one value; idle skipping |
//! | `fold` | [`Fold`]: the world and the causal log at one instant |
//! | `feed`, `cursor`, `seek`, `step` | takes records from the session; the shown state and its position; seeking; the end of a step |
//! | `history` | [`History`]: the records of the past, which make seeking possible |
//! | `recording`, `replay` | [`Recording`]: a recorded run in memory; [`Replay`]: a session over it |
//! | `scenario_choice` | which run to open, and how it starts |
//!
//! Elapsed wall time is an argument, so tests need no clock.

mod cursor;
mod feed;
mod fold;
mod history;
mod idle_skip;
mod playback;
mod recording;
mod replay;
mod scenario_choice;
mod seek;
mod session;
mod step;
#[cfg(test)]
pub(crate) mod test_support;
mod watched_run;

pub use fold::Fold;
pub use history::History;
pub use playback::{Playback, PlaybackCommand, StepGrain};
pub use recording::Recording;
pub use replay::Replay;
pub use scenario_choice::{ScenarioChoice, ScenarioSource, StartAs};
pub use session::{BatchKind, RunProgress, Session, SessionKind};
pub use watched_run::{Run, RunState};
