//! Virtual time: a [`Simulation`] runs a scenario, and the same scenario, seed and actions give the same records.
//!
//! - `queue`: what is under way, ordered by (time, generation, receiver, sender, n-th).
//! - `host`: one node with its timers, the unit that an executor runs.
//! - `executor`: what runs hosts; `inline` does so on the caller's thread, `threads` on one thread per node.
//! - `engine`: the state of a run; `batch` hands out what is due and merges what came of it; `transmit` and `files` let messages and chunks fly.
//! - `lifecycle`: actions.
//!
//! Absent here: real time, input and output, generators that two callers share. Batches and threads are ways of
//! working, never of deciding: how a run is cut into batches cannot be seen in its records.

mod batch;
mod engine;
mod executor;
mod file_transfers;
mod inline;
mod lifecycle;
mod queue;
mod session;
mod simulated_node;
mod state_machine;
#[cfg(test)]
mod tests;
mod threads;
mod transmit;

pub use engine::{RefusedEvent, Simulation};
pub use executor::{ExecutorKind, SimError};
