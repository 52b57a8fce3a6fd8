//! Deterministic discrete-event simulation: scenario, seed and actions determine every record.
//!
//! | module | contents |
//! |---|---|
//! | `engine` | the state of a run |
//! | `batch`, `actions` | the work of a batch; checks whether an action is possible |
//! | `queue` | events in flight, ordered by (time, generation, receiver, sender, n-th) |
//! | `simulated_node`, `state_machine` | one node with its timers, the unit that an executor runs; its interface |
//! | `executor`, `inline_executor` | runs nodes; all of them on the caller's thread |
//! | `threaded_executor`, `worker_threads` | one named thread per node; the thread pool |
//! | `transport`, `file_transfers` | messages and chunks of files in flight |
//! | `node_table`, `scenario_events` | the engine's state of each node, and the scenario's events to come |
//!
//! The simulation uses no real time, no input or output, and no random generator with two callers. The records depend
//! neither on how a run is divided into batches nor on which thread runs a step.

mod actions;
mod batch;
mod engine;
mod executor;
mod file_transfers;
mod inline_executor;
mod node_table;
mod queue;
mod scenario_events;
mod simulated_node;
mod state_machine;
#[cfg(test)]
mod tests;
mod threaded_executor;
mod transport;
mod worker_threads;

pub use engine::Simulation;
pub use executor::{ExecutorKind, SimError};
pub use scenario_events::RefusedEvent;
pub use worker_threads::{LostJob, WorkerThreads};
