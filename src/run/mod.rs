//! The watched run, without a window: a session, the world folded from its records, and playback.
//!
//! - [`Session`]: the interface of a run to a viewer or a batch command; the simulator, a recording ([`Replay`]) and
//!   live processes implement it.
//! - [`Run`]: a session that a person watches. It advances with wall time, pauses, steps, seeks and returns.
//! - [`Playback`]: play, pause and speed, as one value that [`PlaybackCommand`]s change.
//! - [`Recording`]: the records of a recorded run, in memory once.
//! - [`History`]: the records of the past, which make seeking possible.
//!
//! Elapsed wall time is an argument, so tests need no clock.

mod cursor;
mod feed;
mod history;
mod playback;
mod quiet_skip;
mod recording;
mod replay;
mod scenario_choice;
mod seek;
mod session;
mod watched_run;

#[cfg(all(test, feature = "window"))]
pub(crate) use playback::tests::empty_scenario;

pub use history::History;
pub use playback::{Playback, PlaybackCommand};
pub use recording::Recording;
pub use replay::Replay;
pub use scenario_choice::{ScenarioChoice, ScenarioSource, StartAs};
pub use session::{BatchKind, RunProgress, Session, SessionKind};
pub use watched_run::{Run, RunState};
