//! A run to watch: the session that yields records, a replayed recording, and the history that a viewer seeks in.
//!
//! Absent here: the engine, the window, clocks.

mod history;
mod replay;
mod session;

pub use history::History;
pub use replay::Replay;
pub use session::{RunProgress, Session, SessionKind};
